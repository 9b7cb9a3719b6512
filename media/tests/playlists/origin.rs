//! The stream that a packager feeds, as a server holds it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use roomcast_core::hls::{Change, HlsSettings, Stream};
use roomcast_core::time::UnixTime;
use roomcast_media::Item;
use roomcast_media::package::{Config, Earlier, Lengths, Moment, Packager, Signal};
use roomcast_protocol::data::{Media, Payload};
use roomcast_protocol::id::ObjectId;

use crate::reader::{Playlist, Segment};

/// 2024-11-22T15:00:00Z
const NOON: i64 = 1_732_287_600_000;

/// A segment of the variant as it was uploaded.
#[derive(Debug, Default, Clone)]
pub struct Uploaded {
    pub parts: Vec<Bytes>,
    /// Durations of the parts, and of the segment, in microseconds.
    pub lengths: Vec<u64>,
    pub length: u64,
    pub bytes: Bytes,
    /// It has media that is in no part.
    pub comes_whole: bool,
}

pub struct Origin {
    packager: Packager,
    stream: Stream,
    moment: Moment,
    fixed: Option<Vec<String>>,
    uploaded: BTreeMap<u64, Uploaded>,
    /// The finished segments by their number, as they were listed.
    listed: BTreeMap<u64, Segment>,
    notes: Vec<String>,
    lists: bool,
}

fn id(name: &str) -> ObjectId {
    ObjectId::parse(name).unwrap()
}

impl Origin {
    pub fn new(is_declared: bool) -> Self {
        let lengths = Lengths {
            segment: Duration::from_secs(1),
            part: Duration::from_millis(350),
            target: Duration::from_secs(2),
            is_declared,
        };
        let opening = Duration::from_secs(2);
        let config = Config {
            playlist: id("main"),
            lengths,
            opening,
            key_frame_wait: Duration::MAX,
            window: Duration::from_secs(60),
            held: 1 << 24,
            prefix: String::new(),
        };
        let moment = Moment { now: Duration::ZERO, wall: NOON };
        Self {
            packager: Packager::new(config, moment.now),
            stream: Stream::new(HlsSettings::default()),
            moment,
            fixed: None,
            uploaded: BTreeMap::new(),
            listed: BTreeMap::new(),
            notes: Vec::new(),
            lists: false,
        }
    }

    pub fn push(&mut self, item: Item) {
        self.moment.now += Duration::from_millis(300);
        self.moment.wall += 300;
        let (signals, done) = self.packager.take(&id("v0"), item, self.moment, |_| Earlier::default());
        done.unwrap();
        self.upload(signals);
    }

    pub fn finish(&mut self) {
        let signals = self.packager.finish(self.moment);
        self.upload(signals);
        if self.lists {
            self.apply(self.packager.end_stream());
        }
    }

    /// Whether anything was listed.
    pub const fn lists(&self) -> bool {
        self.lists
    }

    pub fn segments(&self) -> impl Iterator<Item = &Uploaded> {
        self.uploaded.values()
    }

    /// The finished segments as they were listed, with what was uploaded of each.
    pub fn timeline(&self) -> impl Iterator<Item = (u64, &Segment, Option<&Uploaded>)> {
        self.listed.iter().map(|(number, segment)| (*number, segment, self.uploaded.get(number)))
    }

    /// The numbers of video frames and audio samples that the log says were left out.
    pub fn left_out(&self) -> (u64, u64) {
        let numbers = self.notes.iter().filter_map(|note| {
            let words: Vec<&str> = note.strip_prefix("left out: ")?.split(' ').collect();
            let [video, "frames", "of", "video", "and", audio, "of", "audio", ..] = words[..] else { return None };
            Some((video.parse::<u64>().unwrap(), audio.parse::<u64>().unwrap()))
        });
        numbers.fold((0, 0), |sum, (video, audio)| (sum.0 + video, sum.1 + audio))
    }

    fn upload(&mut self, signals: Vec<Signal>) {
        self.notes.extend(self.packager.take_notes());
        for Signal { payload, .. } in signals {
            match &payload {
                Payload::Part(update) => {
                    let of = self.uploaded.entry(update.segment.sequence).or_default();
                    of.comes_whole |= update.part.gap;
                    of.parts.extend((!update.part.gap).then(|| update.part.data.0.clone()));
                    of.lengths.extend((!update.part.gap).then_some(update.part.duration.micros()));
                }
                Payload::Segment(update) => {
                    let of = self.uploaded.entry(update.segment.sequence).or_default();
                    of.comes_whole |= of.parts.is_empty();
                    of.bytes = update.segment.data.0.clone();
                    of.length = update.segment.duration.micros();
                }
                _ => {}
            }
            self.apply(payload);
        }
    }

    /// Nothing that is derived is ever refused, and every version of the playlist is right.
    fn apply(&mut self, payload: Payload) {
        check_wire(payload.clone());
        let received = UnixTime(self.moment.wall * 1000);
        let changes = self.stream.apply(payload.clone(), received);
        let changes = changes.unwrap_or_else(|refusal| panic!("{refusal}: {payload:?}"));
        for change in changes {
            let Change::MediaPlaylist { snapshot, .. } = change else { continue };
            let playlist = Playlist::read(std::str::from_utf8(&snapshot.playlist).unwrap());
            let fixed = self.fixed.get_or_insert_with(|| playlist.fixed.clone());
            assert_eq!(*fixed, playlist.fixed, "what is fixed has changed");
            self.lists = true;
            let finished = (playlist.media_sequence..).zip(playlist.segments).filter(|(_, it)| it.uri.is_some());
            self.listed.extend(finished);
        }
    }
}

/// Derived payloads must be valid by the schema, too.
fn check_wire(payload: Payload) {
    match payload {
        Payload::Variant(update) => read_back(&update),
        Payload::Rendition(update) => read_back(&update),
        Payload::Part(mut update) => {
            update.part.data = Media::default();
            read_back(&update);
        }
        Payload::Segment(mut update) => {
            update.segment.data = Media::default();
            read_back(&update);
        }
        Payload::End(_) => {}
    }
}

fn read_back<T: serde::Serialize + serde::de::DeserializeOwned>(update: &T) {
    let written = serde_json::to_string(update).unwrap();
    let read: Result<T, _> = serde_json::from_str(&written);
    assert!(read.is_ok(), "{:?}: {written}", read.err());
}
