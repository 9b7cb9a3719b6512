//! Frames in any order never make the reassembler hold more than its limit, and what is legal comes back whole.
//!
//! Input: the limit, then frames of one byte for the kind, one for the length, and the payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::frame::{Reassembler, fragments};

fuzz_target!(|input: &[u8]| {
    let [limit, size, frames @ ..] = input else { return };
    any_order(usize::from(*limit), frames);
    if let Ok(message) = std::str::from_utf8(frames) {
        legal(message, usize::from(*size) + 1);
    }
});

/// The message as it should be, beside the reassembler.
fn any_order(limit: usize, mut frames: &[u8]) {
    let mut reassembler = Reassembler::new(limit);
    let mut open: Option<Vec<u8>> = None;
    while let [kind, length, rest @ ..] = frames {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        frames = rest;
        let done = match kind % 4 {
            0 => reassembler.first(payload).map(|()| open = Some(payload.to_vec())),
            1 => reassembler.append(payload).map(|()| extend(&mut open, payload)),
            2 => reassembler.last(payload).map(|message| {
                extend(&mut open, payload);
                assert_eq!(open.take().as_deref(), Some(message.as_bytes()));
                assert!(message.len() <= limit);
            }),
            _ => {
                let checked = reassembler.whole(payload.len());
                assert_eq!(checked.is_ok(), open.is_none() && payload.len() <= limit);
                continue;
            }
        };
        assert!(open.as_ref().is_none_or(|open| open.len() <= limit), "more than the limit is held");
        // A violation closes the connection.
        if let Err(code) = done {
            assert!(matches!(code, CloseCode::Protocol | CloseCode::TooBig | CloseCode::InvalidUtf8));
            return;
        }
    }
}

fn extend(open: &mut Option<Vec<u8>>, payload: &[u8]) {
    open.as_mut().expect("a fragment was taken, so a message is open").extend_from_slice(payload);
}

fn legal(message: &str, size: usize) {
    let mut reassembler = Reassembler::new(message.len());
    reassembler.first(&[]).expect("nothing is open");
    for frame in fragments(message, size) {
        assert!(frame.len() <= size);
        reassembler.append(frame).expect("within the limit");
    }
    assert_eq!(reassembler.last(&[]).expect("UTF-8"), message);
}
