//! Checks that what is decoded as a data signal is the same after writing and reading it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_protocol::data::decode;

fuzz_target!(|json: &[u8]| {
    if let Ok(signal) = decode(json) {
        let written = signal.to_json();
        assert_eq!(decode(written.as_bytes()).expect("what is written is read"), signal, "{written}");
    }
});
