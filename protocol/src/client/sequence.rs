//! Sequences: messages to and from one client, step by step, and what its bookkeeping must make of them.
//!
//! The expected values come from running [`Delivery`].

mod cases;
mod messages;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::delivery::{Delivery, Receipt, Sent, Speech};
use super::queue::Outgoing;
use crate::named::named;
use crate::signal::{JoinOptions, SignalKind};

named! {
    /// An event in a client's bookkeeping.
    Happening {
        Open = "open", "A connection is open. The client sends `JOIN`.";
        Again = "again", "The client sends `JOIN` once more over the connection that it has.";
        Message = "message", "A message of the server comes.";
        Say = "say", "The application says a signal.";
        Beat = "beat", "The heartbeat of the interval is due.";
        Close = "close", "The connection is lost, or closed with a code after which a client reconnects.";
        Leave = "leave", "The application leaves. It may join again.";
    }
}

named! {
    /// Outcome of a received message, or of a signal that the application sends.
    Took {
        Delivered = "delivered", "The message counts: a signal goes to the application, an ack is taken.";
        Dropped = "dropped", "The message came before, or answers nothing that is open.";
        Refused = "refused", "The message is none of this protocol and changes nothing.";
        Said = "said", "The signal was written to the connection.";
        Waits = "waits", "The signal waits for the ack of `JOIN`, without a number.";
        Fails = "fails", "The signal is not taken, and the application is told.";
    }
}

/// Everything that a client's bookkeeping has to get right.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Sequences {
    /// The version of the schema.
    pub version: &'static str,
    /// Every sequence. Each begins with a client that knows nothing.
    pub sequences: Vec<Sequence>,
}

/// The messages of one client.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Sequence {
    /// Name of the case that the sequence shows.
    pub name: &'static str,
    /// The number below that of the first signal: a client would take the time in milliseconds since 1970.
    pub n: u64,
    /// The resume token that the client brings with a first `JOIN`: a client would draw a random one.
    pub token: &'static str,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Something that happens, and the client after it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Step {
    /// The event.
    pub on: Happening,
    /// The message of the server. Its bytes are those of its JSON without white space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// The signal of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    /// Number of times that the message comes or the signal is sent; absent: once. The message's `sq` and `n` grow by 1
    /// each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The outcome, the same each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<Took>,
    /// The messages that the client sends at once, in order.
    pub sends: Vec<SentData>,
    /// The client after it.
    pub after: After,
}

/// A signal of the application, without the members that all signals have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Signal {
    /// Its name.
    pub s: &'static str,
    /// Its session description.
    pub sdp: String,
}

/// The members of `data` that count here, of a message that the client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SentData {
    /// The name of the signal.
    pub s: String,
    /// Options of `JOIN`, without `roomCreating`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<Options>,
    /// Number of a signal of the application; absent where the server does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Session description in a signal of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdp: Option<String>,
    /// Highest sequence number received, in `HEARTBEAT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sq: Option<u64>,
    /// Whether a `HEARTBEAT` asks for an ack. If it does, the member may as well be left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_ack: Option<bool>,
}

/// Options of `JOIN`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Options {
    /// The highest sequence number received; absent in the first `JOIN` of a membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_from: Option<u64>,
    /// `rt` of the last JOIN ack of this membership; before there is one, `token`, for which a client draws a new one.
    pub resume_token: Option<String>,
    /// The number below the lowest signal that is kept.
    pub n: Option<u64>,
}

/// A client's bookkeeping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct After {
    /// The highest sequence number received, `sq` of the next `HEARTBEAT`; null before the first JOIN ack of a membership.
    pub highest: Option<u64>,
    /// The numbers of the signals that are kept until they are confirmed; null: none is.
    pub kept: Option<Kept>,
    /// Number of queued signals.
    pub waiting: u64,
    /// Whether so many signals are kept that the client beats before the interval is over.
    pub hurry: bool,
    /// `op` of the next `JOIN`, but `roomCreating`.
    pub join: Options,
}

/// Numbers without holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Kept {
    /// The lowest.
    pub first: u64,
    /// The highest.
    pub last: u64,
}

/// Every sequence, as published.
#[must_use]
pub fn sequences(version: &'static str) -> Sequences {
    Sequences { version, sequences: cases::all() }
}

/// A sequence while it is being recorded.
struct Recorder {
    sequence: Sequence,
    delivery: Delivery,
}

impl Recorder {
    fn new(name: &'static str) -> Self {
        let (n, token) = (1000, "own");
        Self { sequence: Sequence { name, n, token, steps: Vec::new() }, delivery: Delivery::new(n, token) }
    }

    fn end(self) -> Sequence {
        self.sequence
    }

