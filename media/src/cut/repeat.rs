//! Frames of the leading track where it has none: those since the last sync sample once more, in no time.
//!
//! Players show a segment of several tracks only as far as each of them reaches. Decoded again, the frames since the
//! last sync sample end in the same image and leave the decoder as it was, so that the next frame of the encoder can
//! follow. They take a tick each, the last one all of the rest.
//!
//! The stream gets no faster by that: frames come again once a segment, and within one not before as much time has
//! passed as they took the first time. Until then the last one of them lasts. And it gets no larger than a few times
//! what was received: whoever sends one frame that lasts for hours must not fill the memory with those before it.

use super::Cutter;
use super::clock::time;
use super::intake::LAG;
use crate::Sample;

/// Memory for frames that may come once more: above that, time without a frame has none.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that may be repeated for each byte of a frame received.
const BYTES_PER_BYTE: usize = 4;

/// Bytes that may be repeated without another frame, however many were received before.
const MAX_CREDIT: usize = 64 * 1024 * 1024;

/// The frames since the last sync sample.
#[derive(Debug)]
pub(super) struct Repeat {
    frames: Vec<Sample>,
    bytes: usize,
    /// Those at the begin of the open part, where that has none of its own.
    kept: Vec<Sample>,
    /// The decode time before which they do not come again within a segment.
    again_at: u64,
    /// Bytes that may be repeated still.
    credit: usize,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { frames: Vec::new(), bytes: 0, kept: Vec::new(), again_at: 0, credit: MAX_BYTES }
    }
}

impl Repeat {
    /// Takes the next frame. Frames that are shown in another order than they are decoded cannot be repeated, nor more
    /// of them than fit into the `longest` segment.
    pub(super) fn note(&mut self, frame: &Sample, longest: u64) {
        let earned = frame.payload.len().saturating_mul(BYTES_PER_BYTE);
        self.credit = self.credit.saturating_add(earned).min(MAX_CREDIT);
        if frame.is_sync() {
            self.clear();
        }
        let is_first = frame.is_sync();
        let is_in_order = self.frames.last().is_none_or(|last| last.composition_offset == frame.composition_offset);
        let passed = self.frames.first().map_or(0, |first| frame.decode_time.saturating_sub(first.decode_time));
        let fits = passed <= longest && self.bytes + frame.payload.len() <= MAX_BYTES;
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
        !self.frames.is_empty() && self.bytes <= self.credit
    }

    /// Keeps the frames for a part that begins without one there, unless they have come again just before.
    pub(super) fn keep(&mut self, start: u64, begins_segment: bool) {
        self.kept.clear();
        if self.is_possible() && (begins_segment || start >= self.again_at) {
            self.credit -= self.bytes;
            self.kept.clone_from(&self.frames);
            let ends = self.frames.first().zip(self.frames.last());
            let passed = ends.map_or(0, |(first, last)| last.end().saturating_sub(first.decode_time));
            self.again_at = start.saturating_add(passed);
        }
    }

    /// Whether the kept frames fit between two decode times.
    fn fits(&self, start: u64, end: u64) -> bool {
        !self.kept.is_empty() && end.saturating_sub(start) >= self.kept.len() as u64
    }

    /// The kept frames between two decode times; none where that is too short for them.
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
        let Some((start, end)) = self.repeated(leading.iter()) else { return self.without_stand_ins(leading) };
        let has_frames = leading.iter().any(|sample| sample.track != self.no_track);
        // Where the frames do not come again in the next part, the last one lasts until they do, or the next one comes.
        let part = self.rules.ticks(self.rules.targets.part.unwrap_or_default());
        let again = self.repeat.again_at.saturating_add(part).min(self.next_frame);
        let again = again.min(self.segment_start.saturating_add(self.rules.longest()));
        let comes_next = has_frames || self.repeat.again_at <= end;
        let reach = if comes_next { end } else { again.max(end) };
        let mut samples = self.repeat.over(start, reach);
        samples.extend(self.without_stand_ins(leading));
        samples
    }

    /// The time of these samples over which frames are repeated.
    fn repeated<'a>(&self, leading: impl Iterator<Item = &'a Sample>) -> Option<(u64, u64)> {
        let fillers = leading.take_while(|sample| sample.track == self.no_track);
        let span = fillers.fold(None, |span: Option<(u64, u64)>, filler| {
            Some((span.map_or(filler.decode_time, |(start, _)| start), filler.end()))
        });
        // Players get over a little, such as the audio that ends just behind the video.
        span.filter(|(start, end)| time(end - start, self.leading.timescale) > LAG && self.repeat.fits(*start, *end))
    }

    /// Whether what waits of the leading track begins with a sync sample as it is written.
    pub(super) fn begins_with_sync(&self) -> bool {
        // Where every segment has to begin with one, a begin without any frame counts.
        let is_promised = self.pieces.is_empty() && self.rules.targets.independent;
        let first = self.leading.waiting().find(|sample| sample.track != self.no_track);
        self.repeated(self.leading.waiting()).is_some() || first.map_or(is_promised, Sample::is_sync)
    }
}
