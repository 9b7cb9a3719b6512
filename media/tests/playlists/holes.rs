//! Media that is missing from one track or from all, and what must hold of what is listed around it.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use proptest::prelude::*;
use roomcast_media::{Fragment, Item, Sample};

use crate::lost::{number, samples};
use crate::media::{AUDIO_RATE, Push};
use crate::origin::Origin;

/// Seconds from the start of the video in which nothing comes of a track, or of both (`None`).
#[derive(Debug, Clone, Copy)]
pub struct Hole {
    pub track: Option<u32>,
    pub from: f64,
    pub length: f64,
}

impl Hole {
    /// Whether all tracks come behind it, so that they tell what it was.
    pub fn is_passed(&self, push: &Push) -> bool {
        let ticks: u64 = push.frames.iter().map(|frame| u64::from(frame.ticks)).sum();
        self.from + self.length + 2.0 < ticks as f64 / f64::from(push.timescale)
    }
}

pub fn holes() -> impl Strategy<Value = Vec<Hole>> {
    let track = prop::sample::select(vec![Some(1), Some(2), None]);
    let length = prop_oneof![1 => 0.03..0.12_f64, 2 => 0.12..0.6_f64, 3 => 0.6..2.2_f64, 1 => 2.2..9.0_f64];
    let hole = (track, 0.0..9.0_f64, length).prop_map(|(track, from, length)| Hole { track, from, length });
    prop::collection::vec(hole, 1..3)
}

/// Seconds from the start of the video.
fn seconds(sample: &Sample, timescale: u32) -> f64 {
    let rate = if sample.track == 1 { f64::from(timescale) } else { AUDIO_RATE as f64 };
    sample.decode_time as f64 / rate - 1000.0
}

/// The push of these items.
pub fn without(items: Vec<Item>, holes: &[Hole], timescale: u32) -> Vec<Item> {
    let comes = |sample: &Sample| {
        let at = seconds(sample, timescale);
        let is_in = |hole: &Hole| (hole.from..hole.from + hole.length).contains(&at);
        !holes.iter().any(|hole| hole.track.is_none_or(|track| track == sample.track) && is_in(hole))
    };
    let kept = |item| match item {
        Item::Fragment(Fragment { sequence, mut samples }) => {
            samples.retain(comes);
            Item::Fragment(Fragment { sequence, samples })
        }
        init => init,
    };
    items.into_iter().map(kept).collect()
}

fn all(items: &[Item]) -> impl Iterator<Item = &Sample> {
    items.iter().flat_map(|item| if let Item::Fragment(fragment) = item { &fragment.samples[..] } else { &[] })
}

/// Whether the frames in front of each time without any can be repeated: those since a key frame no further back than
/// the target duration is, at least. Otherwise the last frame is written with what it may last.
pub fn can_repeat(push: &Push, holes: &[Hole]) -> bool {
    let items = without(push.items(), holes, push.timescale);
    let (mut key, mut before) = (None, None::<&Sample>);
    let last = all(&items).filter(|sample| sample.track == 1).count();
    all(&items).filter(|sample| sample.track == 1).enumerate().all(|(at, frame)| {
        let gap = before.map_or(0, |before| frame.decode_time - before.end());
        let is_back = |end: u64| key.is_none_or(|key: u64| end - key > 2 * u64::from(push.timescale));
        let fits = gap == 0 || !is_back(before.map_or(0, |before| before.decode_time));
        key = if frame.is_sync() { Some(frame.decode_time) } else { key };
        before = Some(frame);
        let is_long = frame.duration > 2 * push.timescale || at + 1 == last;
        let is_back = key.is_none_or(|key| frame.decode_time - key > 2 * u64::from(push.timescale));
        fits && (!is_long || !is_back)
    })
}

/// Parts and segments whose video does not last as long as is listed. Audio alone, such as behind the last frame, is no
/// longer than what is listed, but for a sample.
pub fn unlike(origin: &Origin, timescale: u32) -> Vec<String> {
    let pieces = origin.segments().enumerate().flat_map(|(index, segment)| {
        let parts = segment.parts.iter().zip(&segment.lengths).enumerate();
        let parts = parts.map(move |(part, (bytes, length))| (format!("part {index}.{part}"), bytes, *length));
        parts.chain([(format!("segment {index}"), &segment.bytes, segment.length)])
    });
    let mut shown = 0;
    let fault = |(name, bytes, listed): (String, &bytes::Bytes, u64)| {
        let samples = samples(bytes);
        let ends = |track: u32, rate: u64| {
            let own = || samples.iter().filter(|sample| sample.track == track);
            let ends = own().next().zip(own().last()).map(|(first, last)| [first.decode_time, last.end()]);
            ends.map(|ends| ends.map(|at| at * 1_000_000 / rate))
        };
        let span = |track, rate| ends(track, rate).map(|[begin, end]| end - begin);
        // A little audio at the end goes along.
        let is_along = |video: u64| {
            let begin = ends(1, timescale.into()).map_or(0, |[begin, _]| begin);
            let end = ends(2, AUDIO_RATE).map_or(0, |[_, end]| end);
            // A sample's length is listed for audio that has been waited for in vain.
            let least = if end > begin { 22_000 } else { 0 };
            let more = listed.saturating_sub(video);
            (1..=least).contains(&more) || ((1..=100_000).contains(&more) && end + 22_000 >= begin + listed)
        };
        let told = |length: u64| format!("{name}: {length} us of {listed}");
        // Audio that has been waited for in vain lies beside video that is listed already.
        let from = shown;
        shown = ends(1, timescale.into()).map_or(from, |[_, end]| end);
        let audio = ends(2, AUDIO_RATE).map(|[begin, end]| end.saturating_sub(begin.max(from)));
        match span(1, timescale.into()) {
            Some(video) if is_along(video) => None,
            Some(video) => (video.abs_diff(listed) > 1001 * 1000 / u64::from(timescale)).then(|| told(video)),
            // Samples up to 0.1 s late are not waited for.
            None => audio.filter(|audio| *audio > listed + 122_000).map(told),
        }
    };
    pieces.filter_map(fault).collect()
}

