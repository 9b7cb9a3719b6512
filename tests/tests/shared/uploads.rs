//! Data signals over HTTP, in both encodings: what is taken, what is refused, and what of it is seen.

use futures_util::StreamExt;
use futures_util::stream;
use roomcast_tests::broadcast::{Encoding, MULTIPART, Streamer, get, multipart, part_bytes};
use roomcast_tests::client::Client;
use roomcast_tests::raw::{CHUNKED, Raw};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::{Value, json};

const MULTIVARIANT: &str = "/live/demo/main/playlist.m3u8";
const VIDEO: &str = "/live/demo/main/v0/playlist.m3u8";
const AUDIO: &str = "/live/demo/main/a0/playlist.m3u8";
/// The first part was taken then.
const DATE: u64 = 1_732_287_600_000;

/// A track by the member that names it.
type Track = (&'static str, &'static str);
const V0: Track = ("variant", "v0");
const A0: Track = ("rendition", "a0");

fn variant(audio: Option<&str>) -> Value {
    let mut payload = json!({"playlist": {"id": "main"}, "segment": {"map": {"id": "init.mp4"}},
        "variant": {"id": "v0", "codecs": "avc1.42e01e,mp4a.40.2", "bandwidth": 800_000, "targetDuration": 1,
            "targetPartDuration": 0.5, "resolution": "640x360", "frameRate": 30}});
    if let Some(group) = audio {
        payload["variant"]["audio"] = group.into();
    }
    payload
}

fn rendition() -> Value {
    json!({"playlist": {"id": "main"}, "segment": {"map": {"id": "init.mp4"}},
        "rendition": {"id": "a0", "type": "AUDIO", "groupId": "sound", "name": "English", "language": "en",
            "isDefault": true, "targetDuration": 1, "targetPartDuration": 0.5}})
}

fn part((kind, id): Track, sequence: u64, index: u64) -> Value {
    json!({"playlist": {"id": "main"}, kind: {"id": id},
        "segment": {"id": format!("s{sequence}.m4s"), "sequence": sequence, "programDateTime": DATE + sequence * 1000},
        "part": {"id": format!("p{}.m4s", sequence * 2 + index), "sequence": index, "duration": 0.5, "independent": index == 0}})
}

fn segment((kind, id): Track, sequence: u64) -> Value {
    json!({"playlist": {"id": "main"}, kind: {"id": id}, "segment": {"id": format!("s{sequence}.m4s"),
        "sequence": sequence, "duration": 1, "programDateTime": DATE + sequence * 1000}})
}

fn segment_bytes(sequence: u64) -> Vec<u8> {
    [part_bytes(sequence, 0), part_bytes(sequence, 1)].concat()
}

/// Sends a signal that must be taken.
async fn taken(streamer: &Streamer, encoding: Encoding, action: &str, payload: Value, media: &[u8]) {
    let (status, answer) = streamer.send(encoding, action, payload, media).await;
    assert_eq!(status, 200, "{action}: {answer}");
    assert!(answer["b"]["delay"].as_i64().is_some_and(|delay| (0..20_000).contains(&delay)), "{answer}");
}

async fn part_taken(streamer: &Streamer, encoding: Encoding, track: Track, sequence: u64, index: u64) {
    taken(streamer, encoding, "updatePart", part(track, sequence, index), &part_bytes(sequence, index)).await;
}

