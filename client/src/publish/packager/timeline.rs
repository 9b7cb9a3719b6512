//! One timeline: its map, its cutter, its clock on the wall.
//!
//! The clock is read once, when the first part is cut; from then on dates follow the media. Never goes on over a jump
//! of timestamps: that is another timeline.

use std::time::Duration;

use roomcast_media::{Cut, Cutter, Fragment, Init, Part, Segment, Start, Targets, Variant as Attributes};
use roomcast_protocol::data::{
    InitSection, MapRef, Media, PartData, Payload, PlaylistRef, ProgramDateTime, Seconds, SegmentData, SegmentHead,
    TrackRef, UpdatePart, UpdateSegment, UpdateVariant, Variant, WithMap,
};
use roomcast_protocol::id::ObjectId;

use super::{Piece, Plan};
use crate::Error;
use crate::publish::names;

/// What rounds to the target duration is no longer than it (rfc8216bis, 4.4.3.1).
const ROUNDING: Duration = Duration::from_millis(499);
/// Bandwidths are stated in steps of so many bits per second.
const BANDWIDTH_STEP: u64 = 10_000;

/// Where a timeline begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub start: Start,
    /// Media time since the broadcast's begin.
    pub media: Duration,
    /// Not before this, in milliseconds since 1970.
    pub wall: i64,
    /// Whether media was published before it.
    pub discontinuity: bool,
}

#[derive(Debug)]
pub(super) struct Timeline {
    init: Init,
    map: ObjectId,
    cutter: Cutter,
    origin: Origin,
    attributes: Option<Attributes>,
    announced: bool,
    /// When its media began, in milliseconds since 1970.
    began: Option<i64>,
    /// Where the open segment starts and the last part ended, since the timeline's begin.
    segment_start: Duration,
    part_end: Duration,
}

impl Timeline {
    pub fn new(init: Init, map: u64, targets: Targets, origin: Origin) -> Result<Self, Error> {
        let cutter = Cutter::new(&init, targets, origin.start)?;
        let (segment_start, part_end) = (Duration::ZERO, Duration::ZERO);
        let (map, attributes, announced, began) = (names::map(map), None, false, None);
        Ok(Self { init, map, cutter, origin, attributes, announced, began, segment_start, part_end })
    }

    /// Goes on with the same map behind a jump; the cutter must be finished.
    pub fn begin(&mut self, origin: Origin) {
        self.origin = origin;
        self.began = None;
        (self.segment_start, self.part_end) = (Duration::ZERO, Duration::ZERO);
    }

    /// Where the next timeline begins; the cutter must be finished.
    pub fn end(&self) -> Origin {
        Origin {
            start: self.cutter.next_start(),
            media: self.origin.media + self.part_end,
            wall: self.began.map_or(self.origin.wall, |began| began + millis(self.part_end)),
            discontinuity: self.origin.discontinuity || self.began.is_some(),
        }
    }

    pub fn push(&mut self, plan: &Plan, fragment: Fragment, wall: i64) -> Result<Vec<Piece>, Error> {
        self.attributes.get_or_insert_with(|| Attributes::new(&self.init, &fragment));
        let cuts = self.cutter.push(fragment)?;
        self.pieces(plan, cuts, wall)
    }

    pub fn finish(&mut self, plan: &Plan, wall: i64) -> Result<Vec<Piece>, Error> {
        let cuts = self.cutter.finish();
        self.pieces(plan, cuts, wall)
    }

    fn pieces(&mut self, plan: &Plan, cuts: Vec<Cut>, wall: i64) -> Result<Vec<Piece>, Error> {
        let mut pieces = Vec::with_capacity(cuts.len() + 1);
        for cut in cuts {
            match cut {
                Cut::Part(part) => {
                    self.began.get_or_insert_with(|| self.origin.wall.max(wall - millis(part.duration)));
                    if !std::mem::replace(&mut self.announced, true) {
                        pieces.push(Piece { payload: self.variant(plan, &part), end: None });
                    }
                    pieces.push(self.part(plan, part)?);
                }
                Cut::Segment(segment) => pieces.push(Piece { payload: self.segment(plan, segment), end: None }),
            }
        }
        Ok(pieces)
    }

