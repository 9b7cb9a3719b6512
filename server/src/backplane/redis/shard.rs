//! One master and all that leads there, and which partition is whose.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::beat::Beats;
use super::link::Link;
use crate::backplane::{BackplaneSettings, Partition, Place, Reset, Server};

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
    pub fn new(place: Whereabouts, assigned: Assigned, settings: &BackplaneSettings) -> Self {
        let link = || Arc::new(Link::new(settings.max_calls, settings.max_call_bytes));
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

    /// The one shard there is without a cluster.
    pub fn whole(settings: &BackplaneSettings) -> Self {
        let place = match &settings.address.place {
            Place::Single(server) => Whereabouts::At(server.clone()),
            Place::Sentinel { sentinels, service } => {
                Whereabouts::Watched { sentinels: sentinels.clone(), service: service.clone() }
            }
            Place::Cluster(servers) => Whereabouts::At(servers[0].clone()),
        };
        Self::new(place, Assigned { partitions: Partition::all().collect(), lease: true }, settings)
    }

    pub fn assigned(&self) -> Assigned {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for a new subscription.
    pub fn resubscribe(&self, reason: Reset) {
        *self.resubscribe.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
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
    /// One shard that has everything.
    pub fn single(shard: &Arc<Shard>) -> Self {
        let by_partition = Partition::all().map(|_| Some(Arc::clone(shard))).collect();
        Self { by_partition, lease: Some(Arc::clone(shard)), all: vec![Arc::clone(shard)] }
    }

    pub fn of(&self, partition: Partition) -> Option<Arc<Shard>> {
        self.by_partition.get(partition.index()).cloned().flatten()
    }

    /// Everything is somebody's.
    pub fn is_complete(&self) -> bool {
        self.lease.is_some() && !self.by_partition.is_empty() && self.by_partition.iter().all(Option::is_some)
    }
}
