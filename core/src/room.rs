//! One room: who is in it, who may do what, and what everyone is told.
//!
//! [`Room`] is a state machine without I/O. This file holds its state and the way in; the rules stand in the
//! files named after them. A refused signal changes nothing but the sender's last sign of life.

mod backlog;
mod broadcast;
mod effect;
mod joining;
mod leaving;
mod list;
mod member;
mod members;
mod presence;
mod publishing;
mod relay;
mod resuming;
mod settings;
mod shared;
mod silence;
pub mod stage;
mod submit;

use std::collections::BTreeMap;

use roomcast_protocol::ack::{self, Role};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, RoomId};
use roomcast_protocol::signal::{Body, MemberKey, RoomType, Signal};

pub use backlog::{Backlog, Receipt, Words, first_after as backlog_number};
pub use effect::{ConnectionId, Effect, Input, Outgoing, Welcome};
pub use settings::Settings;
pub use shared::{
    Answer, Arrival, Errand, HandOver, Kept, Mark, News, Operation, Proposal, Record, Relay, Status, Synced, Target,
    Verdict,
};

use crate::hls::Stream;
use crate::time::Instant;
use joining::JoinRequest;
use list::PublishList;
use members::Members;
use relay::Said;
use shared::Shared;
use silence::Silence;
use stage::{Rules, Stage};

/// Why a signal or an upload is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// The code of the answer.
    pub code: AckCode,
    /// What is wrong, in a sentence.
    pub reason: String,
}

fn refuse<T>(code: AckCode, reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, reason: reason.into() })
}

/// The state of one room.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    settings: Settings,
    /// Those who joined here: all of them, or those of this node.
    members: Members,
    /// What all nodes agree on.
    stage: Stage,
    /// Of a room that spans nodes.
    shared: Option<Box<Shared>>,
    list: PublishList,
    silence: Silence,
    streams: BTreeMap<ObjectId, Stream>,
    /// Until when somebody must have.
    opening_ends: Instant,
    closed: bool,
}

impl Room {
    /// An empty room; its first `JOIN` must be the one that creates it.
    #[must_use]
    pub fn new(id: RoomId, room_type: RoomType, settings: Settings, now: Instant) -> Self {
        Self {
            id,
            members: Members::default(),
            stage: Stage::new(room_type),
            shared: None,
            list: PublishList::default(),
            silence: Silence::default(),
            streams: BTreeMap::new(),
            opening_ends: now + settings.heartbeat_timeout,
            closed: false,
            settings,
        }
    }

