//! Media as encoders make it: each file is pushed and sent by `roomcast publish`, and both list all of it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use m3u8_rs::MediaPlaylist;
use roomcast_tests::media::FRAGMENTED;
use roomcast_tests::server::{self, Server};
use roomcast_tests::with_timeout;
use tokio::process::Command;

const VIDEO: &str = "-f lavfi -i testsrc2=s=160x90:r=30";
const SOUND: &str = "-f lavfi -i sine=r=48000";
const H264: &str =
    "-c:v libx264 -preset ultrafast -tune zerolatency -g 30 -keyint_min 30 -sc_threshold 0 -bf 0 -pix_fmt yuv420p";
const AAC: &str = "-c:a aac";

/// A file that is removed in the end.
struct Made(PathBuf);

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The listed media of a file.
struct Listed {
    multivariant: String,
    text: String,
    parsed: MediaPlaylist,
    frames: usize,
}

fn words<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().flat_map(|words| words.split_whitespace()).collect()
}

/// Output of ffmpeg with these arguments.
async fn made(arguments: &[&str], muxer: &[&str]) -> Made {
    let path = std::env::temp_dir().join(format!("roomcast-{}.mp4", uuid::Uuid::new_v4()));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-y"]).args(words(arguments)).args(muxer).arg(&path).stdin(Stdio::null());
    assert!(with_timeout("ffmpeg", ffmpeg.kill_on_drop(true).status()).await.expect("ffmpeg is installed").success());
    Made(path)
}

/// Video frames that ffprobe decodes.
async fn frames(input: &str) -> usize {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-count_frames", "-select_streams", "v:0"]);
    ffprobe.args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", input]);
    let output = with_timeout("ffprobe", ffprobe.kill_on_drop(true).output()).await.expect("ffprobe is installed");
    let text = String::from_utf8(output.stdout).expect("numbers");
    text.lines().next().and_then(|line| line.trim_matches(',').parse().ok()).unwrap_or(0)
}

async fn text(server: &Server, path: &str) -> String {
    let answer = reqwest::get(server.url(path)).await.expect("the server answers");
    answer.text().await.expect("playlists are text")
}

