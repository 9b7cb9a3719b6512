//! Damaged fragmented MP4 through the reader, the cutter and the stream: none of them panics or loops, nothing that was
//! derived is refused, and no playlist breaks a rule.
//!
//! Input: the file, the settings, the length of the chunks, then changes of six bytes each: to a box, to a field of its
//! header or to a field within, such as a time, a duration or a size.
#![no_main]

#[allow(dead_code)]
#[path = "../../core/tests/hls/reader.rs"]
mod reader;
#[path = "../../core/tests/hls/rules.rs"]
mod rules;

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use roomcast_core::hls::{Change, HlsSettings, Stream};
use roomcast_core::time::UnixTime;
use roomcast_media::Reader;
use roomcast_media::package::{Config, Earlier, Lengths, Moment, Packager, Signal};
use roomcast_protocol::id::ObjectId;

const FILES: [&[u8]; 3] = [
    include_bytes!("../media/both.mp4"),
    include_bytes!("../media/tracks.mp4"),
    include_bytes!("../media/sound.mp4"),
];
const LIMIT: usize = 1 << 20;
/// Values at which sums and differences run over.
const EDGES: [u32; 8] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fc00, 1 << 16, 300_000];

fuzz_target!(|input: &[u8]| {
    let [file, settings, chunk, changes @ ..] = input else { return };
    let mut bytes = FILES[usize::from(*file) % FILES.len()].to_vec();
    for change in changes.chunks_exact(6).take(64) {
        damage(&mut bytes, change.try_into().expect("six bytes"));
    }
    play(&bytes, *settings, usize::from(*chunk) * 64 + 1);
});

/// Changes one box, or one of its fields.
fn damage(bytes: &mut Vec<u8>, [kind, which, at, value, high, low]: [u8; 6]) {
    let boxes = top_level(bytes);
    let Some(&(start, end)) = boxes.get(usize::from(which) % boxes.len().max(1)) else { return };
    let whole = bytes[start..end].to_vec();
    match kind % 8 {
        0 => drop(bytes.drain(start..end)),
        1 => bytes.extend(whole),
        2 => drop(bytes.splice(start..start, whole)),
        3 => bytes.truncate(start + usize::from(at) % (end - start)),
        // A field anywhere in the box.
        4 => {
            let at = start + (usize::from(at) << 8 | usize::from(value)) % (end - start);
            put(bytes, at, u32::from(high) << 8 | u32::from(low));
        }
        // The first fields of a box within, where times, counts and sizes stand.
        kind => {
            let Some(field) = field(&bytes[start..end], usize::from(at), kind) else { return };
            let edge = EDGES[usize::from(value) % EDGES.len()];
            put(bytes, start + field, edge.wrapping_add(u32::from(high) << 8 | u32::from(low)));
        }
    }
}

/// Finds the `number`-th word behind the name of a box that says something of samples.
fn field(whole: &[u8], number: usize, kind: u8) -> Option<usize> {
    let names: [&[u8]; 3] = [b"tfdt", b"trun", if kind == 5 { b"tfhd" } else { b"mdhd" }];
    let found = whole.windows(4).enumerate().filter(|(_, word)| names.contains(word)).map(|(at, _)| at);
    let found: Vec<usize> = found.collect();
    let at = found.get(number % found.len().max(1))?;
    Some(at + 4 + number / found.len() % 16 * 4)
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(field) = bytes.get_mut(at..at + 4) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

/// Begin and end of each box, as far as they can be told.
fn top_level(bytes: &[u8]) -> Vec<(usize, usize)> {
    let (mut boxes, mut at) = (Vec::new(), 0);
    while let Some(size) = bytes.get(at..at + 4).and_then(|size| size.try_into().ok()).map(u32::from_be_bytes) {
        let end = at.saturating_add(size as usize).min(bytes.len());
        if size < 8 {
            break;
        }
        boxes.push((at, end));
        at = end;
    }
    boxes
}

fn play(bytes: &[u8], settings: u8, chunk: usize) {
    let lengths = Lengths {
        segment: Duration::from_secs(1),
        part: Duration::from_millis(if settings & 2 == 0 { 350 } else { 100 }),
        target: Duration::from_secs(2),
        is_declared: settings & 1 != 0,
    };
    let id = ObjectId::parse("v0").expect("a name");
    let playlist = ObjectId::parse("main").expect("a name");
    let config = Config {
        playlist,
        lengths,
        opening: Duration::ZERO,
        key_frame_wait: Duration::from_secs(30),
        window: Duration::from_secs(60),
        held: LIMIT,
        prefix: String::new(),
    };
    let mut packager = Packager::new(config, Duration::ZERO);
    let mut stream = Stream::new(HlsSettings::default());
    let mut moment = Moment { now: Duration::ZERO, wall: 1_732_287_600_000 };
    let mut reader = Reader::new(LIMIT);
    'body: for bytes in bytes.chunks(chunk) {
        if reader.push(bytes).is_err() {
            break;
        }
        while let Ok(Some(item)) = reader.next() {
            moment.now += Duration::from_millis(100);
            moment.wall += 100;
            let (signals, done) = packager.take(&id, item, moment, |_| Earlier::default());
            list(&mut stream, signals, moment.wall);
            if done.is_err() {
                break 'body;
            }
        }
    }
    let left = packager.finish(moment);
    list(&mut stream, left, moment.wall);
}

/// Nothing that was derived is refused, and every version of every playlist is right.
fn list(stream: &mut Stream, signals: Vec<Signal>, wall: i64) {
    for Signal { payload, .. } in signals {
        let changes = stream.apply(payload, UnixTime(wall * 1000)).expect("nothing that is derived is refused");
        for change in changes {
            if let Change::MediaPlaylist { snapshot, .. } = change {
                reader::Playlist::read(std::str::from_utf8(&snapshot.playlist).expect("text"));
            }
        }
    }
}
