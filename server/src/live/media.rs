//! Media of broadcasts, shared between nodes. It is stored in Redis before an upload is sent to the room's owner,
//! fetched once per node, and restored if Redis lost it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use metrics::{counter, describe_counter};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use roomcast_core::hls::{Digest, MediaRef, Object, ObjectKind, Reference, UploadEntry};
use roomcast_core::room::Refusal;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::RoomId;

use super::stored::{OutOfReach, Stored};
use crate::backplane::{Failure, Partition};
use crate::cluster::Transport;

/// The time for which a viewer waits for media from another node.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
/// The time for which an upload waits for Redis.
const STORE_TIMEOUT: Duration = Duration::from_secs(10);
/// The time after which a failed fetch or missing media is tried again.
const RETRY_DELAY: Duration = Duration::from_millis(100);
/// The time for which Redis keeps an init section, which is renewed long before.
const INIT_KEPT: Duration = Duration::from_secs(600);
/// Bytes of uploads that are kept until they are listed; beyond that the oldest are fetched as from another node.
const MAX_HELD: usize = 64 << 20;
/// The number of concurrent store commands when Redis has lost its data.
const PUTS: usize = 4;
/// Media that is hashed on another thread.
const LARGE: usize = 256 << 10;
/// Keys in one command.
const KEYS_PER_CALL: usize = 500;

type Name = (RoomId, Digest);

/// The media of all broadcasts on this node.
#[derive(Default)]
pub struct MediaCache {
    shared: OnceLock<(Transport, Duration)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    blobs: HashMap<Name, Weak<MediaBlob>>,
    /// The media uploaded here and not listed yet, oldest first.
    held: VecDeque<(Name, Bytes)>,
    held_bytes: usize,
}

/// A piece of media, identified by its digest.
#[derive(Debug)]
pub struct MediaBlob {
    reference: Reference,
    room: RoomId,
    is_init: bool,
    bytes: OnceCell<Bytes>,
}

impl std::fmt::Debug for MediaCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaCache").field("blobs", &self.lock().blobs.len()).finish()
    }
}

fn key(room: &RoomId, digest: &Digest) -> String {
    Partition::of(room).key(&format!("m:{room}/{digest}"))
}

impl MediaCache {
    /// Shares media with other nodes from now on; playlists list this much. Counts once.
    pub fn share(&self, transport: Transport, window: Duration) {
        describe_counter!("roomcast_hls_fetched_total", "Media fetched from other nodes");
        describe_counter!("roomcast_hls_missed_total", "Requests for media that could not be fetched in time");
        let _ = self.shared.set((transport, window));
    }

    /// Stores the media of an upload for other nodes, if there are any, and replaces it in the upload by a reference.
    ///
    /// # Errors
    /// Where Redis does not take it in time, or the upload cannot be written down.
    pub async fn store_upload(&self, room: &RoomId, mut entry: UploadEntry) -> Result<UploadEntry, Refusal> {
        if self.shared.get().is_none() {
            return Ok(entry);
        }
        // Media declared missing is not served.
        let is_gap = matches!(&entry.payload, Payload::Part(update) if update.part.gap);
        let bytes = entry.media.bytes().filter(|bytes| !bytes.is_empty()).cloned();
        let reference = match &bytes {
            Some(bytes) => reference_to(bytes.clone()).await?,
            None => entry.media.reference(),
        };
        entry.media = reference.into();
        if UploadEntry::decode(entry.encode().as_bytes()).as_ref() != Ok(&entry) {
            return Err(refuse(AckCode::InvalidSignal, "the upload cannot be written down"));
        }
        let Some(bytes) = bytes.filter(|_| !is_gap) else { return Ok(entry) };
        let is_init = matches!(entry.payload, Payload::Variant(_) | Payload::Rendition(_));
        self.put_patiently(room, &reference, &bytes, is_init).await?;
        self.hold((room.clone(), reference.digest), bytes);
        Ok(entry)
    }

    async fn put_patiently(
        &self,
        room: &RoomId,
        reference: &Reference,
        bytes: &Bytes,
        is_init: bool,
    ) -> Result<(), Refusal> {
        let end = Instant::now() + STORE_TIMEOUT;
        loop {
            match self.put(room, reference, bytes, is_init).await {
                Ok(()) => return Ok(()),
                Err(Failure::Refused(reason)) => {
                    tracing::error!(%room, reason, "redis refused media");
                    break;
                }
                Err(_) if Instant::now() >= end => break,
                Err(_) => tokio::time::sleep(RETRY_DELAY).await,
            }
        }
        Err(refuse(AckCode::Unavailable, "the media cannot be stored at the moment; try again"))
    }

    async fn put(&self, room: &RoomId, reference: &Reference, bytes: &[u8], is_init: bool) -> Result<(), Failure> {
        let Some((transport, window)) = self.shared.get() else { return Ok(()) };
        let kept = *window * 4 + Duration::from_secs(60);
        let kept = if is_init { kept.max(INIT_KEPT) } else { kept };
        transport.nodes().store(Partition::of(room), &key(room, &reference.digest), bytes, kept).await
    }

    fn hold(&self, name: Name, bytes: Bytes) {
        let mut state = self.lock();
        if let Some(blob) = state.blobs.get(&name).and_then(Weak::upgrade) {
            let _ = blob.bytes.set(bytes);
            return;
        }
        state.held_bytes += bytes.len();
        state.held.push_back((name, bytes));
        while state.held_bytes > MAX_HELD
            && let Some((_, bytes)) = state.held.pop_front()
        {
            state.held_bytes -= bytes.len();
        }
    }

