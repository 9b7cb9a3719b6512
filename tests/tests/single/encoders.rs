//! Encoders that push fragmented MP4: real ffmpeg, and bodies cut by hand.

use std::process::Stdio;

use m3u8_rs::MediaPlaylist;
use roomcast_tests::broadcast::{Streamer, get};
use roomcast_tests::client::Client;
use roomcast_tests::media::{self, FRAGMENTED};
use roomcast_tests::raw::Raw;
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::{Value, json};
use tokio::process::Command;

const V0: &str = "/rooms/demo/ingest/main/v0";
const A0: &str = "/rooms/demo/ingest/main/a0";
const MULTIVARIANT: &str = "/live/demo/main/playlist.m3u8";

async fn ffmpeg(args: &[&str]) {
    let clip = media::clip();
    let mut ffmpeg = Command::new("ffmpeg");
    // Requests per segment, and those of two tracks, are connections of their own: only the pace of real time keeps
    // them in order, and lets the second begin before the first has ended.
    let several = args.contains(&"dash") || args.iter().filter(|arg| **arg == "PUT").count() > 1;
    let pace: &[&str] = if several { &["-re"] } else { &[] };
    ffmpeg.args(["-v", "error"]).args(pace).arg("-i").arg(clip).args(args).stdin(Stdio::null()).kill_on_drop(true);
    assert!(with_timeout("ffmpeg", ffmpeg.status()).await.expect("ffmpeg is installed").success());
}

/// A push of one track to an address.
fn output<'a>(map: &'a [&'a str], url: &'a str) -> Vec<&'a str> {
    [map, &["-c", "copy", "-flush_packets", "1"], &FRAGMENTED, &["-method", "PUT", url]].concat()
}

/// A body in one request, and the status and answer.
async fn push(server: &Server, path: &str, body: Vec<u8>) -> (u16, Value) {
    let request = reqwest::Client::new().put(server.url(path)).body(body);
    let response = with_timeout("the answer to a push", request.send()).await.expect("the server answers");
    (response.status().as_u16(), response.json().await.expect("answers are JSON"))
}

async fn text(server: &Server, path: &str) -> String {
    get(&server.url(path)).await.text().await.expect("a playlist is text")
}

