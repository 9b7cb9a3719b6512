//! Times as encoders state them, made such that they can be cut: durations of 0, decode times before zero, and clocks
//! of single tracks that jump.
//!
//! One per pushed stream. Samples stay in order; those whose duration is not known yet are kept back until the next
//! one of their track.

mod clocks;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::cut::{MAX_LAG, time};
use crate::{Fragment, Init, Sample};
use clocks::Clocks;
pub(crate) use clocks::{Break, Others};

/// A sample lasts no longer for want of a successor, in seconds.
const MAX_STRETCH: u64 = 10;

/// The times of one stream.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// Whole seconds that are added to all decode times, so that none lies before zero.
    shift: u64,
    clocks: Clocks,
    tracks: BTreeMap<u32, Lengths>,
}

#[derive(Debug, Default)]
struct Lengths {
    timescale: u64,
    /// The last duration that was stated or found.
    usual: u32,
    /// Samples of unknown duration, all of one decode time.
    pending: Vec<Sample>,
    /// The decode time of the newest sample.
    newest: u64,
}

impl Timing {
    pub(crate) fn new(init: &Init) -> Self {
        let lengths = |timescale| Lengths { timescale, ..Lengths::default() };
        let tracks = init.tracks.iter().map(|track| (track.id, lengths(u64::from(track.timescale.get()))));
        Self { shift: 0, clocks: Clocks::new(init), tracks: tracks.collect() }
    }

    /// Returns the samples whose times are known. `others` are streams that have to agree with the times of this one.
    pub(crate) fn take(&mut self, fragment: Fragment, others: Option<Others>) -> Fragment {
        let Fragment { sequence, samples } = fragment;
        self.make_room(&samples);
        let shifted = samples.into_iter().filter_map(|sample| {
            let timescale = self.tracks.get(&sample.track)?.timescale;
            let decode_time = sample.decode_time.wrapping_add(self.shift.wrapping_mul(timescale));
            Some(Sample { decode_time, ..sample })
        });
        let shifted = shifted.collect();
        let mapped = self.clocks.take(shifted, others);
        Fragment { sequence, samples: self.settle(mapped) }
    }

    /// Assigns durations to samples in decoding order, track by track.
    fn settle(&mut self, samples: Vec<Sample>) -> Vec<Sample> {
        let settled = by_track(samples).into_iter().flat_map(|(track, run)| match self.tracks.get_mut(&track) {
            Some(lengths) => lengths.settle(run),
            None => run,
        });
        let mut settled: Vec<Sample> = settled.collect();
        let newest = self.tracks.values().map(Lengths::newest).max().unwrap_or_default();
        settled.extend(self.tracks.values_mut().flat_map(|lengths| lengths.settle_before(newest)));
        settled
    }

    /// Releases the held samples, the last with the usual duration.
    pub(crate) fn finish(&mut self, others: Option<Others>) -> Fragment {
        let held = self.clocks.finish(others);
        let mut samples = self.settle(held);
        samples.extend(self.tracks.values_mut().flat_map(|lengths| {
            let usual = u64::from(lengths.usual) * lengths.pending.len() as u64;
            lengths.spread(usual)
        }));
        Fragment { sequence: 0, samples }
    }

    /// Takes the next samples as they are: an encoder may have started anew.
    pub(crate) fn restart(&mut self) {
        self.clocks.restart();
    }

    /// Tracks that began by a clock of their own since this was last asked, and how many seconds they were moved.
    pub(crate) fn take_moved(&mut self) -> impl Iterator<Item = (u32, f64)> {
        self.clocks.take_moved().into_iter().map(|(track, nanos)| (track, nanos as f64 / 1e9))
    }

    /// Returns the start and the present end of the stream; `None` before it has begun.
    pub(crate) fn span(&self) -> Option<Others> {
        self.clocks.span()
    }

