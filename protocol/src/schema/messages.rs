//! The schemas of whole messages: envelopes around the types' own schemas.
//!
//! Rules that join two members become shapes of their own (a signal with `to` in group rooms, a part of a variant
//! or of a rendition), because generators of other languages keep shapes and lose conditions.

use serde_json::{Value, json};

use super::compose::{Document, constant, merge, object_of, remove, require};
use crate::ack::{Gap, HeartbeatAck, JoinAck, KeepAlive, PublishList, Renewed, Resend, RoomClosed, name};
use crate::code::AckCode;
use crate::data::answer::NAMES;
use crate::data::{DataAckBody, EndStream, UpdatePart, UpdateRendition, UpdateSegment, UpdateVariant};
use crate::signal::{
    Answer, Head, Heartbeat, IceCandidate, Join, Kick, Numbered, Offer, PublishRequest, Renew, RoomType, SignalKind,
    Update,
};

pub(super) fn client_messages() -> Value {
    let mut document = Document::new();
    let mut messages = Vec::new();
    for kind in SignalKind::OF_ROOMS {
        let shapes = shapes(&mut document, *kind);
        for (name, mut data) in shapes {
            if kind.is_forwarded() {
                merge(&mut data, &reserved());
            }
            let members = vec![
                ("action", constant("The name of the message, which fits `s` of `data`.", kind.action())),
                ("data", data),
            ];
            messages.push((
                name.clone(),
                object_of(&name, &format!("The message with signal {}.", kind.name()), members, &[]),
            ));
        }
    }
    messages.push(("Renew".to_owned(), renew(&mut document)));
    let text = "Messages of a client: a text message with one of these. Unknown members are ignored.";
    document.finish("client-messages", "ClientMessage", text, messages)
}

/// `RENEW`, which has no common members.
fn renew(document: &mut Document) -> Value {
    let kind = SignalKind::Renew;
    let text = format!("Signal {}: another access token for the connection, before or after JOIN.", kind.name());
    let mut data = object_of("RenewData", &text, vec![("s", constant("The name of the signal.", kind.name()))], &[]);
    merge(&mut data, &document.object::<Renew>());
    let members =
        vec![("action", constant("The name of the message, which fits `s` of `data`.", kind.action())), ("data", data)];
    object_of("Renew", &format!("The message with signal {}.", kind.name()), members, &[])
}

/// Members that a signal to be forwarded must not have: the recipient's number, and the member that makes a message an
/// ack. They are described as members that are never more than null, which generators keep; the decoder wants them left
/// out altogether.
fn reserved() -> Value {
    let left_out = |what: &str| json!({ "description": format!("{what}: leave it out."), "type": "null" });
    json!({ "properties": {
        "sq": left_out("The recipient's sequence number, which is the server's to give"),
        "c": left_out("The code, by which an ack is known"),
    } })
}

pub(super) fn server_messages() -> Value {
    let mut document = Document::new();
    let mut messages = vec![
        ack::<JoinAck>(&mut document, "JoinAck", SignalKind::Join.name(), "Ack of JOIN."),
        ack::<HeartbeatAck>(&mut document, "HeartbeatAck", SignalKind::Heartbeat.name(), "Ack of HEARTBEAT."),
        ack::<Renewed>(&mut document, "RenewAck", SignalKind::Renew.name(), "Ack of RENEW."),
        list_changed(&mut document),
        ack::<KeepAlive>(
            &mut document,
            "KeepAliveAck",
            name::KEEPALIVE,
            "Nothing was said for minutes; no answer is owed.",
        ),
        ack::<RoomClosed>(&mut document, "RoomClosedAck", name::ROOM_CLOSED, "The room is gone."),
        ack::<Gap>(&mut document, "GapAck", name::GAP, "Sequence numbers that cannot be delivered any more."),
        ack::<Resend>(&mut document, "ResendAck", name::RESEND, "The client sends the unconfirmed signals again."),
        error_ack(),
    ];
    for kind in SignalKind::OF_ROOMS.iter().filter(|kind| kind.is_forwarded()) {
        for (name, mut data) in shapes(&mut document, *kind) {
            let text = "The recipient's sequence number.";
            let number = json!({ "properties": { "sq": { "description": text, "type": "integer", "minimum": 1 } }, "required": ["sq"] });
            merge(&mut data, &number);
            data["title"] = json!(format!("Forwarded{name}"));
            data["description"] = json!("The sender's signal as sent, with the recipient's sequence number in front.");
            messages.push((format!("Forwarded{name}"), data));
        }
    }
    let text = "Messages of the server: acks (with `c`) and forwarded signals (without). Unknown members are ignored.";
    document.finish("server-messages", "ServerMessage", text, messages)
}