#[tokio::test]
async fn both_encodings_make_the_same_playlists_of_variants_and_renditions() {
    let mut seen = Vec::new();
    for encoding in Encoding::ALL {
        let server = Server::start(&[]).await;
        let streamer = Streamer::start(&server).await;
        taken(&streamer, encoding, "updateVariant", variant(Some("sound")), b"init of v0").await;
        taken(&streamer, encoding, "updateRendition", rendition(), b"init of a0").await;
        for sequence in 0..3 {
            // Parts and the segment, the segment alone, parts alone.
            if sequence != 1 {
                part_taken(&streamer, encoding, V0, sequence, 0).await;
                part_taken(&streamer, encoding, V0, sequence, 1).await;
            }
            if sequence != 2 {
                taken(&streamer, encoding, "updateSegment", segment(V0, sequence), &segment_bytes(sequence)).await;
            }
            taken(&streamer, encoding, "updateSegment", segment(A0, sequence), &segment_bytes(sequence)).await;
        }
        part_taken(&streamer, encoding, V0, 3, 0).await;
        seen.push([server.text(MULTIVARIANT).await, server.text(VIDEO).await, server.text(AUDIO).await]);
        for (path, bytes) in [
            ("/live/demo/main/v0/init.mp4", b"init of v0".to_vec()),
            ("/live/demo/main/v0/p1.m4s", part_bytes(0, 1)),
            ("/live/demo/main/v0/s1.m4s", segment_bytes(1)),
            ("/live/demo/main/v0/s2.m4s", segment_bytes(2)),
            ("/live/demo/main/a0/init.mp4", b"init of a0".to_vec()),
        ] {
            assert_eq!(get(&server.url(path)).await.bytes().await.unwrap(), bytes, "{path}");
        }
    }
    assert!(seen[0][0].contains("AUDIO=\"sound\"") && seen[0][0].contains("LANGUAGE=\"en\""), "{}", seen[0][0]);
    assert_eq!(seen[0][1].matches("#EXTINF:1").count(), 3, "{}", seen[0][1]);
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn eight_uploaders_in_any_order_end_in_the_playlist_of_one_in_order() {
    const SEGMENTS: u64 = 20;
    let mut seen = Vec::new();
    for (uploaders, encoding) in [(1, Encoding::Json), (8, Encoding::Json), (8, Encoding::Multipart)] {
        let server = Server::start(&["--hls-parts-before-gap", "1000"]).await;
        let streamer = Streamer::start(&server).await;
        taken(&streamer, encoding, "updateVariant", variant(None), b"init").await;
        let mut pieces: Vec<_> =
            (0..SEGMENTS).flat_map(|sequence| (0..3).map(move |index| (sequence, index))).collect();
        if uploaders > 1 {
            // A lost part shows itself by its number once the numbers have run over a border.
            shuffle(&mut pieces[6..]);
        }
        let uploads = pieces.into_iter().map(|(sequence, index)| {
            let streamer = &streamer;
            async move {
                match index {
                    2 => {
                        let (signal, bytes) = (segment(V0, sequence), segment_bytes(sequence));
                        taken(streamer, encoding, "updateSegment", signal, &bytes).await;
                    }
                    _ => part_taken(streamer, encoding, V0, sequence, index).await,
                }
            }
        });
        let mut uploads: Vec<_> = uploads.collect();
        let shuffled = uploads.split_off(6);
        stream::iter(uploads).for_each_concurrent(1, |upload| upload).await;
        stream::iter(shuffled).for_each_concurrent(uploaders, |upload| upload).await;
        seen.push(server.text(VIDEO).await);
    }
    assert_eq!(seen[0].matches("#EXTINF").count() as u64, SEGMENTS, "{}", seen[0]);
    assert!(!seen[0].contains("GAP"), "{}", seen[0]);
    assert_eq!(seen[1], seen[0]);
    assert_eq!(seen[2], seen[0]);
}

/// Fisher and Yates, with numbers of a congruential generator.
fn shuffle<T>(list: &mut [T]) {
    let mut state = 2026_u64;
    for last in (1..list.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        list.swap(last, (state >> 33) as usize % (last + 1));
    }
}

#[tokio::test]
async fn a_hole_becomes_a_gap_when_three_newer_parts_have_come() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    taken(&streamer, Encoding::Multipart, "updateVariant", variant(None), b"init").await;
    for (sequence, index) in [(0, 0), (0, 1), (1, 0)] {
        part_taken(&streamer, Encoding::Multipart, V0, sequence, index).await;
    }
    // Part 1 of segment 1, p3.m4s, is missing.
    for (sequence, index) in [(2, 0), (2, 1)] {
        part_taken(&streamer, Encoding::Multipart, V0, sequence, index).await;
        assert!(!server.text(VIDEO).await.contains("p4.m4s"), "it waits for the hole");
    }
    part_taken(&streamer, Encoding::Multipart, V0, 3, 0).await;
    let playlist = server.text(VIDEO).await;
    let gap = playlist.lines().find(|line| line.contains("p3.m4s")).unwrap_or_else(|| panic!("{playlist}"));
    assert!(gap.contains("GAP=YES") && playlist.contains("p6.m4s"), "{playlist}");
}

#[tokio::test]
async fn what_is_repeated_is_answered_again_and_what_differs_conflicts() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    let all = [
        ("updateVariant", variant(None), b"init".to_vec()),
        ("updatePart", part(V0, 0, 0), part_bytes(0, 0)),
        ("updateSegment", segment(V0, 0), segment_bytes(0)),
    ];
    for (action, payload, media) in &all {
        taken(&streamer, Encoding::Multipart, action, payload.clone(), media).await;
    }
    let before = server.text(VIDEO).await;
    for encoding in Encoding::ALL {
        for (action, payload, media) in &all {
            taken(&streamer, encoding, action, payload.clone(), media).await;
            let (status, answer) = streamer.send(encoding, action, payload.clone(), b"other").await;
            assert_eq!((status.as_u16(), &answer["c"]), (409, &json!(4026)), "{action}: {answer}");
        }
    }
    assert_eq!(server.text(VIDEO).await, before);
}

