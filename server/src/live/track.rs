//! One track as seen by viewers: the newest playlist and the media it names.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use roomcast_core::hls::{ObjectKind, Snapshot};
use roomcast_protocol::id::ObjectId;

use super::playback::Freshness;
use super::stored::Stored;
use crate::response::text::Text;

/// The last published snapshot; `None` before the first.
pub type Newest = Option<Arc<Published>>;

/// A snapshot and the data that all answers from it share.
#[derive(Debug)]
pub struct Published {
    pub snapshot: Arc<Snapshot>,
    pub whole: Text,
    pub delta: Option<Text>,
    pub fresh: Freshness,
}

impl Published {
    fn new(snapshot: Arc<Snapshot>) -> Self {
        Self {
            whole: Text::new(snapshot.playlist.clone()),
            delta: snapshot.delta.clone().map(Text::new),
            fresh: Freshness::of(snapshot.target_duration),
            snapshot,
        }
    }
}

/// The number of target durations after its last request for which a viewer is considered present.
const ATTENTION: u32 = 4;

/// One track.
#[derive(Debug, Default)]
pub struct LiveTrack {
    objects: RwLock<HashMap<ObjectId, Arc<Stored>>>,
    newest: watch::Sender<Newest>,
    asked: AtomicBool,
    /// The time of the last recorded viewer request.
    seen: Mutex<Option<Instant>>,
}

impl LiveTrack {
    pub fn store(&self, id: ObjectId, stored: Stored) {
        self.objects.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(stored));
    }

    pub fn remove(&self, id: &ObjectId) {
        self.objects.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    pub fn object(&self, id: &ObjectId) -> Option<Arc<Stored>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Replaces the served objects by these.
    pub fn replace(&self, objects: HashMap<ObjectId, Arc<Stored>>) {
        *self.objects.write().unwrap_or_else(PoisonError::into_inner) = objects;
    }

    /// Wakes all requests that wait for this or an earlier state.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        self.newest.send_replace(Some(Arc::new(Published::new(snapshot))));
    }

    /// Wakes all waiting requests without a new state.
    pub fn wake(&self) {
        self.newest.send_modify(|_| ());
    }

    pub fn newest(&self) -> Newest {
        self.newest.borrow().clone()
    }

    pub fn watch(&self) -> watch::Receiver<Newest> {
        self.newest.subscribe()
    }

    /// Records a viewer's request. Only the first of many simultaneous requests writes.
    pub fn note_viewer(&self) {
        if !self.asked.load(Ordering::Relaxed) {
            self.asked.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether a viewer made a request within this time. The result is reliable only if the function is called
    /// at least once in each such period.
    pub fn is_watched(&self, within: Duration) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if self.asked.swap(false, Ordering::Relaxed) {
            *seen = Some(Instant::now());
        }
        seen.is_some_and(|seen| seen.elapsed() < within)
    }

    /// Returns whether viewers are expected to request an object. Players that use parts do not request segments.
    pub fn wants(&self, kind: ObjectKind) -> bool {
        let newest = self.newest();
        let target = newest.as_ref().map_or(Duration::from_secs(1), |newest| newest.snapshot.target_duration);
        let by_segments = newest.is_none_or(|newest| !newest.snapshot.has_parts);
        self.is_watched(target * ATTENTION) && (kind != ObjectKind::Segment || by_segments)
    }
}
