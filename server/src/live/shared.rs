//! Broadcasts of one room on several nodes: each keeps the same streams, whichever takes an upload.
//!
//! A stream is a log of uploads in the backplane, without their media, and everyone who has it says the same
//! (`core::hls`): the same playlists with the same numbers. An upload costs two round trips, the bytes and the entry;
//! a playlist costs none, media of another node one fetch for all viewers of this one.
//!
//! Lives on the room's own thread. The bounds that are no settings stand where they are used.

mod counters;
mod depot;
mod ledger;
mod mend;
mod piece;
mod replica;
mod stream;
#[cfg(test)]
mod tests;
mod told;
mod upload;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use roomcast_core::hls;
use roomcast_core::room::Refusal;
use roomcast_core::time::UnixTime;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{EndStream, Payload, PlaylistRef};
use roomcast_protocol::id::{ObjectId, RoomId};

use super::LiveRoom;
use crate::backplane::{Backplane, Failure};
use counters::Counters;
use depot::Depot;
use ledger::Ledger;
use mend::{Mending, mend};
use stream::Replicated;
use told::Told;

pub use piece::Piece;

/// How often the end of a stream is tried to be written.
const END_TRIES: u32 = 5;

/// What an operator may set.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Of streams that are made here; it goes with them to all nodes.
    pub hls: hls::Settings,
    /// Multivariant playlists a room may have.
    pub max_playlists: usize,
}

/// Playlists of a room, and whether each one plays live.
pub type Playing = Vec<(ObjectId, bool)>;

/// The replicated broadcasts of one room on one node. Cheap to clone; to be used on the room's own thread.
#[derive(Clone)]
pub struct Broadcasts(Rc<Shared>);

impl std::fmt::Debug for Broadcasts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broadcasts").field("streams", &self.0.streams.borrow().len()).finish()
    }
}

impl Broadcasts {
    /// Broadcasts of which nothing is known yet. `on_change` is told all playlists whenever one begins or ends; it
    /// may not call back.
    pub fn new(
        backplane: Backplane,
        room: RoomId,
        live: Arc<LiveRoom>,
        settings: Settings,
        on_change: impl Fn(Playing) + 'static,
    ) -> Self {
        let shared = Rc::new(Shared {
            ledger: Ledger::new(backplane, room),
            live,
            settings,
            counters: Counters::describe(),
            streams: RefCell::default(),
            mending: Mending::default(),
            closed: Cell::default(),
            told: RefCell::default(),
            on_change: Box::new(on_change),
        });
        actix_web::rt::spawn(mend(Rc::downgrade(&shared), shared.wake()));
        Self(shared)
    }

    /// Reads all streams of the room: checkpoints and logs, in one call.
    ///
    /// # Errors
    /// When they could not be read; then it may be called again.
    pub async fn load(&self) -> Result<(), Failure> {
        let shared = Rc::clone(&self.0);
        to_its_end(async move { shared.load().await }).await.unwrap_or(Err(Failure::Unavailable))
    }

    /// Takes a message of the kind `L`, whole.
    pub fn heard(&self, message: &Bytes) {
        if self.0.closed.get() {
            return;
        }
        let Some(told) = Told::read(message) else { return self.0.mending.all() };
        let stream = self.0.stream(&told.playlist);
        stream.hear(told);
        self.0.tell();
        if stream.behind.get() {
            self.0.mending.some();
        }
    }

    /// Messages may be missing, or the backplane may have lost what it had: reads anew, and puts back what is lost.
    pub fn reset(&self) {
        self.0.mending.all();
    }

    /// Takes a payload whose token was checked. Uploads of one stream take turns.
    ///
    /// # Errors
    /// The code and reason of the answer; 503 when the backplane is out of reach. With 503 it may have been taken all
    /// the same: sent again, it is a repetition.
    pub async fn upload(&self, received: UnixTime, payload: Payload) -> Result<(), Refusal> {
        let shared = Rc::clone(&self.0);
        let taken = to_its_end(async move { shared.upload(received, payload).await }).await;
        taken.unwrap_or_else(|| Err(upload::refuse(AckCode::Unavailable, "the server is stopping")))
    }

