//! Benchmarks of reading a message, beside a full parse of the same text.
//!
//! Per signal: `decode` (what the server does with each message), `relay` (decoding and the recipient's number,
//! for signals that are forwarded), `value` (a full parse into `serde_json::Value`) and, for offers, candidates and
//! heartbeats, `raw value` (the same signal read with `serde_json` and its `RawValue`). Reading a 2 KB offer for relay
//! is to cost at most a quarter of its full parse.

mod raw_value;

use std::hint::black_box;

use bytestring::ByteString;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use roomcast_protocol::{ack, data, signal};
use serde_json::{Value, json};

/// Bytes of the offer's session description, in JSON.
const OFFER: usize = 2048;
/// Bytes of base64 in the data signal.
const MEDIA: usize = 60 * 1024;

fn session() -> Value {
    json!({
        "userId": "ada@example.org", "sessionId": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "category": "stream", "host": "Web", "deviceId": "Firefox 132 on Linux x86_64"
    })
}

fn message(action: &str, name: &str, members: &Value) -> String {
    let mut data = json!({ "s": name, "ch": "m2m", "rid": "stand-up", "ss": session() });
    let all = data.as_object_mut().expect("an object");
    all.extend(members.as_object().expect("an object").clone());
    json!({ "action": action, "data": data }).to_string()
}

/// A browser's offer of sound and picture, cut or filled up with codecs to the length wanted.
fn description() -> String {
    let mut lines = vec![
        "v=0".to_owned(),
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1".into(),
        "s=-".into(),
        "t=0 0".into(),
        "a=group:BUNDLE 0 1".into(),
        "a=msid-semantic: WMS 1f3c2b6e-1c5a-4f0f-8d5e-7f1e7b0a6f11".into(),
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126".into(),
        "c=IN IP4 0.0.0.0".into(),
        "a=rtcp:9 IN IP4 0.0.0.0".into(),
        "a=ice-ufrag:h4Xb".into(),
        "a=ice-pwd:8sFQ0bX7bq8n2aK5mJ9dYt3w".into(),
        "a=ice-options:trickle".into(),
        "a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3F:4C:65:F7:10:2A:9D:0E:55:B1:7E:60".into(),
        "a=setup:actpass".into(),
        "a=mid:0".into(),
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level".into(),
        "a=sendrecv".into(),
        "a=rtcp-mux".into(),
        "a=rtpmap:111 opus/48000/2".into(),
        "a=fmtp:111 minptime=10;useinbandfec=1".into(),
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101".into(),
        "c=IN IP4 0.0.0.0".into(),
        "a=mid:1".into(),
        "a=sendrecv".into(),
        "a=rtcp-mux".into(),
        "a=rtcp-rsize".into(),
    ];
    let mut length: usize = lines.iter().map(|line| line.len() + 4).sum();
    for codec in (96..).step_by(2) {
        for line in [
            format!("a=rtpmap:{codec} H264/90000"),
            format!("a=rtcp-fb:{codec} nack pli"),
            format!("a=fmtp:{codec} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
        ] {
            length += line.len() + 4;
            if length > OFFER {
                return lines.join("\r\n") + "\r\n";
            }
            lines.push(line);
        }
    }
    unreachable!("codecs fill any offer")
}

fn data_signal() -> String {
    let media = "AAECAwQF".repeat(MEDIA / 8);
    json!({
        "action": "updatePart", "version": "1", "id": "67e55044-10b1-426f-9247-bb680e5fe0c8",
        "timestamp": "1732287600123", "numbytes": MEDIA / 4 * 3,
        "payload": {
            "playlist": { "id": "main" }, "variant": { "id": "v0" },
            "segment": { "id": "s7.m4s", "sequence": 7 },
            "part": { "id": "p21.m4s", "sequence": 0, "duration": 0.33333, "independent": true, "data": media }
        }
    })
    .to_string()
}

fn client_signals() -> Vec<(&'static str, String)> {
    let to = json!({ "userId": "grace@example.org", "sessionId": "9b2d7c54-0d6c-4f0e-8f0e-2b8f6f0c1a77" });
    let candidate = json!({
        "candidate": "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.7 rport 46154 generation 0 ufrag h4Xb network-cost 999",
        "sdpMid": "0", "sdpMLineIndex": 0
    });
    let options = json!({ "roomCreating": true, "resumeToken": "" });
    let sdp = description();
    vec![
        ("offer 2 KB", message("offer", "OFFER", &json!({ "to": to, "sdp": sdp, "op": { "restarting": false } }))),
        ("answer 2 KB", message("answer", "ANSWER", &json!({ "to": to, "sdp": sdp }))),
        ("ice 200 B", message("iceCandidate", "ICE", &json!({ "to": to, "sdp": candidate }))),
        ("watch", message("watch", "WATCH", &json!({ "to": "grace@example.org" }))),
        ("kick", message("kick", "KICK", &json!({ "to": "grace@example.org" }))),
        (
            "publish request",
            message("publishRequest", "PUBLISH_REQUEST", &json!({ "ve": true, "ae": true, "msg": "Hi" })),
        ),
        ("publish accept", message("publishAccept", "PUBLISH_ACCEPT", &json!({ "to": to }))),
        ("publish reject", message("publishReject", "PUBLISH_REJECT", &json!({ "to": to }))),
        ("heartbeat", message("heartbeat", "HEARTBEAT", &json!({ "bid": "417", "sq": 12 }))),
        ("join", message("join", "JOIN", &json!({ "ve": true, "ae": true, "eg": "native", "op": options }))),
        ("update", message("updateVideo", "UPDATE", &json!({ "ve": false, "ae": true }))),
        ("leave", message("leave", "LEAVE", &json!({}))),
    ]
}

fn signals(criterion: &mut Criterion) {
    for (name, text) in client_signals() {
        let text = ByteString::from(text);
        let forwarded = signal::decode(text.clone()).expect("a signal").kind().is_forwarded();
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("decode", |bencher| bencher.iter(|| signal::decode(black_box(text.clone()))));
        if forwarded {
            group.bench_function("relay", |bencher| {
                bencher.iter(|| signal::decode(black_box(text.clone())).map(|signal| ack::numbered(17, signal.raw())));
            });
        }
        group.bench_function("value", |bencher| bencher.iter(|| serde_json::from_str::<Value>(black_box(&*text))));
        if let Some(signal) = raw_value::decode(text.clone()) {
            assert_eq!(Ok(signal), signal::decode(text.clone()), "both read the same");
            group.bench_function("raw value", |bencher| bencher.iter(|| raw_value::decode(black_box(text.clone()))));
        }
        group.finish();
    }
}

fn data_signals(criterion: &mut Criterion) {
    let text = data_signal();
    let mut group = criterion.benchmark_group("data signal 60 KB");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("decode", |bencher| bencher.iter(|| data::signal::decode(black_box(text.as_bytes()))));
    group.bench_function("value", |bencher| bencher.iter(|| serde_json::from_str::<Value>(black_box(&*text))));
    group.finish();
}

criterion_group!(benches, signals, data_signals);
criterion_main!(benches);