/// Whether the tracks begin so far from each other that their clocks are taken to have nothing in common.
pub fn are_unrelated(pushed: &[Item], timescale: u32) -> bool {
    let begin = |track| all(pushed).find(|sample| sample.track == track).map(|first| seconds(first, timescale));
    begin(1).zip(begin(2)).is_some_and(|(video, audio)| (video - audio).abs() > 1.8)
}

/// Whether audio that was missing comes again beside a long frame that is lost, or up to 3 s before: nothing says yet
/// that the video will go on by as much, so the audio's clock may as well have jumped.
pub fn comes_beside_lost_frame(push: &Push, holes: &[Hole]) -> bool {
    let is_in = |hole: &Hole, at: f64| (hole.from..hole.from + hole.length).contains(&at);
    let is_lost = |at: f64| holes.iter().any(|hole| hole.track != Some(2) && is_in(hole, at));
    let ends = holes.iter().filter(|hole| hole.track != Some(1)).map(|hole| hole.from + hole.length);
    let ends: Vec<f64> = ends.collect();
    push.video().iter().filter(|frame| 2 * frame.duration > push.timescale).any(|frame| {
        let begin = seconds(frame, push.timescale);
        let end = begin + f64::from(frame.duration) / f64::from(push.timescale);
        is_lost(begin) && ends.iter().any(|at| (begin - 3.0..end).contains(at))
    })
}

/// Whether all tracks are missing at once and one comes again about three seconds later than the other, which is as
/// long as anything waits: the first is alone until then, and may as well have jumped.
pub fn end_far_apart(holes: &[Hole]) -> bool {
    let end = |hole: &Hole| hole.from + hole.length;
    let is_far = |one: &Hole, other: &Hole| {
        one.track != other.track
            && one.from < end(other)
            && other.from < end(one)
            && (end(one) - end(other)).abs() > 2.5
    };
    holes.iter().any(|one| holes.iter().any(|other| is_far(one, other)))
}

/// Segments in which the tracks are further apart than as they were pushed.
pub fn out_of_sync(origin: &Origin, pushed: &[Item], timescale: u32) -> Vec<String> {
    let stated: HashMap<(u32, u64), f64> =
        all(pushed).map(|sample| ((sample.track, number(sample)), seconds(sample, timescale))).collect();
    let mut seen = std::collections::HashSet::new();
    let segments = origin.segments().enumerate().filter_map(|(index, segment)| {
        let moved = |sample: &Sample| {
            let key = (sample.track, number(sample));
            let rate = if sample.track == 1 { f64::from(timescale) } else { AUDIO_RATE as f64 };
            // Frames may be decoded earlier than they were, and shown at their time.
            let shown = seconds(sample, timescale) + f64::from(sample.composition_offset) / rate;
            seen.insert(key).then(|| shown - stated[&key])
        };
        let moved: Vec<f64> = samples(&segment.bytes).iter().filter_map(moved).collect();
        let (least, most) =
            moved.iter().fold((f64::MAX, f64::MIN), |(least, most), by| (least.min(*by), most.max(*by)));
        (most - least > 0.05).then(|| format!("segment {index}: moved by {least:.3} to {most:.3}"))
    });
    segments.collect()
}

/// The number of frames of video and samples of audio have to be listed or counted: all from the first key frame on,
/// and those before if they are.
pub fn due(pushed: &[Item], timescale: u32) -> [RangeInclusive<u64>; 2] {
    let first = all(pushed).find(|sample| sample.track == 1 && sample.is_sync());
    let begin = first.map_or(f64::MAX, |first| seconds(first, timescale));
    let own = |track| all(pushed).filter(move |sample| sample.track == track);
    let end = |sample: &&Sample| seconds(sample, timescale) + sample.duration as f64 / AUDIO_RATE as f64;
    let video = own(1).filter(|sample| seconds(sample, timescale) >= begin).count() as u64;
    // Moved by whole ticks, audio may end in front of a key frame into which it reached by less than one.
    let tick = 1.0 / f64::from(timescale);
    let audio = own(2).filter(|sample| end(sample) > begin + tick + 1e-6).count() as u64;
    [video..=video, audio..=own(2).count() as u64]
}
