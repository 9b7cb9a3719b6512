//! Vectors of server messages.

use serde_json::{Value, json};

use super::{Vectors, client, missing, with, wrong};
use crate::signal::SignalKind;

pub(super) fn vectors() -> Vec<Vectors> {
    let mut all = vec![
        join_ack(),
        heartbeat_ack(),
        renew_ack(),
        list_changed(),
        keepalive(),
        room_closed(),
        gap(),
        resend(),
        error_ack(),
    ];
    all.extend(SignalKind::ALL.iter().filter(|kind| kind.is_forwarded()).map(|kind| forwarded(*kind)));
    all
}

fn participant() -> Value {
    json!({ "id": "ann-1", "role": "admin", "video": true, "audio": true, "publish": true, "userId": "ann", "sessionId": "ann-1",
        "host": "Web", "category": "stream", "deviceId": "laptop" })
}

fn join_ack() -> Vectors {
    let body = json!({ "rid": "demo", "pps": [participant()], "pt": "admin", "eg": "native", "resumed": false, "sq": 0, "rt": "kq3v",
        "hb": { "interval": 3000, "timeout": 10000 }, "es": { "icfg": { "is": [], "iceServers": [] } } });
    let plain = json!({ "c": 200, "s": "JOIN", "b": body });
    let mut broadcast = plain.clone();
    let numbered = with(&plain, "/b/n", json!(1_732_287_600_123_u64));
    let limited = with(&plain, "/b/lim", json!({ "frame": 32_768, "message": 131_072 }));
    broadcast["b"]["hls"] = json!({ "ingest": { "url": "/rooms/demo/data", "token": "t0k", "expires": 1_732_287_600_000_u64 },
        "playlists": ["/live/demo/main/playlist.m3u8"] });
    broadcast["b"]["es"]["icfg"] = json!({ "is": ["turn:turn.example.com"],
        "iceServers": [{ "urls": ["turn:turn.example.com"], "username": "1732287600:ann", "credential": "c2VjcmV0" }] });
    let mut invalid =
        missing(&plain, &["/b", "/s", "/b/rid", "/b/pps", "/b/pt", "/b/resumed", "/b/sq", "/b/rt", "/b/hb", "/b/es"]);
    invalid.extend(wrong(
        &plain,
        vec![
            ("/b/pt", json!("king"), "is no role"),
            ("/b/pps", json!({}), "is no list"),
            ("/b/sq", json!(-1), "is negative"),
            ("/b/hb/interval", json!("3s"), "is no number"),
            ("/b/rid", json!("a b"), "has a character that is not allowed"),
            ("/c", json!("200"), "is no number"),
            ("/b/lim", json!(32_768), "is no object"),
            ("/b/lim", json!({ "frame": 32_768 }), "lacks `message`"),
            ("/b/n", json!("7"), "is no number"),
            ("/b/n", json!(1_u64 << 53), "is not below 2^53"),
        ],
    ));
    Vectors { message: "JoinAck", valid: vec![plain, broadcast, numbered, limited], invalid }
}

fn heartbeat_ack() -> Vectors {
    let full = json!({ "c": 200, "s": "HEARTBEAT", "b": { "pps": [participant()], "rid": "demo", "bid": "17" } });
    let empty = json!({ "c": 200, "s": "HEARTBEAT", "b": { "pps": [], "rid": "demo", "bid": "" } });
    let numbered = with(&full, "/b/n", json!(12));
    let mut invalid = missing(&full, &["/b", "/b/pps", "/b/rid", "/b/bid", "/b/pps/0/role"]);
    invalid.extend(wrong(
        &full,
        vec![
            ("/b/bid", json!(17), "is no text"),
            ("/b/pps/0/video", json!(1), "is no boolean"),
            ("/b/n", json!(-1), "is negative"),
        ],
    ));
    Vectors { message: "HeartbeatAck", valid: vec![full, empty, numbered], invalid }
}

fn renew_ack() -> Vectors {
    let message = |exp: u64| json!({ "c": 200, "s": "RENEW", "b": { "exp": exp } });
    let full = message(1_732_287_600);
    let mut invalid = missing(&full, &["/b", "/b/exp"]);
    invalid.extend(wrong(&full, vec![("/b/exp", json!("soon"), "is no number"), ("/b/exp", json!(-1), "is negative")]));
    Vectors { message: "RenewAck", valid: vec![full, message(1)], invalid }
}

fn list_changed() -> Vectors {
    let full =
        json!({ "sq": 3, "c": 200, "s": "PUBLISH_LIST_CHANGED", "b": { "rid": "demo", "pps": [participant()] } });
    let mut playing = full.clone();
    playing["b"]["pps"][0]["hls"] = json!("/live/demo/main/playlist.m3u8");
    let mut invalid = missing(&full, &["/sq", "/b", "/b/rid", "/b/pps", "/b/pps/0/userId"]);
    invalid.extend(wrong(
        &full,
        vec![("/sq", json!("3"), "is no number"), ("/b/pps/0/host", json!("Toaster"), "is no host")],
    ));
    Vectors { message: "PublishListChangedAck", valid: vec![full, playing], invalid }
}

