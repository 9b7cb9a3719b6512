//! Access tokens of clients, in cases whose servers want them.

use roomcast_core::room::Credentials;
use roomcast_protocol::id::UserId;

/// The time for which a token is good, in milliseconds.
pub const LIFE: u64 = 60_000;

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub issued: u64,
    pub ends: u64,
    pub publishes: bool,
    pub moderates: bool,
}

impl Token {
    /// A token of the usual life, issued now.
    pub const fn new(now: u64, moderates: bool) -> Self {
        Self { issued: now, ends: now + LIFE, publishes: true, moderates }
    }

    /// The part that a room needs.
    pub fn credentials(self, user: &UserId) -> Box<Credentials> {
        let (publish, moderate) = (self.publishes, self.moderates);
        Box::new(Credentials { subject: user.clone(), name: None, publish, moderate })
    }
}
