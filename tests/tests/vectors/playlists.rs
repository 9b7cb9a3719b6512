//! `playlists.json`: uploads to a stream of the origin, and what it lists.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roomcast_core::hls::{Change, Decision, HlsSettings, Reload, Snapshot, Stream};
use roomcast_core::time::UnixTime;
use roomcast_protocol::data;
use roomcast_protocol::schema::VERSION;
use roomcast_protocol::schema::recorded::playlists::{Broadcast, PlaylistVectors, Step};
use serde_json::{Value, json};

use crate::hold;

const NOON: i64 = 1_732_287_600_000;

/// A broadcast while it is being recorded.
struct Recorder {
    broadcast: Broadcast,
    stream: Stream,
    multivariant: String,
    media: BTreeMap<String, Arc<Snapshot>>,
    at: i64,
}

impl Recorder {
    fn new(name: &str, window: u64) -> Self {
        let settings = HlsSettings { window: Duration::from_millis(window), ..HlsSettings::default() };
        let broadcast = Broadcast { name: name.into(), window, steps: Vec::new() };
        Self { broadcast, stream: Stream::new(settings), multivariant: String::new(), media: BTreeMap::new(), at: NOON }
    }

    fn note(&mut self, step: Step) {
        self.broadcast.steps.push(step);
    }

    fn upload(mut self, action: &str, media: &str, payload: Value) -> Self {
        let mut signal = json!({ "action": action, "version": 1, "id": "67e55044-10b1-426f-9247-bb680e5fe0c8",
            "timestamp": self.at.to_string(), "numbytes": media.len(), "payload": payload });
        let pointer = match action {
            "updatePart" => "/payload/part",
            "updateSegment" => "/payload/segment",
            _ => "/payload/segment/map",
        };
        if let Some(place) = signal.pointer_mut(pointer).filter(|_| !media.is_empty()) {
            place["data"] = STANDARD.encode(media).into();
        }
        let decoded = data::decode(signal.to_string().as_bytes()).expect("it is a data signal");
        let c = match self.stream.apply(decoded.payload, UnixTime(self.at * 1000)) {
            Ok(changes) => {
                changes.into_iter().for_each(|change| self.take(change));
                200
            }
            Err(refusal) => refusal.code.number(),
        };
        self.note(Step { at: self.at, signal: Some(signal), c: Some(c), path: None, lines: None, status: None });
        self
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::MediaPlaylist { track, snapshot } => _ = self.media.insert(track.as_str().to_owned(), snapshot),
            Change::Multivariant(text) => text[..].clone_into(&mut self.multivariant),
            Change::Store { .. } | Change::Remove { .. } => {}
        }
    }

    fn read(mut self, path: &str) -> Self {
        let (address, query) = path.split_once('?').unwrap_or((path, ""));
        let mut step = Step { at: self.at, signal: None, c: None, path: Some(path.into()), lines: None, status: None };
        let lines = |text: &str| Some(text.lines().map(str::to_owned).collect());
        match address.split_once('/').map(|(track, _)| self.media.get(track)) {
            None => step.lines = lines(&self.multivariant),
            Some(None) => step.status = Some(404),
            Some(Some(snapshot)) => {
                let reload = Reload::parse(query).expect("a query with numbers");
                match reload.decide(snapshot) {
                    Decision::Answer => step.lines = lines(str::from_utf8(reload.text(snapshot)).expect("it is text")),
                    Decision::Refuse(_) => step.status = Some(400),
                    Decision::Wait => {}
                }
            }
        }
        self.note(step);
        self
    }

    fn playlist(self) -> Self {
        self.read("v0/playlist.m3u8")
    }

    fn later(mut self, millis: i64) -> Self {
        self.at += millis;
        self
    }

    fn variant(self, audio: bool) -> Self {
        let mut variant = json!({ "id": "v0", "codecs": "avc1.42c01e,mp4a.40.2", "bandwidth": 800_000, "targetDuration": 1,
            "targetPartDuration": 0.5, "resolution": "640x360", "frameRate": 30 });
        if audio {
            variant["audio"] = json!("sound");
        }
        let payload =
            json!({ "playlist": { "id": "main" }, "variant": variant, "segment": { "map": { "id": "init.mp4" } } });
        self.upload("updateVariant", "init", payload)
    }

    fn rendition(self) -> Self {
        let rendition = json!({ "id": "a0", "type": "AUDIO", "groupId": "sound", "name": "English", "language": "en",
            "isDefault": true, "targetDuration": 1, "targetPartDuration": 0.5 });
        let payload =
            json!({ "playlist": { "id": "main" }, "rendition": rendition, "segment": { "map": { "id": "init.mp4" } } });
        self.upload("updateRendition", "init", payload)
    }

    fn part_of(self, track: (&str, &str), segment: u64, index: u64, more: &Value) -> Self {
        let mut payload = json!({ "playlist": { "id": "main" }, track.0: { "id": track.1 },
            "segment": { "id": format!("s{segment}.m4s"), "sequence": segment },
            "part": { "id": format!("p{}.m4s", segment * 2 + index), "sequence": index, "duration": 0.5, "independent": index == 0 } });
        for (name, value) in more.as_object().expect("members") {
            payload["segment"][name] = value.clone();
        }
        self.upload("updatePart", &format!("{} {segment}.{index}", track.1), payload)
    }

    fn part(self, segment: u64, index: u64) -> Self {
        self.part_of(("variant", "v0"), segment, index, &json!({})).later(500)
    }

    fn dated(self, segment: u64) -> Self {
        self.part_of(("variant", "v0"), segment, 0, &json!({ "programDateTime": NOON })).later(500)
    }

    fn segments(self, range: std::ops::Range<u64>) -> Self {
        range.fold(self, |recorder, segment| recorder.part(segment, 0).part(segment, 1))
    }

    fn whole(self, segment: u64) -> Self {
        let payload = json!({ "playlist": { "id": "main" }, "variant": { "id": "v0" },
            "segment": { "id": format!("s{segment}.m4s"), "sequence": segment, "duration": 1 } });
        self.upload("updateSegment", &format!("segment {segment}"), payload).later(1000)
    }

    fn end(self) -> Self {
        self.upload("endStream", "", json!({ "playlist": { "id": "main" } }))
    }
}

