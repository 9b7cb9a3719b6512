//! The samples of one track that wait for their part to be closed.
//!
//! First in, first out: never reorders, never drops on its own. Remembers where the track's decode
//! time stands also when nothing waits.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use super::clock::MediaTime;
use crate::{Sample, Track};

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) track: u32,
    pub(super) timescale: NonZeroU32,
    waiting: VecDeque<Sample>,
    bytes: usize,
    last: Option<Span>,
    /// Something of it came with an earlier fragment.
    pub(super) is_known: bool,
    /// Nothing is expected of the track until it is heard again.
    pub(super) is_quiet: bool,
}

/// Decode time and end of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) decode_time: u64,
    pub(super) end: u64,
}

impl From<&Sample> for Span {
    fn from(sample: &Sample) -> Self {
        Self { decode_time: sample.decode_time, end: sample.end() }
    }
}

impl Lane {
    pub(super) fn new(track: &Track) -> Self {
        let Track { id, timescale, .. } = *track;
        Self { track: id, timescale, waiting: VecDeque::new(), bytes: 0, last: None, is_known: false, is_quiet: false }
    }

    pub(super) fn push(&mut self, sample: Sample) {
        self.bytes += cost(&sample);
        self.waiting.push_back(sample);
    }

    /// Records a received sample, whether or not it is kept.
    pub(super) fn note(&mut self, sample: &Sample) {
        self.last = Some(sample.into());
        self.is_quiet = false;
    }

    /// A decode time of this track.
    pub(super) fn at(&self, ticks: u64) -> MediaTime {
        MediaTime { ticks, timescale: self.timescale }
    }

    pub(super) fn last(&self) -> Option<Span> {
        self.last
    }

    /// Approximate memory of the waiting samples, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Has the last waiting sample last up to there. Says whether there is one.
    pub(super) fn stretch(&mut self, to: u64) -> bool {
        let last = self.waiting.back_mut();
        let length = last.as_ref().and_then(|last| u32::try_from(to.checked_sub(last.decode_time)?).ok());
        last.zip(length).map(|(last, length)| last.duration = length).is_some()
    }

    /// Returns all samples that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Sample> {
        self.waiting.iter()
    }

    /// Returns the last waiting sample.
    pub(super) fn newest(&self) -> Option<&Sample> {
        self.waiting.back()
    }

    /// Returns where the last waiting sample ends.
    pub(super) fn end(&self) -> Option<u64> {
        self.newest().map(Sample::end)
    }

    /// Takes the samples that begin before a media time of any timescale; all for `None`.
    pub(super) fn take(&mut self, before: Option<MediaTime>) -> Vec<Sample> {
        let count = before.map_or(self.waiting.len(), |end| self.count_before(end));
        let taken: Vec<Sample> = self.waiting.drain(..count).collect();
        self.bytes -= taken.iter().map(cost).sum::<usize>();
        taken
    }

    /// Takes the samples from the first one on that begins at a media time or later; all for `None`.
    pub(super) fn take_from(&mut self, from: Option<MediaTime>) -> Vec<Sample> {
        let count = from.map_or(0, |from| self.count_before(from));
        let taken: Vec<Sample> = self.waiting.drain(count..).collect();
        self.bytes -= taken.iter().map(cost).sum::<usize>();
        taken
    }

    fn count_before(&self, end: MediaTime) -> usize {
        let begins_before = |sample: &&Sample| self.at(sample.decode_time).is_before(end);
        self.waiting.iter().take_while(begins_before).count()
    }

    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        (self.bytes, self.last, self.is_known, self.is_quiet) = (0, None, false, false);
    }
}

/// Returns the first tick of the timescale `to` that is not before this one of `from`.
pub(super) fn rescale(time: u64, from: NonZeroU32, to: NonZeroU32) -> u128 {
    let scaled = u128::from(time) * u128::from(to.get());
    scaled.div_ceil(u128::from(from.get()))
}

/// Samples without payload take memory too.
pub(super) fn cost(sample: &Sample) -> usize {
    sample.payload.len() + size_of::<Sample>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, AUDIO, sample};

    fn lane() -> Lane {
        let mut lane = Lane::new(&fixture::init(&[AUDIO]).tracks[0]);
        for number in 0..4 {
            let sample = sample(2, number * 1024, 1024, true);
            lane.note(&sample);
            lane.push(sample);
        }
        lane
    }

    fn before(ticks: u64, timescale: u32) -> Option<MediaTime> {
        Some(MediaTime { ticks, timescale: NonZeroU32::new(timescale).unwrap() })
    }

    #[test]
    fn a_sample_goes_along_when_it_begins_before_the_end_by_any_fraction_of_a_tick() {
        // 2048 / 48000 s are 42.66… ms.
        assert_eq!(lane().take(before(42, 1000)).len(), 2);
        assert_eq!(lane().take(before(43, 1000)).len(), 3);
    }

    #[test]
    fn a_sample_that_begins_exactly_at_the_end_stays() {
        assert_eq!(lane().take(before(2048, 48_000)).len(), 2);
    }

    #[test]
    fn what_is_taken_no_longer_counts() {
        let mut lane = lane();
        let all = lane.bytes();
        lane.take(before(2048, 48_000));
        assert_eq!(lane.bytes(), all / 2);
        lane.take(None);
        assert_eq!((lane.bytes(), lane.end()), (0, None));
        assert_eq!(lane.last().map(|span| span.end), Some(4096));
    }
}