    /// Takes one event and says what follows from it.
    pub fn step(&mut self, now: Instant, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Join { connection, signal, welcome } => match JoinRequest::new(connection, signal, welcome) {
                Ok(request) if self.held_join(&request) => {}
                Ok(request) => self.on_join(now, &request, &mut effects),
                Err(signal) => self.on_signal(now, connection, &signal, &mut effects),
            },
            Input::Signal { connection, signal } => self.on_signal(now, connection, &signal, &mut effects),
            Input::Disconnected { connection } => self.on_disconnected(connection, &mut effects),
            Input::Tick => {}
        }
        self.on_time(now, &mut effects);
        effects
    }

    /// When the room has to be stepped next, should nothing happen before; never again once it is closed.
    ///
    /// Heartbeats move it to a later time at most.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.closed {
            return None;
        }
        let alone = self.shared.is_none();
        let opening = (alone && !self.stage.is_open()).then_some(self.opening_ends);
        let kicks = self.stage.kick_ends().filter(|_| alone);
        let waits = self.shared.as_ref().and_then(|shared| shared.due());
        let due = [opening, self.over_at(), self.list.due(), self.silence.due(), kicks, waits];
        due.into_iter().flatten().min()
    }

    /// Whether the room is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Who is in the room, in what role, and over which connection at the moment. Ordered by user and session.
    pub fn roster(&self) -> impl Iterator<Item = (&MemberKey, Role, Option<ConnectionId>)> {
        self.members.iter().map(|(key, member)| (key, self.stage.role(key), member.connection))
    }

    fn on_signal(&mut self, now: Instant, from: ConnectionId, signal: &Signal, out: &mut Vec<Effect>) {
        if self.held(from, signal, out) {
            return;
        }
        if let Err(refusal) = self.carry_out(now, from, signal, out)
            && !self.looks_again(from, signal, &refusal, out)
        {
            self.send_refusal(from, signal, &refusal, out);
        }
    }

    fn carry_out(
        &mut self,
        now: Instant,
        from: ConnectionId,
        signal: &Signal,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if self.closed || (self.shared.is_none() && !self.stage.is_open()) {
            return refuse(AckCode::RoomNotFound, "there is no such room");
        }
        let key = self.sender(now, from, signal)?;
        let said = Said { by: &key, connection: from, signal };
        match &signal.body {
            Body::Join(_) => refuse(AckCode::Internal, "a JOIN must come as such"),
            Body::Leave => {
                self.leave(now, &key, out);
                Ok(())
            }
            Body::Heartbeat(beat) => self.heartbeat(&key, beat, out),
            Body::Update(update) => self.update(now, said, *update, out),
            Body::Kick => self.kick(now, said, out),
            Body::PublishRequest(request) => self.publish_request(said, request, out),
            Body::PublishAccept => self.publish_accept(now, said, out),
            Body::PublishReject => self.publish_reject(said, out),
            Body::Watch => self.watch_publisher(said, out),
            Body::Relayed(kind) => self.relay(said, *kind, out),
        }
    }

    /// The member that a signal's `ss` names, if this very connection joined it. It was heard, whatever follows.
    fn sender(&mut self, now: Instant, from: ConnectionId, signal: &Signal) -> Result<MemberKey, Refusal> {
        let key = signal.head.session.key();
        let member = self.members.get_mut(&key).filter(|member| member.connection == Some(from));
        let joined = member.map(|member| member.hear(now)).is_some();
        self.check_type(signal)?;
        if !joined {
            return refuse(AckCode::NotRoomMember, "`ss` is no member that this connection joined");
        }
        Ok(key)
    }

    fn check_type(&self, signal: &Signal) -> Result<(), Refusal> {
        if signal.head.room_type != self.stage.room_type() {
            return refuse(AckCode::UnsupportedChannel, "`ch` is not the type of this room");
        }
        if !signal.kind().allowed_in(self.stage.room_type()) {
            let name = signal.kind().name();
            return refuse(AckCode::UnsupportedChannel, format!("{name} does not exist in this type of room"));
        }
        Ok(())
    }

    fn on_time(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.closed {
            return;
        }
        if self.shared.is_none() {
            self.stage.clean(now);
        }
        self.remove_silent(now, out);
        self.release_freed(now, out);
        self.let_go_abandoned(now);
        self.look_after_inboxes(now, out);
        self.close_if_over(now, out);
        if !self.closed {
            self.publish_list(now, out);
        }
    }

    /// By the clock that all nodes share.
    fn shared_time(&self, now: Instant) -> Instant {
        now.ahead(self.shared.as_ref().map_or(0, |shared| shared.ahead))
    }

    /// When the wait for a publisher is over, by this node's clock.
    fn over_at(&self) -> Option<Instant> {
        let ahead = match &self.shared {
            Some(shared) if shared.says_over => return None,
            Some(shared) => shared.ahead,
            None => 0,
        };
        self.stage.over_at(self.settings.linger).map(|due| due.ahead(-ahead))
    }

    const fn rules(&self) -> Rules {
        Rules { linger: self.settings.linger, kick_duration: self.settings.kick_duration }
    }

    fn send_refusal(&self, to: ConnectionId, signal: &Signal, refusal: &Refusal, out: &mut Vec<Effect>) {
        let limit = self.settings.max_message;
        let text = ack::encode_error(refusal.code, Some(signal.kind()), &refusal.reason, Some(&signal.message), limit);
        out.push(Effect::Send { to, message: Outgoing::plain(text) });
    }
}

#[cfg(test)]
mod tests;
