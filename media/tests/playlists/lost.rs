//! The frames that were listed, and those that had to be.

use std::collections::HashSet;

use roomcast_media::{Ends, Item, Reader, Sample};

use crate::media::{AUDIO_RATE, Push};
use crate::origin::Origin;

/// The numbers of the samples of a track over all segments, in order; those that are repeated for want of others, once.
pub fn listed(origin: &Origin, track: u32) -> Vec<u64> {
    let (mut numbers, mut seen) = (Vec::new(), HashSet::new());
    for segment in origin.segments() {
        let own = samples(&segment.bytes).into_iter().filter(|sample| sample.track == track);
        numbers.extend(own.map(|sample| number(&sample)).filter(|number| seen.insert(*number)));
    }
    numbers
}

/// The samples of a part or segment.
pub fn samples(bytes: &[u8]) -> Vec<Sample> {
    let init = Push { audio: Some(0), ..one() }.init();
    let mut reader = Reader::after(1 << 24, &init, Ends::default());
    reader.push(bytes).unwrap();
    let mut samples = Vec::new();
    while let Some(Item::Fragment(fragment)) = reader.next().unwrap() {
        samples.extend(fragment.samples);
    }
    samples
}

fn one() -> Push {
    let (is_apart, late, is_declared) = (false, 0, false);
    let frames = Vec::new();
    Push { timescale: 1000, frames, audio: None, tail: 0, jump: None, border: 1, is_apart, late, is_declared }
}

pub fn number(sample: &Sample) -> u64 {
    u64::from_be_bytes(sample.payload[..].try_into().unwrap())
}

/// The frames that have to be listed: all from a key frame on up to the next jump of the whole stream, behind which a
/// decoder needs a key frame anew; and those that may be.
pub fn expected(push: &Push) -> (Vec<u64>, Vec<u64>) {
    let (mut is_waiting, mut has_begun) = (true, false);
    let (mut needed, mut allowed) = (Vec::new(), Vec::new());
    for (number, frame) in (0..).zip(&push.frames) {
        has_begun |= frame.is_sync;
        is_waiting = (is_waiting || frame.jumps) && !frame.is_sync;
        needed.extend((!is_waiting).then_some(number));
        allowed.extend(has_begun.then_some(number));
    }
    (needed, allowed)
}

/// The needed ones that are missing, and the listed ones that are wrong or out of order.
pub fn faults(listed: &[u64], (needed, allowed): &(Vec<u64>, Vec<u64>)) -> (Vec<u64>, Vec<u64>) {
    let has = |numbers: &[u64], number: &u64| numbers.binary_search(number).is_ok();
    let mut sorted = listed.to_vec();
    sorted.sort_unstable();
    let missing = needed.iter().filter(|number| !has(&sorted, number)).copied();
    let is_unordered = |(at, number): &(usize, &u64)| *at > 0 && listed[*at - 1] >= **number;
    let wrong = listed.iter().enumerate().filter(|(at, number)| !has(allowed, number) || is_unordered(&(*at, number)));
    (missing.collect(), wrong.map(|(_, number)| *number).collect())
}

/// The audio that has to be listed, and that may be: all that ends behind the start of the first key frame, unless the
/// whole stream jumps.
pub fn expected_audio(push: &Push) -> (Vec<u64>, Vec<u64>) {
    let pieces = push.pieces();
    let first = pieces.iter().flat_map(|(frames, _)| frames).find(|frame| frame.is_sync());
    let begin = first.map_or(u64::MAX, |frame| frame.decode_time);
    let rate = u64::from(push.timescale);
    let audio = pieces.iter().flat_map(|(_, audio)| audio);
    let jumps = push.frames.iter().any(|frame| frame.jumps);
    let needed = audio.clone().filter(|sample| !jumps && sample.end() * rate > begin.saturating_mul(AUDIO_RATE));
    (needed.map(number).collect(), audio.map(number).collect())
}
