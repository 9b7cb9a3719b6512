//! A period of a track, and its parts and segments as they are listed: names, numbers, dates.

use std::time::Duration;

use bytes::Bytes;
use roomcast_protocol::data::{InitSection, MapRef, Media, PartData, Seconds, SegmentData, SegmentHead};
use roomcast_protocol::id::ObjectId;

use super::Config;
use crate::package::names;
use crate::package::timeline::Clock;
use crate::{Cutter, Part, PartsEnd, Segment};

/// Media from one start of the encoder, or one break, to the next.
#[derive(Debug)]
pub(super) struct Period {
    pub cutter: Cutter,
    pub timeline: u64,
    pub clock: Clock,
    /// Media time of the broadcast before the timeline.
    pub before: Duration,
    /// The segment that follows a discontinuity.
    pub breaks: Option<u64>,
    /// Nothing was listed before it, nor was a clock set right.
    pub is_first: bool,
    /// The decode time of its first sample.
    pub origin: Duration,
    pub segment_start: Duration,
}

/// Something to be emitted once there is a role. Ends are times since the start of the period.
#[derive(Debug)]
pub(super) enum PendingSignal {
    Declare(InitSection),
    Part { head: SegmentHead, part: PartData, end: Duration, pace: Duration },
    Segment { segment: SegmentData, end: Duration, pace: Duration },
}

impl PendingSignal {
    /// Returns where its media ends, since the start of the period.
    pub const fn end(&self) -> Option<Duration> {
        match self {
            Self::Declare(_) => None,
            Self::Part { end, .. } | Self::Segment { end, .. } => Some(*end),
        }
    }
}

impl Period {
    pub fn part(&mut self, part: Part, map: &ObjectId, config: &Config) -> PendingSignal {
        if part.index == 0 {
            self.segment_start = self.origin + part.start;
        }
        let (head, end) = (self.head(part.segment, map, config), part.start + part.duration);
        let part = PartData {
            id: names::part(&config.prefix, part.number),
            sequence: part.index,
            duration: seconds(part.duration),
            independent: part.independent,
            gap: false,
            data: Media(part.bytes),
        };
        PendingSignal::Part { head, part, end, pace: self.pace(end) }
    }

    /// Announces the hinted part as a gap, since the segment arrives whole.
    pub fn parts_end(&mut self, ends: PartsEnd, map: &ObjectId, config: &Config) -> PendingSignal {
        if ends.index == 0 {
            self.segment_start = self.origin + ends.start;
        }
        let (head, end) = (self.head(ends.segment, map, config), ends.start);
        let part = PartData {
            id: names::part(&config.prefix, ends.number),
            sequence: ends.index,
            duration: seconds(ends.duration),
            independent: false,
            gap: true,
            data: Media(Bytes::new()),
        };
        PendingSignal::Part { head, part, end, pace: self.pace(end + ends.duration) }
    }

    pub fn segment(&mut self, segment: Segment, map: &ObjectId, config: &Config) -> PendingSignal {
        let end = segment.start + segment.duration;
        let segment = SegmentData {
            id: names::segment(&config.prefix, segment.sequence),
            sequence: segment.sequence,
            duration: seconds(segment.duration),
            discontinuity: self.breaks == Some(segment.sequence),
            program_date_time: self.clock.date(self.origin + segment.start),
            map: Some(MapRef { id: map.clone() }),
            data: Media(segment.bytes),
        };
        PendingSignal::Segment { segment, end, pace: self.pace(end) }
    }

    fn head(&self, segment: u64, map: &ObjectId, config: &Config) -> SegmentHead {
        SegmentHead {
            id: names::segment(&config.prefix, segment),
            sequence: segment,
            duration: None,
            discontinuity: self.breaks == Some(segment),
            program_date_time: self.clock.date(self.segment_start),
            map: Some(MapRef { id: map.clone() }),
        }
    }

    /// Returns the same time since the start of the broadcast.
    fn pace(&self, end: Duration) -> Duration {
        self.before + (self.origin + end).saturating_sub(self.clock.origin)
    }
}

/// Bits per second.
pub(super) fn rate(bytes: usize, duration: Duration) -> u64 {
    let micros = duration.as_micros().max(1);
    u64::try_from(bytes as u128 * 8_000_000 / micros).unwrap_or(u64::MAX / 8).max(1)
}

/// On the wire a duration is never 0.
fn seconds(duration: Duration) -> Seconds {
    Seconds::from(duration.max(Duration::from_micros(1)))
}
