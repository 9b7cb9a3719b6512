//! Frames of the leading track where it has none: those since the last sync sample once more, in no time.
//!
//! Players show a segment of several tracks only as far as each of them reaches. Decoded again, the frames since the
//! last sync sample end in the same image and leave the decoder as it was, so that the next frame of the encoder can
//! follow. They take a tick each, the last one all of the rest.
//!
//! The stream gets no faster by that: frames come again in each part only if they took no longer than one; otherwise
//! the segment comes whole, and has them once. And it gets no larger than a few times what was received: whoever sends
//! one frame that lasts for hours must not fill the memory with those before it.

use super::Cutter;
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
    /// Those at the start of the open part, where that has none of its own.
    kept: Vec<Sample>,
    /// Bytes that may be repeated still.
    credit: usize,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { frames: Vec::new(), bytes: 0, kept: Vec::new(), credit: MAX_BYTES }
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

    /// Returns the number of frames: each takes a tick at least.
    pub(super) fn count(&self) -> u64 {
        self.frames.len() as u64
    }

    /// Returns the ticks that they took.
    pub(super) fn length(&self) -> u64 {
        let ends = self.frames.first().zip(self.frames.last());
        ends.map_or(0, |(first, last)| last.end().saturating_sub(first.decode_time))
    }

    /// Keeps the frames for a part that begins without one. Says whether they fit into so many ticks.
    pub(super) fn keep(&mut self, ticks: u32) -> bool {
        self.drop_kept();
        if self.is_possible() {
            self.credit -= self.bytes;
            self.kept.clone_from(&self.frames);
        }
        self.fits(0, ticks.into())
    }

    pub(super) fn drop_kept(&mut self) {
        self.kept.clear();
    }

    /// Returns whether the kept frames fit between two decode times.
    fn fits(&self, start: u64, end: u64) -> bool {
        !self.kept.is_empty() && end.saturating_sub(start) >= self.kept.len() as u64
    }

    /// Returns the kept frames between two decode times; none where that is too short for them.
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
        let mut samples = self.repeat.over(start, end);
        samples.extend(self.without_stand_ins(leading));
        samples
    }

    /// Returns the time of these samples over which frames are repeated.
    fn repeated<'a>(&self, leading: impl Iterator<Item = &'a Sample>) -> Option<(u64, u64)> {
        let fillers = leading.take_while(|sample| sample.track == self.no_track);
        let span = fillers.fold(None, |span: Option<(u64, u64)>, filler| {
            Some((span.map_or(filler.decode_time, |(start, _)| start), filler.end()))
        });
        span.filter(|(start, end)| self.repeat.fits(*start, *end))
    }

    /// Returns whether what waits of the leading track begins with repeated frames as it is written.
    pub(super) fn repeats(&self) -> bool {
        self.repeated(self.leading.waiting()).is_some()
    }

    /// Returns whether what waits of the leading track begins with a sync sample as it is written.
    pub(super) fn begins_with_sync(&self) -> bool {
        // Where every segment has to begin with one, a start without any frame counts.
        let is_promised = self.pieces.is_empty() && self.rules.targets.independent;
        let first = self.leading.waiting().find(|sample| sample.track != self.no_track);
        self.repeats() || first.map_or(is_promised, Sample::is_sync)
    }
}
