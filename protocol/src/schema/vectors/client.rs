//! Vectors of client messages.

use serde_json::{Value, json};

use super::{Vectors, missing, with, wrong};
use crate::access::MAX_TOKEN;
use crate::signal::SignalKind;

const GROUP: &str = "m2m";

pub(super) fn vectors() -> Vec<Vectors> {
    let of_rooms = SignalKind::OF_ROOMS.iter().map(|kind| vectors_of(*kind));
    of_rooms.chain([renew()]).collect()
}

fn vectors_of(kind: SignalKind) -> Vectors {
    let valid = valid(kind);
    let message = &valid[0];
    let mut invalid = common(message);
    invalid.extend(own(kind, message));
    Vectors { message: name(kind), valid, invalid }
}

fn renew() -> Vectors {
    let valid = valid(SignalKind::Renew);
    let mut invalid = missing(&valid[0], &["/action", "/data", "/data/s", "/data/token"]);
    invalid.extend(wrong(
        &valid[0],
        vec![
            ("/data/s", json!("JOIN"), "does not fit `action`"),
            ("/data/token", json!(7), "is no text"),
            ("/data/token", json!(""), "is empty"),
            ("/data/token", json!("t".repeat(MAX_TOKEN + 1)), "is longer than 8 KiB"),
        ],
    ));
    Vectors { message: "Renew", valid, invalid }
}

/// The signal's name as in the schema.
pub(super) const fn name(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Join => "Join",
        SignalKind::Leave => "Leave",
        SignalKind::Heartbeat => "Heartbeat",
        SignalKind::Update => "Update",
        SignalKind::Kick => "Kick",
        SignalKind::PublishRequest => "PublishRequest",
        SignalKind::PublishAccept => "PublishAccept",
        SignalKind::PublishReject => "PublishReject",
        SignalKind::Offer => "Offer",
        SignalKind::Answer => "Answer",
        SignalKind::Ice => "Ice",
        SignalKind::Watch => "Watch",
        SignalKind::Renew => "Renew",
    }
}

/// A message of a signal with these members of its own, in this type of room.
pub(super) fn message(kind: SignalKind, room_type: &str, own: &Value) -> Value {
    let mut data = json!({
        "s": kind.name(),
        "ch": room_type,
        "rid": "demo",
        "ss": { "userId": "ann", "sessionId": "ann-1", "category": "stream", "host": "Web", "deviceId": "laptop" },
    });
    let members = data.as_object_mut().expect("data is an object");
    members.extend(own.as_object().expect("members are an object").clone());
    json!({ "action": kind.action(), "data": data })
}

