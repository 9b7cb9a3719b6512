//! The seat that all encoders of one room share: a member of the room, and what they push to each playlist.
//!
//! It is taken when the first of them brings an init section, and given up at once when all have said that they end,
//! else some time after the last request. One piece of media at a time goes to the room, and who brings it waits.

mod ending;
mod request;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use roomcast_core::room::Refusal;
use roomcast_core::time::Instant;
use roomcast_media::package::{Config, Earlier, Lengths, Moment, Packager, Signal};
use roomcast_media::{Ends, Error, Handler, Init, Item, Reader, Start};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, RoomId};

use super::member::{Ear, Member};
use super::publisher::Publisher;
use crate::clock::unix_millis;
use crate::config::to_usize;
use crate::node::Node;
use crate::token;
pub use ending::BodyMedia;
pub use request::Request;

/// Interval of the checks for work that is due.
const LOOK: Duration = Duration::from_millis(200);
/// Tracks of one playlist: as many variants and renditions as a stream may have.
const MAX_TRACKS: usize = 32;

/// Where a request pushes to, and what it says of the targets.
#[derive(Debug, Clone)]
pub struct Address {
    pub playlist: ObjectId,
    pub track: ObjectId,
    pub lengths: Lengths,
    /// Whether the request names targets itself.
    pub insists: bool,
    /// Where in the encoder's stream the body begins, if it says so.
    pub offset: Option<u64>,
}

/// Why a request ends early.
#[derive(Debug, Clone)]
pub enum Stop {
    /// The room refused.
    Refused(Refusal),
    /// The media cannot be taken.
    Media(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Media(error)
    }
}

/// One request at a time pushes to a track; the newest wins.
#[derive(Debug, Default)]
pub struct Turn {
    pub newest: watch::Sender<u64>,
    /// Held while a body is read; where the last one stopped.
    pub taken: tokio::sync::Mutex<Option<Unfinished>>,
}

/// A stream of which further bodies may bring the rest.
#[derive(Debug)]
pub struct Unfinished {
    pub reader: Reader,
    /// Where in the encoder's stream the next body begins.
    pub next: u64,
}

/// The seat of one room.
#[derive(Debug)]
pub struct Seat {
    node: Arc<Node>,
    pub room: RoomId,
    /// The user in whose name all of them push.
    pub publisher: Publisher,
    pub requests: watch::Sender<usize>,
    /// Why the seat is lost, once it is.
    pub lost: watch::Sender<Option<Refusal>>,
    turns: Mutex<HashMap<(ObjectId, ObjectId), Arc<Turn>>>,
    state: tokio::sync::Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    member: Option<Member>,
    playlists: BTreeMap<ObjectId, Packager>,
    idle_since: Option<Instant>,
    /// Tracks that have said that they end, and when that holds.
    ends: Vec<(Address, Instant)>,
}

impl Seat {
    pub fn new(node: Arc<Node>, room: RoomId, publisher: Publisher) -> Self {
        let (requests, lost) = (watch::Sender::new(0), watch::Sender::new(None));
        Self { node, room, publisher, requests, lost, turns: Mutex::default(), state: tokio::sync::Mutex::default() }
    }

