//! Bookkeeping of the messages of a membership in both directions: the received numbers, the unconfirmed signals, and
//! the `JOIN` and `HEARTBEAT` that follow from them.
//!
//! Pure, and without times: the caller decides when a connection is open, when a heartbeat is due and when the
//! application sends a signal. [`sequences`](super::sequence::sequences) are recorded from it.
//!
//! The client of this workspace does not run on it: there the phase and the queue are those of
//! [`Machine`](super::Machine), and two of each would have to be kept equal. It shares [`Unconfirmed`], [`HeardNumbers`]
//! and [`Queue`], and its tests replay every sequence.

use serde::Deserialize;

use super::numbering::{HeardNumbers, Unconfirmed};
use super::queue::{Outgoing, Queue};
use crate::ack::{self, Ack, Forwarded, Gap, HeartbeatAck, JoinAck, PublishList, Reply, Resend, name};
use crate::code::AckCode;
use crate::json;
use crate::limits::{NUMBERS_BELOW, RECEIVED_BYTES, RECEIVED_MESSAGES};
use crate::signal::{JoinOptions, MemberKey, SignalKind};

/// A message that goes to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// `JOIN` with these options.
    Join(JoinOptions),
    /// `LEAVE`.
    Leave,
    /// `HEARTBEAT`.
    Heartbeat {
        /// The highest sequence number received.
        received: Option<u64>,
        /// Whether an ack is wanted.
        send_ack: bool,
    },
    /// A signal of the application, as text.
    Signal(String),
}

/// Outcome of a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It counts: a signal goes to the application, an ack is taken.
    Delivered,
    /// It was received before, or nobody asked for it.
    Dropped,
    /// It is no message of this protocol.
    Refused,
}

/// Outcome of a signal that the application sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// It was written.
    Said,
    /// It waits for the ack of `JOIN`, without a number.
    Waits,
    /// The server has too many to confirm, or the queue is full: the application is told.
    Fails,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Down,
    /// `JOIN` was sent over the connection and has no ack yet.
    Asked,
    Joined,
}

/// The messages of one membership.
#[derive(Debug)]
pub struct Delivery {
    phase: Phase,
    /// The token that the client brings with a first `JOIN`.
    own: String,
    /// `rt` of the last JOIN ack, or its own before there is one.
    token: String,
    /// The highest sequence number received, once joined.
    highest: Option<u64>,
    heard: HeardNumbers,
    unconfirmed: Unconfirmed,
    waiting: Queue,
    /// Numbered messages, and their bytes, received since the last heartbeat.
    unacknowledged: (usize, usize),
    out: Vec<Sent>,
}

impl Delivery {
    /// Nothing received and nothing said; `last` is the number below that of the first signal, `own` the resume token
    /// of a first `JOIN`.
    #[must_use]
    pub fn new(last: u64, own: &str) -> Self {
        Self {
            phase: Phase::Down,
            own: own.to_owned(),
            token: own.to_owned(),
            highest: None,
            heard: HeardNumbers::default(),
            unconfirmed: Unconfirmed::new(last),
            waiting: Queue::default(),
            unacknowledged: (0, 0),
            out: Vec::new(),
        }
    }

    /// The highest sequence number received: `sq` of the next heartbeat. None before the first JOIN ack.
    #[must_use]
    pub const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Returns the signals that were sent and are not confirmed yet.
    #[must_use]
    pub const fn unconfirmed(&self) -> &Unconfirmed {
        &self.unconfirmed
    }

    /// Number of queued signals.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The options of the next `JOIN`, which creates no room.
    #[must_use]
    pub fn join_options(&self) -> JoinOptions {
        JoinOptions {
            resume_from: self.highest,
            resume_token: Some(self.token.clone()),
            numbers_above: Some(self.unconfirmed.above()),
            ..JoinOptions::default()
        }
    }

