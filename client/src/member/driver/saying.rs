//! Signals of the member and of others: numbered in both directions, so that none is lost or taken twice.

use roomcast_protocol::ack::Forwarded;
use roomcast_protocol::client::machine::Input as Step;
use roomcast_protocol::client::{Facts, Observation, Outgoing, State};
use roomcast_protocol::limits::NUMBERS_BELOW;
use roomcast_protocol::signal::{Heartbeat, MemberKey, SignalKind, encode};
use serde_json::Value;

use super::{Action, Driver};
use crate::member::event::MemberEvent;

impl Driver {
    /// Returns whether a signal would be taken: not while the server has to confirm earlier ones first.
    pub fn takes_signals(&self) -> bool {
        self.machine.state() != State::Joined || !self.said.is_full()
    }

    /// Says a signal that the machine lets out: never more at a time than may be unconfirmed.
    pub(super) fn say(&mut self, signal: Outgoing) {
        match self.said.say(&signal.text) {
            Ok(text) => self.out.push(Action::Send(text)),
            Err(_) => return self.emit(MemberEvent::Dropped { signal }),
        }
        if signal.kind == SignalKind::Offer {
            self.offers.note_sent(&signal.text);
            self.feed(Step::Seen(Observation::OfferSent), None);
        }
        self.hurry();
    }

    /// Sends unconfirmed signals again, and then the waiting ones. An offer among them is not waited for: another
    /// `JOIN` ends that, and it may have its answer already.
    pub(super) fn say_again(&mut self, unconfirmed: Vec<String>) {
        self.out.extend(unconfirmed.into_iter().map(Action::Send));
        self.open_window();
    }

    /// Lets out as many signals as may be unconfirmed beside those that are.
    fn open_window(&mut self) {
        self.feed(Step::Window(self.said.room()), None);
        self.hurry();
    }

    /// Takes what the server confirms in the ack of a heartbeat.
    pub(super) fn confirmed(&mut self, n: Option<u64>) {
        if let Some(n) = n {
            self.said.confirm(n);
            self.open_window();
        }
    }

    /// Lets the next heartbeat come soon, where much is unconfirmed.
    pub(super) fn hurry(&mut self) {
        if self.said.hurries() {
            self.feed(Step::Hurry, None);
        }
    }

    /// Takes a signal of another session. One that came before is dropped, whether this server or an earlier one sent it.
    pub(super) fn forwarded(&mut self, forwarded: &Forwarded<'_>) {
        if !self.note_received(Some(forwarded.sequence), forwarded.text.len()) {
            return;
        }
        let signal: Value = serde_json::from_str(&forwarded.signal()).expect("what was read is JSON");
        let number = signal["n"].as_u64().filter(|number| (1..NUMBERS_BELOW).contains(number));
        let sender = serde_json::from_value::<MemberKey>(signal["ss"].clone()).ok();
        if let (Some(number), Some(sender)) = (number, sender.clone())
            && !self.heard.note(sender, number)
        {
            return;
        }
        if let Some(sender) = sender.filter(|_| signal["s"] == SignalKind::Answer.name()) {
            self.offers.note_answered(&sender);
        }
        let session = self.joining.head.session.key();
        let facts = Facts::of_message(&signal, &session, self.offers.open_count());
        let outputs = self.machine.handle(self.at(), self.random, Step::Message(facts));
        self.emit(MemberEvent::Forwarded(signal));
        self.carry_out(outputs, Some(MemberEvent::Kicked));
    }

    /// Notes a sequence number; returns whether it is new: `false` for one that was received before, over an earlier
    /// connection.
    pub(super) fn note_received(&mut self, sequence: Option<u64>, bytes: usize) -> bool {
        let Some(sequence) = sequence else { return true };
        let new = self.received.note(sequence, bytes);
        // Told at once, so that the server need not keep it.
        if self.received.is_owed() && self.machine.state() == State::Joined {
            let received = self.received.highest();
            self.send_heartbeat(Heartbeat { beat_id: String::new(), send_ack: false, received });
        }
        new
    }

    pub(super) fn send_heartbeat(&mut self, heartbeat: Heartbeat) {
        self.received.told();
        self.send(SignalKind::Heartbeat, &heartbeat);
    }

    pub(super) fn send<B: serde::Serialize>(&mut self, kind: SignalKind, body: &B) {
        let text = encode(kind, &self.joining.head, body);
        self.out.push(Action::Send(text));
    }
}