    /// Takes the place where a clock has been set right since this was last asked: a discontinuity is due there.
    pub(crate) const fn take_break(&mut self) -> Option<Break> {
        self.clocks.take_break()
    }

    /// Shifts all times to come so far that none of these lies before zero; a track that has begun jumps there instead.
    fn make_room(&mut self, samples: &[Sample]) {
        for sample in samples {
            let Some(lengths) = self.tracks.get(&sample.track) else { continue };
            if self.clocks.has_begun(sample.track) {
                continue;
            }
            let shifted = sample.decode_time.wrapping_add(self.shift.wrapping_mul(lengths.timescale));
            let before_zero = shifted.cast_signed().min(0).unsigned_abs();
            self.shift = self.shift.saturating_add(before_zero.div_ceil(lengths.timescale.max(1)));
        }
    }
}

/// Returns the samples of each track, in order; tracks in the order of their first samples.
fn by_track(samples: Vec<Sample>) -> Vec<(u32, Vec<Sample>)> {
    let mut runs: Vec<(u32, Vec<Sample>)> = Vec::new();
    for sample in samples {
        match runs.iter_mut().find(|(track, _)| *track == sample.track) {
            Some((_, run)) => run.push(sample),
            None => runs.push((sample.track, vec![sample])),
        }
    }
    runs
}

impl Lengths {
    /// Gives each sample its duration; those at the end that have none stay here.
    fn settle(&mut self, run: Vec<Sample>) -> Vec<Sample> {
        let mut settled = Vec::with_capacity(run.len() + self.pending.len());
        for sample in run {
            self.newest = sample.decode_time;
            let since = self.pending.first().map(|first| sample.decode_time.checked_sub(first.decode_time));
            match since {
                Some(Some(0)) if sample.duration == 0 => {}
                Some(Some(0)) => {
                    // All of one decode time share what the last of them has.
                    let shared = u64::from(sample.duration);
                    self.pending.push(sample);
                    settled.extend(self.spread(shared));
                    continue;
                }
                Some(since) => {
                    let usual = u64::from(self.usual) * self.pending.len() as u64;
                    let longest = MAX_STRETCH.saturating_mul(self.timescale);
                    settled.extend(self.spread(since.filter(|since| *since <= longest).unwrap_or(usual)));
                }
                None => {}
            }
            if sample.duration == 0 {
                self.pending.push(sample);
            } else {
                self.usual = sample.duration;
                settled.push(sample);
            }
        }
        settled
    }

    /// Returns the time of the newest sample.
    fn newest(&self) -> Duration {
        NonZeroU32::new(u32::try_from(self.timescale).unwrap_or(0))
            .map_or(Duration::ZERO, |scale| time(self.newest, scale))
    }

    /// Lets go what has waited until another track has come so far: the next sample is not near.
    fn settle_before(&mut self, newest: Duration) -> Vec<Sample> {
        let usual = u64::from(self.usual) * self.pending.len() as u64;
        let is_late = newest.saturating_sub(self.newest()) > MAX_LAG;
        if is_late && usual > 0 { self.spread(usual) } else { Vec::new() }
    }

    /// Lets the samples that wait share so many ticks.
    fn spread(&mut self, ticks: u64) -> Vec<Sample> {
        let mut pending = std::mem::take(&mut self.pending);
        let count = pending.len() as u64;
        let Some(start) = pending.first().map(|first| first.decode_time) else { return pending };
        for (number, sample) in (0_u64..).zip(&mut pending) {
            let [from, to] =
                [number, number + 1].map(|number| u128::from(ticks) * u128::from(number) / u128::from(count));
            sample.decode_time = start.saturating_add(from as u64);
            sample.duration = u32::try_from(to - from).unwrap_or(u32::MAX);
        }
        self.usual = pending.last().map_or(self.usual, |last| last.duration);
        pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, AUDIO, VIDEO, fragment, sample};

    fn timing() -> Timing {
        Timing::new(&fixture::init(&[VIDEO, AUDIO]))
    }

