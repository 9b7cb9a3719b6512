//! Decode times of the leading track to the time since the stream's first sample, and decode times
//! of different timescales against each other.
//!
//! Converts points of time and never durations, so that rounding does not add up: durations are
//! differences of two points. Points are rounded up to the microsecond, in which playlists count: players add the
//! durations up, and drop media whose decode time lies ahead of that sum by whatever little.

use std::num::NonZeroU32;
use std::ops::Range;
use std::time::Duration;

const NANOS: u64 = 1_000_000_000;
const MICROS: u64 = 1_000_000;

#[derive(Debug)]
pub(super) struct Clock {
    pub(super) timescale: NonZeroU32,
    /// Decode time of the stream's first sample, once it is known.
    pub(super) origin: Option<u64>,
}

impl Clock {
    pub(super) fn new(timescale: NonZeroU32) -> Self {
        Self { timescale, origin: None }
    }

    /// Returns the time at this decode time, rounded up to the microsecond.
    pub(super) fn at(&self, decode_time: u64) -> Duration {
        let ticks = decode_time.saturating_sub(self.origin.unwrap_or(0));
        let timescale = u64::from(self.timescale.get());
        let micros = (ticks % timescale * MICROS).div_ceil(timescale);
        Duration::from_secs(ticks / timescale) + Duration::from_micros(micros)
    }

    /// Returns the time between two decode times.
    pub(super) fn between(&self, span: &Range<u64>) -> Duration {
        self.at(span.end).saturating_sub(self.at(span.start))
    }
}

/// A decode time with its timescale; compares exactly with those of other timescales.
#[derive(Debug, Clone, Copy)]
pub(super) struct MediaTime {
    pub(super) ticks: u64,
    pub(super) timescale: NonZeroU32,
}

impl MediaTime {
    pub(super) fn is_before(self, other: Self) -> bool {
        let scaled = |ticks: u64, timescale: NonZeroU32| u128::from(ticks) * u128::from(timescale.get());
        scaled(self.ticks, other.timescale) < scaled(other.ticks, self.timescale)
    }
}

/// Converts ticks to a duration, rounded down to the nanosecond.
pub(crate) fn time(ticks: u64, timescale: NonZeroU32) -> Duration {
    let timescale = u64::from(timescale.get());
    let nanos = ticks % timescale * NANOS / timescale;
    Duration::from_secs(ticks / timescale) + Duration::from_nanos(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_a_third_add_up_to_whole_seconds() {
        let clock = Clock { timescale: NonZeroU32::new(3).unwrap(), origin: Some(7) };
        let sum: Duration = (7..3_000_007).map(|tick| clock.between(&(tick..tick + 1))).sum();
        assert_eq!(sum, Duration::from_secs(1_000_000));
    }

    #[test]
    fn a_time_is_never_behind_the_media_and_never_a_microsecond_ahead() {
        let clock = Clock { timescale: NonZeroU32::new(3).unwrap(), origin: Some(1) };
        assert_eq!([1, 2, 3, 4].map(|ticks| clock.at(ticks).as_nanos()), [0, 333_334_000, 666_667_000, 1_000_000_000]);
    }

    #[test]
    fn media_times_compare_by_any_fraction_of_a_tick() {
        let [thirds, tenths] = [3, 10].map(|timescale| NonZeroU32::new(timescale).unwrap());
        let third = MediaTime { ticks: 1, timescale: thirds };
        assert!(MediaTime { ticks: 3, timescale: tenths }.is_before(third));
        assert!(third.is_before(MediaTime { ticks: 4, timescale: tenths }));
        let whole = MediaTime { ticks: 3, timescale: thirds };
        assert!(!whole.is_before(MediaTime { ticks: 10, timescale: tenths }));
    }

    #[test]
    fn the_largest_times_do_not_overflow() {
        let all = time(u64::MAX, NonZeroU32::MIN);
        assert_eq!(all, Duration::from_secs(u64::MAX));
        let fine = time(u64::MAX, NonZeroU32::MAX);
        assert_eq!(fine.as_secs(), u64::from(u32::MAX) + 2);
        for timescale in [NonZeroU32::MIN, NonZeroU32::MAX] {
            let at = Clock { timescale, origin: None }.at(u64::MAX);
            assert!(at >= time(u64::MAX, timescale) && at.subsec_nanos().is_multiple_of(1000));
        }
    }
}
