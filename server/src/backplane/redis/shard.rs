//! One master and all that leads there, and which partition is whose.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::beat::Beats;
use super::link::Link;
use crate::backplane::{BackplaneSettings, Partition, Reset, Server};

/// One master.
pub struct Shard {
    /// Where it is.
    pub place: Whereabouts,
    pub commands: Arc<Link>,
    pub media: Arc<Link>,
    pub beats: Arc<Beats>,
    assigned: Mutex<Assigned>,
    /// Why the subscription is to be built anew, when it is.
    resubscribe: Mutex<Option<Reset>>,
    pub changed: Notify,
}

/// How a shard's server is found.
pub enum Whereabouts {
    /// It is at a known address.
    At(Server),
    /// Sentinels know.
    Watched { sentinels: Vec<Server>, service: String },
}

/// What a shard is responsible for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assigned {
    pub partitions: Vec<Partition>,
    pub lease: bool,
}

impl Shard {
    pub fn new(place: Whereabouts, assigned: Assigned, settings: &BackplaneSettings, astray: &Arc<Notify>) -> Self {
        let link = || Arc::new(Link::new(settings.max_calls, settings.max_call_bytes, astray));
        Self {
            place,
            commands: link(),
            media: link(),
            beats: Arc::default(),
            assigned: Mutex::new(assigned),
            resubscribe: Mutex::default(),
            changed: Notify::new(),
        }
    }

    pub fn assigned(&self) -> Assigned {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives it other partitions; tells whether that changes anything.
    pub fn assign(&self, assigned: &Assigned) -> bool {
        let mut current = self.assigned.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = *current != *assigned;
        current.clone_from(assigned);
        changes
    }

    /// Asks for a new subscription.
    pub fn resubscribe(&self, reason: Reset) {
        {
            let mut asked = self.resubscribe.lock().unwrap_or_else(PoisonError::into_inner);
            *asked = (*asked).max(Some(reason));
        }
        self.changed.notify_one();
    }

    /// Why a new subscription was asked for, once.
    pub fn take_reason(&self) -> Option<Reset> {
        self.resubscribe.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn is_ready(&self, beat_timeout: Duration) -> bool {
        self.commands.is_open() && self.beats.is_fresh(beat_timeout)
    }

    pub fn close(&self) {
        self.commands.close();
        self.media.close();
        self.beats.restart();
    }
}

/// All shards and who has what.
#[derive(Default)]
pub struct Shards {
    by_partition: Vec<Option<Arc<Shard>>>,
    pub lease: Option<Arc<Shard>>,
    pub all: Vec<Arc<Shard>>,
}

impl Shards {
    /// Who has what of these.
    pub fn of_all(shards: impl Iterator<Item = Arc<Shard>>) -> Self {
        let all: Vec<_> = shards.collect();
        let mut by_partition = vec![None; usize::from(Partition::COUNT)];
        let mut lease = None;
        for shard in &all {
            let assigned = shard.assigned();
            assigned.partitions.iter().for_each(|partition| by_partition[partition.index()] = Some(Arc::clone(shard)));
            if assigned.lease {
                lease = Some(Arc::clone(shard));
            }
        }
        Self { by_partition, lease, all }
    }

    pub fn of(&self, partition: Partition) -> Option<Arc<Shard>> {
        self.by_partition.get(partition.index()).cloned().flatten()
    }

    /// Everything is somebody's.
    pub fn is_complete(&self) -> bool {
        self.lease.is_some() && !self.by_partition.is_empty() && self.by_partition.iter().all(Option::is_some)
    }
}
