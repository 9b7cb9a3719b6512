//! The lease of this node as the node itself knows it: whether it may still decide, and the dead nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::directory::{Era, LeaseAnswer};
use super::{BootId, ClusterSettings, Mutation};
use crate::time::Instant;

/// The consequences of an answer to `lease`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeaseNews {
    /// Whether this node was declared dead, so that it must drop its rooms and use a new boot id.
    pub deposed: bool,
    /// Whether Redis was unavailable for so long that the timeouts of all absent members must be restarted.
    pub amnesty: bool,
}

/// The lease of a node.
#[derive(Debug, Clone)]
pub struct Lease {
    settings: ClusterSettings,
    boot: BootId,
    /// The time at which the last answered renewal was sent.
    renewed: Option<Instant>,
    /// The time of the last answer from Redis.
    answered: Instant,
    dead: BTreeMap<BootId, Instant>,
    alive: BTreeSet<BootId>,
    version: u16,
    era: Option<Era>,
    /// The time of Redis at time zero of this node's clock.
    origin: u64,
}

impl Lease {
    /// Creates the lease of a node that has not renewed it yet.
    #[must_use]
    pub fn new(settings: ClusterSettings, boot: BootId, now: Instant) -> Self {
        let (dead, alive) = (BTreeMap::new(), BTreeSet::new());
        Self { settings, boot, renewed: None, answered: now, dead, alive, version: 0, era: None, origin: 0 }
    }

    /// Returns the boot id that holds the lease.
    #[must_use]
    pub const fn boot(&self) -> BootId {
        self.boot
    }

    /// Returns whether this node may decide: its lease cannot have expired in Redis. The lease is counted from the
    /// sending of a renewal, since the answer may have been delayed.
    #[must_use]
    pub fn is_fresh(&self, now: Instant) -> bool {
        let fresh = |renewed| now.since(renewed) < self.settings.lease;
        self.settings.breaks(Mutation::FreshLease) || self.renewed.is_some_and(fresh)
    }

    /// Returns the time from which this node may not decide any more unless it renews its lease; zero if it has none.
    #[must_use]
    pub fn fresh_until(&self) -> Instant {
        self.renewed.map_or(Instant(0), |renewed| renewed + self.settings.lease)
    }

    /// Returns the time of Redis, estimated from its last answer. The estimate is off by up to the delay of that
    /// answer.
    #[must_use]
    pub const fn shared(&self, now: Instant) -> Instant {
        Instant(self.origin.saturating_add(now.0))
    }

    /// Returns whether the last answer declared this node dead. Only Redis decides this.
    #[must_use]
    pub fn is_dead(&self, boot: BootId) -> bool {
        self.dead.contains_key(&boot)
    }

    /// Returns the time of the last renewal of a dead node, by this node's clock.
    #[must_use]
    pub fn last_renewal(&self, boot: BootId) -> Option<Instant> {
        self.dead.get(&boot).copied()
    }

