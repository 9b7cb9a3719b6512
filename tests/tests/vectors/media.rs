//! `media.json`: what the reader of media finds in the files beside it.

use std::collections::BTreeMap;

use roomcast_media::{DEFAULT_LIMIT, Fragment, Init, Item, Reader, Variant};
use roomcast_protocol::schema::VERSION;
use roomcast_protocol::schema::recorded::media::{MediaPart, MediaRange, MediaSegment, MediaTrack, MediaVectors};
use sha2::{Digest, Sha256};

use crate::{file, hold};

/// Parts of each segment.
const PARTS: usize = 3;
const TARGET: f64 = 1.0;
/// Part target that AAC at 48 kHz needs, whose parts last 16 frames.
const PART_TARGET: f64 = 0.35;

/// Every file, as its parts are.
pub fn vectors() -> MediaVectors {
    let tracks = vec![track("media/video.mp4", "video"), track("media/audio.mp4", "audio")];
    MediaVectors { version: VERSION.into(), tracks }
}

fn range(bytes: &[u8], offset: usize, length: usize) -> MediaRange {
    let digest = Sha256::digest(&bytes[offset..offset + length]);
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    MediaRange { offset: offset as u64, length: length as u64, sha256 }
}

/// The initialization section, and each fragment with the place where it ends.
fn read(bytes: &[u8]) -> (Init, Vec<(Fragment, usize)>) {
    let mut reader = Reader::new(DEFAULT_LIMIT);
    let (mut init, mut fragments) = (None, Vec::new());
    for (index, byte) in bytes.chunks(1).enumerate() {
        reader.push(byte).expect("it is fragmented MP4");
        while let Some(item) = reader.next().expect("it is fragmented MP4") {
            match item {
                Item::Init(found) => init = Some(found),
                Item::Fragment(fragment) => fragments.push((fragment, index + 1)),
            }
        }
    }
    (init.expect("it begins with an initialization section"), fragments)
}

/// The duration of each fragment in seconds: from its start to its end, each rounded up to a microsecond.
fn durations(fragments: &[(Fragment, usize)], timescale: u32) -> Vec<f64> {
    let (mut end, mut before) = (0, 0);
    let duration = |(fragment, _): &(Fragment, usize)| {
        end += fragment.samples.iter().map(|sample| u64::from(sample.duration)).sum::<u64>();
        let micros = (end * 1_000_000).div_ceil(u64::from(timescale));
        (micros - std::mem::replace(&mut before, micros)) as f64 / 1e6
    };
    fragments.iter().map(duration).collect()
}

fn track(name: &str, kind: &str) -> MediaTrack {
    let bytes = file(name);
    let (init, fragments) = read(&bytes);
    let timescale = init.tracks[0].timescale.get();
    let variant = Variant::new(&init, &fragments[0].0);
    let starts = std::iter::once(init.bytes.len()).chain(fragments.iter().map(|(_, end)| *end));
    let parts: Vec<MediaPart> = fragments
        .iter()
        .zip(starts)
        .zip(durations(&fragments, timescale))
        .enumerate()
        .map(|(index, (((fragment, end), start), duration))| MediaPart {
            sequence: (index % PARTS) as u64,
            duration,
            independent: fragment.samples[0].is_sync(),
            bytes: range(&bytes, start, end - start),
        })
        .collect();
    let segments: Vec<MediaSegment> =
        parts.chunks(PARTS).enumerate().map(|(n, parts)| segment(&bytes, n, parts)).collect();
    let bandwidth = segments.iter().map(|one| (one.bytes.length as f64 * 8.0 / one.duration).ceil() as u64).max();
    MediaTrack {
        file: name.into(),
        kind: kind.into(),
        codecs: variant.codecs,
        bandwidth: bandwidth.expect("there are segments"),
        resolution: variant.resolution.map(|(width, height)| format!("{width}x{height}")),
        frame_rate: variant.frame_rate,
        target_duration: TARGET,
        target_part_duration: PART_TARGET,
        map: range(&bytes, 0, init.bytes.len()),
        segments,
    }
}

fn segment(bytes: &[u8], sequence: usize, parts: &[MediaPart]) -> MediaSegment {
    let length: u64 = parts.iter().map(|part| part.bytes.length).sum();
    let micros: f64 = parts.iter().map(|part| part.duration * 1e6).sum();
    MediaSegment {
        sequence: sequence as u64,
        duration: micros.round() / 1e6,
        bytes: range(bytes, parts[0].bytes.offset as usize, length as usize),
        parts: parts.to_vec(),
    }
}

#[test]
fn media_is_described_as_it_is() {
    let vectors = vectors();
    let sizes: BTreeMap<&str, usize> = vectors.tracks.iter().map(|one| (&*one.file, file(&one.file).len())).collect();
    assert!(sizes.values().sum::<usize>() < 150_000, "{sizes:?}");
    for track in &vectors.tracks {
        let last = &track.segments.last().expect("there are segments").bytes;
        assert_eq!((last.offset + last.length) as usize, sizes[&*track.file], "{}", track.file);
        for segment in &track.segments {
            assert!(segment.parts[0].independent && segment.parts.len() == PARTS);
            assert!(segment.duration.round() <= track.target_duration);
            assert!(segment.parts.iter().all(|part| part.duration <= track.target_part_duration));
        }
    }
    hold("media.json", &vectors);
}
