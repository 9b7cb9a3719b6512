//! Uploads of a streamer: segments of 2 s, four parts each, numbered through.

use bytes::Bytes;

use roomcast_protocol::data::{
    EndStream, InitSection, Media, PartData, Payload, PlaylistRef, Seconds, SegmentData, SegmentHead, TrackRef,
    UpdatePart, UpdateSegment, UpdateVariant, Variant, WithMap,
};
use roomcast_protocol::id::ObjectId;

pub fn id(text: &str) -> ObjectId {
    ObjectId::parse(text).unwrap()
}

fn playlist() -> PlaylistRef {
    PlaylistRef { id: id("main"), version: None }
}

/// As long as real ones, and told apart by their names.
pub fn bytes(name: &str) -> Bytes {
    name.bytes().cycle().take(1000).collect()
}

pub fn variant(map: &str) -> Payload {
    Payload::Variant(UpdateVariant {
        playlist: playlist(),
        variant: Variant {
            id: id("v0"),
            codecs: "avc1.64001f,mp4a.40.2".into(),
            bandwidth: 2_000_000,
            audio: None,
            version: None,
            target_duration: Seconds::from_micros(2_000_000),
            target_part_duration: Some(Seconds::from_micros(500_000)),
            resolution: Some("1280x720".into()),
            frame_rate: Some(29.97),
            independent_segments: true,
        },
        segment: WithMap { map: InitSection { id: id(map), data: Media(bytes(map)) } },
    })
}

pub fn part_id(msn: u64, index: u64) -> String {
    format!("p{}.m4s", msn * 4 + index)
}

pub fn part(msn: u64, index: u64) -> Payload {
    let name = part_id(msn, index);
    Payload::Part(UpdatePart {
        playlist: playlist(),
        variant: Some(TrackRef { id: id("v0") }),
        rendition: None,
        segment: SegmentHead {
            id: id(&format!("s{msn}.m4s")),
            sequence: msn,
            duration: None,
            discontinuity: false,
            program_date_time: None,
            map: None,
        },
        part: PartData {
            id: id(&name),
            sequence: index,
            duration: Seconds::from_micros(500_000),
            independent: index == 0,
            gap: false,
            data: Media(bytes(&name)),
        },
    })
}

/// Other bytes than those of its parts.
pub fn segment(msn: u64) -> Payload {
    let name = format!("s{msn}.m4s");
    Payload::Segment(UpdateSegment {
        playlist: playlist(),
        variant: Some(TrackRef { id: id("v0") }),
        rendition: None,
        segment: SegmentData {
            id: id(&name),
            sequence: msn,
            duration: Seconds::from_micros(2_000_000),
            discontinuity: false,
            program_date_time: None,
            map: None,
            data: Media(bytes(&name)),
        },
    })
}

pub fn end() -> Payload {
    Payload::End(EndStream { playlist: playlist() })
}

pub fn parts(msn: u64) -> impl Iterator<Item = Payload> {
    (0..4).map(move |index| part(msn, index))
}
