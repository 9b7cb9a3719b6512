//! The frames that were listed, and those that had to be.

use roomcast_media::{Ends, Item, Reader, Sample};

use crate::media::Push;
use crate::origin::Origin;

/// The numbers of the samples of a track over all segments, in order.
pub fn listed(origin: &Origin, track: u32) -> Vec<u64> {
    let init = Push { audio: Some(0), ..one() }.init();
    let mut numbers = Vec::new();
    for segment in origin.segments() {
        let mut reader = Reader::after(1 << 24, &init, Ends::default());
        reader.push(&segment.bytes).unwrap();
        while let Some(Item::Fragment(fragment)) = reader.next().unwrap() {
            numbers.extend(fragment.samples.iter().filter(|sample| sample.track == track).map(number));
        }
    }
    numbers
}

fn one() -> Push {
    Push { timescale: 1000, frames: Vec::new(), audio: None, border: 1, is_apart: false, is_declared: false }
}

fn number(sample: &Sample) -> u64 {
    u64::from_be_bytes(sample.payload[..].try_into().unwrap())
}

/// All frames from a key frame on up to the next jump, behind which a decoder needs a key frame anew.
pub fn expected(push: &Push) -> Vec<u64> {
    let mut is_waiting = true;
    let mut numbers = Vec::new();
    for (number, frame) in (0..).zip(&push.frames) {
        is_waiting = (is_waiting || frame.jumps) && !frame.is_sync;
        numbers.extend((!is_waiting).then_some(number));
    }
    numbers
}
