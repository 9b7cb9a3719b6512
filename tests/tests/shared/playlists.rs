//! Every variety of playlist, read by a parser that is not ours.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use m3u8_rs::{ExtTag, MediaPlaylist, MediaSegment, Playlist};
use roomcast_tests::broadcast::{Streamer, part_bytes};
use roomcast_tests::server::Server;
use serde_json::{Value, json};

const MASTER: &str = "/live/demo/main/playlist.m3u8";
const VIDEO: &str = "/live/demo/main/v0/playlist.m3u8";
const SOUND: &str = "/live/demo/main/en/playlist.m3u8";

/// A broadcast of a variant and a rendition that can lose parts and begin anew.
struct Broadcast {
    streamer: Streamer,
    server: Server,
}

impl Broadcast {
    async fn start() -> Self {
        let server = Server::start(&["--hls-window", "30s"]).await;
        let streamer = Streamer::start(&server).await;
        let broadcast = Self { streamer, server };
        broadcast.declare(0).await;
        broadcast
    }

    /// Declares both tracks with the init sections of a run.
    async fn declare(&self, run: u64) {
        let target = json!({"targetDuration": 1, "targetPartDuration": 0.5});
        let map = json!({"map": {"id": format!("init-{run}.mp4"), "data": STANDARD.encode(b"init")}});
        let variant = json!({"id": "v0", "codecs": "avc1.42e01e,mp4a.40.2", "bandwidth": 800_000, "audio": "sound",
            "resolution": "640x360", "frameRate": 30});
        let rendition = json!({"id": "en", "type": "AUDIO", "groupId": "sound", "name": "English", "language": "en",
            "isDefault": true, "autoSelect": true, "channels": "2"});
        for (action, kind, declared) in
            [("updateVariant", "variant", variant), ("updateRendition", "rendition", rendition)]
        {
            let declared = merged(declared, &target);
            self.say(action, 4, json!({"playlist": {"id": "main"}, kind: declared, "segment": map})).await;
        }
    }

    /// Uploads a part of both tracks.
    async fn part(&self, sequence: u64, index: u64, discontinuity: bool) {
        let bytes = part_bytes(sequence, index);
        let date = 1_732_287_600_000 + sequence * 1000;
        let segment = json!({"id": format!("s{sequence}.m4s"), "sequence": sequence, "discontinuity": discontinuity,
            "programDateTime": date});
        let id = format!("p{}.m4s", sequence * 2 + index);
        let part =
            json!({"id": id, "sequence": index, "duration": 0.5, "independent": true, "data": STANDARD.encode(&bytes)});
        for (kind, track) in [("variant", "v0"), ("rendition", "en")] {
            let payload = json!({"playlist": {"id": "main"}, kind: {"id": track}, "segment": segment, "part": part});
            self.say("updatePart", bytes.len(), payload).await;
        }
    }

    async fn segments(&self, sequences: std::ops::Range<u64>) {
        for sequence in sequences {
            self.part(sequence, 0, false).await;
            self.part(sequence, 1, false).await;
        }
    }