    fn note(mut self, on: Happening, took: Option<Took>) -> Self {
        let sends = self.delivery.take().into_iter().map(SentData::from).collect();
        let after = After::of(&self.delivery);
        self.sequence.steps.push(Step { on, message: None, signal: None, times: None, took, sends, after });
        self
    }

    fn last(&mut self) -> &mut Step {
        self.sequence.steps.last_mut().expect("a step was noted")
    }

    fn open(mut self) -> Self {
        self.delivery.join();
        self.note(Happening::Open, None)
    }

    fn again(mut self) -> Self {
        self.delivery.join();
        self.note(Happening::Again, None)
    }

    fn close(mut self) -> Self {
        self.delivery.lost();
        self.note(Happening::Close, None)
    }

    fn leave(mut self) -> Self {
        self.delivery.leave();
        self.note(Happening::Leave, None)
    }

    fn beat(mut self) -> Self {
        self.delivery.beat();
        self.note(Happening::Beat, None)
    }

    fn message(self, message: Value) -> Self {
        self.messages(message, 1)
    }

    fn messages(mut self, message: Value, times: u64) -> Self {
        let took = same((0..times).map(|more| {
            let mut message = message.clone();
            for name in ["sq", "n"] {
                if let Some(number) = message.get(name).and_then(Value::as_u64) {
                    message[name] = json!(number + more);
                }
            }
            Took::from(self.delivery.receive(&message.to_string()))
        }));
        let mut noted = self.note(Happening::Message, Some(took));
        (noted.last().message, noted.last().times) = (Some(message), (times > 1).then_some(times));
        noted
    }

    fn say(self, sdp: &str) -> Self {
        self.say_often(sdp, 1)
    }

    fn say_often(mut self, sdp: &str, times: u64) -> Self {
        let (kind, sdp) = (SignalKind::Offer, sdp.to_owned());
        let text = messages::said(kind, &sdp);
        let took = same((0..times).map(|_| Took::from(self.delivery.say(Outgoing::new(kind, text.clone())))));
        let mut noted = self.note(Happening::Say, Some(took));
        noted.last().signal = Some(Signal { s: kind.name(), sdp });
        noted.last().times = (times > 1).then_some(times);
        noted
    }
}

/// Returns the common outcome of all repetitions of a step; panics if they differ.
fn same(mut took: impl Iterator<Item = Took>) -> Took {
    let first = took.next().expect("there is one at least");
    assert!(took.all(|other| other == first), "one step has one outcome");
    first
}

impl From<Receipt> for Took {
    fn from(receipt: Receipt) -> Self {
        match receipt {
            Receipt::Delivered => Self::Delivered,
            Receipt::Dropped => Self::Dropped,
            Receipt::Refused => Self::Refused,
        }
    }
}

impl From<Speech> for Took {
    fn from(speech: Speech) -> Self {
        match speech {
            Speech::Said => Self::Said,
            Speech::Waits => Self::Waits,
            Speech::Fails => Self::Fails,
        }
    }
}

impl From<JoinOptions> for Options {
    fn from(options: JoinOptions) -> Self {
        Self { resume_from: options.resume_from, resume_token: options.resume_token, n: options.numbers_above }
    }
}

impl SentData {
    fn named(kind: SignalKind) -> Self {
        Self { s: kind.name().to_owned(), op: None, n: None, sdp: None, sq: None, send_ack: None }
    }
}

impl From<Sent> for SentData {
    fn from(sent: Sent) -> Self {
        match sent {
            Sent::Join(options) => Self { op: Some(options.into()), ..Self::named(SignalKind::Join) },
            Sent::Leave => Self::named(SignalKind::Leave),
            Sent::Heartbeat { received, send_ack } => {
                Self { sq: received, send_ack: Some(send_ack), ..Self::named(SignalKind::Heartbeat) }
            }
            Sent::Signal(text) => {
                let message: Value = serde_json::from_str(&text).expect("a signal is JSON");
                let sdp = message["data"]["sdp"].as_str().map(str::to_owned);
                Self { n: message["data"]["n"].as_u64(), sdp, ..Self::named(SignalKind::Offer) }
            }
        }
    }
}

impl After {
    fn of(delivery: &Delivery) -> Self {
        let unconfirmed = delivery.unconfirmed();
        let (above, count) = (unconfirmed.above(), unconfirmed.count() as u64);
        Self {
            highest: delivery.highest(),
            kept: (count > 0).then_some(Kept { first: above + 1, last: above + count }),
            waiting: delivery.waiting() as u64,
            hurry: unconfirmed.hurries(),
            join: delivery.join_options().into(),
        }
    }
}
