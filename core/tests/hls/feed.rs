//! Uploads of a streamer: segments of 2 s, four parts each, numbered through. The bytes of an object are its id.

use bytes::Bytes;
use roomcast_core::hls::{Change, HlsSettings, Refusal, Snapshot, Stream};
use roomcast_core::time::UnixTime;
use roomcast_protocol::data::{
    EndStream, InitSection, MapRef, Media, PartData, Payload, PlaylistRef, ProgramDateTime, Rendition, RenditionType,
    Seconds, SegmentData, SegmentHead, TrackRef, UpdatePart, UpdateRendition, UpdateSegment, UpdateVariant, Variant,
    WithMap,
};
use roomcast_protocol::id::ObjectId;

/// 2024-11-22T15:00:00Z
pub const NOON: i64 = 1_732_287_600_000;
/// Time when all uploads come.
pub const RECEIVED: UnixTime = UnixTime(NOON * 1000);

/// Returns when a segment comes that is uploaded as fast as it plays.
pub fn live(msn: u64) -> UnixTime {
    UnixTime(RECEIVED.0 + 2_000_000 * msn as i64)
}

pub fn id(text: &str) -> ObjectId {
    ObjectId::parse(text).unwrap()
}

pub fn media(text: &str) -> Media {
    Media(Bytes::copy_from_slice(text.as_bytes()))
}

pub fn seconds(seconds: f64) -> Seconds {
    Seconds::from_micros((seconds * 1e6).round() as u64)
}

pub fn date(millis: i64) -> Option<ProgramDateTime> {
    Some(ProgramDateTime::from_millis(millis).unwrap())
}

pub fn map(name: &str) -> Option<MapRef> {
    Some(MapRef { id: id(name) })
}

fn playlist() -> PlaylistRef {
    PlaylistRef { id: id("main"), version: None }
}

pub fn variant(track: &str, map: &str) -> UpdateVariant {
    UpdateVariant {
        playlist: playlist(),
        variant: Variant {
            id: id(track),
            codecs: "avc1.64001f,mp4a.40.2".into(),
            bandwidth: 2_000_000,
            audio: None,
            version: None,
            target_duration: seconds(2.0),
            target_part_duration: Some(seconds(0.5)),
            resolution: Some("1280x720".into()),
            frame_rate: Some(30.0),
            independent_segments: true,
        },
        segment: WithMap { map: InitSection { id: id(map), data: media(map) } },
    }
}

/// Sound of the group `aac`, named as its track.
pub fn rendition(track: &str, map: &str) -> UpdateRendition {
    UpdateRendition {
        playlist: playlist(),
        rendition: Rendition {
            id: id(track),
            kind: RenditionType::Audio,
            group_id: id("aac"),
            name: track.into(),
            language: None,
            is_default: None,
            auto_select: None,
            channels: None,
            target_duration: seconds(2.0),
            target_part_duration: Some(seconds(0.5)),
        },
        segment: WithMap { map: InitSection { id: id(map), data: media(map) } },
    }
}

/// An upload for a rendition instead of the variant.
pub fn of_rendition(track: &str, mut payload: Payload) -> Payload {
    let (variant, rendition) = match &mut payload {
        Payload::Part(update) => (&mut update.variant, &mut update.rendition),
        Payload::Segment(update) => (&mut update.variant, &mut update.rendition),
        other => panic!("{other:?} is of no track"),
    };
    (*variant, *rendition) = (None, Some(TrackRef { id: id(track) }));
    payload
}

pub fn part_id(msn: u64, index: u64) -> String {
    format!("p{}.m4s", msn.wrapping_mul(4).wrapping_add(index))
}

pub fn part(msn: u64, index: u64) -> UpdatePart {
    let name = part_id(msn, index);
    UpdatePart {
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
            duration: seconds(0.5),
            independent: index == 0,
            gap: false,
            data: media(&name),
        },
    }
}

