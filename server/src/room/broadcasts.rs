//! Broadcasts of a room: uploads to its owner, and playback on this node.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use actix::{Context, Handler, ResponseFuture};
use tokio::sync::oneshot;

use roomcast_core::cluster::Life;
use roomcast_core::hls::Stream;
use roomcast_core::room::Refusal;
use roomcast_core::room::streams::Uploader;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, RoomId};

use super::actor::RoomActor;
use super::host::RoomHost;
use super::message::{Play, Upload};
use crate::backplane::Partition;
use crate::live::LiveRoom;

/// The time for which players wait for an owner to be found.
const PLAYERS_WAIT: Duration = Duration::from_secs(8);
/// The time after its last request for which a player is considered present.
const PLAYER_STAYS: Duration = Duration::from_secs(30);
/// The maximum number of ingest tokens kept as accepted by an owner on another node.
const MAX_TOKENS: usize = 64;

type UploadReply = oneshot::Sender<Result<(), Refusal>>;

/// The uploads and players of a room on this node.
#[derive(Debug, Default)]
pub struct Broadcasts {
    live: Option<Arc<LiveRoom>>,
    uploads: HashMap<u64, (UploadReply, Option<String>)>,
    /// Ingest tokens that the owner has accepted, so that it need not be asked again before media is stored.
    tokens: HashSet<String>,
    players: Vec<oneshot::Sender<()>>,
}

impl Broadcasts {
    pub fn answer(&mut self, id: u64, answer: Result<(), Refusal>) {
        let Some((answered, token)) = self.uploads.remove(&id) else { return };
        if self.tokens.len() >= MAX_TOKENS {
            self.tokens.clear();
        }
        self.tokens.extend(token.filter(|_| answer.is_ok()));
        let _ = answered.send(answer);
    }

    pub fn live(&self) -> Option<&Arc<LiveRoom>> {
        self.live.as_ref()
    }

    /// Answers waiting players, after the owner was found or is known not to exist.
    pub fn release_players(&mut self) {
        self.players.clear();
    }
}

impl RoomActor {
    /// Returns the broadcasts of the room in its present life.
    pub(super) fn live_room(&mut self) -> Arc<LiveRoom> {
        let life = self.room.site().life();
        match &self.broadcasts.live {
            Some(live) if life.is_none_or(|life| live.life == life) => Arc::clone(live),
            _ => {
                let live = self.host.live.open(&self.id, life.unwrap_or(Life { created: 0, random: 0 }));
                self.broadcasts.tokens.clear();
                Arc::clone(self.broadcasts.live.insert(live))
            }
        }
    }

    /// Keeps the edge while players request media.
    pub(super) fn note_players(&mut self, ctx: &mut Context<Self>) {
        let is_watched = self.broadcasts.live().is_some_and(|live| live.is_watched(PLAYER_STAYS));
        let can_be_played = self.with_room(|room, context| room.site().can_be_played(context.now));
        if is_watched && can_be_played && self.host.transport().is_some() {
            let effects = self.with_room(|room, context| room.step_site(|site| site.play(context)));
            self.carry_out(effects, None, ctx);
        }
    }

    /// Returns the broadcasts of an ended room, serialized for players on nodes that never held the room.
    pub(super) fn final_streams(&self) -> Option<String> {
        let owner = self.room.site().owner()?;
        let streams: Vec<(ObjectId, String)> = owner.checkpoints().collect();
        let over = (owner.ownership().life, streams);
        if over.1.is_empty() { None } else { serde_json::to_string(&over).ok() }
    }
}

fn final_streams_key(room: &RoomId) -> String {
    Partition::of(room).key(&format!("cp:{room}"))
}

/// Stores the streams of an ended room for as long as they are served.
pub async fn store_final_streams(host: &RoomHost, room: &RoomId, over: &str) {
    let Some(transport) = host.transport() else { return };
    let kept = host.settings.hls_window;
    let _ = transport.nodes().store(Partition::of(room), &final_streams_key(room), over.as_bytes(), kept).await;
}

/// Looks for the broadcasts of a room on other nodes, and in the stored streams of an ended room.
pub async fn find_remote_broadcasts(host: Arc<RoomHost>, room: RoomId) {
    if let Ok(actor) = host.open(&room, false) {
        let _ = actor.send(Play).await;
    }
    let Some(transport) = host.transport().filter(|_| host.live.is_unknown(&room)) else { return };
    let Ok(Some(over)) = transport.nodes().fetch(Partition::of(&room), &final_streams_key(&room)).await else { return };
    let Ok((life, streams)) = serde_json::from_slice::<(Life, Vec<(ObjectId, String)>)>(&over) else { return };
    if !host.live.is_unknown(&room) {
        return;
    }
    let live = host.live.open(&room, life);
    for (playlist, text) in streams {
        if let Ok(stream) = Stream::restore(text.as_bytes()) {
            live.show(&playlist, stream.everything());
        }
    }
    host.live.retire(&room, &live, host.settings.hls_window);
}

impl Handler<Upload> for RoomActor {
    type Result = ResponseFuture<Result<(), Refusal>>;

    fn handle(&mut self, Upload { by, entry }: Upload, ctx: &mut Self::Context) -> Self::Result {
        let gone = || Refusal { code: AckCode::RoomNotFound, reason: "there is no such room".to_owned() };
        let token = if let Uploader::Token(token) = &by { Some(token.clone()) } else { None };
        let is_known = token.as_ref().is_some_and(|token| self.broadcasts.tokens.contains(token));
        if self.room.is_closed() {
            return Box::pin(std::future::ready(Err(gone())));
        }
        if entry.is_none() && is_known && self.room.site().owner().is_none() {
            return Box::pin(std::future::ready(Ok(())));
        }
        let (answer, answered) = oneshot::channel();
        let (id, effects) = self.with_room(|room, context| room.upload(context, by, entry));
        self.broadcasts.uploads.insert(id, (answer, token));
        self.carry_out(effects, None, ctx);
        Box::pin(async move { answered.await.unwrap_or_else(|_| Err(gone())) })
    }
}

impl Handler<Play> for RoomActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Play: Play, ctx: &mut Self::Context) -> Self::Result {
        if self.room.is_closed() {
            return Box::pin(std::future::ready(()));
        }
        let (found, wait) = oneshot::channel();
        self.broadcasts.players.push(found);
        let effects = self.with_room(|room, context| room.step_site(|site| site.play(context)));
        self.carry_out(effects, None, ctx);
        Box::pin(async move { _ = tokio::time::timeout(PLAYERS_WAIT, wait).await })
    }
}
