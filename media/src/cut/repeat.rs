//! Frames of the leading track where it has none: those since the last sync sample once more, in no time.
//!
//! Players show a segment of several tracks only as far as each of them reaches. Decoded again, the frames since the
//! last sync sample end in the same image and leave the decoder as it was, so that the next frame of the encoder can
//! follow. They take a tick each, the last one all of the rest.

use super::Cutter;
use super::clock::time;
use super::intake::LAG;
use crate::Sample;

/// Bounds of what is decoded anew for a part: above those, time without a frame has none.
const MAX_FRAMES: usize = 150;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The frames since the last sync sample.
#[derive(Debug, Default)]
pub(super) struct Repeat {
    frames: Vec<Sample>,
    bytes: usize,
    /// Those at the begin of the open part, where that has none of its own.
    kept: Vec<Sample>,
}

impl Repeat {
    /// Takes the next frame. Frames that are shown in another order than they are decoded cannot be repeated.
    pub(super) fn note(&mut self, frame: &Sample) {
        if frame.is_sync() {
            self.clear();
        }
        let is_first = frame.is_sync();
        let is_in_order = self.frames.last().is_none_or(|last| last.composition_offset == frame.composition_offset);
        let fits = self.frames.len() < MAX_FRAMES && self.bytes + frame.payload.len() <= MAX_BYTES;
        if (is_first || !self.frames.is_empty()) && is_in_order && fits {
            self.bytes += frame.payload.len();
            self.frames.push(frame.clone());
        } else {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }

    pub(super) fn is_possible(&self) -> bool {
        !self.frames.is_empty()
    }

    /// Keeps the frames for a part that begins without one.
    pub(super) fn keep(&mut self) {
        self.kept.clone_from(&self.frames);
    }

    /// The kept frames over this time; none where it is too short for them.
    fn over(&self, start: u64, end: u64) -> Vec<Sample> {
        let Some(room) = end.saturating_sub(start).checked_sub(self.kept.len() as u64) else { return Vec::new() };
        let last = self.kept.len().saturating_sub(1);
        let at = |(number, frame): (usize, &Sample)| {
            let duration = if number == last { u32::try_from(room + 1).unwrap_or(u32::MAX) } else { 1 };
            Sample { decode_time: start + number as u64, duration, ..frame.clone() }
        };
        self.kept.iter().enumerate().map(at).collect()
    }
}

impl Cutter {
    /// Samples of the leading track as they are written: frames once more in place of stand-ins before the first frame.
    pub(super) fn with_repeats(&self, leading: Vec<Sample>) -> Vec<Sample> {
        let is_stand_in = |sample: &&Sample| sample.track == self.no_track;
        let fillers = leading.iter().take_while(is_stand_in);
        let span = fillers.fold(None, |span: Option<(u64, u64)>, filler| {
            Some((span.map_or(filler.decode_time, |(start, _)| start), filler.end()))
        });
        // Players get over a little, such as the audio that ends just behind the video.
        let is_long = |(start, end): &(u64, u64)| time(end - start, self.leading.timescale) > LAG;
        let Some((start, end)) = span.filter(is_long) else { return self.without_stand_ins(leading) };
        let mut samples = self.repeat.over(start, end);
        samples.extend(self.without_stand_ins(leading));
        samples
    }
}