fn keepalive() -> Vectors {
    let message = |ts: u64| json!({ "c": 200, "s": "KEEPALIVE", "b": { "ts": ts } });
    let full = message(1_732_287_600_123);
    let mut invalid = missing(&full, &["/b", "/b/ts"]);
    invalid.extend(wrong(&full, vec![("/b/ts", json!("now"), "is no number"), ("/b/ts", json!(-1), "is negative")]));
    Vectors { message: "KeepAliveAck", valid: vec![full, message(0)], invalid }
}

fn room_closed() -> Vectors {
    let message = |reason: &str| json!({ "c": 200, "s": "ROOM_CLOSED", "b": { "rid": "demo", "reason": reason } });
    let full = message("ended");
    let mut invalid = missing(&full, &["/b", "/b/rid", "/b/reason"]);
    invalid.extend(wrong(&full, vec![("/b/reason", json!("bored"), "is no reason")]));
    Vectors {
        message: "RoomClosedAck",
        valid: vec![full, message("empty"), message("admin"), message("denied")],
        invalid,
    }
}

fn gap() -> Vectors {
    let message = |from: u64, to: u64| json!({ "c": 200, "s": "GAP", "b": { "rid": "demo", "from": from, "to": to } });
    let full = message(3, 9);
    let mut invalid = missing(&full, &["/b", "/b/rid", "/b/from", "/b/to"]);
    invalid.extend(wrong(&full, vec![("/b/from", json!("3"), "is no number")]));
    Vectors { message: "GapAck", valid: vec![full, message(1, 1)], invalid }
}

fn resend() -> Vectors {
    let message = |n: u64| json!({ "c": 200, "s": "RESEND", "b": { "rid": "demo", "n": n } });
    let full = message(1_732_287_600_123);
    let mut invalid = missing(&full, &["/b", "/b/rid", "/b/n"]);
    invalid.extend(wrong(
        &full,
        vec![("/b/n", json!("3"), "is no number"), ("/b/n", json!(1_u64 << 53), "is not below 2^53")],
    ));
    Vectors { message: "ResendAck", valid: vec![full, message(0)], invalid }
}

fn error_ack() -> Vectors {
    let quoted = json!({ "c": 2001, "s": "UNKNOWN", "b": { "req": { "action": "dance", "data": {} }, "msg": "there is no action \"dance\"" } });
    let short = json!({ "c": 4001, "s": "JOIN", "b": { "msg": "there is no such room" } });
    let renewal = json!({ "c": 4041, "s": "RENEW", "b": { "msg": "the token ended 3 s ago" } });
    let mut invalid = missing(&quoted, &["/s", "/b", "/b/msg"]);
    invalid.extend(wrong(
        &quoted,
        vec![
            ("/c", json!(4711), "is no ack code"),
            ("/s", json!("DANCE"), "is no signal"),
            ("/b/req", json!("dance"), "is no object"),
            ("/b/msg", json!(null), "is no text"),
        ],
    ));
    Vectors { message: "ErrorAck", valid: vec![quoted, short, renewal], invalid }
}

fn forwarded(kind: SignalKind) -> Vectors {
    let number = |message: &Value, number: u64| {
        let mut object = json!({ "sq": number });
        let members = object.as_object_mut().expect("it is an object");
        members.extend(message["data"].as_object().expect("data is an object").clone());
        object
    };
    let valid: Vec<Value> = client::valid(kind).iter().zip(1..).map(|(message, sq)| number(message, sq)).collect();
    let mut invalid = missing(&valid[0], &["/sq", "/s", "/rid", "/ss", "/ch"]);
    invalid.extend(wrong(
        &valid[0],
        vec![
            ("/sq", json!("1"), "is no number"),
            ("/s", json!("JOIN"), "is never forwarded"),
            ("/rid", json!("?"), "is no room id"),
        ],
    ));
    Vectors { message: forwarded_name(kind), valid, invalid }
}

const fn forwarded_name(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Kick => "ForwardedKick",
        SignalKind::PublishRequest => "ForwardedPublishRequest",
        SignalKind::PublishAccept => "ForwardedPublishAccept",
        SignalKind::PublishReject => "ForwardedPublishReject",
        SignalKind::Offer => "ForwardedOffer",
        SignalKind::Answer => "ForwardedAnswer",
        SignalKind::Ice => "ForwardedIce",
        SignalKind::Watch => "ForwardedWatch",
        SignalKind::Join | SignalKind::Leave | SignalKind::Heartbeat | SignalKind::Update | SignalKind::Renew => {
            client::name(kind)
        }
    }
}