    /// Takes what is to be sent, in order.
    pub fn take(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.out)
    }

    /// Sends `JOIN`: over a connection that is open now, or again over the same one.
    pub fn join(&mut self) {
        self.phase = Phase::Asked;
        self.out.push(Sent::Join(self.join_options()));
    }

    /// Takes that the connection is lost.
    pub const fn lost(&mut self) {
        self.phase = Phase::Down;
    }

    /// Sends `LEAVE` and forgets the membership. The numbers of its signals are used up, those of others are known still.
    pub fn leave(&mut self) {
        if self.phase != Phase::Down {
            self.out.push(Sent::Leave);
        }
        self.phase = Phase::Down;
        self.token.clone_from(&self.own);
        self.highest = None;
        self.unacknowledged = (0, 0);
        self.unconfirmed.discard();
        self.waiting.drain();
    }

    /// Sends the heartbeat that is due.
    pub fn beat(&mut self) {
        self.heartbeat(true);
    }

    /// Says a signal, or keeps it until there is an ack of `JOIN`.
    pub fn say(&mut self, signal: Outgoing) -> Speech {
        if self.phase != Phase::Joined {
            return if self.waiting.push(signal).is_empty() { Speech::Waits } else { Speech::Fails };
        }
        match self.unconfirmed.say(&signal.text) {
            Ok(text) => {
                self.out.push(Sent::Signal(text));
                Speech::Said
            }
            Err(_) => Speech::Fails,
        }
    }

    /// Takes a message of the server.
    pub fn receive(&mut self, text: &str) -> Receipt {
        match ack::read(text) {
            Ok(Reply::Ack(ack)) => self.acknowledged(&ack, text.len()).unwrap_or(Receipt::Refused),
            Ok(Reply::Forwarded(forwarded)) => self.forwarded(&forwarded),
            Err(_) => Receipt::Refused,
        }
    }

    /// None: it cannot be read.
    fn acknowledged(&mut self, ack: &Ack<'_>, bytes: usize) -> Option<Receipt> {
        let is_ok = ack.code == AckCode::Ok.number();
        if ack.name == name::PUBLISH_LIST_CHANGED {
            body::<PublishList>(ack)?;
            ack.sequence?;
        }
        // A message that is not known counts, too, as far as it has a number.
        if let Some(sequence) = ack.sequence {
            return Some(if self.note_received(sequence, bytes) { Receipt::Delivered } else { Receipt::Dropped });
        }
        match &*ack.name {
            "JOIN" if self.phase != Phase::Asked => return Some(Receipt::Dropped),
            "JOIN" if is_ok => self.joined(body(ack)?),
            "HEARTBEAT" if is_ok => self.confirmed(&body(ack)?),
            name::GAP => {
                let Gap { to, .. } = body(ack)?;
                self.highest = self.highest.max(Some(to));
            }
            name::RESEND => self.resend(&body(ack)?),
            _ => {}
        }
        Some(Receipt::Delivered)
    }

    fn joined(&mut self, ack: JoinAck) {
        self.phase = Phase::Joined;
        self.token = ack.resume_token;
        let mine = self.highest.unwrap_or(0);
        // A membership that is new counts anew; a resumed one may lack numbers, but is never ahead of the server.
        self.highest = Some(if ack.resumed { mine.min(ack.sequence) } else { ack.sequence });
        let again = self.unconfirmed.joined(ack.confirmed);
        self.say_again(again);
    }

    fn confirmed(&mut self, ack: &HeartbeatAck) {
        if let Some(n) = ack.confirmed {
            self.unconfirmed.confirm(n);
        }
        self.say_waiting();
    }

    fn resend(&mut self, Resend { confirmed, .. }: &Resend) {
        if self.phase == Phase::Joined {
            let again = self.unconfirmed.resend(*confirmed);
            self.say_again(again);
        }
    }

    fn say_again(&mut self, unconfirmed: Vec<String>) {
        self.out.extend(unconfirmed.into_iter().map(Sent::Signal));
        self.say_waiting();
    }

    fn say_waiting(&mut self) {
        while self.phase == Phase::Joined
            && !self.unconfirmed.is_full()
            && let Some(signal) = self.waiting.pop()
        {
            self.say(signal);
        }
    }

    fn forwarded(&mut self, forwarded: &Forwarded<'_>) -> Receipt {
        if !self.note_received(forwarded.sequence, forwarded.text.len()) {
            return Receipt::Dropped;
        }
        let Sender { ss, n } = json::from_str(forwarded.text).unwrap_or_default();
        let number = n.filter(|number| (1..NUMBERS_BELOW).contains(number));
        match (ss, number) {
            (Some(sender), Some(number)) if !self.heard.note(sender.clone(), number) => Receipt::Dropped,
            _ => Receipt::Delivered,
        }
    }

    /// Notes a numbered message; returns whether it is new: `false` for one that was received before.
    fn note_received(&mut self, sequence: u64, bytes: usize) -> bool {
        let is_new = self.highest.is_none_or(|highest| sequence > highest);
        if is_new && self.highest.is_some() {
            self.highest = Some(sequence);
        }
        self.unacknowledged.0 += 1;
        self.unacknowledged.1 += bytes;
        let (messages, bytes) = self.unacknowledged;
        if (messages >= RECEIVED_MESSAGES || bytes >= RECEIVED_BYTES) && self.phase == Phase::Joined {
            self.heartbeat(false);
        }
        is_new
    }

    fn heartbeat(&mut self, send_ack: bool) {
        self.unacknowledged = (0, 0);
        self.out.push(Sent::Heartbeat { received: self.highest, send_ack });
    }
}

impl Outgoing {
    /// A signal as text.
    #[must_use]
    pub fn new(kind: SignalKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// The sender of a forwarded signal, and its number.
#[derive(Default, Deserialize)]
struct Sender {
    ss: Option<MemberKey>,
    n: Option<u64>,
}

fn body<'a, T: Deserialize<'a>>(ack: &Ack<'a>) -> Option<T> {
    json::from_str(ack.body).ok()
}
