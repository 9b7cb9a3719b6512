//! When a part is long enough, when too long, and when a segment is over.
//!
//! Compares exactly, in integers: ticks times a second against nanoseconds times the timescale.
//! Knows nothing of what waits.
//!
//! rfc8216bis, 4.4.3.7 (EXT-X-PART-INF).

use std::num::NonZeroU32;
use std::time::Duration;

use super::Targets;
use crate::{Error, Sample};

const NANOS: u128 = 1_000_000_000;

#[derive(Debug)]
pub(super) struct Rules {
    pub(super) targets: Targets,
    timescale: u128,
    /// Nanoseconds of decode time at which the lines begin between which segments lie.
    pub(super) grid: Option<u128>,
}

impl Rules {
    pub(super) fn new(targets: Targets, timescale: NonZeroU32) -> Result<Self, Error> {
        // Playlists count in microseconds: a part must not round to more than the target does.
        let part = Duration::from_micros(u64::try_from(targets.part.as_micros()).unwrap_or(u64::MAX));
        let targets = Targets { part, ..targets };
        let rules = Self { targets, timescale: u128::from(timescale.get()), grid: None };
        if rules.part_ticks() == 0 || targets.segment < targets.part {
            return Err(Error::Targets { segment: targets.segment, part: targets.part });
        }
        Ok(rules)
    }

    /// The longest part in ticks.
    pub(super) fn part_ticks(&self) -> u64 {
        let ticks = self.targets.part.as_nanos() * self.timescale / NANOS;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    pub(super) fn is_too_long(&self, ticks: u64) -> bool {
        ticks > self.part_ticks()
    }

    /// Whether a part of so many ticks may end anywhere: 85 % of the part target.
    pub(super) fn is_long_enough(&self, ticks: u64) -> bool {
        let target = self.targets.part.as_nanos().saturating_mul(self.timescale);
        u128::from(ticks) * NANOS * 100 >= target.saturating_mul(85)
    }

    /// Whether a segment that began at `start` is over before this sync sample. Half a sample is
    /// tolerated, as no timescale holds every frame rate exactly.
    pub(super) fn is_segment_due(&self, start: u64, sample: &Sample) -> bool {
        if let Some(origin) = self.grid {
            return self.cell(origin, sample.decode_time, sample) > self.cell(origin, start, sample);
        }
        let passed = u128::from(sample.decode_time.saturating_sub(start));
        let twice = 2 * passed + u128::from(sample.duration);
        twice * NANOS >= 2 * self.targets.segment.as_nanos() * self.timescale
    }

    /// Between which lines of the grid a decode time lies; half a sample early is on the line.
    fn cell(&self, origin: u128, ticks: u64, sample: &Sample) -> u128 {
        let nanos = (2 * u128::from(ticks) + u128::from(sample.duration)) * NANOS / (2 * self.timescale);
        nanos.saturating_sub(origin) / self.targets.segment.as_nanos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::sample;

    fn rules(segment: u64, part: u64, timescale: u32) -> Result<Rules, Error> {
        let targets = Targets { segment: Duration::from_millis(segment), part: Duration::from_millis(part) };
        Rules::new(targets, NonZeroU32::new(timescale).unwrap())
    }

    #[test]
    fn a_part_may_reach_its_target_and_not_exceed_it() {
        let rules = rules(1000, 350, 1000).unwrap();
        assert!(!rules.is_too_long(350));
        assert!(rules.is_too_long(351));
    }

    #[test]
    fn a_target_counts_in_whole_microseconds() {
        let targets = Targets { segment: Duration::from_secs(1), part: Duration::from_nanos(333_333_999) };
        let rules = Rules::new(targets, NonZeroU32::new(1_000_000_000).unwrap()).unwrap();
        assert!(!rules.is_too_long(333_333_000));
        assert!(rules.is_too_long(333_333_001));
    }

    #[test]
    fn eighty_five_percent_are_long_enough() {
        let rules = rules(1000, 350, 2000).unwrap();
        assert!(rules.is_long_enough(595));
        assert!(!rules.is_long_enough(594));
    }

    #[test]
    fn a_segment_is_due_half_a_sample_early() {
        let rules = rules(1000, 350, 1000).unwrap();
        assert!(rules.is_segment_due(5000, &sample(1, 5983, 34, true)));
        assert!(!rules.is_segment_due(5000, &sample(1, 5982, 34, true)));
    }

    #[test]
    fn segments_on_a_grid_do_not_drift() {
        let rules = Rules { grid: Some(0), ..rules(1000, 350, 48_000).unwrap() };
        let (mut start, mut starts) = (0, Vec::new());
        for frame in 0..(48_000 * 600 / 1024) {
            let sample = sample(1, frame * 1024, 1024, true);
            if rules.is_segment_due(start, &sample) {
                start = sample.decode_time;
                starts.push(start);
            }
        }
        assert_eq!(starts.len(), 599);
        for (second, start) in (1..).zip(starts) {
            assert!(start.abs_diff(second * 48_000) <= 512, "{second}: {start}");
        }
    }

    #[test]
    fn targets_that_cannot_be_met_are_refused() {
        assert!(matches!(rules(300, 350, 1000), Err(Error::Targets { .. })));
        assert!(matches!(rules(1000, 0, 1000), Err(Error::Targets { .. })));
        assert!(matches!(rules(1000, 350, 2), Err(Error::Targets { .. })));
    }
}