/// The `data` object of a signal, in the shapes it has.
fn shapes(document: &mut Document, kind: SignalKind) -> Vec<(String, Value)> {
    let group = [RoomType::M2m, RoomType::A2m];
    let pair = [RoomType::P2p, RoomType::P2m];
    let needs = |rooms: &[RoomType]| rooms.iter().any(|room| kind.needs_recipient(*room));
    let name = format!("{kind:?}");
    if needs(&group) == needs(&pair) {
        return vec![(name, shape(document, kind, None))];
    }
    let named = |suffix: &str, rooms, document: &mut Document| {
        let mut data = shape(document, kind, Some(rooms));
        let name = format!("{name}{suffix}");
        data["title"] = json!(format!("{name}Data"));
        (name, data)
    };
    vec![named("", &pair, document), named("InGroup", &group, document)]
}

fn shape(document: &mut Document, kind: SignalKind, rooms: Option<&[RoomType]>) -> Value {
    let mut data = object_of(
        &format!("{kind:?}Data"),
        &format!("Signal {}.", kind.name()),
        vec![("s", constant("The name of the signal.", kind.name()))],
        &[],
    );
    merge(&mut data, &document.object::<Head>());
    if let Some(own) = own_members(document, kind) {
        merge(&mut data, &own);
    }
    if kind.is_numbered() {
        merge(&mut data, &document.object::<Numbered>());
    }
    let room_type = rooms.map_or(RoomType::P2p, |rooms| rooms[0]);
    let addressed = kind.is_forwarded() && kind != SignalKind::PublishRequest;
    if !addressed {
        remove(&mut data, "to");
    } else if kind.needs_recipient(room_type) {
        data["properties"]["to"] = document.reference::<crate::signal::Recipient>();
        require(&mut data, "to");
    }
    let all = [RoomType::P2p, RoomType::M2m, RoomType::A2m, RoomType::P2m];
    let rooms: Vec<&RoomType> = rooms.unwrap_or(&all).iter().filter(|room| kind.allowed_in(**room)).collect();
    if rooms.len() < all.len() {
        data["properties"]["ch"] = json!({ "description": "The room's type; must be the room's own. In other types of room the signal is refused (2002).",
            "type": "string", "enum": rooms });
    }
    data
}

fn own_members(document: &mut Document, kind: SignalKind) -> Option<Value> {
    Some(match kind {
        SignalKind::Join => document.object::<Join>(),
        SignalKind::Heartbeat => document.object::<Heartbeat>(),
        SignalKind::Update => document.object::<Update>(),
        SignalKind::Kick => document.object::<Kick>(),
        SignalKind::PublishRequest => document.object::<PublishRequest>(),
        SignalKind::Offer => document.object::<Offer>(),
        SignalKind::Answer => document.object::<Answer>(),
        SignalKind::Ice => document.object::<IceCandidate>(),
        SignalKind::Leave
        | SignalKind::PublishAccept
        | SignalKind::PublishReject
        | SignalKind::Watch
        | SignalKind::Renew => {
            return None;
        }
    })
}

fn ack<B: schemars::JsonSchema>(document: &mut Document, title: &str, name: &str, text: &str) -> (String, Value) {
    let members = vec![
        ("c", constant("The code of a success.", AckCode::Ok.number())),
        ("s", constant("The name of the acknowledged signal, or of the server's own message.", name)),
        ("b", document.reference::<B>()),
    ];
    (title.to_owned(), object_of(title, text, members, &[]))
}

fn list_changed(document: &mut Document) -> (String, Value) {
    let (title, mut schema) = ack::<PublishList>(
        document,
        "PublishListChangedAck",
        name::PUBLISH_LIST_CHANGED,
        "The list of publishers or one of its entries changed.",
    );
    let number = json!({ "properties": { "sq": { "description": "The recipient's sequence number.", "type": "integer", "minimum": 1 } },
        "required": ["sq"] });
    merge(&mut schema, &number);
    (title, schema)
}

