//! The messages of the sequences.

use serde_json::{Value, json};

use crate::signal::SignalKind;

/// A message of the client's application, as text.
pub(super) fn said(kind: SignalKind, sdp: &str) -> String {
    json!({ "action": kind.action(), "data": { "s": kind.name(), "sdp": sdp } }).to_string()
}

fn session(user: &str, session: &str) -> Value {
    json!({ "userId": user, "sessionId": session, "category": "stream", "host": "Web", "deviceId": "laptop" })
}

/// A signal of bob with a sequence number, as a client that numbers nothing says it.
pub(super) fn signal(sq: u64) -> Value {
    json!({ "sq": sq, "s": "OFFER", "ch": "p2p", "rid": "demo", "ss": session("bob", "b1"), "sdp": "v=0" })
}

/// A signal of a session with the sender's number.
pub(super) fn numbered(sq: u64, user: &str, id: &str, n: u64) -> Value {
    json!({ "sq": sq, "n": n, "s": "OFFER", "ch": "p2p", "rid": "demo", "ss": session(user, id), "sdp": "v=0" })
}

/// A signal with so many bytes of a description.
pub(super) fn long(sq: u64, bytes: usize) -> Value {
    let mut signal = signal(sq);
    signal["sdp"] = json!("x".repeat(bytes));
    signal
}

/// The same in letters of two bytes.
pub(super) fn wide(sq: u64, bytes: usize) -> Value {
    let mut signal = signal(sq);
    signal["sdp"] = json!("\u{e9}".repeat(bytes / 2));
    signal
}

/// A signal of bob that this version does not know.
pub(super) fn unknown(sq: u64, n: u64) -> Value {
    json!({ "sq": sq, "n": n, "s": "HOLOGRAM", "ch": "p2p", "rid": "demo", "ss": session("bob", "b1"), "depth": 3 })
}

/// A message of the server that this version does not know.
pub(super) fn news(sq: Option<u64>) -> Value {
    let mut news = ack("NEWS", &json!({ "rid": "demo" }));
    if let Some(sq) = sq {
        news["sq"] = json!(sq);
    }
    news
}

/// The same message without a member, which a pointer (RFC 6901) names.
pub(super) fn without(mut message: Value, pointer: &str) -> Value {
    let (parent, member) = pointer.rsplit_once('/').expect("a pointer to a member");
    let parent = message.pointer_mut(parent).and_then(Value::as_object_mut).expect("the parent is an object");
    parent.shift_remove(member).expect("the member is there");
    message
}

fn ack(s: &str, b: &Value) -> Value {
    json!({ "c": 200, "s": s, "b": b })
}

/// An ack of `JOIN` of a server that does not count.
pub(super) fn joined_uncounted(resumed: bool, sq: u64, rt: &str) -> Value {
    ack(
        "JOIN",
        &json!({ "rid": "demo", "pps": [], "pt": "publisher", "eg": "native", "resumed": resumed, "sq": sq, "rt": rt,
            "hb": { "interval": 3000, "timeout": 10_000 }, "es": { "icfg": { "is": [], "iceServers": [] } } }),
    )
}

/// An ack of `JOIN` that confirms the client's signals up to `n`.
pub(super) fn joined(resumed: bool, sq: u64, rt: &str, n: u64) -> Value {
    let mut ack = joined_uncounted(resumed, sq, rt);
    ack["b"]["n"] = json!(n);
    ack
}

/// The first ack of a client that knew nothing.
pub(super) fn welcome() -> Value {
    joined(false, 0, "t1", 1000)
}

pub(super) fn refused(s: &str, code: u16) -> Value {
    json!({ "c": code, "s": s, "b": { "msg": "because" } })
}

pub(super) fn beaten(n: Option<u64>) -> Value {
    let mut ack = ack("HEARTBEAT", &json!({ "rid": "demo", "pps": [], "bid": "1" }));
    if let Some(n) = n {
        ack["b"]["n"] = json!(n);
    }
    ack
}

pub(super) fn changed(sq: u64) -> Value {
    json!({ "sq": sq, "c": 200, "s": "PUBLISH_LIST_CHANGED", "b": { "rid": "demo", "pps": [] } })
}

pub(super) fn gap(from: u64, to: u64) -> Value {
    ack("GAP", &json!({ "rid": "demo", "from": from, "to": to }))
}

pub(super) fn resend(n: u64) -> Value {
    ack("RESEND", &json!({ "rid": "demo", "n": n }))
}

pub(super) fn keepalive() -> Value {
    ack("KEEPALIVE", &json!({ "ts": 1_732_287_600_000_u64 }))
}