/// The playlists of a room once it has ended.
async fn listed(server: &Server, room: &str) -> Listed {
    let path = format!("/live/{room}/main/v0/playlist.m3u8");
    let ended = async {
        loop {
            let text = text(server, &path).await;
            if text.ends_with("#EXT-X-ENDLIST\n") {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let text = with_timeout("the end of the playlist", ended).await;
    let parsed = m3u8_rs::parse_media_playlist_res(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let path = format!("/live/{room}/main/playlist.m3u8");
    let (multivariant, frames) = (self::text(server, &path).await, frames(&server.url(&path)).await);
    Listed { multivariant, text, parsed, frames }
}

/// The file as a push and through `roomcast publish`; both list every frame, and no gap.
async fn both(file: &Made) -> [Listed; 2] {
    let server = Server::start(&["--ingest-end-wait", "0s"]).await;
    let body = std::fs::read(&file.0).expect("it was made");
    let push = async {
        let request = reqwest::Client::new().put(server.url("/rooms/pushed/ingest/main/v0")).body(body);
        let answer = with_timeout("the answer to a push", request.send()).await.expect("the server answers");
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap_or_default());
        listed(&server, "pushed").await
    };
    let publish = async {
        let mut publish = Command::new(server::program());
        publish.args(["publish", "--server", &server.url(""), "--room", "published"]).arg(&file.0);
        let output = with_timeout("roomcast publish", publish.kill_on_drop(true).output()).await.expect("it was built");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        listed(&server, "published").await
    };
    let (pushed, published) = tokio::join!(push, publish);
    let sent = frames(file.0.to_str().expect("a path of letters")).await;
    for listed in [&pushed, &published] {
        assert_eq!(listed.frames, sent, "{}", listed.text);
        assert!(!listed.text.contains("#EXT-X-GAP") && !listed.text.contains("DISCONTINUITY\n"), "{}", listed.text);
    }
    [pushed, published]
}

fn lasts(listed: &Listed) -> f32 {
    listed.parsed.segments.iter().map(|segment| segment.duration).sum()
}

#[tokio::test]
async fn a_frame_that_lasts_longer_does_not_end_a_broadcast() {
    let held = |frames: &str| format!("-vf select=not(between(n\\,{frames})) -fps_mode vfr -t 6");
    let checks = ["109\\,111", "95\\,108", "62\\,64"].map(|frames| async move {
        let file = made(&[VIDEO, SOUND, &held(frames), H264, AAC], &FRAGMENTED).await;
        for listed in both(&file).await {
            assert!((lasts(&listed) - 6.0).abs() < 0.1, "{}", listed.text);
        }
    });
    futures_util::future::join_all(checks).await;
}

#[tokio::test]
async fn few_frames_a_second_make_longer_parts_or_none() {
    let parts = [("8", "0.25"), ("7.5", "0.267"), ("5", "0.2"), ("4", "0.25")];
    let cases = parts.into_iter().map(|(rate, part)| (rate, Some(part))).chain([("2", None), ("1", None)]);
    let checks = cases.map(|(rate, part)| async move {
        let video = format!("-f lavfi -i testsrc2=s=64x36:r={rate}");
        let key_frames =
            "-t 5 -c:v libx264 -preset ultrafast -force_key_frames expr:gte(t,n_forced*1) -bf 0 -pix_fmt yuv420p";
        let file = made(&[&video, SOUND, key_frames, AAC], &FRAGMENTED).await;
        for listed in both(&file).await {
            let told = part.map_or_else(|| "#EXTM3U".to_owned(), |part| format!("PART-TARGET={part}\n"));
            assert!(listed.text.contains(&told), "{rate}: {}", listed.text);
            let offers = ["PART-INF", "CAN-BLOCK-RELOAD", "EXT-X-PART:"].map(|tag| listed.text.contains(tag));
            assert_eq!(offers, [part.is_some(); 3], "{rate}: {}", listed.text);
        }
    });
    futures_util::future::join_all(checks).await;
}

#[tokio::test]
async fn a_camera_that_slows_down_is_listed_on() {
    let slows = "-vf select=if(lt(t\\,3)\\,1\\,not(mod(n\\,4))) -fps_mode vfr -t 7";
    let file = made(&[VIDEO, SOUND, slows, H264, AAC], &FRAGMENTED).await;
    for listed in both(&file).await {
        assert!((lasts(&listed) - 7.0).abs() < 0.2, "{}", listed.text);
    }
}

#[tokio::test]
async fn key_frames_at_any_distance_make_segments_within_the_target() {
    // x264 without -g: one key frame, and the next at a cut of the picture.
    let cuts = "-f lavfi -i testsrc2=s=160x90:r=30,hue=H=PI*gte(t\\,2)";
    let rare = "-c:v libx264 -preset ultrafast -bf 0 -pix_fmt yuv420p -force_key_frames 0,1 -t 9";
    let file = made(&[cuts, SOUND, rare, AAC], &FRAGMENTED).await;
    for listed in both(&file).await {
        let target = listed.parsed.target_duration;
        assert!(listed.parsed.segments.iter().all(|segment| segment.duration.round() as u64 <= target));
        assert!(!listed.text.contains("EXT-X-INDEPENDENT-SEGMENTS"), "{}", listed.text);
        assert!((lasts(&listed) - 9.0).abs() < 0.1, "{}", listed.text);
    }
}

#[tokio::test]
async fn tracks_that_no_player_takes_are_left_out() {
    let file = made(&[VIDEO, SOUND, "-t 3", H264, AAC, "-timecode 01:00:00:00"], &FRAGMENTED).await;
    for listed in both(&file).await {
        assert!(listed.multivariant.contains("mp4a.40.2\""), "{}", listed.multivariant);
    }
}

#[tokio::test]
async fn two_sounds_are_renditions_of_their_languages() {
    let tracks = "-map 0:v -map 1:a -map 2:a -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra -t 3";
    let file = made(&[VIDEO, SOUND, "-f lavfi -i sine=f=880:r=48000", tracks, H264, AAC], &FRAGMENTED).await;
    for listed in both(&file).await {
        for told in ["NAME=\"v0-a1\",LANGUAGE=\"eng\",DEFAULT=YES", "NAME=\"v0-a2\",LANGUAGE=\"fra\""] {
            assert!(listed.multivariant.contains(told), "{}", listed.multivariant);
        }
        let codecs = listed.multivariant.matches("mp4a.40.2").count();
        assert_eq!((codecs, listed.multivariant.matches("STREAM-INF").count()), (1, 1), "{}", listed.multivariant);
    }
}

#[tokio::test]
async fn every_codec_of_sound_is_named() {
    let codecs = [("ac3", "ac-3"), ("eac3", "ec-3"), ("flac -strict -2", "fLaC"), ("libopus", "opus")];
    let checks = codecs.map(|(codec, named)| async move {
        let file = made(&[VIDEO, SOUND, "-t 3", H264, &format!("-c:a {codec}")], &FRAGMENTED).await;
        for listed in both(&file).await {
            assert!(listed.multivariant.contains(&format!(",{named}\"")), "{}", listed.multivariant);
        }
    });
    futures_util::future::join_all(checks).await;
}

#[tokio::test]
async fn a_fragment_for_every_frame_is_as_good_as_any() {
    let every = ["-f", "mp4", "-movflags", "+frag_every_frame+empty_moov+default_base_moof"];
    let file = made(&[VIDEO, SOUND, "-t 4", H264, AAC], &every).await;
    for listed in both(&file).await {
        assert!((lasts(&listed) - 4.0).abs() < 0.1, "{}", listed.text);
    }
}

#[tokio::test]
async fn sound_that_begins_earlier_or_later_than_the_video_is_kept_where_video_is() {
    for delay in ["-itsoffset 0.7 ", "-itsoffset -0.7 "] {
        let file = made(&[VIDEO, delay, SOUND, "-t 4", H264, AAC], &FRAGMENTED).await;
        both(&file).await;
    }
}

/// One whole file per request: the end that each states is not the end of the broadcast.
#[tokio::test]
async fn whole_files_one_after_the_other_are_one_broadcast() {
    let server = Server::start(&[]).await;
    let segment = "-t 6 -f segment -segment_time 2 -segment_format mp4 -segment_format_options \
        movflags=+frag_keyframe+empty_moov+default_base_moof";
    let folder = std::env::temp_dir().join(format!("roomcast-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).expect("a folder of its own");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(words(&["-v error", VIDEO, SOUND, H264, AAC, segment])).arg(folder.join("%d.mp4"));
    assert!(with_timeout("ffmpeg", ffmpeg.kill_on_drop(true).status()).await.expect("ffmpeg is installed").success());
    for number in 0..3 {
        let body = std::fs::read(folder.join(format!("{number}.mp4"))).expect("it was made");
        let request = reqwest::Client::new().put(server.url("/rooms/files/ingest/main/v0")).body(body);
        assert_eq!(with_timeout("the answer", request.send()).await.expect("the server answers").status(), 200);
    }
    let listed = listed(&server, "files").await;
    std::fs::remove_dir_all(folder).expect("it is there");
    assert_eq!(listed.parsed.media_sequence, 0);
    assert_eq!(
        listed.text.matches("#EXT-X-DISCONTINUITY\n").count(),
        2,
        "the times of each begin anew: {}",
        listed.text
    );
    assert!((lasts(&listed) - 6.0).abs() < 0.2, "{}", listed.text);
}

/// Four seconds in real time from GStreamer, one fragment of each track in turn, to a sink.
fn gstreamer(milliseconds: u32, sink: &str) -> String {
    let mux = format!("mp4mux name=mux fragment-duration={milliseconds} fragment-mode=dash-or-mss ! {sink}");
    let video = "videotestsrc num-buffers=120 is-live=true ! video/x-raw,width=160,height=90,framerate=30/1 \
        ! x264enc speed-preset=ultrafast tune=zerolatency key-int-max=30 ! h264parse ! queue ! mux.";
    let sound = "audiotestsrc num-buffers=187 samplesperbuffer=1024 is-live=true ! audio/x-raw,rate=48000,channels=1 \
        ! voaacenc ! aacparse ! queue ! mux.";
    format!("timeout 15 gst-launch-1.0 -q {mux} {video} {sound}")
}

#[tokio::test]
async fn fragments_of_one_track_in_turn_become_parts_of_both() {
    let server = Server::start(&["--ingest-linger", "2s"]).await;
    let url = |room: &str| server.url(&format!("/rooms/{room}/ingest/main/v0"));
    let pipe = |milliseconds, room: &str| {
        format!("{} 3>&1 >/dev/null | curl -s -f -T - {}", gstreamer(milliseconds, "fdsink fd=3"), url(room))
    };
    let curl = gstreamer(500, &format!("curlhttpsink location={}", url("curl")));
    let soup = gstreamer(500, &format!("souphttpclientsink location={}", url("soup")));
    let pushes = [("third", pipe(333, "third")), ("second", pipe(1000, "second")), ("curl", curl), ("soup", soup)];
    let checks = pushes.map(|(room, command)| {
        let server = &server;
        async move {
            let mut shell = Command::new("bash");
            shell.args(["-c", &command]).stdin(Stdio::null());
            let done = with_timeout("GStreamer", shell.kill_on_drop(true).status()).await.expect("a shell");
            assert!(done.success(), "{command}");
            let listed = listed(server, room).await;
            // With a live source, the soup sink of GStreamer 1.22 drops data.
            let least = if room == "soup" { 1.0 } else { 3.9 };
            assert!(lasts(&listed) >= least && lasts(&listed) < 4.2, "{room}: {}", listed.text);
            assert!(listed.multivariant.contains(",mp4a.40.2\""), "{room}: {}", listed.multivariant);
            assert!(!listed.text.contains("#EXT-X-GAP"), "{room}: {}", listed.text);
        }
    });
    futures_util::future::join_all(checks).await;
}