fn live(name: &str) -> Recorder {
    Recorder::new(name, 60_000).variant(false)
}

fn broadcasts() -> Vec<Recorder> {
    let audio = ("rendition", "a0");
    vec![
        live("the first part makes the playlists, and the next one is hinted")
            .playlist()
            .dated(0)
            .read("playlist.m3u8")
            .playlist()
            .part(0, 1)
            .playlist(),
        live("a segment ends with the first part of the next; old segments have no parts")
            .dated(7)
            .part(7, 1)
            .segments(8..12)
            .part(12, 0)
            .playlist(),
        live("whole segments, without parts of theirs").whole(0).whole(1).playlist(),
        live("the end: no hint any more, and nothing more is taken")
            .dated(0)
            .part(0, 1)
            .part(1, 0)
            .end()
            .playlist()
            .part(1, 1)
            .read("v0/playlist.m3u8?_HLS_msn=9"),
        live("reloads that wait, and those that are refused")
            .dated(0)
            .read("v0/playlist.m3u8?_HLS_msn=0&_HLS_part=0")
            .read("v0/playlist.m3u8?_HLS_msn=0&_HLS_part=1")
            .read("v0/playlist.m3u8?_HLS_msn=1")
            .read("v0/playlist.m3u8?_HLS_msn=3")
            .read("v0/playlist.m3u8?_HLS_part=0"),
        Recorder::new("a rendition, and its report in the other playlist", 60_000)
            .variant(true)
            .rendition()
            .dated(0)
            .part_of(audio, 0, 0, &json!({ "programDateTime": NOON }))
            .part(0, 1)
            .part_of(audio, 0, 1, &json!({}))
            .read("playlist.m3u8")
            .playlist()
            .read("a0/playlist.m3u8"),
        live("a discontinuity has a map and a date")
            .dated(0)
            .part(0, 1)
            .part_of(
                ("variant", "v0"),
                1,
                0,
                &json!({ "discontinuity": true, "programDateTime": NOON + 60_000, "map": { "id": "init.mp4" } }),
            )
            .playlist(),
        live("a delta update leaves old segments out")
            .dated(0)
            .part(0, 1)
            .segments(1..20)
            .read("v0/playlist.m3u8?_HLS_skip=YES"),
        live("a part that never comes is a gap when three newer ones have come")
            .dated(0)
            .part(0, 1)
            .part(1, 0)
            .part(2, 0)
            .part(2, 1)
            .playlist()
            .part(3, 0)
            .playlist(),
        Recorder::new("the window slides, and the media sequence counts", 4000)
            .variant(false)
            .dated(0)
            .part(0, 1)
            .segments(1..12)
            .playlist(),
        live("refusals change nothing")
            .dated(0)
            .part_of(("variant", "v1"), 0, 0, &json!({}))
            .part_of(("variant", "v0"), 900, 0, &json!({}))
            .playlist(),
    ]
}

#[test]
fn playlists_are_those_of_the_origin() {
    let broadcasts: Vec<Broadcast> = broadcasts().into_iter().map(|recorder| recorder.broadcast).collect();
    let all: String = broadcasts
        .iter()
        .flat_map(|one| &one.steps)
        .filter_map(|step| step.lines.as_ref())
        .flatten()
        .cloned()
        .collect();
    for tag in [
        "PART:",
        "PRELOAD-HINT",
        "ENDLIST",
        "RENDITION-REPORT",
        "DISCONTINUITY",
        "PROGRAM-DATE-TIME",
        "SKIP:",
        "GAP",
        "STREAM-INF",
    ] {
        assert!(all.contains(tag), "no playlist has {tag}");
    }
    hold("playlists.json", &PlaylistVectors { version: VERSION.into(), broadcasts });
}
