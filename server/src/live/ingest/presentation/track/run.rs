//! A run of a track, and its parts and segments as they are said: names, numbers, dates.

use std::time::Duration;

use roomcast_media::{Cutter, Part, Segment};
use roomcast_protocol::data::{InitSection, MapRef, Media, PartData, Seconds, SegmentData, SegmentHead};
use roomcast_protocol::id::ObjectId;

use super::Plan;
use crate::live::ingest::presentation::timeline::Clock;

/// Media from one start of the encoder, or one break, to the next.
#[derive(Debug)]
pub(super) struct Run {
    pub cutter: Cutter,
    pub timeline: u64,
    pub clock: Clock,
    /// The segment that stands behind a discontinuity.
    pub breaks: Option<u64>,
    /// The decode time of its first sample.
    pub origin: Duration,
    pub segment_start: Duration,
}

/// Something to be said once there is a role.
#[derive(Debug)]
pub(super) enum Word {
    Declare(InitSection),
    Part(SegmentHead, PartData),
    Segment(SegmentData),
}

impl Run {
    pub fn part(&self, part: Part, map: &ObjectId, plan: &Plan) -> Word {
        let head = SegmentHead {
            id: plan.name("s", part.segment, "m4s"),
            sequence: part.segment,
            duration: None,
            discontinuity: self.breaks == Some(part.segment),
            program_date_time: self.clock.date(self.segment_start),
            map: Some(MapRef { id: map.clone() }),
        };
        let part = PartData {
            id: plan.name("p", part.number, "m4s"),
            sequence: part.index,
            duration: seconds(part.duration),
            independent: part.independent,
            gap: false,
            data: Media(part.bytes),
        };
        Word::Part(head, part)
    }

    pub fn segment(&self, segment: Segment, map: &ObjectId, plan: &Plan) -> Word {
        Word::Segment(SegmentData {
            id: plan.name("s", segment.sequence, "m4s"),
            sequence: segment.sequence,
            duration: seconds(segment.duration),
            discontinuity: self.breaks == Some(segment.sequence),
            program_date_time: self.clock.date(self.origin + segment.start),
            map: Some(MapRef { id: map.clone() }),
            data: Media(segment.bytes),
        })
    }
}

impl Plan {
    /// Parts bear a running number, so that the name of the next one can be told before it comes.
    pub(super) fn name(&self, what: &str, number: u64, extension: &str) -> ObjectId {
        let name = format!("{}-{what}{number}.{extension}", self.tag);
        ObjectId::parse(&name).expect("letters, digits, dashes and a dot")
    }
}

/// Bits per second.
pub(super) fn rate(part: &Part) -> u64 {
    let micros = part.duration.as_micros().max(1);
    u64::try_from(part.bytes.len() as u128 * 8_000_000 / micros).unwrap_or(u64::MAX / 8).max(1)
}

/// On the wire a duration is never 0.
fn seconds(duration: Duration) -> Seconds {
    Seconds::from(duration.max(Duration::from_micros(1)))
}
