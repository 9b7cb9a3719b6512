//! The session that all encoders of one room share: a member of the room, and the media pushed to each playlist.
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

use super::participant::{ParticipantInbox, ServerParticipant};
use super::publisher::Publisher;
use super::state::IngestState;
use crate::clock::unix_millis;
use crate::token;
pub use ending::BodyMedia;
pub use request::PushRequest;

/// Interval of the checks for work that is due.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// Tracks of one playlist: as many variants and renditions as a stream may have.
const MAX_TRACKS: usize = 32;

/// Target of a request, and what it says of the targets.
#[derive(Debug, Clone)]
pub struct PushTarget {
    pub playlist: ObjectId,
    pub track: ObjectId,
    pub lengths: Lengths,
    /// Whether the request names targets itself.
    pub insists: bool,
    /// Offset in the encoder's stream at which the body begins, if it says so.
    pub offset: Option<u64>,
}

/// The reason why a request ends early.
#[derive(Debug, Clone)]
pub enum IngestError {
    /// The room refused the request.
    Refused(Refusal),
    /// The media cannot be taken.
    Media(Error),
}

impl From<Error> for IngestError {
    fn from(error: Error) -> Self {
        Self::Media(error)
    }
}

/// One request at a time pushes to a track; the newest wins.
#[derive(Debug, Default)]
pub struct TrackLock {
    pub newest: watch::Sender<u64>,
    /// Held while a body is read; where the last one stopped.
    pub taken: tokio::sync::Mutex<Option<PartialStream>>,
}

/// A stream of which further bodies may bring the rest.
#[derive(Debug)]
pub struct PartialStream {
    pub reader: Reader,
    /// Offset in the encoder's stream at which the next body begins.
    pub next: u64,
}

/// The session of one room.
#[derive(Debug)]
pub struct IngestSession {
    ingest: Arc<IngestState>,
    pub room: RoomId,
    /// The user in whose name all of them push.
    pub publisher: Publisher,
    pub requests: watch::Sender<usize>,
    /// The reason why the session was lost, if it was.
    pub lost: watch::Sender<Option<Refusal>>,
    track_locks: Mutex<HashMap<(ObjectId, ObjectId), Arc<TrackLock>>>,
    state: tokio::sync::Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    participant: Option<ServerParticipant>,
    playlists: BTreeMap<ObjectId, Packager>,
    idle_since: Option<Instant>,
    /// Tracks that have said that they end, and when that holds.
    ends: Vec<(PushTarget, Instant)>,
}

impl IngestSession {
    pub fn new(ingest: Arc<IngestState>, room: RoomId, publisher: Publisher) -> Self {
        let (requests, lost) = (watch::Sender::new(0), watch::Sender::new(None));
        Self {
            ingest,
            room,
            publisher,
            requests,
            lost,
            track_locks: Mutex::default(),
            state: tokio::sync::Mutex::default(),
        }
    }

