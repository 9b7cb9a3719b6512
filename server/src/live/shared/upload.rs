//! Uploads into a replicated stream: decided on the replica, written by compare-and-set, decided anew if another node
//! was first.
//!
//! Bytes are stored before anything names them. What is refused is refused on the newest state, and changes nothing.
//! An upload whose writing got no answer is looked for, not written blindly: what is there already is a repetition.

use std::time::Duration;

use bytes::Bytes;

use roomcast_core::hls::{Change, Entry, Media, Stream};
use roomcast_core::room::Refusal;
use roomcast_core::time::UnixTime;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;

use super::Shared;
use super::ledger::{Head, Line, Write, Written};
use super::replica::{Decided, decide};
use super::stream::{Replicated, track_of};
use crate::backplane::Failure;
use crate::token;

/// How often an upload is decided: every time another was first, somebody got on.
const TRIES: usize = 32;
/// Uploads that wait for their turn in one stream; over it they are refused with 503.
const MAX_WAITING: usize = 64;
/// Larger media is digested on a thread of its own.
const LARGE: usize = 256 * 1024;
/// How long media is stored at least, should a stream not say.
const SHORTEST: Duration = Duration::from_secs(60);

impl Shared {
    /// Takes a payload into its stream.
    pub(super) async fn upload(&self, received: UnixTime, payload: Payload) -> Result<(), Refusal> {
        let (entry, bytes) = read_back(Entry::new(payload, received)).await?;
        let stream = self.stream(entry.playlist());
        if stream.waiting.get() >= MAX_WAITING {
            return Err(refuse(AckCode::Unavailable, "too many uploads wait"));
        }
        stream.waiting.set(stream.waiting.get() + 1);
        let gate = stream.gate.lock().await;
        stream.waiting.set(stream.waiting.get() - 1);
        let taken = self.append(&stream, &entry, bytes, false).await;
        self.let_go(&stream, gate).await;
        self.forget_if_empty(&stream);
        taken
    }

    /// Takes an entry into a stream whose gate is held. `newest` says that the replica has just been read.
    pub(super) async fn append(
        &self,
        stream: &Replicated,
        entry: &Entry,
        mut bytes: Option<Bytes>,
        mut newest: bool,
    ) -> Result<(), Refusal> {
        for _ in 0..TRIES {
            let next = match self.decide(stream, entry) {
                Decided::Known => return Ok(()),
                Decided::Refused(refusal) if newest => return Err(refusal.into()),
                Decided::Refused(_) => {
                    self.read(stream).await.map_err(|failure| out_of_reach(&failure))?;
                    newest = true;
                    continue;
                }
                Decided::New(next) => next,
            };
            if let Some(bytes) = bytes.take() {
                self.store(stream, entry, bytes, &next.0).await.map_err(|failure| out_of_reach(&failure))?;
            }
            match self.write(stream, entry, next).await {
                Ok(None) => return Ok(()),
                Ok(Some(found)) => {
                    self.counters.conflicts.increment(1);
                    match found {
                        Written::Full => {
                            return Err(refuse(AckCode::RoomFull, "the room has as many playlists as it may"));
                        }
                        Written::Other(found) => self.settle(stream, found).await,
                        Written::Done => Ok(()),
                    }
                }
                // It may be there: then it is a repetition.
                Err(Failure::Unknown) => self.read(stream).await,
                Err(failure) => Err(failure),
            }
            .map_err(|failure| out_of_reach(&failure))?;
            newest = true;
        }
        Err(refuse(AckCode::Unavailable, "too many nodes write to the stream at once"))
    }

    fn decide(&self, stream: &Replicated, entry: &Entry) -> Decided {
        match (&*stream.replica.borrow(), &entry.payload) {
            (Some(replica), _) => decide(&replica.stream, entry),
            (None, Payload::Variant(_)) => decide(&Stream::new(self.settings.hls), entry),
            (None, _) => {
                let reason = "there is no such playlist; updateVariant makes one".to_owned();
                Decided::Refused(roomcast_core::hls::Refusal { code: AckCode::TrackNotFound, reason })
            }
        }
    }

    async fn store(&self, stream: &Replicated, entry: &Entry, bytes: Bytes, next: &Stream) -> Result<(), Failure> {
        let Some(track) = track_of(&entry.payload) else { return Ok(()) };
        let reference = entry.media.reference();
        let key = self.ledger.media_key(&stream.playlist, track, &reference.digest);
        let lasts = next.retention().max(SHORTEST);
        self.ledger.backplane.store(self.ledger.partition, key, bytes.clone(), lasts).await?;
        stream.depot.hold(track, reference, bytes);
        Ok(())
    }

    /// Writes what was decided; nothing comes back when that was done.
    async fn write(
        &self,
        stream: &Replicated,
        entry: &Entry,
        next: Box<(Stream, Vec<Change>)>,
    ) -> Result<Option<Written>, Failure> {
        let line = Line::new(&token::random(), &entry.encode());
        let (on, checkpoint) = match &*stream.replica.borrow() {
            Some(replica) => (replica.head.clone(), replica.checkpoint(&next.0)),
            None => (Head::default(), Some(next.0.checkpoint())),
        };
        let with_checkpoint = checkpoint.is_some();
        let head = Head { version: on.version + 1, nonce: line.nonce().to_owned() };
        let (lines, max_playlists) = (vec![line.clone()], self.settings.max_playlists);
        let write = Write { on, head, checkpoint, lines, max_playlists };
        match self.ledger.write(&stream.playlist, write).await? {
            Written::Done => {
                stream.commit(*next, line, with_checkpoint);
                self.tell();
                Ok(None)
            }
            other => Ok(Some(other)),
        }
    }
}

/// An upload as every node will read it, and its bytes. What could not be read is refused.
async fn read_back(entry: Entry) -> Result<(Entry, Option<Bytes>), Refusal> {
    let bytes = entry.media.bytes().filter(|bytes| !bytes.is_empty()).cloned();
    let digest = move || {
        let read = Entry::decode(entry.encode().as_bytes());
        read.map_err(|error| refuse(AckCode::InvalidSignal, &error.to_string()))
    };
    let read = match &bytes {
        Some(bytes) if bytes.len() > LARGE => {
            let read = actix_web::rt::task::spawn_blocking(digest).await;
            read.unwrap_or_else(|_| Err(refuse(AckCode::Unavailable, "the server is stopping")))?
        }
        _ => digest()?,
    };
    // What is said to be missing is not served.
    let gap = matches!(&read.payload, Payload::Part(update) if update.part.gap);
    debug_assert!(matches!(read.media, Media::Elsewhere(_)) || read.media.is_empty());
    Ok((read, bytes.filter(|_| !gap)))
}

pub(super) fn refuse(code: AckCode, reason: &str) -> Refusal {
    Refusal { code, reason: reason.to_owned() }
}

pub(super) fn out_of_reach(failure: &Failure) -> Refusal {
    if let Failure::Refused(reason) = failure {
        tracing::error!(reason, "redis refused what is written of a stream");
    }
    refuse(AckCode::Unavailable, "the other nodes are out of reach; try again")
}
