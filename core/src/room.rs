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
mod presence;
mod relay;
mod settings;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use roomcast_protocol::ack::{self, RoomClosedReason};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, RoomId, UserId};
use roomcast_protocol::signal::{Body, MemberKey, RoomType, Signal};

pub use backlog::Backlog;
pub use effect::{ConnectionId, Effect, Input, Outgoing, Welcome};
pub use settings::Settings;

use crate::hls::Stream;
use crate::time::Instant;
use list::PublishList;
use member::Member;

/// How often the room looks for silent members.
const SWEEP: Duration = Duration::from_millis(500);

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
    room_type: RoomType,
    settings: Settings,
    members: HashMap<MemberKey, Member>,
    /// Members that may publish, oldest first; the first is the owner.
    publishers: Vec<MemberKey>,
    list: PublishList,
    kicked: HashMap<UserId, Instant>,
    /// Since when a room that had publishers has none, and who was the last.
    abandoned: Option<(Instant, UserId)>,
    streams: BTreeMap<ObjectId, Stream>,
    next_sweep: Instant,
    /// Whether anybody ever joined.
    opened: bool,
    closed: bool,
}

impl Room {
    /// An empty room; its first `JOIN` must be the one that creates it.
    #[must_use]
    pub fn new(id: RoomId, room_type: RoomType, settings: Settings, now: Instant) -> Self {
        Self {
            id,
            room_type,
            settings,
            members: HashMap::new(),
            publishers: Vec::new(),
            list: PublishList::default(),
            kicked: HashMap::new(),
            abandoned: None,
            streams: BTreeMap::new(),
            next_sweep: now + SWEEP,
            opened: false,
            closed: false,
        }
    }

    /// Takes one event and says what follows from it.
    pub fn step(&mut self, now: Instant, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Join { connection, signal, welcome } => {
                self.on_join(now, connection, &signal, welcome, &mut effects)
            }
            Input::Signal { connection, signal } => self.on_signal(now, connection, &signal, &mut effects),
            Input::Disconnected { connection } => self.detach(connection),
            Input::Tick => {}
        }
        self.on_time(now, &mut effects);
        effects
    }

    /// When the room wants to be stepped at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Instant {
        self.list.due().map_or(self.next_sweep, |due| due.min(self.next_sweep))
    }

    /// Whether the room is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    fn on_join(&mut self, now: Instant, from: ConnectionId, signal: &Signal, welcome: Welcome, out: &mut Vec<Effect>) {
        if let Err(refusal) = self.join(now, from, signal, welcome, out) {
            self.send_refusal(from, signal, &refusal, out);
            if !self.has_connection(from) {
                out.push(Effect::Forget { connection: from });
            }
            if !self.opened {
                self.close(RoomClosedReason::Empty, out);
            }
        }
    }

    fn on_signal(&mut self, now: Instant, from: ConnectionId, signal: &Signal, out: &mut Vec<Effect>) {
        if let Err(refusal) = self.carry_out(now, from, signal, out) {
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
        let key = self.sender(now, from, signal)?;
        match &signal.body {
            Body::Join(_) => refuse(AckCode::Internal, "a JOIN must come as such"),
            Body::Leave => {
                self.leave(now, &key, out);
                Ok(())
            }
            Body::Heartbeat(beat) => {
                self.heartbeat(&key, from, beat, out);
                Ok(())
            }
            Body::Update(update) => self.update(&key, *update),
            Body::Kick => self.kick(now, &key, signal, out),
            Body::Relayed(kind) => self.relay(&key, *kind, signal, out),
            Body::PublishRequest(_) | Body::PublishAccept | Body::PublishReject | Body::Watch => {
                refuse(AckCode::UnsupportedChannel, "the signal is not for this room")
            }
        }
    }

    /// The member that a signal's `ss` names, if this very connection joined it.
    fn sender(&mut self, now: Instant, from: ConnectionId, signal: &Signal) -> Result<MemberKey, Refusal> {
        self.check_type(signal)?;
        let key = signal.head.session.key();
        match self.members.get_mut(&key) {
            Some(member) if member.connection == Some(from) => {
                member.last_heard = now;
                member.earlier_token = None;
            }
            _ => return refuse(AckCode::NotRoomMember, "`ss` is no member that this connection joined"),
        }
        Ok(key)
    }

    fn check_type(&self, signal: &Signal) -> Result<(), Refusal> {
        if signal.head.room_type != self.room_type {
            return refuse(AckCode::UnsupportedChannel, "`ch` is not the type of this room");
        }
        if !signal.kind().allowed_in(self.room_type) {
            let name = signal.kind().name();
            return refuse(AckCode::UnsupportedChannel, format!("{name} does not exist in this type of room"));
        }
        Ok(())
    }

    fn on_time(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if !self.closed && now >= self.next_sweep {
            self.next_sweep = now + SWEEP;
            self.sweep(now, out);
        }
        if !self.closed {
            self.close_if_over(now, out);
        }
        if !self.closed {
            self.publish_list(now, out);
        }
    }

    fn detach(&mut self, connection: ConnectionId) {
        for member in self.members.values_mut().filter(|member| member.connection == Some(connection)) {
            member.connection = None;
        }
    }

    fn has_connection(&self, connection: ConnectionId) -> bool {
        self.members.values().any(|member| member.connection == Some(connection))
    }

    fn send_refusal(&self, to: ConnectionId, signal: &Signal, refusal: &Refusal, out: &mut Vec<Effect>) {
        let limit = self.settings.max_message;
        let text = ack::encode_error(refusal.code, Some(signal.kind()), &refusal.reason, Some(&signal.message), limit);
        out.push(Effect::Send { to, message: Outgoing::plain(text) });
    }
}

#[cfg(test)]
mod tests;