    /// An object as it is served; fetched ahead where viewers will ask for it. Init sections always are: without them
    /// nothing plays, and somebody must be able to put them back.
    pub fn stored(self: &Arc<Self>, room: &RoomId, object: &Object, is_wanted: bool) -> Stored {
        if let Some(bytes) = object.bytes() {
            return Stored::local(bytes.clone(), object.content_type);
        }
        let is_init = object.kind == ObjectKind::Init;
        let blobs: Vec<_> = object.pieces.iter().map(|media| self.blob(room, media, is_init)).collect();
        for blob in blobs.iter().filter(|blob| (is_init || is_wanted) && blob.bytes.get().is_none()) {
            let (cache, blob) = (Arc::clone(self), Arc::downgrade(blob));
            actix_web::rt::spawn(async move { cache.fetch_ahead(&blob).await });
        }
        Stored::remote(Arc::clone(self), blobs, object.content_type)
    }

    fn blob(&self, room: &RoomId, media: &MediaRef, is_init: bool) -> Arc<MediaBlob> {
        let reference = media.reference();
        let name = (room.clone(), reference.digest);
        let mut state = self.lock();
        if let Some(blob) = state.blobs.get(&name).and_then(Weak::upgrade) {
            return blob;
        }
        let held = state.held.iter().position(|(held, _)| *held == name).and_then(|at| state.held.remove(at));
        let bytes = held.map(|(_, bytes)| bytes);
        state.held_bytes -= bytes.as_ref().map_or(0, Bytes::len);
        let bytes = OnceCell::new_with(media.bytes().cloned().or(bytes));
        let blob = Arc::new(MediaBlob { reference, room: room.clone(), is_init, bytes });
        if state.blobs.len() == state.blobs.capacity() {
            state.blobs.retain(|_, blob| blob.strong_count() > 0);
        }
        state.blobs.insert(name, Arc::downgrade(&blob));
        blob
    }

    /// Returns the bytes of a blob, and fetches them if necessary. Concurrent callers wait for the same fetch.
    ///
    /// # Errors
    /// If they do not arrive in time.
    pub async fn bytes(&self, blob: &MediaBlob) -> Result<Bytes, OutOfReach> {
        let fetched = blob.bytes.get_or_init(|| self.fetch(blob));
        tokio::time::timeout(FETCH_TIMEOUT, fetched).await.cloned().map_err(|_| {
            counter!("roomcast_hls_missed_total").increment(1);
            OutOfReach
        })
    }

    async fn fetch(&self, blob: &MediaBlob) -> Bytes {
        let Some((transport, _)) = self.shared.get() else { return std::future::pending().await };
        loop {
            let key = key(&blob.room, &blob.reference.digest);
            match transport.nodes().fetch(Partition::of(&blob.room), &key).await {
                Ok(Some(bytes)) if blob.reference.fits(&bytes) => {
                    counter!("roomcast_hls_fetched_total").increment(1);
                    return bytes;
                }
                Ok(Some(_)) => tracing::error!(key, "media does not fit its digest"),
                Ok(None) | Err(_) => {}
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    /// Fetches a blob while it is served; init sections for as long as it takes.
    async fn fetch_ahead(&self, blob: &Weak<MediaBlob>) {
        while let Some(blob) = blob.upgrade() {
            if self.bytes(&blob).await.is_ok() || !blob.is_init {
                return;
            }
        }
    }

    /// Restores in Redis the media that it lacks and this node holds.
    pub async fn put_back(&self, partition: Partition) {
        let Some((transport, _)) = self.shared.get() else { return };
        for blobs in self.at_hand(|blob| Partition::of(&blob.room) == partition).chunks(KEYS_PER_CALL) {
            let keys: Vec<_> = blobs.iter().map(|blob| key(&blob.room, &blob.reference.digest)).collect();
            let stands = transport.nodes().exist(partition, keys).await.unwrap_or_else(|_| vec![false; blobs.len()]);
            let lacking = blobs.iter().zip(stands).filter(|(_, stands)| !stands).map(|(blob, _)| blob);
            futures_util::stream::iter(lacking).for_each_concurrent(PUTS, |blob| self.put_blob(blob)).await;
        }
    }

    /// Stores all init sections again, before they expire in Redis.
    pub async fn renew_inits(&self) {
        let inits = self.at_hand(|blob| blob.is_init);
        futures_util::stream::iter(&inits).for_each_concurrent(PUTS, |blob| self.put_blob(blob)).await;
    }

    async fn put_blob(&self, blob: &MediaBlob) {
        if let Some(bytes) = blob.bytes.get() {
            let _ = self.put_patiently(&blob.room, &blob.reference, bytes, blob.is_init).await;
        }
    }

    fn at_hand(&self, which: impl Fn(&MediaBlob) -> bool) -> Vec<Arc<MediaBlob>> {
        let blobs = self.lock().blobs.values().filter_map(Weak::upgrade).collect::<Vec<_>>();
        blobs.into_iter().filter(|blob| blob.bytes.get().is_some() && which(blob)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn reference_to(bytes: Bytes) -> Result<Reference, Refusal> {
    if bytes.len() <= LARGE {
        return Ok(Reference::to(&bytes));
    }
    let hashed = actix_web::rt::task::spawn_blocking(move || Reference::to(&bytes)).await;
    hashed.map_err(|_| refuse(AckCode::Unavailable, "the server is stopping"))
}

fn refuse(code: AckCode, reason: &str) -> Refusal {
    Refusal { code, reason: reason.to_owned() }
}