    /// Ends every stream: the streamer has left.
    ///
    /// # Errors
    /// When the backplane was out of reach for some seconds; then it may be called again.
    pub async fn end_all(&self) -> Result<(), Refusal> {
        let live = self.0.streams().into_iter().filter(|stream| !stream.has_ended());
        let mut ended = Ok(());
        for playlist in live.map(|stream| stream.playlist.clone()).collect::<Vec<_>>() {
            ended = self.end(playlist).await.and(ended);
        }
        ended
    }

    async fn end(&self, id: ObjectId) -> Result<(), Refusal> {
        let playlist = PlaylistRef { id, version: None };
        let mut pause = Duration::from_millis(100);
        for _ in 1..END_TRIES {
            let end = Payload::End(EndStream { playlist: playlist.clone() });
            match self.upload(self.0.ledger.backplane.now(), end).await {
                Err(refusal) if refusal.code == AckCode::Unavailable => actix_web::rt::time::sleep(pause).await,
                other => return other,
            }
            pause *= 2;
        }
        self.upload(self.0.ledger.backplane.now(), Payload::End(EndStream { playlist })).await
    }

    /// The room is new: what an earlier one of its name has left behind is forgotten. To be called before anything is
    /// read or uploaded.
    ///
    /// # Errors
    /// When the backplane was out of reach.
    pub async fn begin(&self) -> Result<(), Failure> {
        self.0.ledger.forget().await
    }

    /// The room is over: nothing is heard or put back any more.
    pub fn stop(&self) {
        self.0.closed.set(true);
    }

    /// All playlists, and whether each one plays live.
    pub fn playing(&self) -> Playing {
        self.0.playing()
    }
}

/// The room of a message of the kind `L`.
#[cfg(test)]
pub fn room_of(message: &Bytes) -> Option<RoomId> {
    let room = message.strip_prefix(b"L")?.split(|byte| *byte == b'\n').next()?;
    RoomId::parse(std::str::from_utf8(room).ok()?).ok()
}

/// Does something to its end, also when nobody waits for it any more. `None` when the server stops.
async fn to_its_end<T: 'static>(work: impl Future<Output = T> + 'static) -> Option<T> {
    actix_web::rt::spawn(work).await.ok()
}

/// What all handles share.
struct Shared {
    ledger: Ledger,
    live: Arc<LiveRoom>,
    settings: Settings,
    counters: Counters,
    streams: RefCell<BTreeMap<ObjectId, Rc<Replicated>>>,
    mending: Mending,
    closed: Cell<bool>,
    /// What `on_change` was told last.
    told: RefCell<Playing>,
    on_change: Box<dyn Fn(Playing)>,
}

impl Shared {
    /// A stream, of which nothing may be known.
    fn stream(&self, playlist: &ObjectId) -> Rc<Replicated> {
        let mut streams = self.streams.borrow_mut();
        let make = || {
            let (ledger, counters) = (self.ledger.clone(), self.counters.clone());
            let depot = Depot::new(ledger, counters.clone(), Arc::clone(&self.live), playlist.clone());
            Rc::new(Replicated::new(playlist.clone(), depot, counters))
        };
        Rc::clone(streams.entry(playlist.clone()).or_insert_with(make))
    }

    fn streams(&self) -> Vec<Rc<Replicated>> {
        self.streams.borrow().values().cloned().collect()
    }

    /// Forgets a stream that there is not, unless somebody is about to make it.
    fn forget_if_empty(&self, stream: &Rc<Replicated>) {
        if stream.replica.borrow().is_none() && Rc::strong_count(stream) == 2 {
            self.streams.borrow_mut().remove(&stream.playlist);
        }
    }

    fn playing(&self) -> Playing {
        let streams = self.streams.borrow();
        streams.iter().filter_map(|(playlist, stream)| Some((playlist.clone(), stream.plays()?))).collect()
    }

    /// Tells what plays, if that is news.
    fn tell(&self) {
        let playing = self.playing();
        if *self.told.borrow() != playing {
            self.told.borrow_mut().clone_from(&playing);
            (self.on_change)(playing);
        }
    }
}