fn error_ack() -> (String, Value) {
    let codes: Vec<u16> = AckCode::ALL.iter().filter(|code| **code != AckCode::Ok).map(|code| code.number()).collect();
    let names: Vec<&str> = SignalKind::ALL.iter().map(|kind| kind.name()).chain([name::UNKNOWN]).collect();
    let request = json!({ "description": "The message as received; left out when it was no JSON object or does not fit.", "type": "object" });
    let reason = json!({ "description": "Description of the error, in one sentence.", "type": "string" });
    let body = object_of("ErrorBody", "Request and error.", vec![("req", request), ("msg", reason)], &["req"]);
    let members = vec![
        ("c", json!({ "description": "The ack code.", "type": "integer", "enum": codes })),
        (
            "s",
            json!({ "title": "RefusedSignal", "description": "The signal's name.", "type": "string", "enum": names }),
        ),
        ("b", body),
    ];
    ("ErrorAck".to_owned(), object_of("ErrorAck", "A signal was refused.", members, &[]))
}

pub(super) fn data_signals() -> Value {
    let mut document = Document::new();
    let variant = document.object::<UpdateVariant>();
    let rendition = document.object::<UpdateRendition>();
    let segment = document.object::<UpdateSegment>();
    let part = document.object::<UpdatePart>();
    let end = document.object::<EndStream>();
    let messages = vec![
        data_signal("UpdateVariant", "updateVariant", variant),
        data_signal("UpdateRendition", "updateRendition", rendition),
        data_signal("UpdateSegmentOfVariant", "updateSegment", of_track(&segment, "variant", "rendition")),
        data_signal("UpdateSegmentOfRendition", "updateSegment", of_track(&segment, "rendition", "variant")),
        data_signal("UpdatePartOfVariant", "updatePart", of_track(&part, "variant", "rendition")),
        data_signal("UpdatePartOfRendition", "updatePart", of_track(&part, "rendition", "variant")),
        data_signal("EndStream", "endStream", end),
    ];
    let text = "Uploads of a streamer. In application/json media is base64 in `data` members; in multipart/form-data they are \
        left out and the bytes come as the parts `data` and `map`.";
    document.finish("data-signals", "DataSignal", text, messages)
}

/// The payload for one kind of track: the one is required, the other is none.
fn of_track(payload: &Value, one: &str, other: &str) -> Value {
    let mut payload = payload.clone();
    remove(&mut payload, other);
    payload["properties"][other] = json!({ "description": "Never beside the other.", "type": "null" });
    payload["properties"][one] = json!({ "$ref": "#/$defs/TrackRef" });
    require(&mut payload, one);
    payload
}

fn data_signal(title: &str, action: &str, mut payload: Value) -> (String, Value) {
    payload["title"] = json!(format!("{title}Payload"));
    let number = "[0-9]";
    let uuid = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
    let members = vec![
        ("action", constant("The name of the data signal.", action)),
        ("version", json!({ "description": "The version of data signals.", "enum": [1, "1"] })),
        ("id", json!({ "description": "The sender's id of the signal, a UUID.", "type": "string", "pattern": uuid })),
        (
            "timestamp",
            json!({ "title": "Timestamp", "description": "Time at which it was sent, in milliseconds since 1970.",
                "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": format!("^{number}{{1,18}}$") }] }),
        ),
        ("numbytes", json!({ "description": "Decoded media bytes of this message.", "type": "integer", "minimum": 0 })),
        ("payload", payload),
    ];
    (title.to_owned(), object_of(title, &format!("The data signal {action}."), members, &[]))
}

pub(super) fn data_answers() -> Value {
    let mut document = Document::new();
    let codes: Vec<u16> = AckCode::ALL.iter().map(|code| code.number()).collect();
    let members = vec![
        (
            "c",
            json!({ "description": "The code. The answer's HTTP status is one of `statuses` of the code in `codes.json`: that of the code, \
            or, with 2001, one that says more exactly what is wrong.", "type": "integer", "enum": codes }),
        ),
        (
            "s",
            json!({ "title": "AnsweredSignal", "description": "The signal's name; INGEST for a push, AUTH_CHECK for a question to `/auth/check`, UNKNOWN where it could not be told.", "type": "string", "enum": NAMES }),
        ),
        ("b", document.reference::<DataAckBody>()),
    ];
    let answer = object_of("DataAnswer", "The answer to a data signal, a push or a refused request.", members, &[]);
    document.finish(
        "data-answers",
        "DataAnswers",
        "Answers of the server over HTTP: to data signals, to pushes, and to requests that it refuses.",
        vec![("DataAnswer".into(), answer)],
    )
}
