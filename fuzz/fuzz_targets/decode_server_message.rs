//! Checks that what is decoded as a message of the server is the same after writing and reading it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_protocol::ack::decode;

fuzz_target!(|text: &str| {
    if let Ok(message) = decode(text) {
        let written = message.encode();
        assert_eq!(decode(&written).expect("what is written is read"), message, "{written}");
    }
});
