//! `codes.json` and its schema: the registries of codes and signals as data.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::VERSION;
use super::compose::Document;
use crate::access::Reason;
use crate::ack::name;
use crate::code::{AckCode, Asked, CloseClass, CloseCode, Pause, Reaction, Retry, close_class};
use crate::signal::{Heard, Hearer, RoomType, SignalKind};

/// A word that other members use.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Word {
    /// The word.
    name: &'static str,
    /// Meaning of the word.
    text: &'static str,
}

/// Reactions of a client to an ack, by the request that it answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Reactions {
    /// To `JOIN`.
    join: Reaction,
    /// To `HEARTBEAT`.
    heartbeat: Reaction,
    /// To any other signal over the WebSocket.
    other: Reaction,
    /// To the request that opens the WebSocket.
    dial: Reaction,
    /// To a data signal.
    upload: Reaction,
}

/// A code of acks and answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Ack {
    /// The code, member `c`.
    code: u16,
    /// Its name in the documentation.
    name: &'static str,
    /// The HTTP status of an answer that carries it, unless one of the others says more exactly what is wrong.
    http: u16,
    /// Every HTTP status that an answer with this code may have.
    statuses: &'static [u16],
    /// Meaning of the code.
    meaning: &'static str,
    /// Reactions of a client.
    client: Reactions,
    /// Rules by which a client repeats a request that was refused with this code, by the kind of request; empty: it
    /// does not.
    retry: &'static [Retry],
}

/// Reason for which an access token is refused.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Access {
    /// The reason, `b.reason` of the answer.
    reason: Reason,
    /// The code of the answer.
    code: u16,
    /// Meaning of the reason.
    meaning: &'static str,
}

/// A way in which the server closes a WebSocket.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Close {
    /// The close code.
    code: u16,
    /// The reason beside it.
    reason: &'static str,
    /// Condition under which the server closes with this code.
    meaning: &'static str,
    /// Reaction of a client.
    client: CloseClass,
}

/// A signal.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct Signal {
    /// The `action` of its envelope.
    action: &'static str,
    /// Its name, member `s`.
    s: &'static str,
    /// The types of room that have it; in others it is refused (2002).
    rooms: Vec<RoomType>,
    /// Whether it reaches others as it was sent.
    forwarded: bool,
    /// Whether it has an ack when it is carried out; a signal without one is answered only when it is refused.
    acked: bool,
    /// Whether a client that numbers what it says gives it a number `n`.
    numbered: bool,
    /// Messages to others that the signal leads to, beside the answer to its sender.
    heard_by: &'static [Heard],
}

/// A message of the server that answers no signal, or an ack that asks something of the client.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Message {
    /// Its name, member `s`.
    s: &'static str,
    /// Whether it has a sequence number `sq`.
    numbered: bool,
    /// Reaction of a client, beside that in `wire` of `state-machine.json`.
    client: &'static str,
}

/// Every message with something to do.
const MESSAGES: &[Message] = &[
    Message {
        s: "JOIN",
        numbered: false,
        client: "Takes for the highest `sq` it had: `b.sq`, or where `b.resumed` is true the lower of that and its own; keeps `b.rt` for the \
            next JOIN; then says again, in order and before anything new, every signal it keeps with `n` above `b.n`. \
            Without `b.n` it says all that it keeps once more, forgets it, and numbers nothing.",
    },
    Message {
        s: "HEARTBEAT",
        numbered: false,
        client: "Forgets the signals it keeps with `n` up to `b.n`; takes `b.pps` for the list of publishers.",
    },
    Message { s: name::PUBLISH_LIST_CHANGED, numbered: true, client: "Takes `b.pps` for the list of publishers." },
    Message { s: name::KEEPALIVE, numbered: false, client: "Nothing; no answer is owed." },
    Message { s: name::ROOM_CLOSED, numbered: false, client: "Tells the application `b.reason`." },
    Message {
        s: name::GAP,
        numbered: false,
        client: "Takes `b.to` for the highest `sq` it had, if that was lower, and negotiates its media anew: what it had queued or kept of \
            the old negotiation may be dropped as far as the rules of `n` permit.",
    },
    Message {
        s: name::RESEND,
        numbered: false,
        client: "Forgets the signals it keeps with `n` up to `b.n`, and says the others again, in order and before anything new.",
    },
];

/// Every code, and every signal.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct Codes {
    /// The version of the schema.
    version: &'static str,
    /// Meanings of the words in `client` of `ack`.
    reactions: Vec<Word>,
    /// Meanings of the words in `pause` of `retry`.
    pauses: Vec<Word>,
    /// Meanings of the words in `who` of `heardBy`.
    hearers: Vec<Word>,
    /// Codes of acks and of HTTP answers.
    ack: Vec<Ack>,
    /// Reasons why an access token is refused.
    access: Vec<Access>,
    /// Close codes of the WebSocket; one that is not listed counts as a lost connection.
    close: Vec<Close>,
    /// Signals that a client may send.
    signals: Vec<Signal>,
    /// Messages of the server other than errors, and the reactions of a client.
    messages: &'static [Message],
}

pub(super) fn codes() -> Value {
    let codes = Codes {
        version: VERSION,
        reactions: Reaction::ALL.iter().map(|one| Word { name: one.name(), text: one.text() }).collect(),
        pauses: Pause::ALL.iter().map(|one| Word { name: one.name(), text: one.text() }).collect(),
        hearers: Hearer::ALL.iter().map(|one| Word { name: one.name(), text: one.text() }).collect(),
        ack: AckCode::ALL.iter().copied().map(ack).collect(),
        access: Reason::ALL
            .iter()
            .map(|one| Access { reason: *one, code: one.code().number(), meaning: one.meaning() })
            .collect(),
        close: CloseCode::ALL.iter().copied().map(close).collect(),
        signals: SignalKind::ALL.iter().copied().map(signal).collect(),
        messages: MESSAGES,
    };
    serde_json::to_value(codes).expect("the registries serialise")
}

/// The schema of `codes.json`.
pub(super) fn schema() -> Value {
    Document::written().of::<Codes>("codes", "Codes", "The codes and signals of the protocol, as data.")
}

fn ack(code: AckCode) -> Ack {
    let client = Reactions {
        join: code.reaction(Asked::Join),
        heartbeat: code.reaction(Asked::Heartbeat),
        other: code.reaction(Asked::Other),
        dial: code.reaction(Asked::Dial),
        upload: code.reaction(Asked::Upload),
    };
    Ack {
        code: code.number(),
        name: code.name(),
        http: code.http(),
        statuses: code.statuses(),
        meaning: code.meaning(),
        client,
        retry: code.retries(),
    }
}

fn close(code: CloseCode) -> Close {
    let client = close_class(code.number());
    Close { code: code.number(), reason: code.reason(), meaning: code.meaning(), client }
}

fn signal(kind: SignalKind) -> Signal {
    let rooms = [RoomType::P2p, RoomType::M2m, RoomType::A2m, RoomType::P2m];
    Signal {
        action: kind.action(),
        s: kind.name(),
        rooms: rooms.into_iter().filter(|room| kind.allowed_in(*room)).collect(),
        forwarded: kind.is_forwarded(),
        acked: kind.is_acked(),
        numbered: kind.is_numbered(),
        heard_by: kind.heard_by(),
    }
}