    pub fn track_lock(&self, target: &PushTarget) -> Arc<TrackLock> {
        let key = (target.playlist.clone(), target.track.clone());
        Arc::clone(self.track_locks.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    /// Returns the init section of a track that has one, and where its media has ended.
    pub async fn resume(&self, target: &PushTarget) -> Option<(Init, Ends)> {
        let state = self.state.lock().await;
        let (init, ends) = state.playlists.get(&target.playlist)?.resume(&target.track)?;
        Some((init.clone(), ends.clone()))
    }

    /// Refuses a body that has ended without anything that can be listed. A further one may still bring a key frame.
    pub async fn check(&self, target: &PushTarget) -> Result<(), IngestError> {
        let state = self.state.lock().await;
        let packager = state.playlists.get(&target.playlist);
        packager.map_or(Ok(()), |packager| Ok(packager.check_key_frame(&target.track)?))
    }

    fn moment(&self) -> Moment {
        let wall = i64::try_from(unix_millis()).unwrap_or(i64::MAX);
        Moment { now: Duration::from_millis(self.ingest.rooms.clock.now().0), wall }
    }

    /// Takes what a request brought.
    pub async fn take(self: &Arc<Self>, target: &PushTarget, item: Item) -> Result<(), IngestError> {
        let moment = self.moment();
        let mut state = self.state.lock().await;
        self.check_item(&state, target, &item)?;
        state.go_on(target);
        if let (Item::Init(init), None) = (&item, &state.participant) {
            // The numbers of its segments go on where those of an earlier broadcast ended.
            self.ingest.live.remote_lookup.look_up(&self.room).await;
            let has = |handler| init.tracks.iter().any(|track| track.handler == handler);
            let joined = ServerParticipant::join(
                &self.ingest,
                &self.room,
                &self.publisher,
                (has(Handler::Video), has(Handler::Audio)),
            )
            .await;
            let (participant, inbox) = joined.map_err(IngestError::Refused)?;
            tracing::info!(room = %self.room, "an encoder publishes");
            actix_web::rt::spawn(participant.sender().send_heartbeats(self.lost.subscribe()));
            state.participant = Some(participant);
            actix_web::rt::spawn(Arc::clone(self).keep(inbox));
        }
        let packager = state.playlists.entry(target.playlist.clone());
        let packager = packager.or_insert_with(|| Packager::new(self.packaging(target), moment.now));
        let earlier = |track: &ObjectId| self.earlier(&target.playlist, track);
        let (signals, done) = packager.take(&target.track, item, moment, earlier);
        for note in packager.take_notes() {
            tracing::warn!(room = %self.room, "pushed media: {note}");
        }
        let carries = state.playlists.values().map(Packager::carries);
        let carries = carries.fold((false, false), |sum, one| (sum.0 | one.0, sum.1 | one.1));
        if let Some(participant) = &mut state.participant {
            participant.update(carries);
        }
        upload(&state, signals).await.map_err(IngestError::Refused)?;
        Ok(done?)
    }

    fn check_item(&self, state: &State, target: &PushTarget, item: &Item) -> Result<(), IngestError> {
        let refuse = |code, reason: &str| Err(IngestError::Refused(Refusal { code, reason: reason.to_owned() }));
        if let Some(lost) = &*self.lost.borrow() {
            return Err(IngestError::Refused(lost.clone()));
        }
        let Some(packager) = state.playlists.get(&target.playlist) else {
            return match item {
                Item::Fragment(_) => Err(Error::FragmentBeforeInit.into()),
                Item::Init(_) if state.playlists.len() >= self.ingest.settings.max_playlists => {
                    refuse(AckCode::RoomFull, "the room has as many playlists as it may")
                }
                Item::Init(_) => Ok(()),
            };
        };
        if target.insists && packager.config().lengths != target.lengths {
            return refuse(AckCode::InvalidSignal, "the playlist has other targets; all its tracks have the same");
        }
        if packager.resume(&target.track).is_none() && packager.len() >= MAX_TRACKS {
            return refuse(AckCode::RoomFull, "the playlist has as many tracks as it may");
        }
        Ok(())
    }

    fn packaging(&self, target: &PushTarget) -> Config {
        let settings = &self.ingest.settings;
        // Letters alone: digits would be taken for the number of a part.
        let tag: String = token::random().bytes().take(6).map(|byte| char::from(b'a' + byte % 26)).collect();
        Config {
            playlist: target.playlist.clone(),
            lengths: target.lengths,
            opening: settings.opening,
            key_frame_wait: settings.key_frame_wait,
            window: settings.hls_window,
            held: settings.max_bytes,
            prefix: format!("{tag}-"),
        }
    }

    /// Returns the number behind the segments that players know of a track, in this room or one before it of its name.
    fn earlier(&self, playlist: &ObjectId, track: &ObjectId) -> Earlier {
        let track = self.ingest.live.index.track(&self.room, playlist, track);
        let newest = track.and_then(|track| track.newest());
        let segment = newest.map_or(0, |published| published.snapshot.position.msn + 1);
        Earlier { start: Start { segment, part_number: 0 }, map: 0 }
    }

    /// Holds the session until it is given up or lost.
    async fn keep(self: Arc<Self>, mut inbox: ParticipantInbox) {
        let mut look = actix_web::rt::time::interval(CHECK_INTERVAL);
        loop {
            let goes_on = tokio::select! {
                heard = inbox.receive() => match heard {
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

    /// Performs the actions that are due; returns `false` if the session ends.
    async fn look(self: &Arc<Self>) -> bool {
        let mut state = self.state.lock().await;
        let now = self.ingest.rooms.clock.now();
        // A request that broke down has not said that it is over.
        state.idle_since = (*self.requests.borrow() == 0).then(|| state.idle_since.unwrap_or(now));
        if state.participant.is_none() {
            return false;
        }
        let Moment { now: since_start, .. } = self.moment();
        let due = state.playlists.values_mut().filter(|packager| packager.is_due(since_start));
        let signals = due.flat_map(|packager| packager.tick(since_start)).collect();
        self.try_upload(&state, signals).await;
        self.end_due(&mut state, now).await;
        let has_ended = state.ends.is_empty() && state.playlists.values().all(Packager::has_ended);
        let idle = has_ended || state.idle_since.is_some_and(|since| now >= since + self.ingest.settings.grace_period);
        if idle && *self.requests.borrow() == 0 && self.ingest.sessions.close(self, 0) {
            self.leave(&mut state).await;
            return false;
        }
        true
    }

    /// The server stops, the room has closed, or the member was put out.
    async fn lose(self: &Arc<Self>) {
        let mut state = self.state.lock().await;
        self.ingest.sessions.close(self, usize::MAX);
        let lost = match self.ingest.rooms.lifecycle.is_draining() {
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
        if let Some(participant) = state.participant.take() {
            if self.ingest.rooms.lifecycle.is_draining() && self.ingest.rooms.transport().is_some() {
                // The encoder may go on over another node.
                participant.disconnect();
            } else {
                participant.leave();
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
    let Some(participant) = &state.participant else { return Ok(()) };
    for signal in signals {
        participant.upload(signal.payload).await?;
    }
    Ok(())
}
