//! The seat that all encoders of one room share: a member of the room, and what they push to each playlist.
//!
//! It is taken when the first of them brings an init section, and given up at once when all have said that they end,
//! else some time after the last request. One piece of media at a time goes to the room, and who brings it waits.

mod request;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use roomcast_core::room::Refusal;
use roomcast_core::time::Instant;
use roomcast_media::{Error, Handler, Init, Item, Targets};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::{ObjectId, RoomId};

use super::member::{Ear, Member};
use super::presentation::{Fault, Plan, Presentation};
use crate::clock::unix_millis;
use crate::config::to_usize;
use crate::node::Node;
use crate::token;
pub use request::Request;

/// How often to look for what is due.
const LOOK: Duration = Duration::from_millis(200);
/// Tracks of one playlist: as many variants and renditions as a stream may have.
const MAX_TRACKS: usize = 32;

/// Where a request pushes to, and what it says of the targets.
#[derive(Debug, Clone)]
pub struct Address {
    pub playlist: ObjectId,
    pub track: ObjectId,
    pub targets: (Targets, Duration),
    /// Whether the request names targets itself.
    pub insists: bool,
}

/// Why a request ends early.
#[derive(Debug, Clone)]
pub enum Stop {
    /// The room refused.
    Refused(Refusal),
    /// The media cannot be taken.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// One request at a time pushes to a track; the newest wins.
#[derive(Debug, Default)]
pub struct Turn {
    pub newest: watch::Sender<u64>,
    pub taken: tokio::sync::Mutex<()>,
}

/// The seat of one room.
#[derive(Debug)]
pub struct Seat {
    node: Arc<Node>,
    pub room: RoomId,
    pub requests: watch::Sender<usize>,
    /// Why the seat is lost, once it is.
    pub lost: watch::Sender<Option<Refusal>>,
    turns: Mutex<HashMap<(ObjectId, ObjectId), Arc<Turn>>>,
    state: tokio::sync::Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    member: Option<Member>,
    playlists: BTreeMap<ObjectId, Presentation>,
    idle_since: Option<Instant>,
}

impl Seat {
    pub fn new(node: Arc<Node>, room: RoomId) -> Self {
        let (requests, lost) = (watch::Sender::new(0), watch::Sender::new(None));
        Self { node, room, requests, lost, turns: Mutex::default(), state: tokio::sync::Mutex::default() }
    }

    pub fn turn(&self, address: &Address) -> Arc<Turn> {
        let key = (address.playlist.clone(), address.track.clone());
        Arc::clone(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    /// The init section of a track that has one.
    pub async fn init(&self, address: &Address) -> Option<Init> {
        self.state.lock().await.playlists.get(&address.playlist)?.init(&address.track).cloned()
    }

    /// Takes what a request brought.
    pub async fn take(self: &Arc<Self>, address: &Address, item: Item) -> Result<(), Stop> {
        let when = (self.node.clock.now(), i64::try_from(unix_millis()).unwrap_or(i64::MAX));
        let mut state = self.state.lock().await;
        self.check(&state, address, &item)?;
        if let (Item::Init(init), None) = (&item, &state.member) {
            let has = |handler| init.tracks.iter().any(|track| track.handler == handler);
            let joined = Member::join(&self.node, &self.room, (has(Handler::Video), has(Handler::Audio))).await;
            let (member, ear) = joined.map_err(Stop::Refused)?;
            tracing::info!(room = %self.room, "an encoder publishes");
            state.member = Some(member);
            actix_web::rt::spawn(Arc::clone(self).keep(ear));
        }
        let plan = || self.plan(address);
        let show = state.playlists.entry(address.playlist.clone()).or_insert_with(|| Presentation::new(plan(), when.0));
        let (payloads, done) = show.take(&address.track, item, when, || self.earlier(address));
        let carries = state.playlists.values().map(Presentation::carries);
        let carries = carries.fold((false, false), |sum, one| (sum.0 | one.0, sum.1 | one.1));
        if let Some(member) = &mut state.member {
            member.update(carries);
        }
        upload(&state, payloads).await.map_err(Stop::Refused)?;
        Ok(done?)
    }

    fn check(&self, state: &State, address: &Address, item: &Item) -> Result<(), Stop> {
        let refuse = |code, reason: &str| Err(Stop::Refused(Refusal { code, reason: reason.to_owned() }));
        if let Some(lost) = &*self.lost.borrow() {
            return Err(Stop::Refused(lost.clone()));
        }
        let Some(show) = state.playlists.get(&address.playlist) else {
            return match item {
                Item::Fragment(_) => Err(Fault::Media(Error::FragmentBeforeInit).into()),
                Item::Init(_) if state.playlists.len() >= self.node.settings.max_playlists => {
                    refuse(AckCode::RoomFull, "the room has as many playlists as it may")
                }
                Item::Init(_) => Ok(()),
            };
        };
        let plan = show.plan();
        if address.insists && (plan.targets, plan.target_duration) != address.targets {
            return refuse(AckCode::InvalidSignal, "the playlist has other targets; all its tracks have the same");
        }
        if show.init(&address.track).is_none() && show.len() >= MAX_TRACKS {
            return refuse(AckCode::RoomFull, "the playlist has as many tracks as it may");
        }
        Ok(())
    }

    fn plan(&self, address: &Address) -> Plan {
        let (targets, target_duration) = address.targets;
        let settings = &self.node.settings;
        // Letters alone: digits would be taken for the number of a part.
        let tag = token::random().bytes().take(6).map(|byte| char::from(b'a' + byte % 26)).collect();
        let playlist = address.playlist.clone();
        let held = to_usize(settings.max_upload);
        Plan { playlist, targets, target_duration, opening: settings.ingest.ingest_opening, held, tag }
    }

    /// The number behind what players know of a track, in this room or one before it of its name.
    fn earlier(&self, address: &Address) -> u64 {
        let track = self.node.live.track(&self.room, &address.playlist, &address.track);
        let newest = track.and_then(|track| track.newest());
        newest.map_or(0, |published| published.snapshot.position.msn + 1)
    }

    /// A track says that it has ended.
    pub async fn end(self: &Arc<Self>, address: &Address) -> Result<(), Stop> {
        let mut state = self.state.lock().await;
        let now = self.node.clock.now();
        let show = state.playlists.get_mut(&address.playlist);
        let payloads = show.map(|show| show.end(&address.track, now)).unwrap_or_default();
        upload(&state, payloads).await.map_err(Stop::Refused)
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
        let Some(member) = &mut state.member else { return false };
        member.tick().await;
        let due = state.playlists.values_mut().filter(|show| show.is_due(now));
        let payloads = due.flat_map(|show| show.settle(now)).collect();
        self.try_upload(&state, payloads).await;
        let idle = state.idle_since.is_some_and(|since| now >= since + self.node.settings.ingest.ingest_linger);
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
        let payloads = state.playlists.values_mut().flat_map(Presentation::finish).collect();
        self.try_upload(state, payloads).await;
        if let Some(member) = state.member.take() {
            if self.node.is_draining() && self.node.backplane().is_some() {
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
    async fn try_upload(&self, state: &State, payloads: Vec<Payload>) {
        if let Err(refusal) = upload(state, payloads).await {
            tracing::warn!(room = %self.room, %refusal, "the room refused what was left");
        }
    }
}

async fn upload(state: &State, payloads: Vec<Payload>) -> Result<(), Refusal> {
    let Some(member) = &state.member else { return Ok(()) };
    for payload in payloads {
        member.upload(payload).await?;
    }
    Ok(())
}