    fn take(timing: &mut Timing, samples: impl IntoIterator<Item = Sample>) -> Fragment {
        timing.take(fragment(samples), None)
    }

    fn times(fragment: &Fragment) -> Vec<(u64, u32)> {
        fragment.samples.iter().map(|sample| (sample.decode_time, sample.duration)).collect()
    }

    #[test]
    fn a_last_sample_of_no_length_lasts_until_the_next_one() {
        let mut timing = timing();
        let first = take(&mut timing, [sample(1, 0, 512, true), sample(1, 512, 0, false)]);
        assert_eq!(times(&first), [(0, 512)]);
        let second = take(&mut timing, [sample(1, 1200, 0, false)]);
        assert_eq!(times(&second), [(512, 688)]);
        assert_eq!(times(&timing.finish(None)), [(1200, 688)]);
    }

    #[test]
    fn samples_of_no_length_share_what_there_is_up_to_the_next_fragment() {
        let mut timing = timing();
        assert_eq!(times(&take(&mut timing, (0..3).map(|_| sample(1, 0, 0, true)))), []);
        let next = take(&mut timing, (0..3).map(|_| sample(1, 1536, 0, true)));
        assert_eq!(times(&next), [(0, 512), (512, 512), (1024, 512)]);
        assert_eq!(times(&timing.finish(None)), [(1536, 512), (2048, 512), (2560, 512)]);
    }

    #[test]
    fn samples_of_no_length_in_the_middle_share_with_the_next() {
        let mut timing = timing();
        let run = [(0, 512), (512, 0), (512, 512), (1024, 0), (1024, 0), (1024, 512), (1536, 512)];
        let taken = take(&mut timing, run.map(|(at, duration)| sample(1, at, duration, true)));
        let expected = [(0, 512), (512, 256), (768, 256), (1024, 170), (1194, 171), (1365, 171), (1536, 512)];
        assert_eq!(times(&taken), expected);
    }

    #[test]
    fn a_jump_is_not_how_long_a_sample_lasts() {
        let mut timing = Timing::new(&fixture::init(&[VIDEO]));
        take(&mut timing, [sample(1, 0, 512, true), sample(1, 512, 0, false)]);
        let behind = take(&mut timing, [sample(1, 15_360 * 60, 512, true)]);
        assert_eq!(times(&behind), [(512, 512), (15_360 * 60, 512)]);
        take(&mut timing, [sample(1, 15_360 * 61, 0, true)]);
        assert_eq!(times(&take(&mut timing, [sample(1, 7, 512, true)]))[0].1, 512);
    }

    #[test]
    fn a_sample_of_no_length_does_not_wait_for_a_track_that_pauses() {
        let mut timing = timing();
        take(&mut timing, [sample(1, 0, 512, true), sample(1, 512, 0, false)]);
        let audio = |second: u64| (0..50).map(move |number| sample(2, second * 48_000 + number * 960, 960, true));
        let frames = |fragment: Fragment| fragment.samples.into_iter().filter(|sample| sample.track == 1).count();
        let counts: Vec<usize> = (0..4).map(|second| frames(take(&mut timing, audio(second)))).collect();
        assert_eq!(counts, [0, 0, 1, 0]);
        let next = take(&mut timing, [sample(1, 15_360 * 4, 512, false)]);
        assert_eq!(times(&next), [(15_360 * 4, 512)]);
    }

    #[test]
    fn times_before_zero_move_all_tracks_by_whole_seconds() {
        let mut timing = timing();
        let before_zero = 0_u64.wrapping_sub(1024);
        let first = take(&mut timing, [sample(1, 0, 512, true), sample(2, before_zero, 1024, true)]);
        assert_eq!(times(&first), [(15_360, 512), (48_000 - 1024, 1024)]);
        assert_eq!(times(&take(&mut timing, [sample(1, 512, 512, false)])), [(15_872, 512)]);
    }
}
