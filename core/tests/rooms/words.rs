//! Between the words of the wire and the short forms in which model and room are compared.

use proptest::test_runner::TestCaseError;
use roomcast_protocol::ack::{Participant, Reply, read};
use roomcast_protocol::signal::{RoomType, Signal, SignalKind, decode};
use serde_json::{Value, json};

use crate::command::{Key, To, What};

const USERS: [&str; 4] = ["ann", "bob", "eve", "joe"];

pub fn user(user: u8) -> &'static str {
    USERS[usize::from(user)]
}

pub fn session(key: Key) -> String {
    format!("{}-{:02}", user(key.0), key.1)
}

pub fn is_screen(key: Key) -> bool {
    key.1.is_multiple_of(2)
}

fn recipient(to: To) -> Value {
    match to {
        To::User(name) => json!(user(name)),
        To::Session(key) => json!({"userId": user(key.0), "sessionId": session(key)}),
    }
}

/// The members of a signal of their own, and its `action`. `claim` is the number a heartbeat confirms.
fn members(what: What, claim: Option<u64>, mark: u64) -> (&'static str, Value) {
    let sdp = |to: Option<To>| to.map_or_else(|| json!({"sdp": "x"}), |to| json!({"sdp": "x", "to": recipient(to)}));
    match what {
        What::Leave => ("leave", json!({})),
        What::Beat { ack, .. } => {
            let mut beat = json!({"bid": format!("b{mark}"), "send_ack": ack});
            claim.inspect(|claim| beat["sq"] = json!(claim));
            ("heartbeat", beat)
        }
        What::Update(video, audio) => ("updateVideo", json!({"ve": video, "ae": audio})),
        What::Kick(to) => ("kick", json!({"to": recipient(to)})),
        What::Request(video, audio) => ("publishRequest", json!({"ve": video, "ae": audio})),
        What::Accept(to) => ("publishAccept", json!({"to": recipient(to)})),
        What::Reject(to) => ("publishReject", json!({"to": recipient(to)})),
        What::Offer(to) => ("offer", sdp(to)),
        What::Answer(to) => ("answer", sdp(to)),
        What::Ice(to) => ("iceCandidate", sdp(to)),
        What::Watch(to) => ("watch", json!({"to": recipient(to)})),
        What::WrongType => ("heartbeat", json!({"bid": "b"})),
    }
}

/// A signal as the session hands it to the room; nothing when it would not: `to` is missing where it must not be.
pub fn signal(room_type: RoomType, who: Key, what: What, claim: Option<u64>, mark: u64) -> Option<Signal> {
    let (action, more) = members(what, claim, mark);
    let told = match (what, room_type) {
        (What::WrongType, RoomType::P2p) => RoomType::P2m,
        (What::WrongType, _) => RoomType::P2p,
        _ => room_type,
    };
    decoded(told, who, action, more, mark)
}

pub fn join(room_type: RoomType, who: Key, creating: bool, from: Option<u64>, token: Option<String>) -> Signal {
    let mut options = json!({"roomCreating": creating});
    from.inspect(|from| options["resumeFrom"] = json!(from));
    token.inspect(|token| options["resumeToken"] = json!(token));
    decoded(room_type, who, "join", json!({"ve": true, "ae": true, "op": options}), 0).unwrap()
}

fn decoded(room_type: RoomType, who: Key, action: &str, more: Value, mark: u64) -> Option<Signal> {
    let category = if is_screen(who) { "screenshare" } else { "stream" };
    let name = SignalKind::from_action(action).unwrap().name();
    let mut data = json!({"s": name, "ch": room_type, "rid": "demo", "mark": mark, "ss": {"userId": user(who.0),
        "sessionId": session(who), "category": category, "host": "Web", "deviceId": "d"}});
    let Value::Object(more) = more else { return None };
    data.as_object_mut().unwrap().extend(more);
    decode(json!({"action": action, "data": data}).to_string().as_str()).ok()
}

fn list(participants: &Value) -> String {
    let list: Vec<Participant> = serde_json::from_value(participants.clone()).unwrap();
    let entry = |entry: &Participant| {
        assert_eq!(entry.id, entry.session_id);
        let role = serde_json::to_value(entry.role).unwrap();
        let role = role.as_str().unwrap().to_owned();
        participant(entry.session_id.as_str(), &role, entry.video, entry.audio, entry.publish)
    };
    list.iter().map(entry).collect()
}

/// One entry of a list in its short form.
pub fn participant(session: &str, role: &str, video: bool, audio: bool, publish: bool) -> String {
    format!("({session} {role} {}{}{})", u8::from(video), u8::from(audio), u8::from(publish))
}

/// The short form of a message of the room.
pub fn short(text: &str) -> Result<String, TestCaseError> {
    let ack = match read(text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))? {
        Reply::Forwarded(forwarded) => {
            let signal: Value = serde_json::from_str(&forwarded.signal()).unwrap();
            return Ok(format!("#{} {} {}", forwarded.sequence, signal["s"].as_str().unwrap(), signal["mark"]));
        }
        Reply::Ack(ack) => ack,
    };
    let body: Value = serde_json::from_str(ack.body).unwrap();
    Ok(match (ack.code, &*ack.name) {
        (200, "JOIN") => {
            let (role, token) = (body["pt"].as_str().unwrap(), body["rt"].as_str().unwrap());
            let ingest = if body["hls"]["ingest"].is_object() { " ingest" } else { "" };
            let resumed = if body["resumed"] == true { " resumed" } else { "" };
            format!("JOIN {role}{resumed} sq={} {token}{ingest} {}", body["sq"], list(&body["pps"]))
        }
        (200, "HEARTBEAT") => format!("BEAT {} {}", body["bid"].as_str().unwrap(), list(&body["pps"])),
        (200, "PUBLISH_LIST_CHANGED") => format!("#{} LIST {}", ack.sequence.unwrap(), list(&body["pps"])),
        (200, "ROOM_CLOSED") => format!("CLOSED {}", body["reason"].as_str().unwrap()),
        (200, "GAP") => format!("GAP {}-{}", body["from"], body["to"]),
        (code, name) => format!("{code} {name}"),
    })
}
