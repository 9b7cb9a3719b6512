//! The reference implementation of the directory's Redis scripts: leases, eras, ownership and journal.
//!
//! The directory contains no rules of rooms. It records the owner of each room, fences former owners by a rising term,
//! and keeps the data that a new owner needs. Each method is one script: atomic and safe to repeat.

mod leases;
mod rooms;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use roomcast_protocol::id::RoomId;

use super::{BootId, ClusterSettings, Mutation, Ownership};
use crate::time::Instant;
pub use leases::LeaseAnswer;
use leases::LeaseTable;
use rooms::Entry;

/// The time after which a failed command is repeated.
pub const RETRY_DELAY: Duration = Duration::from_millis(250);

/// The state that every script reads on the Redis server.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The time of Redis.
    pub now: Instant,
    /// The id of this master's data (`master_replid`). It changes with each failover and restart.
    pub master: u64,
}

/// A period in which one master holds the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Era {
    /// The master.
    pub master: u64,
    /// The time at which the era began.
    pub began: Instant,
}

/// The answer to `look`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// The era is still settling for this long.
    Wait(Duration),
    /// The room is unknown.
    Nothing,
    /// The room's entry.
    Stands(Ownership),
}

/// The answer to `claim`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed<F, V> {
    /// The era is still settling for this long.
    Wait(Duration),
    /// The claim won.
    Won {
        /// The new entry.
        ownership: Ownership,
        /// The journal; `None` if a failover lost it.
        journal: Option<Vec<(F, V)>>,
        /// Whether the journal was written in an earlier era, so that a failover may have lost the last writes.
        stale: bool,
        /// The era in which the claim won.
        era: Era,
    },
    /// The entry is not the expected one.
    Stands(Option<Ownership>),
}

/// The answer to `assert` for one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asserted {
    /// The asserted ownership is recorded.
    Done,
    /// Another ownership takes precedence.
    Stands(Ownership),
}

/// The answer to `journal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Journaled {
    /// The era is still settling for this long.
    Wait(Duration),
    /// The changes are saved.
    Done,
    /// An ownership with a higher term is recorded.
    Fenced(Ownership),
    /// The room has no entry or one with a lower term, or the era has changed. The owner must assert its ownership and
    /// then write the whole journal.
    Lost,
}

/// A write to the journal of one room.
#[derive(Debug, Clone)]
pub struct Write<F, V> {
    /// The ownership under which it is written.
    pub ownership: Ownership,
    /// The era in which the whole journal was last written; `None` for a write of the whole journal.
    pub era: Option<Era>,
    /// A number that rises with each write of an owner. A write with a lower number than the last one arrived late,
    /// after its own repetition, and is ignored.
    pub number: u64,
    /// The fields with their values. `None` deletes a field.
    pub changes: Vec<(F, Option<V>)>,
}

/// The data of one Redis master. A clone represents the data of a replica.
#[derive(Debug, Clone)]
pub struct Directory<F, V> {
    settings: ClusterSettings,
    era: Option<Era>,
    leases: LeaseTable,
    rooms: BTreeMap<RoomId, Entry<F, V>>,
}

impl<F: Ord + Clone, V: Clone> Directory<F, V> {
    /// Creates an empty directory.
    #[must_use]
    pub fn new(settings: ClusterSettings) -> Self {
        Self { settings, era: None, leases: LeaseTable::default(), rooms: BTreeMap::new() }
    }

    /// Executes `begin`: begins an era if there is none or if it belongs to another master; returns the present era.
    pub fn begin(&mut self, context: Context) -> Era {
        match self.era {
            Some(era) if era.master == context.master => era,
            _ => *self.era.insert(Era { master: context.master, began: context.now }),
        }
    }

    /// Executes `lease`: renews the lease of a node, which reads packets up to this version, and declares other nodes
    /// dead.
    pub fn lease(&mut self, context: Context, boot: BootId, version: u16, peers: &[BootId]) -> LeaseAnswer {
        let peers = if self.settings.breaks(Mutation::LeasePeers) { &[] } else { peers };
        self.leases.renew(&self.settings, context.now, (boot, version), peers)
    }

    /// Executes `leave`: removes the lease of a node that has drained.
    pub fn leave(&mut self, context: Context, boot: BootId) {
        self.leases.leave(context.now, boot);
    }

    /// Executes `look`: returns the entry of a room.
    #[must_use]
    pub fn look(&self, context: Context, room: &RoomId) -> Looked {
        if let Some(wait) = self.settling(context) {
            return Looked::Wait(wait);
        }
        self.entry(context, room).map_or(Looked::Nothing, |entry| Looked::Stands(entry.ownership))
    }

    /// Returns all entries, including expired ones.
    pub fn rooms(&self) -> impl Iterator<Item = (&RoomId, Ownership)> {
        self.rooms.iter().map(|(room, entry)| (room, entry.ownership))
    }

    /// Returns the remaining settling time, if the era has not settled yet.
    fn settling(&self, context: Context) -> Option<Duration> {
        if self.settings.breaks(Mutation::Settling) {
            return None;
        }
        let Some(era) = self.era.filter(|era| era.master == context.master) else { return Some(self.settings.lease) };
        // A clock that was set back must not prolong the settling.
        let passed = context.now.since(era.began);
        (passed < self.settings.lease).then(|| self.settings.lease.saturating_sub(passed))
    }

    fn entry(&self, context: Context, room: &RoomId) -> Option<&Entry<F, V>> {
        self.rooms.get(room).filter(|entry| entry.expires > context.now)
    }
}
