//! The lease table: the living nodes, and the nodes declared dead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cluster::{BootId, ClusterSettings};
use crate::time::Instant;

/// The time for which a dead boot id is kept.
const DEAD_KEPT: Duration = Duration::from_secs(3600);

/// The answer to `lease`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeaseAnswer {
    /// The nodes with a lease.
    pub alive: BTreeSet<BootId>,
    /// The nodes declared dead, each with the time since its last renewal.
    pub dead: BTreeMap<BootId, Duration>,
    /// The highest packet version that all living nodes read.
    pub version: u16,
    /// The present time of Redis, in milliseconds since 1970.
    pub time: Instant,
}

/// The lease table.
#[derive(Debug, Clone, Default)]
pub(super) struct LeaseTable {
    /// The time of the first renewal in the empty table.
    since: Option<Instant>,
    /// The time of the last renewal of any node.
    renewed: Option<Instant>,
    /// The last renewal of each node, and the highest packet version that it reads.
    leases: BTreeMap<BootId, (Instant, u16)>,
    dead: BTreeMap<BootId, Instant>,
}

impl LeaseTable {
    pub fn renew(
        &mut self,
        settings: &ClusterSettings,
        now: Instant,
        (boot, version): (BootId, u16),
        peers: &[BootId],
    ) -> LeaseAnswer {
        self.correct(now);
        let since = *self.since.get_or_insert(now);
        if self.renewed.is_some_and(|renewed| now.since(renewed) >= settings.half_lease()) {
            // Redis was away, so a missing renewal says nothing about a node.
            self.leases.values_mut().for_each(|(renewed, _)| *renewed = now);
        }
        self.renewed = Some(now);
        if !self.dead.contains_key(&boot) {
            self.leases.insert(boot, (now, version));
        }
        self.expire(settings, now);
        if now.since(since) >= settings.lease {
            let unknown = peers.iter().filter(|peer| !self.leases.contains_key(peer));
            for peer in unknown {
                self.dead.entry(*peer).or_insert(since);
            }
        }
        LeaseAnswer {
            alive: self.leases.keys().copied().collect(),
            dead: self.dead.iter().map(|(boot, renewed)| (*boot, now.since(*renewed))).collect(),
            version: self.leases.values().map(|(_, version)| *version).min().unwrap_or_default(),
            time: now,
        }
    }

    pub fn leave(&mut self, now: Instant, boot: BootId) {
        self.leases.remove(&boot);
        self.dead.insert(boot, now);
    }

    fn expire(&mut self, settings: &ClusterSettings, now: Instant) {
        let dead = &mut self.dead;
        self.leases.retain(|boot, (renewed, _)| {
            let lives = now.since(*renewed) < settings.lease;
            if !lives {
                dead.insert(*boot, *renewed);
            }
            lives
        });
        dead.retain(|_, renewed| now.since(*renewed) < DEAD_KEPT);
    }

    /// Sets times in the future to now. They occur after the clock was set back.
    fn correct(&mut self, now: Instant) {
        let leases = self.leases.values_mut().map(|(renewed, _)| renewed);
        let times = leases.chain(self.dead.values_mut());
        times.chain(&mut self.since).chain(&mut self.renewed).for_each(|time| *time = (*time).min(now));
    }
}
