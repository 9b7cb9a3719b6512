//! Decides when a part is long enough, when too long, and when a segment is over.
//!
//! Parts and segments are compared as they will be listed: in whole microseconds. The grid compares exactly, in
//! integers. Knows nothing of what waits.
//!
//! rfc8216bis, 4.4.3.1 (EXT-X-TARGETDURATION) and 4.4.3.7 (EXT-X-PART-INF).

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
        let Targets { segment, part, longest, .. } = targets;
        // A part must not round to more than the target does.
        let part = part.map(|part| Duration::from_micros(u64::try_from(part.as_micros()).unwrap_or(u64::MAX)));
        let is_below = |part: Duration| part.is_zero() || segment < part;
        if segment.is_zero() || longest < segment || part.is_some_and(is_below) {
            return Err(Error::Targets { segment, part: part.unwrap_or_default() });
        }
        Ok(Self { targets: Targets { part, ..targets }, timescale: u128::from(timescale.get()), grid: None })
    }

    /// Returns whether a part of this length exceeds the part target. Without parts nothing does.
    pub(super) fn is_too_long(&self, part: Duration) -> bool {
        self.targets.part.is_some_and(|target| part > target)
    }

    /// Returns whether a part may be followed by another: 85 % of the part target.
    pub(super) fn is_long_enough(&self, part: Duration) -> bool {
        let least = |target: Duration| (target.as_micros() * 85).div_ceil(100);
        self.targets.part.is_some_and(|target| part.as_micros() >= least(target))
    }

    /// Returns whether a segment that began at `start` is over before this sync sample. Half a sample is tolerated, as
    /// no timescale holds every frame rate exactly. On a grid, a segment that would be shorter than half the target
    /// goes on up to the next line if it may become that long.
    pub(super) fn is_segment_due(&self, start: u64, sample: &Sample) -> bool {
        let twice = 2 * u128::from(sample.decode_time.saturating_sub(start)) + u128::from(sample.duration);
        let target = 2 * self.targets.segment.as_nanos() * self.timescale;
        let Some(origin) = self.grid else { return twice * NANOS >= target };
        let longest = 2 * self.targets.longest.as_nanos() * self.timescale;
        let may_go_on = 2 * twice * NANOS < target && twice * NANOS + target <= longest;
        !may_go_on && self.cell(origin, sample.decode_time, sample) > self.cell(origin, start, sample)
    }

    /// Between which lines of the grid a decode time lies; half a sample early is on the line.
    fn cell(&self, origin: u128, ticks: u64, sample: &Sample) -> u128 {
        let nanos = (2 * u128::from(ticks) + u128::from(sample.duration)) * NANOS / (2 * self.timescale);
        nanos.saturating_sub(origin) / self.targets.segment.as_nanos()
    }

    /// Returns the longest segment in ticks, rounded down; at least one.
    pub(super) fn longest(&self) -> u64 {
        self.ticks(self.targets.longest).max(1)
    }

    /// Returns a duration in ticks of the leading track, rounded down.
    pub(super) fn ticks(&self, duration: Duration) -> u64 {
        let ticks = duration.as_nanos().saturating_mul(self.timescale) / NANOS;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::sample;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn rules(segment: u64, part: u64, timescale: u32) -> Result<Rules, Error> {
        let targets = Targets {
            segment: millis(segment),
            part: Some(millis(part)),
            longest: millis(segment.max(2000)),
            independent: true,
        };
        Rules::new(targets, NonZeroU32::new(timescale).unwrap())
    }

    #[test]
    fn a_part_may_reach_its_target_and_not_exceed_it() {
        let rules = rules(1000, 350, 1000).unwrap();
        assert!(!rules.is_too_long(millis(350)));
        assert!(rules.is_too_long(Duration::from_micros(350_001)));
    }

    #[test]
    fn a_target_counts_in_whole_microseconds() {
        let targets = Targets { part: Some(Duration::from_nanos(333_333_999)), ..rules(1000, 350, 1).unwrap().targets };
        let rules = Rules::new(targets, NonZeroU32::new(1_000_000_000).unwrap()).unwrap();
        assert!(!rules.is_too_long(Duration::from_micros(333_333)));
        assert!(rules.is_too_long(Duration::from_micros(333_334)));
    }

    #[test]
    fn eighty_five_percent_are_long_enough() {
        let rules = rules(1000, 350, 2000).unwrap();
        assert!(rules.is_long_enough(Duration::from_micros(297_500)));
        assert!(!rules.is_long_enough(Duration::from_micros(297_499)));
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
    fn a_segment_on_a_grid_is_never_a_single_frame() {
        let rules = Rules { grid: Some(0), ..rules(1000, 350, 48_000).unwrap() };
        // The track begins a frame before the line of the first second.
        let (start, line) = (46 * 1024, |second: u64| sample(1, second * 48_000, 1024, true));
        assert!(!rules.is_segment_due(start, &line(1)));
        assert!(rules.is_segment_due(start, &line(2)));
        // Where the segment must not become longer, a short one it is.
        let tight = Targets { longest: millis(1000), ..rules.targets };
        let rules = Rules { targets: tight, ..rules };
        assert!(rules.is_segment_due(start, &line(1)));
    }

    #[test]
    fn targets_that_cannot_be_met_are_refused() {
        assert!(matches!(rules(300, 350, 1000), Err(Error::Targets { .. })));
        assert!(matches!(rules(1000, 0, 1000), Err(Error::Targets { .. })));
        assert!(
            matches!(rules(3000, 350, 1000).map(|rules| rules.targets.longest), Ok(longest) if longest == millis(3000))
        );
    }
}
