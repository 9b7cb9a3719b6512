//! Signals on their way from a connection to a room.

use std::sync::Arc;

use actix::Addr;
use actix::dev::SendError;
use bytestring::ByteString;

use roomcast_core::room::Credentials;
use roomcast_core::room::{JoinGrant, OutboundMessage};
use roomcast_protocol::access::{Action, Refused};
use roomcast_protocol::ack;
use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::{Body, Join, Refusal, Signal, SignalKind, decode};

use super::application::Session;
use crate::access::counted;
use crate::clock::unix_millis;
use crate::room::{JoinRoom, Outcome, RefusedSignal, RoomActor, RoomSignal};
use crate::socket::ConnectionHandle;
use crate::token;
use crate::units::to_usize;

/// Maximum number of attempts of a `JOIN` that meets a room at the moment of its end.
const MAX_ATTEMPTS: u32 = 3;

impl Session {
    pub(super) fn on_message(&mut self, text: ByteString, handle: &mut ConnectionHandle<'_, Self>) {
        match decode(text.clone()) {
            Err(refusal) if refusal.kind == Some(SignalKind::Renew) => self.renew(&text, handle),
            Err(refusal) => self.refuse_message(refusal, &text, handle),
            Ok(signal) => match &signal.body {
                Body::Join(join) => {
                    let join = join.clone();
                    self.join(signal, &join, MAX_ATTEMPTS, handle);
                }
                Body::Heartbeat(_) if self.answer(&signal, handle) => {}
                Body::Leave => {
                    self.rooms.drop_responder(&signal.head.room_id, &signal.head.session.key());
                    self.forward(signal, handle);
                }
                _ => self.forward(signal, handle),
            },
        }
    }

    /// Answers a heartbeat that tells its room nothing new.
    fn answer(&self, signal: &Signal, handle: &ConnectionHandle<'_, Self>) -> bool {
        let responder = self.rooms.responder(&signal.head.room_id, &signal.head.session.key());
        let say = |text| self.outbox.send_through(handle.send_queue(), OutboundMessage::plain(text));
        responder.is_some_and(|responder| responder.answer(self.state.clock.now(), signal, say))
    }

    fn join(&mut self, signal: Signal, join: &Join, attempts: u32, handle: &mut ConnectionHandle<'_, Self>) {
        let id = signal.head.room_id.clone();
        if let Err(refused) = self.check_grants(&signal, join) {
            let refused = counted(refused);
            return self.refuse(&signal, refused.reason.code(), &refused.sentence);
        }
        if !self.rooms.contains_key(&id)
            && self.rooms.count_live() >= self.state.settings.connection.max_rooms_per_connection
        {
            self.refuse(&signal, AckCode::RateLimited, "the connection is in as many rooms as it may");
            return;
        }
        let found = self.state.rooms.open(&id, join.options.room_creating);
        match found {
            Ok(room) => self.ask(&room, signal, join.clone(), attempts, handle),
            Err(none) => self.refuse(&signal, none.code(), &none.to_string()),
        }
    }

    /// Checks that the token of the connection speaks for the user and lets it join, or create, the room.
    fn check_grants(&self, signal: &Signal, join: &Join) -> Result<(), Refused> {
        let Some(permit) = &self.permit else { return Ok(()) };
        let (head, options) = (&signal.head, &join.options);
        permit.check_user(&head.session.user_id, options.user_faking)?;
        let action = if options.room_creating { Action::Create } else { Action::Join };
        permit.check(action(head.room_type), &head.room_id)?;
        self.state.access.check_in(permit, Some(&head.room_id))
    }

    /// Returns the part of the token that the room needs.
    fn credentials(&self, room: &RoomId) -> Option<Box<Credentials>> {
        let permit = self.permit.as_ref()?;
        Some(Box::new(Credentials::of(permit, room)))
    }

