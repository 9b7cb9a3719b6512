//! Acks: what the server says to a client, `{"c": CODE, "s": NAME, "b": BODY}`, and forwarded signals.
//!
//! Writing puts the members in this order; reading takes any. [`Reply`] is a client's view of either.

pub mod body;
pub mod message;
pub mod reply;

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

pub use body::{
    EngineSettings, Gap, HeartbeatAck, HeartbeatTimes, HlsAddresses, IceConfig, IceServer, IngestAddress, JoinAck,
    KeepAlive, MessageLimits, Participant, Participants, PublishList, Renewed, Resend, Role, RoomClosed,
    RoomClosedReason,
};
pub use message::{ErrorAck, ServerMessage, decode};
pub use reply::{Ack, Forwarded, Reply, read};

use crate::code::AckCode;
use crate::signal::SignalKind;

/// Names of acks that answer no signal.
pub mod name {
    /// The list of publishers or one of its entries changed.
    pub const PUBLISH_LIST_CHANGED: &str = "PUBLISH_LIST_CHANGED";
    /// The connection is alive though nothing was said.
    pub const KEEPALIVE: &str = "KEEPALIVE";
    /// The room is gone.
    pub const ROOM_CLOSED: &str = "ROOM_CLOSED";
    /// Sequence numbers that cannot be delivered any more.
    pub const GAP: &str = "GAP";
    /// The client sends the unconfirmed signals again.
    pub const RESEND: &str = "RESEND";
    /// The name in the answer to a push.
    pub const INGEST: &str = "INGEST";
    /// The answer of `GET /auth/check`.
    pub const AUTH_CHECK: &str = "AUTH_CHECK";
    /// The name in the error ack of a signal whose name could not be told.
    pub const UNKNOWN: &str = "UNKNOWN";
}

#[derive(Serialize)]
struct Frame<'a, B> {
    c: AckCode,
    s: &'a str,
    b: B,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    req: Option<&'a RawValue>,
    msg: &'a str,
}

/// Writes an ack with code 200.
///
/// # Panics
/// When `body` does not serialise.
pub fn encode<B: Serialize>(name: &str, body: &B) -> Arc<str> {
    json(&Frame { c: AckCode::Ok, s: name, b: body })
}

/// Writes an error ack. `request` is the message as received, left out when it is no JSON object or when the
/// ack would pass `max_message` bytes.
#[must_use]
pub fn encode_error(
    code: AckCode,
    kind: Option<SignalKind>,
    reason: &str,
    request: Option<&str>,
    max_message: usize,
) -> Arc<str> {
    let name = kind.map_or(name::UNKNOWN, SignalKind::name);
    let quoted: Option<&RawValue> = request.and_then(|text| serde_json::from_str(text).ok());
    let frame = |req| json(&Frame { c: code, s: name, b: ErrorBody { req, msg: reason } });
    let full = frame(quoted);
    if full.len() > max_message { frame(None) } else { full }
}

/// Puts the recipient's sequence number in front of an object's members.
///
/// # Panics
/// When `object` is not the text of a JSON object with at least one member.
#[must_use]
pub fn numbered(sequence: u64, object: &str) -> String {
    let (number, members) = number(sequence, object);
    [&number, members].concat()
}

/// The same in two pieces, of which the second is part of the object: a long text need not be copied.
///
/// # Panics
/// When `object` is not the text of a JSON object with at least one member.
#[must_use]
pub fn number(sequence: u64, object: &str) -> (String, &str) {
    let members = object.strip_prefix('{').expect("only objects are numbered");
    (format!("{{\"sq\":{sequence},"), members)
}

fn json<T: Serialize>(value: &T) -> Arc<str> {
    serde_json::to_string(value).expect("acks serialise").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_ack_quotes_the_request_while_it_fits() {
        let request = r#"{"action":"dance",  "data":{}}"#;
        let full = encode_error(AckCode::InvalidSignal, None, "no", Some(request), 1000);
        assert_eq!(&*full, r#"{"c":2001,"s":"UNKNOWN","b":{"req":{"action":"dance",  "data":{}},"msg":"no"}}"#);
        let short = encode_error(AckCode::InvalidSignal, Some(SignalKind::Join), "no", Some(request), 60);
        assert_eq!(&*short, r#"{"c":2001,"s":"JOIN","b":{"msg":"no"}}"#);
    }

    #[test]
    fn the_number_stands_in_front() {
        assert_eq!(numbered(7, r#"{"s":"OFFER"}"#), r#"{"sq":7,"s":"OFFER"}"#);
    }
}
