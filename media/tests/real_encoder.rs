//! Test that the output of a real encoder, cut into parts, still decodes: needs `ffmpeg` and `ffprobe`.
//!
//! Fails without them, rather than passing over what it is there to show.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use roomcast_media::{Cut, Cutter, DEFAULT_LIMIT, Init, Item, Part, Reader, Segment, Start, Targets, Variant};

const VIDEO: &str = "-f lavfi -i testsrc2=size=320x180:rate=30";
const AUDIO: &str = "-f lavfi -i sine=sample_rate=48000";
const H264: &str = "-c:v libx264 -preset ultrafast -g 30 -keyint_min 30 -sc_threshold 0";
const OUT: &str = "-c:a aac -t 3 -f mp4 -movflags +cmaf+delay_moov+default_base_moof -frag_duration 333333 -";
const TARGETS: Targets = Targets {
    segment: Duration::from_secs(1),
    part: Some(Duration::from_millis(350)),
    longest: Duration::from_secs(2),
    independent: true,
};

/// Runs a program with this input, and returns its standard output.
fn run(program: &str, arguments: &str, input: Vec<u8>) -> Vec<u8> {
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("this test needs {program}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {arguments}: {}", output.status);
    writer.join().unwrap().unwrap();
    output.stdout
}

fn encode(arguments: &[&str]) -> Vec<u8> {
    run("ffmpeg", &["-v error", &arguments.join(" "), OUT].join(" "), Vec::new())
}

struct Stream {
    init: Init,
    variant: Variant,
    parts: Vec<Part>,
    segments: Vec<Segment>,
}

fn cut(bytes: &[u8]) -> Stream {
    let mut reader = Reader::new(DEFAULT_LIMIT);
    reader.push(bytes).unwrap();
    let Some(Item::Init(init)) = reader.next().unwrap() else { panic!("no initialization section") };
    let mut cutter = Cutter::new(&init, TARGETS, Start::default()).unwrap();
    let (mut variant, mut cuts) = (None, Vec::new());
    while let Some(Item::Fragment(fragment)) = reader.next().unwrap() {
        variant.get_or_insert_with(|| Variant::new(&init, &fragment));
        cuts.extend(cutter.push(fragment).unwrap().cuts);
    }
    assert_eq!(reader.held(), 0);
    cuts.extend(cutter.finish().cuts);
    let (mut parts, mut segments) = (Vec::new(), Vec::new());
    for cut in cuts {
        match cut {
            Cut::Part(part) => parts.push(part),
            Cut::PartsEnd(end) => panic!("{end:?}"),
            Cut::Segment(segment) => segments.push(segment),
        }
    }
    Stream { init, variant: variant.unwrap(), parts, segments }
}

/// The packets that a player finds, one per line.
fn packets(bytes: Vec<u8>) -> String {
    let what = "-v error -show_entries packet=stream_index,pts,dts,duration,size,flags -of csv=p=0 -";
    let mut lines: Vec<String> =
        String::from_utf8(run("ffprobe", what, bytes)).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines.join("\n")
}

/// Cuts the stream, and holds the map and the segments against what the encoder sent.
fn cut_and_compare(encoded: Vec<u8>) -> Stream {
    let stream = cut(&encoded);
    let segments = stream.segments.iter().map(|segment| &segment.bytes[..]);
    let whole: Vec<u8> = std::iter::once(&stream.init.bytes[..]).chain(segments).flatten().copied().collect();
    run("ffmpeg", "-v error -xerror -i - -f null -", whole.clone());
    let (kept, sent) = (packets(whole), packets(encoded));
    assert!(kept.lines().all(|packet| sent.lines().any(|line| line == packet)), "a packet was changed");
    let lost: Vec<&str> = sent.lines().filter(|packet| !kept.lines().any(|line| line == *packet)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    stream
}

fn durations(parts: &[Part]) -> Vec<u128> {
    parts.iter().map(|part| part.duration.as_micros()).collect()
}

#[test]
fn video_with_sound_becomes_parts_of_a_third_of_a_second() {
    let stream = cut_and_compare(encode(&[VIDEO, AUDIO, H264, "-bf 0"]));
    assert_eq!(stream.variant.codecs, "avc1.42c00d,mp4a.40.2");
    assert_eq!((stream.variant.resolution, stream.variant.frame_rate), (Some((320, 180)), Some(30.0)));
    assert_eq!(durations(&stream.parts)[..9], [[333_334, 333_333, 333_333]; 3].concat());
    assert_eq!(stream.segments.len(), 3);
}

#[test]
fn frames_out_of_order_keep_their_times() {
    let stream = cut_and_compare(encode(&[VIDEO, H264, "-preset veryfast -bf 3"]));
    assert_eq!(durations(&stream.parts), [[333_334, 333_333, 333_333]; 3].concat());
}

#[test]
fn sound_alone_becomes_parts_of_sixteen_samples() {
    let stream = cut_and_compare(encode(&[AUDIO]));
    assert_eq!(durations(&stream.parts)[..3], [341_334, 341_333, 320_000]);
    assert!(stream.parts.iter().all(|part| part.independent));
}
