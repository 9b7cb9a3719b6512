//! Times as encoders state them, made such that they can be cut: durations of 0 and decode times before zero.
//!
//! One per pushed stream. Samples stay in order; those whose duration is not known yet are kept back until the next
//! one of their track.

use std::collections::BTreeMap;

use crate::{Fragment, Init, Sample};

/// A sample lasts no longer for want of a successor, in seconds.
const MAX_STRETCH: u64 = 10;

/// The times of one stream.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// Whole seconds that are added to all decode times, so that none lies before zero.
    shift: u64,
    tracks: BTreeMap<u32, Lengths>,
}

#[derive(Debug, Default)]
struct Lengths {
    timescale: u64,
    /// The last duration that was stated or found.
    usual: u32,
    /// Samples of unknown duration, all of one decode time.
    pending: Vec<Sample>,
}

impl Timing {
    pub(crate) fn new(init: &Init) -> Self {
        let lengths = |timescale| Lengths { timescale, ..Lengths::default() };
        let tracks = init.tracks.iter().map(|track| (track.id, lengths(u64::from(track.timescale.get()))));
        Self { shift: 0, tracks: tracks.collect() }
    }

    /// The samples whose times are known.
    pub(crate) fn take(&mut self, fragment: Fragment) -> Fragment {
        let Fragment { sequence, samples } = fragment;
        self.make_room(&samples);
        let mut by_track: Vec<(u32, Vec<Sample>)> = Vec::new();
        for mut sample in samples {
            let Some(lengths) = self.tracks.get(&sample.track) else { continue };
            sample.decode_time = sample.decode_time.wrapping_add(self.shift.wrapping_mul(lengths.timescale));
            match by_track.iter_mut().find(|(track, _)| *track == sample.track) {
                Some((_, run)) => run.push(sample),
                None => by_track.push((sample.track, vec![sample])),
            }
        }
        let settled = by_track.into_iter().flat_map(|(track, run)| match self.tracks.get_mut(&track) {
            Some(lengths) => lengths.settle(run),
            None => run,
        });
        Fragment { sequence, samples: settled.collect() }
    }

    /// What was kept back, with the duration that is usual.
    pub(crate) fn finish(&mut self) -> Fragment {
        let pending = self.tracks.values_mut().flat_map(|lengths| {
            let usual = u64::from(lengths.usual) * lengths.pending.len() as u64;
            lengths.spread(usual)
        });
        Fragment { sequence: 0, samples: pending.collect() }
    }

    /// Shifts all times to come so far that none of these lies before zero.
    fn make_room(&mut self, samples: &[Sample]) {
        for sample in samples {
            let Some(lengths) = self.tracks.get(&sample.track) else { continue };
            let shifted = sample.decode_time.wrapping_add(self.shift.wrapping_mul(lengths.timescale));
            let before_zero = shifted.cast_signed().min(0).unsigned_abs();
            self.shift = self.shift.saturating_add(before_zero.div_ceil(lengths.timescale.max(1)));
        }
    }
}

impl Lengths {
    /// Gives each sample its duration; those at the end that have none stay here.
    fn settle(&mut self, run: Vec<Sample>) -> Vec<Sample> {
        let mut settled = Vec::with_capacity(run.len() + self.pending.len());
        for sample in run {
            let since = self.pending.first().map(|first| sample.decode_time.checked_sub(first.decode_time));
            match since {
                Some(Some(0)) if sample.duration == 0 => {}
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

    fn times(fragment: &Fragment) -> Vec<(u64, u32)> {
        fragment.samples.iter().map(|sample| (sample.decode_time, sample.duration)).collect()
    }

    #[test]
    fn a_last_sample_of_no_length_lasts_until_the_next_one() {
        let mut timing = timing();
        let first = timing.take(fragment([sample(1, 0, 512, true), sample(1, 512, 0, false)]));
        assert_eq!(times(&first), [(0, 512)]);
        let second = timing.take(fragment([sample(1, 1200, 0, false)]));
        assert_eq!(times(&second), [(512, 688)]);
        assert_eq!(times(&timing.finish()), [(1200, 688)]);
    }

    #[test]
    fn samples_of_no_length_share_what_there_is_up_to_the_next_fragment() {
        let mut timing = timing();
        assert_eq!(times(&timing.take(fragment((0..3).map(|_| sample(1, 0, 0, true))))), []);
        let next = timing.take(fragment((0..3).map(|_| sample(1, 1536, 0, true))));
        assert_eq!(times(&next), [(0, 512), (512, 512), (1024, 512)]);
        assert_eq!(times(&timing.finish()), [(1536, 512), (2048, 512), (2560, 512)]);
    }

    #[test]
    fn a_jump_is_not_how_long_a_sample_lasts() {
        let mut timing = timing();
        timing.take(fragment([sample(1, 0, 512, true), sample(1, 512, 0, false)]));
        let behind = timing.take(fragment([sample(1, 15_360 * 60, 512, true)]));
        assert_eq!(times(&behind), [(512, 512), (15_360 * 60, 512)]);
        timing.take(fragment([sample(1, 15_360 * 61, 0, true)]));
        assert_eq!(times(&timing.take(fragment([sample(1, 7, 512, true)])))[0].1, 512);
    }

    #[test]
    fn times_before_zero_move_all_tracks_by_whole_seconds() {
        let mut timing = timing();
        let before_zero = 0_u64.wrapping_sub(1024);
        let first = timing.take(fragment([sample(1, 0, 512, true), sample(2, before_zero, 1024, true)]));
        assert_eq!(times(&first), [(15_360, 512), (48_000 - 1024, 1024)]);
        assert_eq!(times(&timing.take(fragment([sample(1, 512, 512, false)]))), [(15_872, 512)]);
    }
}