#[tokio::test]
async fn a_refused_upload_changes_nothing() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    taken(&streamer, Encoding::Json, "updateVariant", variant(None), b"init").await;
    part_taken(&streamer, Encoding::Json, V0, 0, 0).await;
    let before = server.text(VIDEO).await;
    let signal = |media: &[u8]| streamer.written(Encoding::Json, "updatePart", part(V0, 0, 1), media).1;
    let (short, whole) = (signal(b""), signal(b"abc"));
    let multi = |parts: &[(&'static str, &[u8])]| (MULTIPART, multipart(parts.iter().copied()));
    let (_, good) = streamer.written(Encoding::Multipart, "updatePart", part(V0, 0, 1), &part_bytes(0, 1));
    for (what, (content_type, body)) in [
        ("`numbytes`", multi(&[("signal", &short), ("data", b"abc")])),
        ("not both", multi(&[("signal", &whole), ("data", b"abc")])),
        ("no place", multi(&[("signal", &short), ("map", b"abc")])),
        ("no place", multi(&[("signal", &whole), ("file", b"abc")])),
        ("twice", multi(&[("signal", &whole), ("signal", &whole)])),
        ("`signal` is missing", multi(&[("data", b"abc")])),
        ("must be a `gap`", multi(&[("signal", &short)])),
        ("ends within", (MULTIPART, good[..good.len() - 20].to_vec())),
        ("boundary", ("multipart/form-data", good.clone())),
        ("application/json or multipart/form-data", ("text/plain", good.clone())),
        ("JSON object", ("application/json", good.clone())),
    ] {
        let response = streamer.post(Some(&streamer.token), content_type, body).await;
        assert_eq!(response.status(), 400, "{what}");
        let answer: Value = response.json().await.expect("answers are JSON");
        let told = answer["b"]["msg"].as_str().is_some_and(|message| message.contains(what));
        assert!(answer["c"] == 2001 && told, "{what}: {answer}");
    }
    assert_eq!(server.text(VIDEO).await, before);
    part_taken(&streamer, Encoding::Multipart, V0, 0, 1).await;
}

#[tokio::test]
async fn a_token_is_good_for_its_publisher_its_room_and_its_time() {
    let server = Server::start(&["--ingest-token-ttl", "2s"]).await;
    let mut streamer = Streamer::start(&server).await;
    let (_viewer, ack) = Client::join(&server, "bob", "p2m", false).await;
    assert_eq!(ack["b"]["hls"].get("ingest"), None, "viewers get no token");
    let mut other = Client::connect(&server, "ann", "p2m").await;
    let join = other.text("join", "JOIN", json!({"ve": true, "ae": true, "op": {"roomCreating": true}}));
    other.say(&join.replace("\"demo\"", "\"other\"")).await;
    let ack = other.hear("JOIN").await;
    let elsewhere = ack["b"]["hls"]["ingest"]["token"].as_str().expect("an ingest token").to_owned();

    let own = streamer.token.clone();
    for encoding in Encoding::ALL {
        for (token, status) in
            [(None, 401), (Some("wrong"), 401), (Some(&elsewhere[..]), 401), (Some(""), 401), (Some(&own[..]), 200)]
        {
            let (content_type, body) = streamer.written(encoding, "updateVariant", variant(None), b"init");
            let response = streamer.post(token, content_type, body).await;
            assert_eq!(response.status(), status, "{token:?}");
            let answer: Value = response.json().await.expect("answers are JSON");
            // A token is judged before the body, in which the signal has its name and id.
            let named = if status == 200 { ("UPDATE_VARIANT", true) } else { ("UNKNOWN", false) };
            assert_eq!((answer["s"].as_str().unwrap(), answer["b"]["id"].is_string()), named, "{answer}");
            assert_eq!(answer["c"], if status == 200 { 200 } else { 4041 });
        }
    }
    let expired =
        async { while streamer.send(Encoding::Multipart, "updateVariant", variant(None), b"init").await.0 != 401 {} };
    with_timeout("the token to expire", expired).await;
    let ack = streamer.client.ask_to_join(false).await;
    streamer.token = ack["b"]["hls"]["ingest"]["token"].as_str().expect("a new token").to_owned();
    taken(&streamer, Encoding::Multipart, "updateVariant", variant(None), b"init").await;
    streamer.client.signal("leave", "LEAVE", json!({})).await;
    let former =
        async { while streamer.send(Encoding::Json, "updateVariant", variant(None), b"init").await.0 != 401 {} };
    with_timeout("the former publisher to be refused", former).await;
}

#[tokio::test]
async fn a_streamer_that_comes_back_goes_on_with_a_new_token() {
    let server = Server::start(&["--heartbeat-timeout", "6s"]).await;
    let streamer = Streamer::start(&server).await;
    let (mut viewer, _) = Client::join(&server, "bob", "p2m", false).await;
    taken(&streamer, Encoding::Multipart, "updateVariant", variant(None), b"init").await;
    for index in 0..2 {
        part_taken(&streamer, Encoding::Multipart, V0, 0, index).await;
    }
    let mut again = streamer;
    again.client = Client::connect(&server, "ann/2", "p2m").await;
    let gone = async {
        loop {
            if viewer
                .heard()
                .await
                .iter()
                .any(|said| said["s"] == "PUBLISH_LIST_CHANGED" && said["b"]["pps"] == json!([]))
            {
                return;
            }
        }
    };
    with_timeout("the streamer to be missed", gone).await;
    assert_eq!(again.send(Encoding::Json, "updatePart", part(V0, 1, 0), &part_bytes(1, 0)).await.0, 401);
    let ack = again.client.ask_to_join(false).await;
    again.token = ack["b"]["hls"]["ingest"]["token"].as_str().unwrap_or_else(|| panic!("a token: {ack}")).to_owned();
    let mut next = part(V0, 1, 0);
    next["segment"]["discontinuity"] = true.into();
    taken(&again, Encoding::Multipart, "updatePart", next, &part_bytes(1, 0)).await;
    let playlist = server.text(VIDEO).await;
    let (before, behind) = playlist.split_once("#EXT-X-DISCONTINUITY\n").unwrap_or_else(|| panic!("{playlist}"));
    assert!(before.contains("s0.m4s") && behind.contains("p2.m4s"), "{playlist}");
}

#[tokio::test]
async fn what_is_larger_than_the_limit_is_refused_with_413() {
    let server = Server::start(&["--max-upload", "100KiB"]).await;
    let streamer = Streamer::start(&server).await;
    taken(&streamer, Encoding::Multipart, "updateVariant", variant(None), b"init").await;
    for encoding in Encoding::ALL {
        let (status, answer) = streamer.send(encoding, "updatePart", part(V0, 0, 0), &[7; 100 * 1024 + 1]).await;
        assert_eq!((status.as_u16(), &answer["c"]), (413, &json!(2001)), "{answer}");
    }
    // A length that is claimed is refused before any of it has come; one that is not, when too much has.
    let head = format!("Authorization: Bearer {}\r\nContent-Type: {MULTIPART}\r\n", streamer.token);
    let mut claimed = Raw::dial(&server.address).await;
    let (status, _) = claimed.request("POST", "/rooms/demo/data", &format!("{head}Content-Length: 1000000\r\n")).await;
    assert_eq!(status, 413);
    let mut endless = Raw::dial(&server.address).await;
    endless.begin("POST", "/rooms/demo/data", &format!("{head}{CHUNKED}")).await;
    for _ in 0..25 {
        endless.chunk(&[7; 0x2000]).await;
    }
    assert_eq!(endless.answer().await.0, 413);
    taken(&streamer, Encoding::Multipart, "updatePart", part(V0, 0, 0), &[7; 100 * 1024]).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_with_408_and_costs_what_it_has_sent() {
    const UPLOADS: usize = 200;
    let server = Server::alone(&["--upload-timeout", "3s"]).await;
    let streamer = Streamer::start(&server).await;
    taken(&streamer, Encoding::Multipart, "updateVariant", variant(None), b"init").await;
    let before = server.memory();
    let (bearer, length) = (format!("Authorization: Bearer {}", streamer.token), "Content-Length: 16000000");
    let headers = format!("{bearer}\r\nContent-Type: {MULTIPART}\r\n{length}\r\n");
    let mut uploads = Vec::new();
    for _ in 0..UPLOADS {
        let mut upload = Raw::dial(&server.address).await;
        upload.begin("POST", "/rooms/demo/data", &headers).await;
        upload.send(&[7; 40_000]).await;
        uploads.push(upload);
    }
    // This one is answered behind them.
    part_taken(&streamer, Encoding::Multipart, V0, 0, 0).await;
    let grown = server.memory().saturating_sub(before);
    // A connection has buffers of its own; what is claimed would be 16 MB each.
    assert!(grown < 256 * UPLOADS, "{UPLOADS} half-sent uploads of 40 KB take {grown} KiB");
    for mut upload in uploads {
        let (status, _) = upload.answer().await;
        assert_eq!(status, 408);
    }
}
