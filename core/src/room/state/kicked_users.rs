//! Users that were kicked and may not return yet. The table is bounded, and kicks are removed when they end.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use roomcast_protocol::id::UserId;
use roomcast_protocol::limits::KICKED_USERS;

use crate::time::Instant;

/// The kicked users, and when each kick ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "VecDeque<(Instant, UserId)>", into = "VecDeque<(Instant, UserId)>")]
pub(crate) struct KickedUsers {
    until: HashMap<UserId, Instant>,
    /// The kicks in the order in which they end. A user that was kicked again appears twice.
    order: VecDeque<(Instant, UserId)>,
}

impl From<VecDeque<(Instant, UserId)>> for KickedUsers {
    fn from(order: VecDeque<(Instant, UserId)>) -> Self {
        Self { until: order.iter().map(|(until, user)| (user.clone(), *until)).collect(), order }
    }
}

impl From<KickedUsers> for VecDeque<(Instant, UserId)> {
    fn from(kicked: KickedUsers) -> Self {
        kicked.order
    }
}

impl KickedUsers {
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Adds a kick. It must not end before any kick added earlier.
    pub fn insert(&mut self, user: UserId, until: Instant) {
        self.until.insert(user.clone(), until);
        self.order.push_back((until, user));
        if self.order.len() > KICKED_USERS {
            self.drop_first();
        }
    }

    pub fn contains(&self, now: Instant, user: &UserId) -> bool {
        self.until.get(user).is_some_and(|until| now < *until)
    }

    /// Returns the kicked users in the order in which their kicks end, each with the remaining time.
    pub fn left(&self, now: Instant) -> Vec<(UserId, Duration)> {
        let stands = |(until, user): &&(Instant, UserId)| now < *until && self.until.get(user) == Some(until);
        self.order.iter().filter(stands).map(|(until, user)| (user.clone(), until.since(now))).collect()
    }

    /// Removes the kicks that have ended.
    pub fn clean(&mut self, now: Instant) {
        while self.due().is_some_and(|until| until <= now) {
            self.drop_first();
        }
    }

    /// Returns the time at which the first kick ends.
    pub fn due(&self) -> Option<Instant> {
        self.order.front().map(|(until, _)| *until)
    }

    fn drop_first(&mut self) {
        if let Some((until, user)) = self.order.pop_front()
            && self.until.get(&user) == Some(&until)
        {
            self.until.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: usize) -> UserId {
        UserId::parse(&format!("user-{name}")).unwrap()
    }

    #[test]
    fn a_user_kicked_again_stays_out_for_the_longer_time() {
        let mut kicked = KickedUsers::default();
        kicked.insert(user(1), Instant(10));
        kicked.insert(user(1), Instant(20));
        kicked.clean(Instant(10));
        assert!(kicked.contains(Instant(19), &user(1)));
        kicked.clean(Instant(20));
        assert!(!kicked.contains(Instant(20), &user(1)));
        assert!(kicked.until.is_empty() && kicked.order.is_empty());
    }

    #[test]
    fn the_table_is_bounded() {
        let mut kicked = KickedUsers::default();
        for name in 0..=KICKED_USERS {
            kicked.insert(user(name), Instant(10));
        }
        assert_eq!((kicked.until.len(), kicked.order.len()), (KICKED_USERS, KICKED_USERS));
        assert!(!kicked.contains(Instant(0), &user(0)));
        assert!(kicked.contains(Instant(0), &user(1)));
    }
}
