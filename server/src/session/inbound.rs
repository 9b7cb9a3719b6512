//! Signals on their way from a connection to a room.

use std::sync::Arc;

use actix::Addr;
use actix::dev::SendError;
use bytestring::ByteString;

use roomcast_core::room::{Outgoing, Welcome};
use roomcast_protocol::ack;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{Body, Join, Refusal, Signal, SignalKind, decode};

use super::application::Session;
use crate::clock::unix_millis;
use crate::config::{Secret, to_usize};
use crate::room::{JoinRoom, Outcome, RoomActor, RoomSignal};
use crate::socket::Port;
use crate::{ice, token};

/// How often a `JOIN` is tried again when it met a room in the moment of its end.
const ATTEMPTS: u32 = 3;

impl Session {
    pub(super) fn on_message(&mut self, text: ByteString, port: &mut Port<'_, Self>) {
        match decode(text.clone()) {
            Err(refusal) => self.refuse_message(&refusal, &text),
            Ok(signal) => match &signal.body {
                Body::Join(join) => {
                    let join = join.clone();
                    self.join(signal, &join, ATTEMPTS, port);
                }
                _ => self.forward(signal, port),
            },
        }
    }

    fn join(&mut self, signal: Signal, join: &Join, attempts: u32, port: &mut Port<'_, Self>) {
        let id = signal.head.room_id.clone();
        if !self.rooms.contains_key(&id) && self.rooms.len() >= self.node.settings.connection.max_rooms_per_connection {
            self.refuse(&signal, AckCode::RateLimited, "the connection is in as many rooms as it may");
            return;
        }
        let found = self.node.rooms.open(&self.node, &id, signal.head.room_type, join.options.room_creating);
        match found {
            Ok(room) => self.ask(&room, signal, join.clone(), attempts, port),
            Err(none) => self.refuse(&signal, none.code(), &none.to_string()),
        }
    }

    fn ask(&mut self, room: &Addr<RoomActor>, signal: Signal, join: Join, attempts: u32, port: &mut Port<'_, Self>) {
        let attempt = self.rooms.insert(signal.head.room_id.clone(), room.clone());
        let welcome = self.welcome(signal.head.session.user_id.as_str());
        let (connection, outbox) = (self.connection, self.outbox.clone());
        let asked = room.send(JoinRoom { connection, outbox, attempt, signal: signal.clone(), welcome });
        port.when_done(asked, move |session, outcome, port| match outcome {
            Ok(Outcome::Answered) => {}
            _ if attempts > 1 => session.join(signal, &join, attempts - 1, port),
            _ => session.refuse(&signal, AckCode::Unavailable, "the room keeps closing; try again"),
        });
    }

    fn welcome(&self, user: &str) -> Welcome {
        let settings = &self.node.settings;
        let now = unix_millis();
        let ttl = u64::try_from(settings.ingest_token_ttl.as_millis()).unwrap_or(u64::MAX);
        Welcome {
            resume_token: token::random(),
            ingest_token: token::random(),
            ingest_expires: now.saturating_add(ttl),
            engine_settings: ice::engine_settings(
                &settings.ice_server,
                settings.turn_secret.as_ref().map(Secret::expose),
                user,
                now / 1000,
            ),
        }
    }

    fn forward(&mut self, signal: Signal, port: &mut Port<'_, Self>) {
        let Some(room) = self.rooms.get(&signal.head.room_id) else { return self.refuse_stranger(signal, port) };
        let (connection, outbox) = (self.connection, self.outbox.clone());
        match room.try_send(RoomSignal { connection, outbox, signal }) {
            Ok(()) => {}
            Err(SendError::Full(RoomSignal { signal, .. })) => {
                self.refuse(&signal, AckCode::Unavailable, "the room is busy; try again");
            }
            Err(SendError::Closed(RoomSignal { signal, .. })) => {
                self.rooms.remove(&signal.head.room_id);
                self.refuse(&signal, AckCode::RoomNotFound, "the room is gone");
            }
        }
    }

    /// Refuses a signal about a room that this connection has not joined.
    fn refuse_stranger(&self, signal: Signal, port: &mut Port<'_, Self>) {
        let id = signal.head.room_id.clone();
        let refuse = move |session: &Self, exists: bool| match exists {
            true => session.refuse(&signal, AckCode::NotRoomMember, "this connection has not joined the room"),
            false => session.refuse(&signal, AckCode::RoomNotFound, "there is no such room"),
        };
        if self.node.rooms.find(&id).is_some() || self.node.backplane().is_none() {
            return refuse(self, self.node.rooms.find(&id).is_some());
        }
        let node = Arc::clone(&self.node);
        let exists = async move { node.rooms.exists_elsewhere(&node, &id).await };
        port.when_done(exists, move |session, exists, _| refuse(session, exists));
    }

    fn refuse(&self, signal: &Signal, code: AckCode, reason: &str) {
        self.say_error(code, Some(signal.kind()), reason, Some(&signal.message));
    }

    fn refuse_message(&self, refusal: &Refusal, text: &str) {
        self.say_error(refusal.code, refusal.kind, &refusal.reason, refusal.quotable.then_some(text));
    }

    /// Goes through the outbox like everything else, so that order and bound hold.
    fn say_error(&self, code: AckCode, kind: Option<SignalKind>, reason: &str, request: Option<&str>) {
        let limit = to_usize(self.node.settings.connection.max_message);
        let text: Arc<str> = ack::encode_error(code, kind, reason, request, limit);
        self.outbox.send(Outgoing::plain(text));
    }
}
