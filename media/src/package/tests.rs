//! Media made of numbers, pushed to tracks, and the signals it becomes.

mod absent;
mod figures;
mod jumps;
mod opening;
mod roles;
mod tracks;

use std::num::NonZeroU32;

use bytes::Bytes;
use roomcast_protocol::data::{PartData, SegmentData, SegmentHead, UpdateVariant};

use crate::{Defaults, Sample, Track as MediaTrack};

use super::*;

/// The media of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Picture,
    Sound,
    Both,
}

/// A playlist, and all signals that it has emitted.
struct Show {
    packager: Packager,
    moment: Moment,
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
        language: None,
        channels: None,
        defaults: Defaults::default(),
        entry: Bytes::from_static(bytes.as_bytes()),
    };
    let picture = || track(1, Handler::Video, "avc1.64001f");
    let sound = |id| track(id, Handler::Audio, "mp4a.40.2");
    let tracks = match kind {
        Kind::Picture => vec![picture()],
        Kind::Sound => vec![sound(1)],
        Kind::Both => vec![picture(), sound(2)],
    };
    Item::Init(Init { bytes: Bytes::from_static(bytes.as_bytes()), tracks, ignored: Vec::new() })
}

/// Frames of the first track, with a key frame every `group`, and sound of the second beside them.
fn frames(first: u64, count: u64, group: u64) -> Item {
    let sound = |frame: u64| Sample {
        track: 2,
        decode_time: frame * u64::from(FRAME),
        duration: FRAME,
        composition_offset: 0,
        flags: 0,
        payload: Bytes::new(),
    };
    let sample = |frame: u64| Sample {
        track: 1,
        decode_time: frame * u64::from(FRAME),
        duration: FRAME,
        composition_offset: 0,
        flags: if frame.is_multiple_of(group) { 0 } else { 0x0001_0000 },
        payload: Bytes::from_static(&[7; 100]),
    };
    let numbers = first..first + count;
    let samples = numbers.clone().map(sample).chain(numbers.map(sound)).collect();
    Item::Fragment(Fragment { sequence: 1, samples })
}

/// Frames of the first track that last so many ticks each, with a key frame every `group`.
fn uneven(from: u64, lengths: &[u32], group: usize) -> Item {
    let mut at = from;
    let sample = |(number, duration): (usize, &u32)| {
        at += u64::from(*duration);
        Sample {
            track: 1,
            decode_time: at - u64::from(*duration),
            duration: *duration,
            composition_offset: 0,
            flags: if number.is_multiple_of(group) { 0 } else { 0x0001_0000 },
            payload: Bytes::from_static(&[7; 100]),
        }
    };
    Item::Fragment(Fragment { sequence: 1, samples: lengths.iter().enumerate().map(sample).collect() })
}

impl Show {
    /// A playlist whose target is declared.
    fn new() -> Self {
        Self::with(1 << 20, true)
    }

    /// A playlist whose target follows its key frames.
    fn derived() -> Self {
        Self::with(1 << 20, false)
    }

    /// A playlist of which so many bytes may wait for a role.
    fn with(held: usize, is_declared: bool) -> Self {
        let lengths = Lengths {
            segment: Duration::from_secs(1),
            part: Duration::from_millis(350),
            target: Duration::from_secs(2),
            is_declared,
        };
        let opening = Duration::from_secs(1);
        let config = Config {
            playlist: id("main"),
            lengths,
            opening,
            key_frame_wait: Duration::from_secs(30),
            window: Duration::from_secs(8),
            held,
            prefix: "abc-".into(),
        };
        let moment = Moment { now: Duration::ZERO, wall: 1_732_287_600_000 };
        Self { packager: Packager::new(config, moment.now), moment, said: vec![] }
    }

    fn try_push(&mut self, track: &str, item: Item) -> Result<(), Error> {
        let (said, done) = self.packager.take(&id(track), item, self.moment, |_| Earlier::default());
        self.hear(said);
        done
    }

    fn hear(&mut self, said: Vec<Signal>) {
        self.said.extend(said.into_iter().map(|signal| signal.payload));
    }

    fn finish(&mut self) {
        let left = self.packager.finish(self.moment);
        self.hear(left);
    }

    /// The whole segments of a track.
    fn segments(&self, track: &str) -> Vec<&SegmentData> {
        let own = self.said.iter().filter_map(|payload| match payload {
            Payload::Segment(update) => {
                let of = update.variant.as_ref().or(update.rendition.as_ref());
                (of.map(|of| of.id.as_str()) == Some(track)).then_some(&update.segment)
            }
            _ => None,
        });
        own.collect()
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
        self.moment.now += Duration::from_millis(millis);
        assert!(self.packager.is_due(self.moment.now));
        let said = self.packager.tick(self.moment.now);
        self.hear(said);
    }

    /// Declarations in short: `v0(codecs)@group`, `a0*` for a default rendition.
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

    /// The maps that variants were declared with, each once.
    fn maps(&self) -> Vec<&str> {
        let mut maps: Vec<&str> = self.variants("").map(|update| update.segment.map.id.as_str()).collect();
        maps.dedup();
        maps
    }

    /// The declarations of variants whose name begins so.
    fn variants<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a UpdateVariant> {
        self.said.iter().filter_map(move |payload| match payload {
            Payload::Variant(update) => Some(update).filter(|update| update.variant.id.as_str().starts_with(name)),
            _ => None,
        })
    }

    /// Parts and segments.
    fn media(&self) -> Vec<&Payload> {
        self.said.iter().filter(|payload| matches!(payload, Payload::Part(_) | Payload::Segment(_))).collect()
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
