//! Test data: initialization sections and samples.
//!
//! Never used outside of tests.

use bytes::{BufMut, Bytes, BytesMut};

use crate::boxes::put_box;
use crate::{Fragment, Init, Item, Reader, Sample};

/// A track to be described.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Track 1, H.264, 1280 × 720, timescale.
    Video(u32),
    /// Track 2, AAC, timescale.
    Audio(u32),
}

pub(crate) const VIDEO: Kind = Kind::Video(15_360);
pub(crate) const AUDIO: Kind = Kind::Audio(48_000);

/// `ftyp` and `moov` of these tracks.
pub(crate) fn init_bytes(tracks: &[Kind]) -> Bytes {
    let mut out = BytesMut::new();
    put_box(&mut out, b"ftyp", |out| out.put_slice(b"iso6\0\0\0\0cmfc"));
    put_box(&mut out, b"moov", |out| {
        put_box(out, b"mvhd", |out| out.put_bytes(0, 100));
        tracks.iter().for_each(|track| put_trak(out, *track));
        put_box(out, b"mvex", |out| {
            for id in [1, 2] {
                put_words(out, b"trex", &[0, id, 1, 512, 3, 0x0101_0000]);
            }
        });
    });
    out.freeze()
}

pub(crate) fn init(tracks: &[Kind]) -> Init {
    let mut reader = Reader::new(1 << 20);
    reader.push(&init_bytes(tracks)).unwrap();
    match reader.next().unwrap() {
        Some(Item::Init(init)) => init,
        other => panic!("{other:?}"),
    }
}

/// A sample whose payload tells it from every other one.
pub(crate) fn sample(track: u32, decode_time: u64, duration: u32, sync: bool) -> Sample {
    let payload = [&[track as u8][..], &decode_time.to_be_bytes()].concat();
    Sample {
        track,
        decode_time,
        duration,
        composition_offset: 0,
        flags: if sync { 0x0200_0000 } else { 0x0101_0000 },
        payload: payload.into(),
    }
}

pub(crate) fn fragment(samples: impl IntoIterator<Item = Sample>) -> Fragment {
    Fragment { sequence: 1, samples: samples.into_iter().collect() }
}

/// Everything that the reader finds behind this initialization section.
pub(crate) fn read_fragments(tracks: &[Kind], bytes: &[u8]) -> Vec<Fragment> {
    let mut reader = Reader::new(1 << 24);
    reader.push(&[&init_bytes(tracks)[..], bytes].concat()).unwrap();
    let mut found = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        if let Item::Fragment(fragment) = item {
            found.push(fragment);
        }
    }
    assert_eq!(reader.held(), 0);
    found
}

/// A box of 32-bit fields.
pub(crate) fn put_words(out: &mut BytesMut, kind: &[u8; 4], words: &[u32]) {
    put_box(out, kind, |out| words.iter().for_each(|word| out.put_u32(*word)));
}

fn put_trak(out: &mut BytesMut, track: Kind) {
    let (id, timescale, handler) = match track {
        Kind::Video(timescale) => (1, timescale, b"vide"),
        Kind::Audio(timescale) => (2, timescale, b"soun"),
    };
    put_box(out, b"trak", |out| {
        put_box(out, b"tkhd", |out| {
            out.put_bytes(0, 12);
            out.put_u32(id);
            out.put_bytes(0, 60);
            out.put_u32(1280 << 16);
            out.put_u32(720 << 16);
        });
        put_box(out, b"mdia", |out| {
            put_words(out, b"mdhd", &[0, 0, 0, timescale, 0, 0]);
            put_words(out, b"hdlr", &[0, 0, u32::from_be_bytes(*handler), 0, 0, 0]);
            put_box(out, b"minf", |out| {
                put_box(out, b"stbl", |out| put_stsd(out, track));
            });
        });
    });
}

fn put_stsd(out: &mut BytesMut, track: Kind) {
    put_box(out, b"stsd", |out| {
        out.put_u64(1);
        match track {
            Kind::Video(_) => put_box(out, b"avc1", |out| {
                out.put_bytes(0, 78);
                put_box(out, b"avcC", |out| out.put_slice(&[1, 0x64, 0, 0x1f]));
            }),
            Kind::Audio(_) => put_box(out, b"mp4a", |out| {
                out.put_bytes(0, 28);
                let esds = [&[0, 0, 0, 0, 3, 22, 0, 1, 0, 4, 17, 0x40][..], &[0; 12], &[5, 2, 0x11, 0x90]];
                put_box(out, b"esds", |out| out.put_slice(&esds.concat()));
            }),
        }
    });
}