pub(super) fn valid(kind: SignalKind) -> Vec<Value> {
    let made = |room: &str, own: Value| message(kind, room, &own);
    let session = json!({ "userId": "bob", "sessionId": "bob-1" });
    match kind {
        SignalKind::Join => vec![
            made(
                "p2p",
                json!({ "ve": true, "ae": true, "eg": "native", "op": { "roomCreating": true, "resumeToken": "" } }),
            ),
            made(
                "p2m",
                json!({ "ve": false, "ae": false, "uid": 7, "op": { "resumeFrom": 12, "resumeToken": "kq3v" } }),
            ),
            made("a2m", json!({ "ve": false, "ae": true, "newer": { "members": "are ignored" } })),
            made("m2m", json!({ "ve": true, "ae": true, "op": { "n": 1_732_287_600_123_u64, "resumeFrom": 3 } })),
        ],
        SignalKind::Renew => ["eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "a.b.c"]
            .map(|token| json!({ "action": "renew", "data": { "s": "RENEW", "token": token } }))
            .to_vec(),
        SignalKind::Leave => vec![made("p2p", json!({})), made("a2m", json!({}))],
        SignalKind::Heartbeat => {
            vec![made("p2p", json!({ "bid": "17" })), made("p2m", json!({ "bid": "18", "send_ack": false, "sq": 4 }))]
        }
        SignalKind::Update => {
            vec![
                made("p2p", json!({ "ve": false, "ae": true })),
                made("m2m", json!({ "ve": true, "ae": false, "n": 1_732_287_600_124_u64 })),
            ]
        }
        SignalKind::PublishRequest => vec![
            made(GROUP, json!({ "ve": true, "ae": true })),
            made("a2m", json!({ "ve": false, "ae": true, "msg": "May I?" })),
        ],
        SignalKind::Kick => {
            vec![made("p2m", json!({ "to": "bob" })), made(GROUP, json!({ "to": session, "revoke": true }))]
        }
        SignalKind::PublishAccept | SignalKind::PublishReject | SignalKind::Watch => {
            vec![made(GROUP, json!({ "to": "bob" })), made("a2m", json!({ "to": session }))]
        }
        SignalKind::Offer => vec![
            made("p2p", json!({ "sdp": "v=0\r\n" })),
            made(
                GROUP,
                json!({ "n": 9_007_199_254_740_991_u64, "sdp": "v=0\r\n", "to": session, "op": { "restarting": true, "hlsForwarding": false } }),
            ),
        ],
        SignalKind::Answer => vec![
            made("p2p", json!({ "sdp": "v=0\r\n", "to": "bob" })),
            made(GROUP, json!({ "sdp": "v=0\r\n", "to": session })),
        ],
        SignalKind::Ice => vec![
            made("p2p", json!({ "sdp": "candidate:1 1 UDP 1 127.0.0.1 9 typ host", "to": "bob" })),
            made(
                GROUP,
                json!({ "sdp": { "candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0 }, "to": session }),
            ),
            made(
                "p2p",
                json!({ "sdp": { "candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "f00d",
                    "newer": [1] } }),
            ),
            made("p2p", json!({ "sdp": {} })),
        ],
    }
}

/// Invalid variants that exist for every signal alike, each with its error.
fn common(message: &Value) -> Vec<(String, Value)> {
    let mut invalid = missing(
        message,
        &[
            "/action",
            "/data",
            "/data/s",
            "/data/ch",
            "/data/rid",
            "/data/ss",
            "/data/ss/userId",
            "/data/ss/sessionId",
            "/data/ss/deviceId",
        ],
    );
    invalid.extend(wrong(
        message,
        vec![
            ("/action", json!("dance"), "is no action"),
            ("/data/s", json!("DANCE"), "does not fit `action`"),
            ("/data/ch", json!("p3p"), "is no type of room"),
            ("/data/rid", json!("a/b"), "has a character that is not allowed"),
            ("/data/rid", json!(".."), "is no name for a room"),
            ("/data/rid", json!(""), "is empty"),
            ("/data/rid", json!("r".repeat(129)), "is longer than 128 characters"),
            ("/data/rid", json!(7), "is no text"),
            ("/data/ss/userId", json!("zoë"), "is not printable ASCII"),
            ("/data/ss/category", json!("film"), "is no category"),
            ("/data/ss/host", json!("web"), "is no host"),
            ("/data/ss/deviceId", json!("d".repeat(257)), "is longer than 256 characters"),
            ("/data/ss", json!(["ann", "ann-1", "stream", "Web", "laptop"]), "is no object"),
        ],
    ));
    invalid.push(("the message is no object".to_owned(), json!(["leave", {}])));
    invalid.push(("`data` is no object".to_owned(), with(message, "/data", json!("LEAVE"))));
    invalid
}

/// Invalid variants of this kind of signal only, each with its error.
fn own(kind: SignalKind, message: &Value) -> Vec<(String, Value)> {
    let no_text = |path| wrong(message, vec![(path, json!(7), "is no text")]);
    let mut invalid = match kind {
        SignalKind::Join | SignalKind::Update | SignalKind::PublishRequest => {
            let mut invalid = missing(message, &["/data/ve", "/data/ae"]);
            invalid.extend(wrong(message, vec![("/data/ve", json!("yes"), "is no boolean")]));
            invalid
        }
        SignalKind::Kick => wrong(message, vec![("/data/revoke", json!("yes"), "is no boolean")]),
        SignalKind::Heartbeat => [missing(message, &["/data/bid"]), no_text("/data/bid")].concat(),
        SignalKind::Offer | SignalKind::Answer => [missing(message, &["/data/sdp"]), no_text("/data/sdp")].concat(),
        SignalKind::Ice => [
            missing(message, &["/data/sdp"]),
            wrong(message, vec![("/data/sdp", json!(7), "is neither text nor object")]),
        ]
        .concat(),
        _ => Vec::new(),
    };
    if kind == SignalKind::Join {
        invalid.extend(wrong(
            message,
            vec![
                ("/data/eg", json!("other"), "is no engine"),
                ("/data/op/roomCreating", json!(1), "is no boolean"),
                ("/data/op", json!("create"), "is no object"),
                ("/data/op/resumeFrom", json!("12"), "is no number"),
                ("/data/op/resumeFrom", json!(-1), "is negative"),
                ("/data/op/resumeFrom", json!(1.5), "is no whole number"),
                ("/data/op/resumeToken", json!(7), "is no text"),
                ("/data/op/n", json!("1732287600123"), "is no number"),
                ("/data/op/n", json!(-1), "is negative"),
                ("/data/op/n", json!(1_u64 << 53), "is not below 2^53"),
            ],
        ));
    }
    if kind.is_forwarded() {
        invalid.extend(wrong(
            message,
            vec![
                ("/data/sq", json!(7), "is the server's to give"),
                ("/data/c", json!(500), "would make an ack of a forwarded signal"),
            ],
        ));
    }
    if kind == SignalKind::Heartbeat {
        invalid.extend(wrong(
            message,
            vec![
                ("/data/bid", json!("b".repeat(257)), "is longer than 256 characters"),
                ("/data/send_ack", json!("no"), "is no boolean"),
                ("/data/send_ack", json!(0), "is no boolean"),
                ("/data/sq", json!("4"), "is no number"),
                ("/data/sq", json!(-1), "is negative"),
                ("/data/sq", json!(1.5), "is no whole number"),
            ],
        ));
    }
    if let Some(addressed) = valid(kind).last().filter(|last| last.pointer("/data/to").is_some()) {
        invalid.extend(missing(addressed, &["/data/to", "/data/to/userId", "/data/to/sessionId"]));
        invalid.extend(wrong(
            addressed,
            vec![("/data/to", json!(7), "is neither a user nor a session"), ("/data/to", json!(""), "is empty")],
        ));
    }
    invalid
}
