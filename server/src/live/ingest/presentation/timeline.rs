//! A stretch of media time without a break, shared by all tracks: which number a segment has, and which date.
//!
//! Two tracks at the same decode time are at the same place, as far as their sync samples allow. When an encoder
//! starts anew, another timeline begins, whose numbers and dates lie behind those before.

use std::time::Duration;

use roomcast_protocol::data::ProgramDateTime;

/// How far behind or ahead of the others a track may be and still belong to them.
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
}

/// What the clock on the wall said at the begin.
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
        Self { number: before.map_or(0, |before| before.number + 1), clock, base, segment, newest: origin }
    }

    /// The number of the segment in which something at this time lies.
    pub fn sequence(&self, at: Duration) -> u64 {
        let cells = at.saturating_sub(self.clock.origin).as_nanos() / self.segment.as_nanos().max(1);
        self.base.saturating_add(u64::try_from(cells).unwrap_or(u64::MAX / 2))
    }

    /// Whether a track that begins at this time belongs to it.
    pub fn holds(&self, at: Duration) -> bool {
        at + NEAR >= self.clock.origin && at <= self.newest + NEAR
    }

    /// Whether a track that runs on at this time of another timeline has arrived in this one.
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
