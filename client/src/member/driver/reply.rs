//! What the server says, and what follows from it.
//!
//! An answer that cannot be read is as good as none. Never moves the state but by the table.

use roomcast_protocol::ack::{
    self, Ack, Gap, HeartbeatAck, JoinAck, Participant, PublishList, Reply, Resend, Role as Right, RoomClosed,
};
use roomcast_protocol::client::{Event, Observation, Role, State};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::json;
use serde::Deserialize;

use super::{Driver, Link};
use crate::member::event::MemberEvent;
use crate::member::pulse::Pulse;

pub(super) const OK: u16 = AckCode::Ok.number();
const INTERNAL: u16 = AckCode::Internal.number();
const UNAVAILABLE: u16 = AckCode::Unavailable.number();
const ROOM_NOT_FOUND: u16 = AckCode::RoomNotFound.number();
const NOT_ROOM_MEMBER: u16 = AckCode::NotRoomMember.number();
const PERMISSION_NOT_FOUND: u16 = AckCode::PermissionNotFound.number();

impl Driver {
    pub(super) fn read(&mut self, text: &str) {
        match ack::read(text) {
            Ok(Reply::Ack(ack)) => self.acknowledged(&ack, text.len()),
            Ok(Reply::Forwarded(forwarded)) => self.forwarded(&forwarded),
            Err(error) => tracing::debug!(%error, "the server said something unknown"),
        }
    }

    fn acknowledged(&mut self, ack: &Ack<'_>, bytes: usize) {
        let joined = self.watched.state() == State::Joined;
        match &*ack.name {
            "JOIN" if self.link == Link::Asked => self.answered(ack),
            "HEARTBEAT" if joined => self.beaten(ack),
            "RENEW" => self.renewed(ack),
            ack::name::PUBLISH_LIST_CHANGED => {
                let list = body::<PublishList>(ack);
                if let Some(list) = list.filter(|_| self.is_new(ack.sequence, bytes)) {
                    self.list(list.participants.0);
                }
            }
            ack::name::GAP => {
                if let Some(Gap { from, to, .. }) = body(ack) {
                    self.is_new(Some(to), bytes);
                    self.emit(MemberEvent::Gap { from, to });
                }
            }
            ack::name::RESEND if joined => {
                if let Some(Resend { confirmed, .. }) = body(ack) {
                    let unconfirmed = self.said.resend(confirmed);
                    self.say_again(unconfirmed);
                }
            }
            ack::name::ROOM_CLOSED if joined => {
                if let Some(RoomClosed { reason, .. }) = body(ack) {
                    self.emit(MemberEvent::RoomClosed(reason));
                    self.fail();
                }
            }
            _ if ack.code != OK => self.signal_refused(ack),
            _ => {}
        }
    }

    fn list(&mut self, participants: Vec<Participant>) {
        if self.participants != participants {
            self.participants.clone_from(&participants);
            self.emit(MemberEvent::Participants(participants));
        }
    }

    fn beaten(&mut self, ack: &Ack<'_>) {
        match ack.code {
            OK => {
                if let Link::Admitted(pulse) = &mut self.link {
                    pulse.answered(self.now);
                }
                if let Some(heartbeat) = body::<HeartbeatAck>(ack) {
                    self.list(heartbeat.participants.0);
                    self.confirmed(heartbeat.confirmed);
                }
            }
            // The server has forgotten the member or the room: it was silent for too long.
            NOT_ROOM_MEMBER | ROOM_NOT_FOUND => self.watched.see(self.at(), Observation::CriticalFailure),
            UNAVAILABLE => {}
            _ => self.signal_refused(ack),
        }
    }

    fn signal_refused(&mut self, ack: &Ack<'_>) {
        let (signal, code, message) = (ack.name.to_string(), ack.code, sentence(ack));
        self.emit(MemberEvent::Refused { signal, code, message });
        if code == INTERNAL && self.watched.state() == State::Joined {
            self.fail();
        }
    }

    fn answered(&mut self, ack: &Ack<'_>) {
        // After an unanswered JOIN the seat may be held under a token that never arrived; it is given free by silence.
        let own_ghost = ack.code == PERMISSION_NOT_FOUND && self.unanswered > 1;
        match ack.code {
            OK => match body::<JoinAck>(ack) {
                Some(joined) => self.joined(joined),
                None => tracing::debug!("the ack of JOIN cannot be read"),
            },
            code if code == UNAVAILABLE || own_ghost => {
                self.watched.see(self.at(), Observation::JoinUnavailable);
                self.put_off = Some((code, sentence(ack)));
            }
            code if self.creation.turn(code) => {
                // Seen and no event: it ends the wait for this ack, but not the attempt to join.
                self.watched.see(self.at(), Event::JoinRefused);
                self.unanswered = 0;
                self.ask();
            }
            code => self.refused(code, sentence(ack)),
        }
    }

    fn joined(&mut self, ack: JoinAck) {
        self.link = Link::Admitted(Pulse::new(self.now, ack.heartbeat));
        self.watched.set_role(if ack.role == Right::Viewer { Role::Viewer } else { Role::Publisher });
        (self.unanswered, self.failures, self.put_off) = (0, 0, None);
        self.creation.joined();
        self.resume_token.clone_from(&ack.resume_token);
        // Another membership counts from a number of its own: the next JOIN speaks of this one by naming it or more. A
        // resumed one is never ahead of the server, or everything up to its number would be dropped.
        self.received = Some(if ack.resumed { self.received.unwrap_or(0).min(ack.sequence) } else { ack.sequence });
        self.participants.clone_from(&ack.participants.0);
        self.go(Event::JoinAccepted);
        let unconfirmed = self.said.joined(ack.confirmed);
        self.emit(MemberEvent::Joined(Box::new(ack)));
        self.say_again(unconfirmed);
    }
}

pub(super) fn body<'a, T: Deserialize<'a>>(ack: &Ack<'a>) -> Option<T> {
    json::from_str(ack.body).inspect_err(|error| tracing::debug!(%error, name = &*ack.name, "unreadable ack")).ok()
}

pub(super) fn sentence(ack: &Ack<'_>) -> String {
    #[derive(Deserialize)]
    struct Said {
        msg: String,
    }
    let meaning = || AckCode::from_number(ack.code).map_or("no reason given", AckCode::meaning).to_owned();
    json::from_str::<Said>(ack.body).map_or_else(|_| meaning(), |said| said.msg)
}
