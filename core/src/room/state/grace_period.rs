//! The grace period in which a room without publishers waits for one of them to return.
//!
//! During this time, a user that published until shortly before becomes a publisher again when it joins. The number of
//! such users is bounded by the number of users that can publish at once.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use roomcast_protocol::id::UserId;
use roomcast_protocol::limits::PARTICIPANTS;

use crate::time::Instant;

/// Users that published and left, with the time of each departure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct GracePeriod {
    since: Option<Instant>,
    went: VecDeque<(Instant, UserId)>,
}

impl GracePeriod {
    /// Records that a publisher of this user left. Departures longer ago than `grace_period` are dropped.
    pub fn note_departure(&mut self, now: Instant, user: &UserId, grace_period: Duration) {
        self.went.retain(|(left, other)| other != user && now.since(*left) <= grace_period);
        self.went.push_back((now, user.clone()));
        if self.went.len() > PARTICIPANTS {
            self.went.pop_front();
        }
    }

    /// Begins the grace period, since no publisher is left.
    pub const fn begin(&mut self, now: Instant) {
        self.since = Some(now);
    }

    /// Ends the grace period, since there is a publisher.
    pub const fn end(&mut self) {
        self.since = None;
    }

    /// Returns whether the room waits for this user.
    pub fn awaits(&self, user: &UserId) -> bool {
        self.since.is_some() && self.went.iter().any(|(_, other)| other == user)
    }

    /// Returns the time at which the grace period ends.
    pub fn due(&self, grace_period: Duration) -> Option<Instant> {
        self.since.map(|since| since + grace_period)
    }
}
