//! Publishers that went, and the room's wait for one of them to come back.
//!
//! While the room waits, who published until shortly before publishes again as soon as it joins. Bounded: as
//! many users as could publish at once.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use roomcast_protocol::id::UserId;
use roomcast_protocol::limits::PARTICIPANTS;

use crate::time::Instant;

/// Users that published and went, with the time of each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct GracePeriod {
    since: Option<Instant>,
    went: VecDeque<(Instant, UserId)>,
}

impl GracePeriod {
    /// A publisher of this user went; who went longer ago than `linger` is forgotten.
    pub fn note_departure(&mut self, now: Instant, user: &UserId, grace_period: Duration) {
        self.went.retain(|(left, other)| other != user && now.since(*left) <= grace_period);
        self.went.push_back((now, user.clone()));
        if self.went.len() > PARTICIPANTS {
            self.went.pop_front();
        }
    }

    /// Nobody publishes any more.
    pub const fn begin(&mut self, now: Instant) {
        self.since = Some(now);
    }

    /// Somebody publishes.
    pub const fn end(&mut self) {
        self.since = None;
    }

    /// Returns whether the room waits for this user.
    pub fn awaits(&self, user: &UserId) -> bool {
        self.since.is_some() && self.went.iter().any(|(_, other)| other == user)
    }

    /// Returns when the wait is over.
    pub fn due(&self, grace_period: Duration) -> Option<Instant> {
        self.since.map(|since| since + grace_period)
    }
}
