//! Media made of numbers, pushed to tracks; and what is said of it.

mod roles;
mod tracks;

use std::num::NonZeroU32;

use bytes::Bytes;
use roomcast_media::{Defaults, Sample, Track as MediaTrack};
use roomcast_protocol::data::{PartData, SegmentHead};

use super::*;

/// What a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Picture,
    Sound,
    Both,
}

/// A playlist, and all that it has said.
struct Show {
    presentation: Presentation,
    now: Instant,
    wall: i64,
    said: Vec<Payload>,
}

/// Ticks of a second, of a frame, and frames of a group of pictures.
const TIMESCALE: u32 = 30_000;
const FRAME: u32 = 1000;
const GROUP: u64 = 30;

fn id(name: &str) -> ObjectId {
    ObjectId::parse(name).unwrap()
}

fn init(kind: Kind, bytes: &'static str) -> Item {
    let track = |id, handler, codec: &str| MediaTrack {
        id,
        handler,
        timescale: NonZeroU32::new(TIMESCALE).unwrap(),
        codec: codec.into(),
        resolution: (handler == Handler::Video).then_some((640, 360)),
        defaults: Defaults::default(),
    };
    let picture = || track(1, Handler::Video, "avc1.64001f");
    let sound = |id| track(id, Handler::Audio, "mp4a.40.2");
    let tracks = match kind {
        Kind::Picture => vec![picture()],
        Kind::Sound => vec![sound(1)],
        Kind::Both => vec![picture(), sound(2)],
    };
    Item::Init(Init { bytes: Bytes::from_static(bytes.as_bytes()), tracks })
}

/// Frames of the first track, with a key frame every `group`.
fn frames(first: u64, count: u64, group: u64) -> Item {
    let sample = |frame: u64| Sample {
        track: 1,
        decode_time: frame * u64::from(FRAME),
        duration: FRAME,
        composition_offset: 0,
        flags: if frame.is_multiple_of(group) { 0 } else { 0x0001_0000 },
        payload: Bytes::from_static(&[7; 100]),
    };
    Item::Fragment(Fragment { sequence: 1, samples: (first..first + count).map(sample).collect() })
}

impl Show {
    fn new() -> Self {
        Self::with(1 << 20)
    }

    /// A playlist of which so many bytes may wait for a role.
    fn with(held: usize) -> Self {
        let targets = Targets { segment: Duration::from_secs(1), part: Duration::from_millis(350) };
        let (target_duration, opening) = (Duration::from_secs(1), Duration::from_secs(1));
        let plan = Plan { playlist: id("main"), targets, target_duration, opening, held, tag: "abc".into() };
        Self {
            presentation: Presentation::new(plan, Instant(0)),
            now: Instant(0),
            wall: 1_732_287_600_000,
            said: vec![],
        }
    }

    fn try_push(&mut self, track: &str, item: Item) -> Result<(), Fault> {
        let (said, done) = self.presentation.take(&id(track), item, (self.now, self.wall), || 0);
        self.said.extend(said);
        done
    }

    fn push(&mut self, track: &str, item: Item) {
        self.try_push(track, item).unwrap();
    }

    /// A track of this kind with a group of pictures.
    fn begin(&mut self, track: &str, kind: Kind) {
        self.push(track, init(kind, "map"));
        self.push(track, frames(0, GROUP, GROUP));
    }

    /// Time passes, and what is due is done.
    fn wait(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        assert!(self.presentation.is_due(self.now));
        self.said.extend(self.presentation.settle(self.now));
    }

    /// What was declared, in short: `v0(codecs)@group`, `a0*` for a rendition that is the default.
    fn declared(&self) -> Vec<String> {
        let short = |payload: &Payload| match payload {
            Payload::Variant(update) => {
                let group = update.variant.audio.as_ref().map(|group| format!("@{group}")).unwrap_or_default();
                Some(format!("{}({}){group}", update.variant.id, update.variant.codecs))
            }
            Payload::Rendition(update) => {
                let star = if update.rendition.is_default == Some(true) { "*" } else { "" };
                Some(format!("{}{star}", update.rendition.id))
            }
            _ => None,
        };
        self.said.iter().filter_map(short).collect()
    }

    /// The parts of a track, each with its segment.
    fn parts(&self, track: &str) -> Vec<(&SegmentHead, &PartData)> {
        let own = self.said.iter().filter_map(|payload| match payload {
            Payload::Part(update) => {
                let of = update.variant.as_ref().or(update.rendition.as_ref());
                (of.map(|of| of.id.as_str()) == Some(track)).then_some((&update.segment, &update.part))
            }
            _ => None,
        });
        own.collect()
    }
}
