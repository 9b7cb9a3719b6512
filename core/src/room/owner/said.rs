//! A signal with its sender, and the check that it has recipients.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::MemberKey;

use crate::room::message::{Signal, StayRef};
use crate::room::{Refusal, refuse};

/// A signal with the stay of its sender and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub stay: &'a StayRef,
    pub n: u64,
    pub signal: &'a Signal,
}

impl Said<'_> {
    /// Returns the session of the sender.
    pub const fn sender(&self) -> &MemberKey {
        &self.stay.member
    }
}

/// Returns the recipients, or a refusal if there are none.
pub(super) fn anybody(recipients: Vec<MemberKey>, (code, reason): (AckCode, &str)) -> Result<Vec<MemberKey>, Refusal> {
    if recipients.is_empty() { refuse(code, reason) } else { Ok(recipients) }
}