    /// Returns the nodes that the last answer declared dead.
    pub fn dead(&self) -> impl Iterator<Item = BootId> + '_ {
        self.dead.keys().copied()
    }

    /// Returns the nodes that the last answer listed as alive, including this one.
    pub fn alive(&self) -> impl Iterator<Item = BootId> + '_ {
        self.alive.iter().copied()
    }

    /// Returns the highest packet version that all living nodes read.
    #[must_use]
    pub const fn version(&self) -> u16 {
        self.version
    }

    /// Handles the answer to the renewal that was sent at `sent`.
    pub fn on_answer(&mut self, sent: Instant, now: Instant, answer: &LeaseAnswer) -> LeaseNews {
        if answer.dead.contains_key(&self.boot) {
            return LeaseNews { deposed: true, amnesty: false };
        }
        let amnesty = now.since(self.answered) >= self.settings.half_lease();
        self.answered = now;
        self.renewed = self.renewed.max(Some(sent));
        let ago = |age: &std::time::Duration| Instant(now.0.saturating_sub(crate::cluster::settings::millis(*age)));
        self.dead = answer.dead.iter().map(|(boot, age)| (*boot, ago(age))).collect();
        self.alive.clone_from(&answer.alive);
        self.version = answer.version;
        // An answer long under way, as at a node that stood still, tells the time badly: it was any moment of it.
        if self.origin == 0 || now.since(sent) < self.settings.half_lease() {
            self.origin = answer.time.0.saturating_sub(sent.0.midpoint(now.0));
        }
        LeaseNews { deposed: false, amnesty: amnesty && !self.settings.breaks(Mutation::Amnesty) }
    }

    /// Handles the answer to `begin`; returns whether the era has changed.
    pub fn on_era(&mut self, era: Era) -> bool {
        self.era.replace(era).is_some_and(|before| before != era)
    }

    /// Restarts the lease with another boot id after the former one was declared dead.
    pub fn restart(&mut self, boot: BootId) {
        self.boot = boot;
        self.renewed = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn lease() -> Lease {
        Lease::new(ClusterSettings::default(), BootId(1), Instant(0))
    }

    fn dead(boot: u64) -> LeaseAnswer {
        let dead = BTreeMap::from([(BootId(boot), Duration::from_secs(5))]);
        LeaseAnswer { dead, ..LeaseAnswer::default() }
    }

    #[test]
    fn freshness_counts_from_the_sending() {
        let mut lease = lease();
        assert!(!lease.is_fresh(Instant(0)));
        lease.on_answer(Instant(1000), Instant(4000), &LeaseAnswer::default());
        assert!(lease.is_fresh(Instant(5999)));
        assert!(!lease.is_fresh(Instant(6000)));
        lease.on_answer(Instant(500), Instant(4100), &LeaseAnswer::default());
        assert!(lease.is_fresh(Instant(5999)), "an answer that was overtaken takes nothing back");
    }

    #[test]
    fn a_dead_node_learns_it_and_others_know_since_when() {
        let mut lease = lease();
        assert!(lease.on_answer(Instant(0), Instant(9), &dead(1)).deposed);
        assert!(!lease.is_fresh(Instant(9)));
        assert!(!lease.on_answer(Instant(9000), Instant(9000), &dead(2)).deposed);
        assert_eq!(lease.last_renewal(BootId(2)), Some(Instant(4000)));
        assert!(!lease.is_dead(BootId(1)));
    }

    #[test]
    fn the_time_of_redis_goes_on_between_answers() {
        let mut lease = lease();
        let answer = LeaseAnswer { time: Instant(70_000), ..LeaseAnswer::default() };
        lease.on_answer(Instant(1000), Instant(1200), &answer);
        assert_eq!(lease.shared(Instant(1100)), Instant(70_000));
        assert_eq!(lease.shared(Instant(3100)), Instant(72_000));
    }

    #[test]
    fn an_answer_that_was_long_under_way_does_not_set_the_clock() {
        let mut lease = lease();
        let answer = |time| LeaseAnswer { time: Instant(time), ..LeaseAnswer::default() };
        lease.on_answer(Instant(0), Instant(6000), &answer(66_000));
        assert_eq!(lease.shared(Instant(6000)), Instant(69_000), "it is all that is known");
        lease.on_answer(Instant(7000), Instant(7010), &answer(67_005));
        lease.on_answer(Instant(8000), Instant(13_000), &answer(68_000));
        assert_eq!(lease.shared(Instant(13_000)), Instant(73_000));
    }

    #[test]
    fn silence_of_redis_is_forgiven() {
        let mut lease = lease();
        assert!(!lease.on_answer(Instant(1000), Instant(2499), &LeaseAnswer::default()).amnesty);
        assert!(lease.on_answer(Instant(4000), Instant(4999), &LeaseAnswer::default()).amnesty);
    }

    #[test]
    fn another_era_is_noticed_once() {
        let mut lease = lease();
        let era = |master| Era { master, began: Instant(0) };
        assert!(!lease.on_era(era(1)), "the first era is no change");
        assert!(lease.on_era(era(2)));
        assert!(!lease.on_era(era(2)));
    }
}
