//! One track as its viewers see it: the newest playlist, and the media it names.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use actix_web::http::header::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha1::{Digest as _, Sha1};
use tokio::sync::watch;

use roomcast_core::hls::{Object, Snapshot};
use roomcast_protocol::id::ObjectId;

use super::playback::Freshness;
use crate::http::text::Text;

/// What was published last, nothing before the first.
pub type Newest = Option<Arc<Published>>;

/// A snapshot and all that its answers share.
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

/// An object and what names its bytes.
#[derive(Debug)]
pub struct Stored {
    pub bytes: Bytes,
    pub content_type: &'static str,
    tag: OnceLock<HeaderValue>,
}

impl Stored {
    /// A strong entity tag, made of the bytes: the same wherever and whenever they were uploaded. Made when it is
    /// first asked for.
    pub fn tag(&self) -> HeaderValue {
        let made = || {
            let digest = URL_SAFE_NO_PAD.encode(&Sha1::digest(&self.bytes)[..15]);
            HeaderValue::try_from(format!("\"{digest}\"")).expect("letters and digits")
        };
        self.tag.get_or_init(made).clone()
    }
}

/// One track.
#[derive(Debug, Default)]
pub struct LiveTrack {
    objects: RwLock<HashMap<ObjectId, Arc<Stored>>>,
    newest: watch::Sender<Newest>,
}

impl LiveTrack {
    pub fn store(&self, id: ObjectId, media: Object) {
        let bytes = media.bytes().cloned().expect("a node alone has all bytes at hand");
        let stored = Arc::new(Stored { bytes, content_type: media.content_type, tag: OnceLock::new() });
        self.objects.write().unwrap_or_else(PoisonError::into_inner).insert(id, stored);
    }

    pub fn remove(&self, id: &ObjectId) {
        self.objects.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    pub fn object(&self, id: &ObjectId) -> Option<Arc<Stored>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Wakes everyone who waits for this or an earlier state.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        self.newest.send_replace(Some(Arc::new(Published::new(snapshot))));
    }

    /// Wakes everyone who waits, with nothing new.
    pub fn wake(&self) {
        self.newest.send_modify(|_| ());
    }

    pub fn newest(&self) -> Newest {
        self.newest.borrow().clone()
    }

    pub fn watch(&self) -> watch::Receiver<Newest> {
        self.newest.subscribe()
    }
}