    async fn say(&self, action: &str, numbytes: usize, payload: Value) {
        let (status, answer) = self.streamer.upload(action, numbytes, payload).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Reads a media playlist, and holds what the parser found against the text.
    async fn media(&self, path: &str) -> MediaPlaylist {
        let text = self.server.text(path).await;
        let (rest, read) = m3u8_rs::parse_playlist(text.as_bytes()).expect("the parser reads it");
        let Playlist::MediaPlaylist(playlist) = read else { panic!("{path} is a media playlist\n{text}") };
        assert!(rest.is_empty(), "{path} is read to its end");
        // It passes over the parts of a segment that is still open.
        let finished = text.rsplit_once("#EXTINF:").map_or("", |(before, _)| before);
        let count = |text: &str, tag: &str| text.lines().filter(|line| line.starts_with(tag)).count();
        assert_eq!(playlist.segments.len(), count(&text, "#EXTINF:"), "{text}");
        assert_eq!(tagged(&playlist, "X-PART"), count(finished, "#EXT-X-PART:"), "{text}");
        assert_eq!(playlist.end_list, text.ends_with("#EXT-X-ENDLIST\n"));
        playlist
    }
}

fn merged(mut one: Value, other: &Value) -> Value {
    let more = other.as_object().expect("it is an object").clone();
    one.as_object_mut().expect("it is an object").extend(more);
    one
}

fn has(tags: &[ExtTag], name: &str) -> bool {
    tags.iter().any(|tag| tag.tag == name)
}

fn tagged(playlist: &MediaPlaylist, name: &str) -> usize {
    let tags = playlist.segments.iter().flat_map(|segment| &segment.unknown_tags).chain(&playlist.unknown_tags);
    tags.filter(|tag| tag.tag == name).count()
}

fn names(segments: &[MediaSegment]) -> String {
    segments.iter().fold(String::new(), |mut text, segment| {
        write!(text, "{} ", segment.uri).expect("a string takes all text");
        text
    })
}

#[tokio::test]
async fn the_multivariant_playlist_names_variants_and_renditions() {
    let broadcast = Broadcast::start().await;
    broadcast.segments(0..1).await;
    let text = broadcast.server.text(MASTER).await;
    let playlist = m3u8_rs::parse_master_playlist_res(text.as_bytes()).expect("the parser reads it");
    let [variant] = &playlist.variants[..] else { panic!("one variant in\n{text}") };
    assert_eq!(
        (variant.uri.as_str(), variant.bandwidth, variant.audio.as_deref()),
        ("v0/playlist.m3u8", 800_000, Some("sound"))
    );
    let [sound] = &playlist.alternatives[..] else { panic!("one rendition in\n{text}") };
    assert_eq!(
        (sound.uri.as_deref(), sound.group_id.as_str(), sound.default),
        (Some("en/playlist.m3u8"), "sound", true)
    );
}

#[tokio::test]
async fn whole_playlists_and_delta_updates_end_alike() {
    let broadcast = Broadcast::start().await;
    broadcast.segments(0..20).await;
    for path in [VIDEO, SOUND] {
        let whole = broadcast.media(path).await;
        assert_eq!((whole.media_sequence, whole.version, whole.target_duration), (0, Some(6), 1));
        let delta = broadcast.media(&format!("{path}?_HLS_skip=YES")).await;
        assert_eq!((delta.media_sequence, delta.version), (0, Some(9)));
        assert_eq!(tagged(&delta, "X-SKIP"), 1);
        let (all, rest) = (names(&whole.segments), names(&delta.segments));
        assert!(rest.len() < all.len() && all.ends_with(&rest), "{rest} is the end of {all}");
    }
}

#[tokio::test]
async fn a_window_that_slides_counts_on() {
    let broadcast = Broadcast::start().await;
    broadcast.segments(0..45).await;
    let playlist = broadcast.media(VIDEO).await;
    assert!(playlist.media_sequence >= 14, "{}", playlist.media_sequence);
    let first = format!("s{}.m4s", playlist.media_sequence);
    assert_eq!(playlist.segments.first().map(|segment| segment.uri.as_str()), Some(first.as_str()));
}

#[tokio::test]
async fn lost_parts_and_segments_are_gaps() {
    let broadcast = Broadcast::start().await;
    broadcast.segments(0..3).await;
    broadcast.part(3, 0, false).await;
    broadcast.segments(4..6).await;
    broadcast.segments(7..10).await;
    for path in [VIDEO, SOUND] {
        let playlist = broadcast.media(path).await;
        let gaps: Vec<_> =
            playlist.segments.iter().enumerate().filter(|(_, s)| has(&s.unknown_tags, "X-GAP")).collect();
        assert_eq!(gaps.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 6], "{}", names(&playlist.segments));
    }
}

#[tokio::test]
async fn a_streamer_that_begins_anew_is_behind_a_discontinuity_and_the_end_has_its_tag() {
    let broadcast = Broadcast::start().await;
    broadcast.segments(0..4).await;
    broadcast.declare(1).await;
    broadcast.part(4, 0, true).await;
    broadcast.part(4, 1, true).await;
    broadcast.segments(5..8).await;
    for end in [false, true] {
        if end {
            assert_eq!(broadcast.streamer.end().await.0, 200);
        }
        for path in [VIDEO, SOUND] {
            let playlist = broadcast.media(path).await;
            assert_eq!((playlist.end_list, playlist.media_sequence), (end, 0));
            let begins: Vec<_> = playlist.segments.iter().map(|segment| segment.discontinuity).collect();
            assert_eq!(begins.iter().position(|begins| *begins), Some(4));
            assert_eq!(begins.iter().filter(|begins| **begins).count(), 1);
            let map = playlist.segments[4].map.as_ref().expect("it has a map of its own");
            assert_eq!(map.uri, "init-1.mp4");
            assert!(playlist.segments[4].program_date_time.is_some());
        }
    }
}
