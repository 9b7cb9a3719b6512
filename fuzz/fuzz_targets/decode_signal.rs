//! Checks that what is decoded as a signal is decoded from its own text again, and once numbered it is a forwarded
//! signal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_protocol::ack::{Reply, ServerMessage, decode as decode_server, numbered, read};
use roomcast_protocol::signal::{decode, decode_data};

fuzz_target!(|text: &str| {
    let signal = match decode(text) {
        Ok(signal) => signal,
        Err(refusal) => {
            assert!(refusal.reason.len() < 4096, "a reason without bound");
            return;
        }
    };
    assert_eq!(&*signal.message, text);
    let raw = signal.raw();
    let alone = decode_data(signal.kind(), raw).expect("the data object is a signal");
    assert_eq!((&alone.head, &alone.body), (&signal.head, &signal.body));
    let spelled = format!(r#"{{ "data": {raw}, "action": "{}" }}"#, signal.kind().action());
    let again = decode(spelled).expect("the order of members means nothing");
    assert_eq!((&again.head, &again.body, again.raw()), (&signal.head, &signal.body, raw));
    if signal.kind().is_forwarded() {
        forwarded(&numbered(7, raw));
    }
});

fn forwarded(text: &str) {
    assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "what is passed on is JSON for every reader");
    let reply = read(text).expect("a forwarded signal is read");
    let Reply::Forwarded(forwarded) = reply else { panic!("no forwarded signal: {reply:?}") };
    assert_eq!((forwarded.sequence, &*numbered(7, &forwarded.signal())), (7, text));
    let message = decode_server(text).expect("a forwarded signal is read");
    assert!(matches!(message, ServerMessage::Forwarded(7, _)));
}