    fn variant(&self, plan: &Plan, first: &Part) -> Payload {
        let attributes = self.attributes.as_ref();
        let variant = Variant {
            id: plan.variant.clone(),
            codecs: attributes.map(|attributes| attributes.codecs.clone()).unwrap_or_default(),
            bandwidth: bandwidth(first),
            audio: None,
            version: None,
            target_duration: plan.target_duration.into(),
            target_part_duration: Some(plan.targets.part.into()),
            resolution: attributes.and_then(|a| a.resolution).map(|(width, height)| format!("{width}x{height}")),
            frame_rate: attributes.and_then(|attributes| attributes.frame_rate),
            independent_segments: true,
        };
        let map = InitSection { id: self.map.clone(), data: Media(self.init.bytes.clone()) };
        Payload::Variant(UpdateVariant { playlist: playlist(plan), variant, segment: WithMap { map } })
    }

    fn part(&mut self, plan: &Plan, part: Part) -> Result<Piece, Error> {
        if part.index == 0 {
            self.segment_start = part.start;
        }
        self.part_end = part.start + part.duration;
        if self.part_end - self.segment_start > plan.target_duration + ROUNDING {
            return Err(Error::KeyFrames { segment: part.segment, target: plan.target_duration });
        }
        let segment = SegmentHead {
            id: names::segment(part.segment),
            sequence: part.segment,
            duration: None,
            discontinuity: self.is_discontinuous(part.segment),
            program_date_time: self.date(self.segment_start),
            map: Some(MapRef { id: self.map.clone() }),
        };
        let part = PartData {
            id: names::part(part.number),
            sequence: part.index,
            duration: seconds(part.duration),
            independent: part.independent,
            gap: false,
            data: Media(part.bytes),
        };
        let payload = Payload::Part(UpdatePart {
            playlist: playlist(plan),
            variant: Some(TrackRef { id: plan.variant.clone() }),
            rendition: None,
            segment,
            part,
        });
        Ok(Piece { payload, end: Some(self.origin.media + self.part_end) })
    }

    fn segment(&self, plan: &Plan, segment: Segment) -> Payload {
        Payload::Segment(UpdateSegment {
            playlist: playlist(plan),
            variant: Some(TrackRef { id: plan.variant.clone() }),
            rendition: None,
            segment: SegmentData {
                id: names::segment(segment.sequence),
                sequence: segment.sequence,
                duration: seconds(segment.duration),
                discontinuity: self.is_discontinuous(segment.sequence),
                program_date_time: self.date(segment.start),
                map: Some(MapRef { id: self.map.clone() }),
                data: Media(segment.bytes),
            },
        })
    }

    fn is_discontinuous(&self, segment: u64) -> bool {
        self.origin.discontinuity && segment == self.origin.start.segment
    }

    fn date(&self, media: Duration) -> Option<ProgramDateTime> {
        ProgramDateTime::from_millis(self.began? + millis(media)).ok()
    }
}

fn playlist(plan: &Plan) -> PlaylistRef {
    PlaylistRef { id: plan.playlist.clone(), version: None }
}

/// The first part begins with the largest frame of its segment, so its rate is a peak; a quarter is for livelier media.
fn bandwidth(first: &Part) -> u64 {
    let micros = first.duration.as_micros().max(1);
    let bits = first.bytes.len() as u128 * 8 * 1_000_000 / micros * 5 / 4;
    u64::try_from(bits).unwrap_or(u64::MAX / 2).div_ceil(BANDWIDTH_STEP).max(1) * BANDWIDTH_STEP
}

/// On the wire a duration is never 0.
fn seconds(duration: Duration) -> Seconds {
    Seconds::from(duration.max(Duration::from_micros(1)))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
