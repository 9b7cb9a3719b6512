//! The bit rates by which players choose a variant, measured from what is listed (rfc8216bis, 4.4.6.2).
//!
//! A streamer declares a variant before it knows its media, so what it declares is only the least that is listed. The peak
//! is that of any run of segments that lasts between half and one and a half target durations. Measured from lengths and
//! durations alone: every replica of the stream measures the same. Players read the multivariant playlist once, so it
//! does not follow every segment: a rate is listed in steps, rises at once, and falls only far.

use serde::{Deserialize, Serialize};

use super::Stream;
use super::role::Role;
use super::segment::Segment;
use super::window::Window;

/// Bits per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rates {
    /// Peak segment bit rate.
    pub peak: u64,
    /// Average over all listed media; 0 before anything is measured.
    pub average: u64,
}

impl Rates {
    /// Adds the rates of two tracks that play together.
    pub fn plus(self, other: Self) -> Self {
        Self { peak: self.peak.saturating_add(other.peak), average: self.average.saturating_add(other.average) }
    }

    /// Returns the larger rates of two tracks of which one plays.
    pub fn max(self, other: Self) -> Self {
        Self { peak: self.peak.max(other.peak), average: self.average.max(other.average) }
    }

    /// Returns the values to list after `self`, given a new measurement.
    pub fn follow(self, measured: Self) -> Self {
        let Self { peak, average } = measured;
        Self { peak: follow(self.peak, peak, 75), average: follow(self.average, average, 90) }
    }
}

/// A listed rate stays until what is measured is above it, or below so many per cent of it.
fn follow(listed: u64, measured: u64, below: u64) -> u64 {
    let step = round_up(measured);
    let stays = step <= listed && u128::from(step) * 100 > u128::from(listed) * u128::from(below);
    if stays { listed } else { step }
}

/// Rounded up to two decimal digits, which is by a tenth at most.
fn round_up(rate: u64) -> u64 {
    let mut step = 1;
    while rate / step >= 100 {
        step *= 10;
    }
    rate.div_ceil(step).saturating_mul(step)
}

impl Stream {
    /// Measures what the variants play with: the largest sum that a choice of renditions makes. Says whether other rates
    /// are to be listed than before.
    pub(super) fn measure(&mut self) -> bool {
        let measured: Vec<Rates> = self.tracks.iter().map(|track| track.window.rates()).collect();
        let next: Vec<Rates> = (0..measured.len()).map(|index| self.rates_of(index, &measured)).collect();
        let mut changed = false;
        for (track, rates) in self.tracks.iter_mut().zip(next) {
            changed |= std::mem::replace(&mut track.rates, rates) != rates;
        }
        changed
    }

    fn rates_of(&self, index: usize, measured: &[Rates]) -> Rates {
        let (track, own) = (&self.tracks[index], measured[index]);
        let Role::Variant(variant) = &track.role else { return track.rates };
        if own.average == 0 {
            return track.rates;
        }
        let highest = |plays: &dyn Fn(&Role) -> bool| {
            let all = self.tracks.iter().zip(measured).filter(|(other, _)| plays(&other.role));
            all.fold(Rates::default(), |most, (_, rates)| most.max(*rates))
        };
        let audio = highest(&|role| variant.audio.as_ref().is_some_and(|group| role.is_audio_of(group)));
        let subtitles = highest(&Role::is_subtitles);
        // A rendition plays in place of a variant of audio alone.
        let playing = if track.membership.is_some() { own.max(audio) } else { own.plus(audio) };
        track.rates.follow(playing.plus(subtitles))
    }
}

impl Window {
    /// Returns the rate of the fastest run of segments that would end with one of this length in bytes, lasting
    /// `duration` µs; the run follows the last segment, which is this one's predecessor.
    pub fn peak_ending_with(&self, length: u64, duration: u64) -> u64 {
        let (least, most) = (self.target() / 2, self.target().saturating_mul(3) / 2);
        let (mut bytes, mut micros, mut peak) = (length, duration, 0);
        let mut before = self.segments().rev().filter(|segment| segment.finished());
        loop {
            if micros > most {
                return peak;
            }
            if micros >= least {
                peak = peak.max(rate(bytes, micros));
            }
            // A run has no holes.
            let Some((more, lasts)) = before.next().and_then(Segment::measure) else { return peak };
            (bytes, micros) = (bytes.saturating_add(more), micros.saturating_add(lasts));
        }
    }

    /// Returns the rates of what is listed and finished; gaps do not count.
    pub fn rates(&self) -> Rates {
        let whole = self.segments().filter_map(|segment| Some((segment.measure()?, segment.ending.as_ref()?.peak)));
        let (mut bytes, mut micros, mut peak) = (0_u64, 0_u64, 0);
        for ((length, lasts), fastest) in whole {
            (bytes, micros) = (bytes.saturating_add(length), micros.saturating_add(lasts));
            peak = peak.max(fastest);
        }
        let average = rate(bytes, micros);
        // Segments of less than half a target duration altogether are no run, but all there is.
        Rates { peak: peak.max(average), average }
    }
}

fn rate(bytes: u64, micros: u64) -> u64 {
    let bits = u128::from(bytes) * 8 * 1_000_000;
    u64::try_from(bits.div_ceil(u128::from(micros.max(1)))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_are_listed_in_steps_of_two_digits() {
        let rounded =
            [(0, 0), (7, 7), (99, 99), (100, 100), (101, 110), (1_999_999, 2_000_000), (2_000_001, 2_100_000)];
        for (rate, listed) in rounded {
            assert_eq!(round_up(rate), listed);
        }
    }

    #[test]
    fn a_rate_rises_at_once_and_falls_only_far() {
        assert_eq!(follow(2_000_000, 2_000_001, 75), 2_100_000);
        assert_eq!(follow(2_000_000, 1_600_000, 75), 2_000_000);
        assert_eq!(follow(2_000_000, 1_410_000, 75), 1_500_000);
        assert_eq!(follow(2_000_000, 1_790_000, 90), 1_800_000, "an average has moved far by then");
    }

    proptest! {
        #[test]
        fn a_listed_rate_is_never_below_what_is_measured(listed: u64, measured: u64, below in 50_u64..100) {
            let next = follow(listed, measured, below);
            prop_assert!(next >= measured);
            prop_assert_eq!(follow(next, measured, below), next, "it settles");
        }
    }
}
