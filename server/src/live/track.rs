//! One track as its viewers see it: the newest playlist, and the media it names.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use roomcast_core::hls::{Object, Snapshot};
use roomcast_protocol::id::ObjectId;

/// The newest snapshot, none before the first.
pub type Newest = Option<Arc<Snapshot>>;

/// One track.
#[derive(Debug, Default)]
pub struct LiveTrack {
    objects: RwLock<HashMap<ObjectId, Object>>,
    snapshot: watch::Sender<Newest>,
}

impl LiveTrack {
    pub fn store(&self, id: ObjectId, object: Object) {
        self.objects.write().unwrap_or_else(PoisonError::into_inner).insert(id, object);
    }

    pub fn remove(&self, id: &ObjectId) {
        self.objects.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    pub fn object(&self, id: &ObjectId) -> Option<Object> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Wakes everyone who waits for this or an earlier state.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.send_replace(Some(snapshot));
    }

    pub fn watch(&self) -> watch::Receiver<Newest> {
        self.snapshot.subscribe()
    }
}