/// The whole segment; its bytes are those of its parts.
pub fn segment(msn: u64) -> UpdateSegment {
    let bytes: String = (0..4).map(|index| part_id(msn, index)).collect();
    UpdateSegment {
        playlist: playlist(),
        variant: Some(TrackRef { id: id("v0") }),
        rendition: None,
        segment: SegmentData {
            id: id(&format!("s{msn}.m4s")),
            sequence: msn,
            duration: seconds(2.0),
            discontinuity: false,
            program_date_time: None,
            map: None,
            data: media(&bytes),
        },
    }
}

/// Says that there are no further parts in a segment: it comes whole.
pub fn announced_gap(msn: u64, index: u64) -> UpdatePart {
    let mut update = part(msn, index);
    (update.part.gap, update.part.independent, update.part.data) = (true, false, Media::default());
    update
}

/// A variant without parts.
pub fn without_parts(track: &str, map: &str) -> UpdateVariant {
    let mut update = variant(track, map);
    update.variant.target_part_duration = None;
    update
}

pub fn end() -> Payload {
    Payload::End(EndStream { playlist: playlist() })
}

/// A playlist without its dates.
pub fn undated(playlist: &str) -> String {
    let lines = playlist.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("#EXT-X-PROGRAM-DATE-TIME")).collect()
}

/// A stream that keeps what it said.
pub struct Origin {
    pub stream: Stream,
    pub changes: Vec<Change>,
}

impl Origin {
    /// A stream with the track `v0`.
    pub fn new() -> Self {
        Self::with(HlsSettings::default())
    }

    pub fn with(settings: HlsSettings) -> Self {
        Self::declared(settings, variant("v0", "init.mp4"))
    }

    /// A stream with this track.
    pub fn of(first: UpdateVariant) -> Self {
        Self::declared(HlsSettings::default(), first)
    }

    fn declared(settings: HlsSettings, first: UpdateVariant) -> Self {
        let mut origin = Self { stream: Stream::new(settings), changes: Vec::new() };
        origin.take(Payload::Variant(first));
        origin
    }

    pub fn try_take(&mut self, payload: Payload) -> Result<usize, Refusal> {
        let changes = self.stream.apply(payload, RECEIVED)?;
        let count = changes.len();
        self.changes.extend(changes);
        Ok(count)
    }

    /// Takes what comes at a certain time.
    pub fn take_at(&mut self, payload: Payload, received: UnixTime) {
        let changes = self.stream.apply(payload, received).unwrap();
        self.changes.extend(changes);
    }

    /// Takes what must be taken, and says how much it changed.
    pub fn take(&mut self, payload: Payload) -> usize {
        self.try_take(payload).unwrap()
    }

    pub fn part(&mut self, msn: u64, index: u64) -> usize {
        self.take(Payload::Part(part(msn, index)))
    }

    pub fn parts(&mut self, msn: u64) {
        (0..4).for_each(|index| assert!(self.part(msn, index) > 0));
    }

    pub fn segment(&mut self, msn: u64) -> usize {
        self.take(Payload::Segment(segment(msn)))
    }

    /// The newest text of the playlist of `v0`.
    pub fn playlist(&self) -> String {
        String::from_utf8(self.snapshot("v0").playlist.to_vec()).unwrap()
    }

    /// The newest snapshot of a track.
    pub fn snapshot(&self, of: &str) -> &Snapshot {
        let newest = self.changes.iter().rev().find_map(|change| match change {
            Change::MediaPlaylist { track, snapshot } if track.as_str() == of => Some(snapshot),
            _ => None,
        });
        newest.unwrap()
    }

    /// The newest text of the multivariant playlist.
    pub fn multivariant(&self) -> String {
        let newest = self.changes.iter().rev().find_map(|change| match change {
            Change::Multivariant(text) => Some(text.to_string()),
            _ => None,
        });
        newest.unwrap()
    }

    /// The bytes stored under a name, if they were not removed.
    pub fn object(&self, name: &str) -> Option<Bytes> {
        self.changes.iter().rev().find_map(|change| match change {
            Change::Store { object, media, .. } if object.as_str() == name => media.bytes().cloned().map(Some),
            Change::Remove { object, .. } if object.as_str() == name => Some(None),
            _ => None,
        })?
    }
}
