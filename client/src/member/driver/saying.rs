//! Signals of the member and of others: numbered in both directions, so that none is lost or taken twice.

use roomcast_protocol::ack::Forwarded;
use roomcast_protocol::client::{Outgoing, State};
use roomcast_protocol::limits::{NUMBERS_BELOW, RECEIVED_BYTES, RECEIVED_MESSAGES};
use roomcast_protocol::signal::{Heartbeat, MemberKey, SignalKind, encode};
use serde_json::Value;

use super::{Action, Driver, Link};
use crate::member::event::MemberEvent;

/// Numbered messages that were received since the last heartbeat, of which the server keeps a copy until then.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unacknowledged {
    messages: usize,
    bytes: usize,
}

impl Driver {
    /// Whether a signal would be taken: not while the server has to confirm earlier ones first.
    pub fn takes_signals(&self) -> bool {
        self.watched.state() != State::Joined || !self.said.is_full()
    }

    pub(super) fn signal(&mut self, signal: Outgoing) {
        let dropped = self.waiting.push(signal);
        self.tell_dropped(dropped);
        self.say_waiting();
    }

    /// Says what waits, as far as it may be said.
    pub(super) fn say_waiting(&mut self) {
        while self.watched.state() == State::Joined
            && !self.said.is_full()
            && let Some(signal) = self.waiting.pop()
            && let Ok(text) = self.said.say(&signal.text)
        {
            self.out.push(Action::Send(text));
        }
        self.hurry();
    }

    /// Says unconfirmed signals again, and then what waits.
    pub(super) fn say_again(&mut self, unconfirmed: Vec<String>) {
        self.out.extend(unconfirmed.into_iter().map(Action::Send));
        self.say_waiting();
    }

    /// Takes what the server confirms in the ack of a heartbeat.
    pub(super) fn confirmed(&mut self, n: Option<u64>) {
        if let Some(n) = n {
            self.said.confirm(n);
            self.say_waiting();
        }
    }

    /// Lets the next heartbeat come soon, where much is unconfirmed.
    pub(super) fn hurry(&mut self) {
        if let Link::Admitted(pulse) = &mut self.link
            && self.said.hurries()
        {
            pulse.hurry(self.now);
        }
    }

    pub(super) fn tell_dropped(&mut self, dropped: Vec<Outgoing>) {
        self.out.extend(dropped.into_iter().map(|signal| Action::Emit(MemberEvent::Dropped { signal })));
    }

    /// Takes a signal of another session. One that came before is dropped, whether this server or an earlier one sent it.
    pub(super) fn forwarded(&mut self, forwarded: &Forwarded<'_>) {
        if !self.is_new(Some(forwarded.sequence), forwarded.text.len()) {
            return;
        }
        let signal: Value = serde_json::from_str(&forwarded.signal()).expect("what was read is JSON");
        let number = signal["n"].as_u64().filter(|number| (1..NUMBERS_BELOW).contains(number));
        let sender = serde_json::from_value::<MemberKey>(signal["ss"].clone()).ok();
        if let (Some(number), Some(sender)) = (number, sender)
            && !self.heard.is_new(sender, number)
        {
            return;
        }
        self.emit(MemberEvent::Forwarded(signal));
    }

    /// Notes a sequence number. `false` for one that was received before, over an earlier connection.
    pub(super) fn is_new(&mut self, sequence: Option<u64>, bytes: usize) -> bool {
        let Some(sequence) = sequence else { return true };
        let new = self.received.is_none_or(|received| sequence > received);
        if new && self.received.is_some() {
            self.received = Some(sequence);
        }
        self.unacknowledged.messages += 1;
        self.unacknowledged.bytes += bytes;
        if self.unacknowledged.messages >= RECEIVED_MESSAGES || self.unacknowledged.bytes >= RECEIVED_BYTES {
            self.acknowledge();
        }
        new
    }

    /// Tells the server at once what was received, so that it need not keep it.
    fn acknowledge(&mut self) {
        if self.watched.state() == State::Joined {
            self.send_heartbeat(Heartbeat { beat_id: String::new(), send_ack: false, received: self.received });
        }
    }

    pub(super) fn send_heartbeat(&mut self, heartbeat: Heartbeat) {
        self.unacknowledged = Unacknowledged::default();
        self.send(SignalKind::Heartbeat, &heartbeat);
    }

    pub(super) fn send<B: serde::Serialize>(&mut self, kind: SignalKind, body: &B) {
        let text = encode(kind, &self.joining.head, body);
        self.out.push(Action::Send(text));
    }
}
