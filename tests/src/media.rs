//! Real media, made once by ffmpeg, and taken apart box by box.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The flags by which ffmpeg writes what can be pushed.
pub const FRAGMENTED: [&str; 6] =
    ["-f", "mp4", "-movflags", "+cmaf+delay_moov+default_base_moof", "-frag_duration", "333333"];

/// Six seconds of a test picture at 30 frames a second with a key frame each second, and a tone: fragmented MP4.
///
/// # Panics
/// When ffmpeg is missing.
#[must_use]
pub fn clip() -> PathBuf {
    static CLIP: OnceLock<PathBuf> = OnceLock::new();
    CLIP.get_or_init(|| make("clip", "30")).clone()
}

/// The same with a key frame every five seconds.
///
/// # Panics
/// When ffmpeg is missing.
#[must_use]
pub fn clip_of_few_key_frames() -> PathBuf {
    make("few", "150")
}

/// Returns the folder of the files of tests: one of a kind, and none is left over anywhere else.
fn folder() -> PathBuf {
    let target = crate::server::program().ancestors().nth(2).expect("the program stands in target/PROFILE").join("tmp");
    std::fs::create_dir_all(&target).expect("what the build made can be written to");
    target
}

fn make(name: &str, key_frames: &str) -> PathBuf {
    let own = folder().join(format!("{name}-{}.mp4", std::process::id()));
    let input = "-v error -f lavfi -i testsrc2=size=160x90:rate=30 -f lavfi -i sine=sample_rate=48000 -t 6";
    let video = "-c:v libx264 -preset ultrafast -tune zerolatency -sc_threshold 0 -bf 0 -pix_fmt yuv420p";
    let sound = "-c:a aac -b:a 64k -map 0:v -map 1:a";
    let words = [input, video, sound].into_iter().flat_map(|words| words.split(' '));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(words).args(["-g", key_frames, "-keyint_min", key_frames]).args(FRAGMENTED).arg(&own);
    assert!(ffmpeg.status().expect("ffmpeg is installed").success());
    // Another test program may be reading it, and goes on reading what it has opened.
    let path = folder().join(format!("{name}.mp4"));
    std::fs::rename(own, &path).expect("both stand in one folder");
    path
}

/// The bytes of a clip with one of its tracks (`v` or `a`) or both (`v a`).
///
/// # Panics
/// When ffmpeg is missing.
#[must_use]
pub fn bytes(tracks: &str) -> Vec<u8> {
    let path = folder().join(format!("track-{}.mp4", uuid::Uuid::new_v4()));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(clip()).args(["-c", "copy"]);
    for track in tracks.split(' ') {
        ffmpeg.args(["-map", &format!("0:{track}")]);
    }
    assert!(ffmpeg.args(FRAGMENTED).arg(&path).status().expect("ffmpeg is installed").success());
    let bytes = std::fs::read(&path).expect("ffmpeg wrote it");
    std::fs::remove_file(path).expect("it is there");
    bytes
}

/// The init section, and then one fragment each; the last is what stands behind them.
///
/// # Panics
/// When these are no boxes.
#[must_use]
pub fn pieces(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = vec![Vec::new()];
    while let Some((size, kind)) = bytes.split_first_chunk::<4>().map(|(size, rest)| (*size, &rest[..4])) {
        let (whole, rest) = bytes.split_at(u32::from_be_bytes(size) as usize);
        if kind == b"moof" || kind == b"mfra" {
            pieces.push(Vec::new());
        }
        pieces.last_mut().expect("there is one").extend_from_slice(whole);
        bytes = rest;
    }
    pieces
}
