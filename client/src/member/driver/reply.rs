//! Messages of the server: every one goes to the machine, and what else is in it is taken.
//!
//! An answer that cannot be read is as good as none.

use roomcast_protocol::ack::{
    self, Ack, Gap, HeartbeatAck, JoinAck, Participant, PublishList, Reply, Resend, RoomClosed, RoomClosedReason,
};
use roomcast_protocol::client::machine::Input as Step;
use roomcast_protocol::client::{Facts, Machine, Observation, Role, State};
use roomcast_protocol::code::{AckCode, Asked, Reaction};
use roomcast_protocol::json;
use roomcast_protocol::signal::SignalKind;
use serde::Deserialize;
use serde_json::Value;

use super::Driver;
use super::ending::join_refused;
use crate::member::event::MemberEvent;

pub(super) const OK: u16 = AckCode::Ok.number();
const UNAVAILABLE: u16 = AckCode::Unavailable.number();
const JOIN: &str = SignalKind::Join.name();
const HEARTBEAT: &str = SignalKind::Heartbeat.name();
const RENEW: &str = SignalKind::Renew.name();

impl Driver {
    pub(super) fn read(&mut self, text: &str) {
        match ack::read(text) {
            Ok(Reply::Ack(ack)) => self.acknowledged(&ack, text),
            Ok(Reply::Forwarded(forwarded)) => self.forwarded(&forwarded),
            Err(error) => tracing::debug!(%error, "the server said something unknown"),
        }
    }

    fn acknowledged(&mut self, ack: &Ack<'_>, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap_or_default();
        let session = self.joining.head.session.key();
        let facts = Facts { s: Some(&*ack.name), ..Facts::of_message(&message, &session, self.offers.open_count()) };
        // A message that is not known counts, too, as far as it has a number.
        if !self.note_received(ack.sequence, text.len()) {
            return;
        }
        match &*ack.name {
            JOIN => return self.join_answered(ack, facts),
            // It lacks its number, and may be older than the list there is.
            ack::name::PUBLISH_LIST_CHANGED if ack.sequence.is_none() => return,
            RENEW => self.on_renew_ack(ack),
            _ if ack.code != OK => self.refused(ack, &message["b"]["req"]),
            _ => {}
        }
        let closed = || body::<RoomClosed>(ack).map_or(RoomClosedReason::Ended, |closed| closed.reason);
        let end = (ack.name == ack::name::ROOM_CLOSED).then(|| MemberEvent::RoomClosed(closed()));
        self.feed(Step::Message(facts), end);
        if ack.code == OK {
            self.take(ack);
        }
    }

    /// Takes what a message holds beside its meaning to the machine.
    fn take(&mut self, ack: &Ack<'_>) {
        match &*ack.name {
            ack::name::PUBLISH_LIST_CHANGED => {
                if let Some(list) = body::<PublishList>(ack) {
                    self.list(list.participants.0);
                }
            }
            HEARTBEAT => {
                if let Some(heartbeat) = body::<HeartbeatAck>(ack) {
                    self.list(heartbeat.participants.0);
                    self.confirmed(heartbeat.confirmed);
                }
            }
            ack::name::GAP => {
                if let Some(Gap { from, to, .. }) = body(ack) {
                    self.note_received(Some(to), 0);
                    self.emit(MemberEvent::Gap { from, to });
                }
            }
            ack::name::RESEND if self.machine.state() == State::Joined => {
                if let Some(Resend { confirmed, .. }) = body(ack) {
                    let unconfirmed = self.said.resend(confirmed);
                    self.say_again(unconfirmed);
                }
            }
            _ => {}
        }
    }

    fn list(&mut self, participants: Vec<Participant>) {
        if self.participants != participants {
            self.participants.clone_from(&participants);
            self.emit(MemberEvent::Participants(participants));
        }
    }

    /// Tells that a signal was refused, unless the client does something about that by itself.
    fn refused(&mut self, ack: &Ack<'_>, request: &Value) {
        if ack.name == SignalKind::Offer.name() && self.offers.note_refused(request) {
            self.feed(Step::Seen(Observation::AnswerReceived), None);
        }
        let asked = if ack.name == HEARTBEAT { Asked::Heartbeat } else { Asked::Other };
        let reaction = AckCode::from_number(ack.code).map_or(Reaction::Tell, |code| code.reaction(asked));
        let is_told = match reaction {
            Reaction::GoOn | Reaction::Ignore | Reaction::Rejoin => false,
            Reaction::Retry => !self.again.refused(self.now, self.random, request),
            _ => true,
        };
        if is_told {
            let (signal, code, message) = (ack.name.to_string(), ack.code, sentence(ack));
            self.emit(MemberEvent::Refused { signal, code, message });
        }
    }

    fn join_answered(&mut self, ack: &Ack<'_>, facts: Facts<'_>) {
        let is_asked = self.machine.has_asked();
        match ack.code {
            _ if !is_asked => self.feed(Step::Message(facts), None),
            OK => match body::<JoinAck>(ack) {
                Some(joined) => self.joined(joined, facts),
                None => tracing::debug!("the ack of JOIN cannot be read"),
            },
            UNAVAILABLE => {
                self.put_off = Some(join_refused(UNAVAILABLE, sentence(ack)));
                self.feed(Step::Message(facts), None);
            }
            code if self.creation.turn_if_refused(code) => self.begin_anew(facts),
            code => self.feed(Step::Message(facts), Some(join_refused(code, sentence(ack)))),
        }
    }

    /// Asks the other way round, over the connection there is: a new attempt is a new machine.
    fn begin_anew(&mut self, facts: Facts<'_>) {
        let (at, random) = (self.at(), self.random);
        let waiting = self.machine.take_queue();
        // This attempt is over; its connection and what waits are the next one's.
        self.machine.handle(at, random, Step::Message(facts));
        self.machine = Machine::new(self.joining.head.room_type, Role::Viewer, waiting);
        let outputs = self.machine.handle(at, random, Step::Join);
        let states = outputs.into_iter().filter(|output| matches!(output, super::Output::StateChanged(_)));
        self.carry_out(states.collect(), None);
        self.feed(Step::Opened, None);
    }

    fn joined(&mut self, ack: JoinAck, facts: Facts<'_>) {
        self.put_off = None;
        self.creation.joined();
        self.resume_token.clone_from(&ack.resume_token);
        self.received.joined(ack.resumed, ack.sequence);
        self.participants.clone_from(&ack.participants.0);
        self.offers.clear();
        self.machine.set_heartbeat(ack.heartbeat.interval);
        let unconfirmed = self.said.joined(ack.confirmed);
        // Nothing new goes out before the unconfirmed signals are sent again.
        self.feed(Step::Window(0), None);
        self.feed(Step::Message(facts), None);
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
