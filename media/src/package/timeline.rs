//! A stretch of media time without a break, shared by all tracks: the numbers and dates of its segments.
//!
//! Two tracks at the same decode time are at the same place, as far as their sync samples allow. When an encoder
//! starts anew, another timeline begins, whose numbers and dates lie behind those before.

use std::time::Duration;

use roomcast_protocol::data::ProgramDateTime;

/// Distance that a track may be behind or ahead of the others and still belong to them.
const NEAR: Duration = Duration::from_secs(10);
/// The same for a track that runs on while another has begun a new timeline.
const CLOSE: Duration = Duration::from_secs(2);

/// A timeline. Times are decode times.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    /// Tells it from others.
    pub number: u64,
    pub clock: Clock,
    /// The media sequence number of the segment that begins there.
    base: u64,
    segment: Duration,
    newest: Duration,
    /// Media time of the timelines before.
    before: Duration,
}

/// The clock on the wall at the start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub origin: Duration,
    wall: i64,
}

impl Timeline {
    /// A timeline that begins at a decode time, which came at `wall`; it goes on behind the one before.
    pub fn begin(before: Option<&Self>, origin: Duration, wall: i64, base: u64, segment: Duration) -> Self {
        let end = before.map_or(0, |before| before.clock.millis(before.newest));
        let clock = Clock { origin, wall: wall.max(end) };
        let number = before.map_or(0, |before| before.number + 1);
        let before = before.map_or(Duration::ZERO, |last| last.before + last.newest.saturating_sub(last.clock.origin));
        Self { number, clock, base, segment, newest: origin, before }
    }

    /// Media time of the broadcast before it.
    pub const fn before(&self) -> Duration {
        self.before
    }

    /// Returns the number of the segment in which something at this time lies.
    pub fn sequence(&self, at: Duration) -> u64 {
        let cells = at.saturating_sub(self.clock.origin).as_nanos() / self.segment.as_nanos().max(1);
        self.base.saturating_add(u64::try_from(cells).unwrap_or(u64::MAX / 2))
    }

    /// Number of segments that fit between two times.
    pub fn missing(&self, from: Duration, to: Duration) -> u64 {
        let count = to.saturating_sub(from).as_nanos() / self.segment.as_nanos().max(1);
        u64::try_from(count).unwrap_or(u64::MAX / 2)
    }

    /// Returns whether a track that begins at this time belongs to it.
    pub fn holds(&self, at: Duration) -> bool {
        at + NEAR >= self.clock.origin && at <= self.newest + NEAR
    }

    /// Returns whether a track that runs on at this time of another timeline has arrived in this one.
    pub fn reaches(&self, at: Duration) -> bool {
        at >= self.clock.origin && at <= self.newest + CLOSE
    }

    pub fn advance(&mut self, to: Duration) {
        self.newest = self.newest.max(to);
    }
}

impl Clock {
    pub fn date(&self, at: Duration) -> Option<ProgramDateTime> {
        ProgramDateTime::from_millis(self.millis(at)).ok()
    }

    fn millis(&self, at: Duration) -> i64 {
        let ahead = millis(at.saturating_sub(self.origin));
        self.wall.saturating_add(ahead).saturating_sub(millis(self.origin.saturating_sub(at)))
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_same_time_has_the_same_number_and_date() {
        let mut timeline = Timeline::begin(None, at(5040), 1_732_287_600_000, 7, at(1000));
        timeline.advance(at(9000));
        assert_eq!([at(5000), at(5040), at(6039), at(6040)].map(|time| timeline.sequence(time)), [7, 7, 7, 8]);
        let date = |time| timeline.clock.date(time).map(ProgramDateTime::millis);
        assert_eq!(date(at(6040)), Some(1_732_287_601_000));
        assert_eq!(date(at(5000)), Some(1_732_287_599_960));
        assert!(timeline.holds(at(0)) && timeline.holds(at(19_000)) && !timeline.holds(at(19_001)));
        assert!(timeline.reaches(at(5040)) && !timeline.reaches(at(5039)) && !timeline.reaches(at(11_001)));
    }

    #[test]
    fn dates_never_run_back_over_a_restart() {
        let mut first = Timeline::begin(None, at(0), 1000, 0, at(1000));
        first.advance(at(60_000));
        let second = Timeline::begin(Some(&first), at(0), 50_000, 60, at(1000));
        assert_eq!((second.number, second.clock.millis(at(0))), (1, 61_000));
    }
}