    fn ask(
        &mut self,
        room: &Addr<RoomActor>,
        signal: Signal,
        join: Join,
        attempts: u32,
        handle: &mut ConnectionHandle<'_, Self>,
    ) {
        let sequence = self.rooms.insert(signal.head.room_id.clone(), room.clone());
        self.rooms.note_numbers(&signal.head.room_id, join.options.numbers_above.is_some());
        let grant = self.join_grant(&signal.head.room_id, signal.head.session.user_id.as_str());
        let (connection, outbox) = (self.connection, self.outbox.clone());
        let asked = room.send(JoinRoom { connection, outbox, sequence, signal: signal.clone(), grant });
        handle.when_done(asked, move |session, outcome, handle| match outcome {
            Ok(Outcome::Answered) => {}
            _ if attempts > 1 => session.join(signal, &join, attempts - 1, handle),
            _ => session.refuse(&signal, AckCode::Unavailable, "the room keeps closing; try again"),
        });
    }

    fn join_grant(&self, room: &RoomId, user: &str) -> JoinGrant {
        let settings = &self.state.settings;
        let now = unix_millis();
        // An ingest token ends with the connection's own.
        let ttl = self.time_left().map_or(settings.ingest_token_ttl, |left| left.min(settings.ingest_token_ttl));
        JoinGrant {
            credentials: self.credentials(room),
            resume_token: token::random(),
            ingest_token: token::random(),
            ingest_expires: now.saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)),
            ingest_life: ttl,
            engine_settings: self.state.ice.engine_settings(user, now / 1000),
        }
    }

    fn forward(&mut self, signal: Signal, handle: &mut ConnectionHandle<'_, Self>) {
        let Some(room) = self.rooms.get(&signal.head.room_id) else { return self.refuse_stranger(&signal) };
        let (connection, outbox) = (self.connection, self.outbox.clone());
        match room.try_send(RoomSignal { connection, outbox, signal }) {
            Ok(()) => {}
            Err(SendError::Full(RoomSignal { signal, .. })) => self.refuse_busy(&signal, handle),
            Err(SendError::Closed(RoomSignal { signal, .. })) => {
                self.rooms.remove(&signal.head.room_id);
                handle.set_reading(self.rooms.may_read());
                self.refuse(&signal, AckCode::RoomNotFound, "the room is gone");
            }
        }
    }

    /// Refuses a signal for which a room has no place. Behind one with a number that the room never saw, it would take
    /// none: then the client comes back, and says all of them again.
    fn refuse_busy(&self, signal: &Signal, handle: &mut ConnectionHandle<'_, Self>) {
        if signal.number.is_some() && self.rooms.numbers(&signal.head.room_id) {
            return handle.close(CloseCode::SlowConsumer);
        }
        self.refuse(signal, AckCode::Unavailable, "the room is busy; try again");
    }

    /// Refuses a signal about a room that this connection has not joined.
    fn refuse_stranger(&self, signal: &Signal) {
        match self.state.rooms.find(&signal.head.room_id) {
            Some(_) => self.refuse(signal, AckCode::NotRoomMember, "this connection has not joined the room"),
            None => self.refuse(signal, AckCode::RoomNotFound, "there is no such room"),
        }
    }

    fn refuse(&self, signal: &Signal, code: AckCode, reason: &str) {
        self.say_error(code, Some(signal.kind()), reason, Some(&signal.message));
    }

    fn refuse_message(&mut self, refusal: Refusal, text: &str, handle: &mut ConnectionHandle<'_, Self>) {
        self.say_error(refusal.code, refusal.kind, &refusal.reason, refusal.quotable.then_some(text));
        let Some(numbered) = refusal.numbered.filter(|numbered| self.rooms.numbers(&numbered.room_id)) else { return };
        let Some(room) = self.rooms.get(&numbered.room_id) else { return };
        // The rules ask for no more than that there was a signal; one of a kind that is not known here is one too.
        let kind = refusal.kind.unwrap_or(SignalKind::Update);
        let refused = RefusedSignal { connection: self.connection, kind, numbered: *numbered };
        if let Err(SendError::Full(_)) = room.try_send(refused) {
            handle.close(CloseCode::SlowConsumer);
        }
    }

    /// Goes through the outbox like everything else, so that order and bound hold.
    pub(super) fn say_error(&self, code: AckCode, kind: Option<SignalKind>, reason: &str, request: Option<&str>) {
        let limit = to_usize(self.state.settings.connection.max_message);
        let text: Arc<str> = ack::encode_error(code, kind, reason, request, limit);
        self.outbox.send(OutboundMessage::plain(text));
    }
}