    pub fn turn(&self, address: &Address) -> Arc<Turn> {
        let key = (address.playlist.clone(), address.track.clone());
        Arc::clone(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    /// The init section of a track that has one, and where its media has ended.
    pub async fn resume(&self, address: &Address) -> Option<(Init, Ends)> {
        let state = self.state.lock().await;
        let (init, ends) = state.playlists.get(&address.playlist)?.resume(&address.track)?;
        Some((init.clone(), ends.clone()))
    }

    /// Refuses a body that has ended without anything that can be listed. A further one may still bring a key frame.
    pub async fn check(&self, address: &Address) -> Result<(), Stop> {
        let state = self.state.lock().await;
        let packager = state.playlists.get(&address.playlist);
        packager.map_or(Ok(()), |packager| Ok(packager.check_key_frame(&address.track)?))
    }

    fn moment(&self) -> Moment {
        let wall = i64::try_from(unix_millis()).unwrap_or(i64::MAX);
        Moment { now: Duration::from_millis(self.node.clock.now().0), wall }
    }

    /// Takes what a request brought.
    pub async fn take(self: &Arc<Self>, address: &Address, item: Item) -> Result<(), Stop> {
        let moment = self.moment();
        let mut state = self.state.lock().await;
        self.check_item(&state, address, &item)?;
        state.go_on(address);
        if let (Item::Init(init), None) = (&item, &state.member) {
            // The numbers of its segments go on where those of an earlier broadcast ended.
            self.node.elsewhere.look(&self.room).await;
            let has = |handler| init.tracks.iter().any(|track| track.handler == handler);
            let joined =
                Member::join(&self.node, &self.room, &self.publisher, (has(Handler::Video), has(Handler::Audio))).await;
            let (member, ear) = joined.map_err(Stop::Refused)?;
            tracing::info!(room = %self.room, "an encoder publishes");
            actix_web::rt::spawn(member.voice().beat(self.lost.subscribe()));
            state.member = Some(member);
            actix_web::rt::spawn(Arc::clone(self).keep(ear));
        }
        let packager = state.playlists.entry(address.playlist.clone());
        let packager = packager.or_insert_with(|| Packager::new(self.packaging(address), moment.now));
        let earlier = |track: &ObjectId| self.earlier(&address.playlist, track);
        let (signals, done) = packager.take(&address.track, item, moment, earlier);
        for note in packager.take_notes() {
            tracing::warn!(room = %self.room, "pushed media: {note}");
        }
        let carries = state.playlists.values().map(Packager::carries);
        let carries = carries.fold((false, false), |sum, one| (sum.0 | one.0, sum.1 | one.1));
        if let Some(member) = &mut state.member {
            member.update(carries);
        }
        upload(&state, signals).await.map_err(Stop::Refused)?;
        Ok(done?)
    }

    fn check_item(&self, state: &State, address: &Address, item: &Item) -> Result<(), Stop> {
        let refuse = |code, reason: &str| Err(Stop::Refused(Refusal { code, reason: reason.to_owned() }));
        if let Some(lost) = &*self.lost.borrow() {
            return Err(Stop::Refused(lost.clone()));
        }
        let Some(packager) = state.playlists.get(&address.playlist) else {
            return match item {
                Item::Fragment(_) => Err(Error::FragmentBeforeInit.into()),
                Item::Init(_) if state.playlists.len() >= self.node.settings.max_playlists => {
                    refuse(AckCode::RoomFull, "the room has as many playlists as it may")
                }
                Item::Init(_) => Ok(()),
            };
        };
        if address.insists && packager.config().lengths != address.lengths {
            return refuse(AckCode::InvalidSignal, "the playlist has other targets; all its tracks have the same");
        }
        if packager.resume(&address.track).is_none() && packager.len() >= MAX_TRACKS {
            return refuse(AckCode::RoomFull, "the playlist has as many tracks as it may");
        }
        Ok(())
    }

    fn packaging(&self, address: &Address) -> Config {
        let settings = &self.node.settings;
        // Letters alone: digits would be taken for the number of a part.
        let tag: String = token::random().bytes().take(6).map(|byte| char::from(b'a' + byte % 26)).collect();
        Config {
            playlist: address.playlist.clone(),
            lengths: address.lengths,
            opening: settings.ingest.ingest_opening,
            key_frame_wait: settings.ingest.ingest_key_frame_wait,
            window: settings.hls_window,
            held: to_usize(settings.max_upload),
            prefix: format!("{tag}-"),
        }
    }

    /// The number behind the segments that players know of a track, in this room or one before it of its name.
    fn earlier(&self, playlist: &ObjectId, track: &ObjectId) -> Earlier {
        let track = self.node.live.track(&self.room, playlist, track);
        let newest = track.and_then(|track| track.newest());
        let segment = newest.map_or(0, |published| published.snapshot.position.msn + 1);
        Earlier { start: Start { segment, part_number: 0 }, map: 0 }
    }

    /// Holds the seat until it is given up or lost.
    async fn keep(self: Arc<Self>, mut ear: Ear) {
        let mut look = actix_web::rt::time::interval(LOOK);
        loop {
            let goes_on = tokio::select! {
                heard = ear.hear() => match heard {
                    Some(()) => true,
                    None => {
                        self.lose().await;
                        false
                    }
                },
                _ = look.tick() => self.look().await,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Does what is due; false when the seat is given up.
    async fn look(self: &Arc<Self>) -> bool {
        let mut state = self.state.lock().await;
        let now = self.node.clock.now();
        // A request that broke down has not said that it is over.
        state.idle_since = (*self.requests.borrow() == 0).then(|| state.idle_since.unwrap_or(now));
        if state.member.is_none() {
            return false;
        }
        let Moment { now: since_start, .. } = self.moment();
        let due = state.playlists.values_mut().filter(|packager| packager.is_due(since_start));
        let signals = due.flat_map(|packager| packager.tick(since_start)).collect();
        self.try_upload(&state, signals).await;
        self.end_due(&mut state, now).await;
        let has_ended = state.ends.is_empty() && state.playlists.values().all(Packager::has_ended);
        let idle =
            has_ended || state.idle_since.is_some_and(|since| now >= since + self.node.settings.ingest.ingest_linger);
        if idle && *self.requests.borrow() == 0 && self.node.seats.close(self, 0) {
            self.leave(&mut state).await;
            return false;
        }
        true
    }

    /// The server stops, the room has closed, or the member was put out.
    async fn lose(self: &Arc<Self>) {
        let mut state = self.state.lock().await;
        self.node.seats.close(self, usize::MAX);
        let lost = match self.node.is_draining() {
            true => Refusal { code: AckCode::Unavailable, reason: "the server is stopping".to_owned() },
            false => Refusal { code: AckCode::RoomNotFound, reason: "the room has closed".to_owned() },
        };
        self.leave(&mut state).await;
        self.lost.send_replace(Some(lost));
    }

    async fn leave(&self, state: &mut State) {
        let moment = self.moment();
        let signals = state.playlists.values_mut().flat_map(|packager| packager.finish(moment)).collect();
        self.try_upload(state, signals).await;
        if let Some(member) = state.member.take() {
            if self.node.is_draining() && self.node.transport().is_some() {
                // The encoder may go on over another node.
                member.go();
            } else {
                member.leave();
                tracing::info!(room = %self.room, "the encoders have ended");
            }
        }
        let over = Refusal { code: AckCode::RoomNotFound, reason: "the broadcast has ended".to_owned() };
        self.lost.send_replace(Some(over));
    }

    /// For what nobody waits for.
    async fn try_upload(&self, state: &State, signals: Vec<Signal>) {
        if let Err(refusal) = upload(state, signals).await {
            tracing::warn!(room = %self.room, %refusal, "the last upload was rejected");
        }
    }
}

async fn upload(state: &State, signals: Vec<Signal>) -> Result<(), Refusal> {
    let Some(member) = &state.member else { return Ok(()) };
    for signal in signals {
        member.upload(signal.payload).await?;
    }
    Ok(())
}
