//! Test of the memory that reading takes: never more than a message of the greatest length, and a little.
//!
//! The allocations of the whole process are counted, so this file has one test.

use bytestring::ByteString;
use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use roomcast_protocol::frame::{Reassembler, fragments};
use roomcast_protocol::limits::{MAX_FRAME, MAX_MESSAGE};
use roomcast_protocol::{ack, data, signal};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that reading may hold beyond the greatest message: ids, short errors, the lists of a server's message.
const LITTLE: usize = 32 * 1024;

/// The most that was held at once beyond what was held before.
fn peak<T>(work: impl FnOnce() -> T) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    drop(work());
    MEMORY.peak_usage().saturating_sub(before)
}

fn check(text: &str) {
    assert!(text.len() <= MAX_MESSAGE);
    let start: String = text.chars().take(60).collect();
    let within = |what: &str, held: usize| {
        if std::env::var_os("MEMORY_SHOW").is_some() {
            eprintln!("{what} {:.2} {start}", held as f64 / MAX_MESSAGE as f64);
        }
        assert!(held <= MAX_MESSAGE + LITTLE, "{what} held {held} bytes for {start}");
    };
    let message = ByteString::from(text);
    within("signal", peak(|| signal::decode(message)));
    within("server message", peak(|| ack::decode(text)));
    within("data signal", peak(|| data::signal::decode(text.as_bytes())));
    within("frames", peak(|| reassemble(text)));
}

fn reassemble(text: &str) -> Option<String> {
    let mut reassembler = Reassembler::new(MAX_MESSAGE);
    reassembler.first(&[]).ok()?;
    for frame in fragments(text, MAX_FRAME) {
        reassembler.append(frame).ok()?;
    }
    reassembler.last(&[]).ok()
}

/// `open`, as many of `unit` as there is room for, `close`.
fn filled(open: &str, unit: &str, close: &str) -> String {
    let room = MAX_MESSAGE - open.len() - close.len();
    [open, &unit.repeat(room / unit.len()), close].concat()
}

const PARTICIPANT: &str = r#"{"id":"s","role":"admin","video":true,"audio":true,"publish":true,"userId":"u","sessionId":"s","host":"Web","category":"stream","deviceId":""}"#;

/// Messages that are expensive to read: long strings with and without escapes where the reader wants an id or a word,
/// and trees of small values.
fn greedy() -> Vec<String> {
    let mut messages = Vec::new();
    for unit in ["a", "\\n", "\\u0001", "\u{200b}", "\\\\", "é"] {
        let session = r#""ss":{"userId":"u","sessionId":"s","category":"stream","host":"Web","deviceId":""#;
        let start = r#"{"action":"offer","data":{"s":"OFFER","ch":"p2p","rid":"r","#;
        messages.push(filled(&format!("{start}{session}"), unit, r#""},"sdp":"v=0"}}"#));
        messages.push(filled(&format!(r#"{start}{session}"}},"sdp":""#), unit, r#""}}"#));
        messages.push(filled(&format!(r#"{start}{session}"}},"sdp":"v=0","op":""#), unit, r#""}}"#));
        messages.push(filled(&format!(r#"{start}"to":""#), unit, r#""}}"#));
        messages.push(filled(&format!(r#"{start}""#), unit, r#"":1}}"#));
        messages.push(filled(r#"{"action":""#, unit, r#"","data":{}}"#));
        messages.push(filled(r#"{"action":"offer","data":{"s":""#, unit, r#""}}"#));
        messages.push(filled(r#"{"action":"offer","data":{"s":"OFFER","ch":""#, unit, r#""}}"#));
        messages.push(filled(r#"{"action":"offer","data":""#, unit, r#""}"#));
        messages.push(filled(r#"{"c":200,"s":"JOIN","b":{"rid":""#, unit, r#""}}"#));
        messages.push(filled(r#"{"c":500,"s":"JOIN","b":{"msg":""#, unit, r#""}}"#));
        messages.push(filled(r#"{"action":"updatePart","payload":{"part":{"data":""#, unit, r#""}}}"#));
        messages.push(filled(r#"{"c":200,"s":""#, unit, r#""}"#));
        messages.push(filled(&format!(r#"{{"sq":1,"s":"OFFER",{session}"#), unit, r#""}}"#));
    }
    for (unit, close) in [("0,", "0]"), ("[],", "0]"), ("{},", "0]"), (r#"{"":0},"#, "0]"), ("[", "")] {
        messages.push(filled("[", unit, close));
        messages.push(filled(r#"{"c":200,"s":"JOIN","b":["#, unit, &format!("{close}}}")));
        messages.push(filled(r#"{"c":500,"s":"JOIN","b":{"msg":"","req":{"":["#, unit, &format!("{close}}}}}}}")));
        messages.push(filled(r#"{"sq":1,"s":"OFFER","x":["#, unit, &format!("{close}}}")));
        messages.push(filled(r#"{"action":"offer","data":{"s":"OFFER","x":["#, unit, &format!("{close}}}}}")));
    }
    let lists = [
        (r#"{"c":200,"s":"JOIN","b":{"es":{"icfg":{"is":["#, r#""""#, "]}}}}"),
        (r#"{"c":200,"s":"JOIN","b":{"es":{"icfg":{"iceServers":["#, r#"{"urls":[]}"#, "]}}}}"),
        (r#"{"c":200,"s":"PUBLISH_LIST_CHANGED","sq":1,"b":{"rid":"r","pps":["#, PARTICIPANT, "]}}"),
    ];
    for (open, item, close) in lists {
        messages.push(filled(open, &format!("{item},"), &format!("{item}{close}")));
        messages.push(format!("{open}{}{item}{close}", format!("{item},").repeat(200)));
    }
    messages
}

fn json() -> impl Strategy<Value = String> {
    let word = prop_oneof![Just("s"), Just("ch"), Just("ss"), Just("b"), Just("sq"), Just("c"), Just("action")];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<u64>().prop_map(|number| number.to_string()),
        "[ -!#-Z^-~]{0,40}".prop_map(|text| format!("\"{text}\"")),
        prop_oneof![Just("OFFER"), Just("offer"), Just("JOIN")].prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(6, 400, 20, move |inner| {
        let member = (word.clone(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..20).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..20).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

#[test]
fn reading_takes_no_more_than_the_message_limit() {
    for message in greedy() {
        check(&message);
    }
    let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
    let any_json = (json(), 1_usize..2000).prop_map(|(value, times)| {
        let fits = times.min(MAX_MESSAGE / (value.len() + 1) - 1).max(1);
        format!("[{}{value}]", format!("{value},").repeat(fits - 1))
    });
    runner
        .run(&any_json, |text| {
            check(&text);
            Ok(())
        })
        .unwrap();
    let bytes = prop::collection::vec(any::<u8>(), 0..MAX_MESSAGE / 3);
    runner
        .run(&bytes, |bytes| {
            check(&String::from_utf8_lossy(&bytes));
            Ok(())
        })
        .unwrap();
}