/// The media playlist of a track, once it is as wanted.
async fn playlist(server: &Server, track: &str, wanted: impl Fn(&str) -> bool) -> (String, MediaPlaylist) {
    let path = format!("/live/demo/main/{track}/playlist.m3u8");
    let listed = async {
        loop {
            let text = text(server, &path).await;
            if wanted(&text) {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    let text = with_timeout("the playlist", listed).await;
    let parsed = m3u8_rs::parse_media_playlist_res(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    (text, parsed)
}

fn has_ended(text: &str) -> bool {
    text.ends_with("#EXT-X-ENDLIST\n")
}

/// Frames of a kind that ffprobe reads of the broadcast.
async fn frames(server: &Server, kind: &str) -> usize {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-count_frames", "-select_streams", &format!("{kind}:0")]);
    ffprobe.args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", &server.url(MULTIVARIANT)]);
    let output = with_timeout("ffprobe", ffprobe.kill_on_drop(true).output()).await.expect("ffprobe is installed");
    let text = String::from_utf8(output.stdout).expect("numbers");
    text.lines().next().and_then(|line| line.trim_matches(',').parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

async fn is_gone(server: &Server) -> bool {
    Client::connect(server, "eve", "p2m").await.ask_to_join(false).await["c"] == 4001
}

async fn gone(server: &Server) {
    with_timeout("the room to close", async { while !is_gone(server).await {} }).await;
}

#[tokio::test]
async fn one_ffmpeg_makes_a_broadcast_from_begin_to_end() {
    let server = Server::start(&["--ingest-linger", "1h"]).await;
    ffmpeg(&output(&[], &server.url(V0))).await;
    let (text, parsed) = playlist(&server, "v0", has_ended).await;
    assert_eq!(parsed.segments.len(), 6, "{text}");
    let (last, others) = parsed.segments.split_last().expect("six");
    assert!(others.iter().all(|segment| (segment.duration - 1.0).abs() < 0.001), "{text}");
    // The audio ends a little later.
    assert!((1.0..1.1).contains(&last.duration), "{text}");
    assert!(!text.contains("GAP") && !text.contains("DISCONTINUITY\n"), "{text}");
    let multivariant = self::text(&server, MULTIVARIANT).await;
    for told in ["avc1.", "mp4a.40.2", "RESOLUTION=160x90", "FRAME-RATE=30.000"] {
        assert!(multivariant.contains(told), "{multivariant}");
    }
    assert_eq!(frames(&server, "v").await, 180);
    gone(&server).await;
}

#[tokio::test]
async fn separate_video_and_sound_are_a_variant_and_its_rendition_on_one_grid() {
    let server = Server::start(&["--ingest-linger", "1h"]).await;
    let (video, sound) = (server.url(V0), server.url(A0));
    ffmpeg(&[output(&["-map", "0:v"], &video), output(&["-map", "0:a"], &sound)].concat()).await;
    let (_, video) = playlist(&server, "v0", has_ended).await;
    let (text, sound) = playlist(&server, "a0", has_ended).await;
    let multivariant = self::text(&server, MULTIVARIANT).await;
    for told in ["TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"a0\",DEFAULT=YES", "AUDIO=\"audio\"", "avc1.", "mp4a.40.2"] {
        assert!(multivariant.contains(told), "{multivariant}");
    }
    assert_eq!(video.media_sequence, sound.media_sequence);
    for (video, sound) in video.segments.iter().zip(&sound.segments) {
        let [video, sound] =
            [video, sound].map(|segment| segment.program_date_time.expect("a date").timestamp_millis());
        assert!(video.abs_diff(sound) < 25, "{text}");
    }
    assert_eq!((frames(&server, "v").await, frames(&server, "a").await > 270), (180, true));
}

#[tokio::test]
async fn a_muxer_with_one_request_per_segment_makes_a_broadcast() {
    let server = Server::start(&["--ingest-linger", "1s"]).await;
    let url = server.url("/rooms/demo/ingest/main/out.mpd");
    let dash = "-map 0 -c copy -f dash -ldash 1 -streaming 1 -seg_duration 1 -frag_type duration -frag_duration 0.333 \
        -init_seg_name $RepresentationID$/init.m4s -media_seg_name $RepresentationID$/$Number$.m4s -method PUT";
    let args: Vec<&str> = dash.split_whitespace().chain([url.as_str()]).collect();
    ffmpeg(&args).await;
    let (text, video) = playlist(&server, "0", has_ended).await;
    assert_eq!(video.segments.len(), 6, "{text}");
    assert!(!text.contains("GAP") && !text.contains("DISCONTINUITY\n"), "{text}");
    assert_eq!(frames(&server, "v").await, 180);
    gone(&server).await;
}

#[tokio::test]
async fn a_body_of_which_nothing_is_whole_is_refused() {
    let server = Server::start(&[]).await;
    let init = &media::pieces(&media::bytes("v a"))[0];
    for body in [b"hello".to_vec(), init[..init.len() - 1].to_vec()] {
        let (status, answer) = push(&server, V0, body).await;
        assert_eq!((status, &answer["c"]), (415, &json!(2001)), "{answer}");
    }
    // Nothing at all is how some encoders ask whether they may.
    assert_eq!(push(&server, V0, Vec::new()).await.0, 200);
    gone(&server).await;
}

#[tokio::test]
async fn requests_per_fragment_go_on_with_and_without_an_init_section_in_front() {
    let server = Server::start(&["--ingest-linger", "1h"]).await;
    let pieces = media::pieces(&media::bytes("v a"));
    let (init, fragments) = (&pieces[0], &pieces[1..pieces.len() - 1]);
    for (index, fragment) in fragments.iter().enumerate() {
        let again = index == 0 || index % 4 == 3;
        let body = if again { [&init[..], fragment].concat() } else { fragment.clone() };
        let path = format!("{V0}/{index}.m4s");
        assert_eq!(push(&server, if index % 2 == 0 { V0 } else { &path }, body).await.0, 200);
    }
    let (mut viewer, ack) = Client::join(&server, "bob", "p2m", false).await;
    let there = &ack["b"]["pps"][0];
    let said = (&there["userId"], &there["video"], &there["audio"], &there["hls"]);
    assert_eq!(said, (&json!("ingest"), &json!(true), &json!(true), &json!(MULTIVARIANT)), "{ack}");
    assert_eq!(push(&server, V0, pieces[pieces.len() - 1].clone()).await.0, 200);
    let (text, parsed) = playlist(&server, "v0", has_ended).await;
    assert_eq!((parsed.segments.len(), text.matches("EXT-X-MAP").count()), (6, 1), "{text}");
    assert!(!text.contains("GAP") && !text.contains("DISCONTINUITY\n"), "{text}");
    // An earlier change may be told once more before.
    while viewer.hear("PUBLISH_LIST_CHANGED").await["b"]["pps"] != json!([]) {}
}

/// `ftyp` in a request of its own, as souphttpclientsink sends it now and then, the `moov` in the next.
#[tokio::test]
async fn an_init_section_in_two_requests_begins_a_broadcast() {
    let server = Server::start(&[]).await;
    let whole = media::bytes("v a");
    let ftyp = usize::try_from(u32::from_be_bytes(whole[..4].try_into().expect("four bytes"))).expect("a size");
    let init = media::pieces(&whole)[0].len();
    let (http, mut from) = (reqwest::Client::new(), 0);
    for to in [ftyp, init, init + 5000, whole.len()] {
        let request = http.put(server.url(V0)).body(whole[from..to].to_vec());
        let range = format!("bytes {from}-{}/*", to - 1);
        let request = if from > 0 { request.header("content-range", range) } else { request };
        let answer = with_timeout("the answer", request.send()).await.expect("the server answers");
        assert_eq!(answer.status(), 200, "{from} to {to}: {}", answer.text().await.unwrap_or_default());
        from = to;
    }
    let (text, parsed) = playlist(&server, "v0", has_ended).await;
    assert_eq!((parsed.segments.len(), frames(&server, "v").await), (6, 180), "{text}");
    assert!(!text.contains("GAP") && !text.contains("DISCONTINUITY\n"), "{text}");
}

#[tokio::test]
async fn an_encoder_that_breaks_off_loses_nothing_before_and_goes_on_behind_a_discontinuity() {
    let server = Server::start(&["--ingest-linger", "3s"]).await;
    let whole = media::bytes("v a");
    let pieces = media::pieces(&whole);
    let before: usize = pieces[..9].iter().map(Vec::len).sum();
    let mut broken = Raw::put(&server.address, V0).await;
    broken.chunk(&whole[..before + pieces[9].len() / 2]).await;
    drop(broken);
    // Eight fragments of a third of a second: seven parts and a bit, the last of which may wait for more.
    playlist(&server, "v0", |text| text.contains("-p6.m4s")).await;
    assert_eq!(push(&server, V0, whole.clone()).await.0, 200);
    let (text, parsed) = playlist(&server, "v0", has_ended).await;
    let (before, behind) = text.split_once("#EXT-X-DISCONTINUITY\n").unwrap_or_else(|| panic!("{text}"));
    assert_eq!((before.matches("#EXTINF").count(), behind.matches("#EXTINF").count()), (3, 6), "{text}");
    let length: f32 = parsed.segments[..3].iter().map(|segment| segment.duration).sum();
    assert!((length - 8.0 / 3.0).abs() < 0.01 && !text.contains("GAP"), "eight fragments are listed:\n{text}");
    assert_eq!(parsed.media_sequence, 0);
    assert!(frames(&server, "v").await >= 240);
}

#[tokio::test]
async fn video_and_sound_that_come_back_stand_side_by_side() {
    let server = Server::start(&["--ingest-linger", "1h"]).await;
    let tracks = [(V0, media::bytes("v"), 8), (A0, media::bytes("a"), 11)];
    for (path, bytes, count) in &tracks {
        assert_eq!(push(&server, path, media::pieces(bytes)[..*count].concat()).await.0, 200);
    }
    let [(_, video, _), (_, sound, _)] = tracks;
    let (video, sound) = tokio::join!(push(&server, V0, video), push(&server, A0, sound));
    assert_eq!((video.0, sound.0), (200, 200));
    let mut restarts = Vec::new();
    for track in ["v0", "a0"] {
        let (text, parsed) = playlist(&server, track, has_ended).await;
        let at = parsed.segments.iter().position(|segment| segment.discontinuity).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
        let date = parsed.segments[at].program_date_time.expect("a date").timestamp_millis();
        restarts.push((parsed.media_sequence + at as u64, date, parsed.segments.len() - at));
    }
    let [video, sound] = restarts[..] else { panic!("two tracks") };
    assert_eq!(video.0, sound.0, "the same number begins anew");
    assert!(video.1.abs_diff(sound.1) < 25 && video.2.abs_diff(sound.2) <= 1, "{restarts:?}");
}

#[tokio::test]
async fn a_broadcast_whose_encoder_stays_away_ends() {
    let server = Server::start(&["--ingest-linger", "1s"]).await;
    let pieces = media::pieces(&media::bytes("v"));
    assert_eq!(push(&server, V0, pieces[..5].concat()).await.0, 200);
    let (text, parsed) = playlist(&server, "v0", has_ended).await;
    let length: f32 = parsed.segments.iter().map(|segment| segment.duration).sum();
    assert!((length - 4.0 / 3.0).abs() < 0.05, "{text}");
    gone(&server).await;
    // The next run goes on with its numbers, for the sake of players that are still there.
    assert_eq!(push(&server, V0, pieces.concat()).await.0, 200);
    let (text, parsed) = playlist(&server, "v0", |text| has_ended(text) && text.matches("#EXTINF").count() == 6).await;
    assert_eq!(parsed.media_sequence, 2, "{text}");
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_early_and_makes_no_room() {
    let server = Server::start(&["--max-upload", "200KiB"]).await;
    let pieces = media::pieces(&media::bytes("v"));
    let huge = [&pieces[0][..], &[0, 16, 0, 0], b"moof"].concat();
    let plain = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x0cmdatabcd".to_vec();
    for (status, path, body) in [
        (404, "/rooms/demo/ingest/main/v%200", pieces[0].clone()),
        (404, "/rooms/demo/ingest/main", pieces[0].clone()),
        (412, V0, pieces[1].clone()),
        (415, V0, plain),
        (415, V0, b"WEBVTT is no video, and this is longer than a box".to_vec()),
        (400, "/rooms/demo/ingest/main/v0?part=2s&segment=1s", pieces[0].clone()),
        (400, "/rooms/demo/ingest/main/v0?part=soon", pieces[0].clone()),
        // More than a third of the window of 60 s.
        (400, "/rooms/demo/ingest/main/v0?segment=21s", pieces[0].clone()),
        (400, "/rooms/demo/ingest/main/v0?target=21s", pieces[0].clone()),
    ] {
        let mut request = Raw::put(&server.address, path).await;
        request.chunk(&body).await;
        // The body has not ended: the answer does not wait for that.
        assert_eq!(request.answer().await.0, status, "{path}");
        assert!(is_gone(&server).await, "{path}");
    }
    let mut request = Raw::put(&server.address, V0).await;
    request.chunk(&huge).await;
    let (status, head) = request.answer().await;
    assert_eq!(status, 413);
    assert!(head.to_ascii_lowercase().contains("connection: close"), "{head}");
}

#[tokio::test]
async fn key_frames_that_are_far_apart_make_a_longer_target() {
    let server = Server::start(&[]).await;
    let body = std::fs::read(media::clip_of_few_key_frames()).expect("it was made");
    assert_eq!(push(&server, V0, body.clone()).await.0, 200);
    let (text, parsed) = playlist(&server, "v0", has_ended).await;
    assert!(parsed.target_duration > 2, "{text}");
    assert!(!text.contains("EXT-X-INDEPENDENT-SEGMENTS") && !text.contains("GAP"), "{text}");
    assert_eq!(push(&server, "/rooms/other/ingest/main/v0?target=6s", body).await.0, 200);
}

#[tokio::test]
async fn a_room_of_another_publisher_or_type_is_not_taken() {
    let body = media::bytes("v");
    let server = Server::start(&[]).await;
    let _streamer = Streamer::start(&server).await;
    let (status, answer) = push(&server, V0, body.clone()).await;
    assert_eq!((status, &answer["c"]), (403, &json!(4051)), "{answer}");
    let server = Server::start(&[]).await;
    let _caller = Client::join(&server, "ann", "p2p", true).await;
    let (status, answer) = push(&server, V0, body).await;
    assert_eq!((status, &answer["c"]), (403, &json!(4051)), "{answer}");
}

#[tokio::test]
async fn the_newest_request_for_a_track_wins() {
    let server = Server::start(&["--ingest-linger", "1h"]).await;
    let pieces = media::pieces(&media::bytes("v a"));
    let mut first = Raw::put(&server.address, V0).await;
    first.chunk(&pieces[..4].concat()).await;
    playlist(&server, "v0", |text| text.contains("-p1.m4s")).await;
    let second = push(&server, V0, pieces.concat());
    let (answer, second) = tokio::join!(first.answer(), second);
    // Silent, it is given up as one whose connection is lost.
    assert_eq!((answer.0, second.0), (408, 200));
    let (text, _) = playlist(&server, "v0", has_ended).await;
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
}

#[tokio::test]
async fn a_silent_body_ends_with_408() {
    let server = Server::start(&["--ingest-silence", "1s"]).await;
    let mut request = Raw::put(&server.address, V0).await;
    request.chunk(&media::pieces(&media::bytes("v"))[0]).await;
    assert_eq!(request.answer().await.0, 408);
}

#[tokio::test]
async fn a_server_that_stops_ends_the_requests_and_the_broadcast() {
    let mut server = Server::start(&["--shutdown-timeout", "5s"]).await;
    let mut request = Raw::put(&server.address, V0).await;
    request.chunk(&media::pieces(&media::bytes("v a"))[..8].concat()).await;
    playlist(&server, "v0", |text| text.contains("-p5.m4s")).await;
    let began = std::time::Instant::now();
    server.terminate().await;
    assert_eq!(request.answer().await.0, 503);
    assert!(server.ended().await.success());
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}
