//! Uploads that begin without a sync sample, as their bytes tell.

use roomcast_core::hls::{HlsSettings, Stream, UploadEntry};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{Media, Payload};

use crate::feed::{Origin, RECEIVED, media, part, segment, variant, without_parts};

fn words(kind: &[u8; 4], words: &[u32]) -> Vec<u8> {
    boxed(kind, &words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>())
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes(), &kind[..], body].concat()
}

/// An init section of one video track.
fn init() -> Media {
    let mdia = boxed(b"mdia", &words(b"hdlr", &[0, 0, u32::from_be_bytes(*b"vide"), 0, 0, 0]));
    let trak = boxed(b"trak", &[words(b"tkhd", &[0, 0, 0, 1, 0]), mdia].concat());
    let mvex = boxed(b"mvex", &words(b"trex", &[0, 1, 1, 0, 0, 0]));
    Media(boxed(b"moov", &[trak, mvex].concat()).into())
}

/// Media whose first frame has these flags.
fn begins_with(flags: u32) -> Media {
    let traf = [words(b"tfhd", &[0x0002_0000, 1]), words(b"trun", &[0x701, 1, 0, 512, 9, flags])].concat();
    Media([boxed(b"moof", &boxed(b"traf", &traf)), boxed(b"mdat", &[7; 9])].concat().into())
}

const SYNC: u32 = 0x0200_0000;
const NON_SYNC: u32 = 0x0101_0000;

/// A stream whose variant says whether every segment begins with a sync sample.
fn origin(has_parts: bool, independent: bool) -> Origin {
    let mut first = if has_parts { variant("v0", "init.mp4") } else { without_parts("v0", "init.mp4") };
    first.segment.map.data = init();
    first.variant.independent_segments = independent;
    Origin::of(first)
}

fn whole(flags: u32) -> Payload {
    let mut update = segment(7);
    update.segment.data = begins_with(flags);
    Payload::Segment(update)
}

fn first_part(flags: u32) -> Payload {
    let mut update = part(7, 0);
    (update.part.data, update.part.independent) = (begins_with(flags), true);
    Payload::Part(update)
}

#[test]
fn a_segment_without_a_sync_sample_first_is_refused_where_none_was_announced() {
    for (has_parts, upload) in [(false, whole as fn(u32) -> Payload), (true, whole), (true, first_part)] {
        let mut promises = origin(has_parts, true);
        let refusal = promises.try_take(upload(NON_SYNC)).unwrap_err();
        assert_eq!(refusal.code, AckCode::InvalidSignal);
        assert!(refusal.reason.contains("does not begin with a sync sample"), "{refusal}");
        assert!(promises.take(upload(SYNC)) > 0);
        assert!(origin(has_parts, false).take(upload(NON_SYNC)) > 0);
    }
}

#[test]
fn a_replica_that_has_no_bytes_decides_alike() {
    let mut origin = origin(false, true);
    let (mut stream, mut declared) = (Stream::new(HlsSettings::default()), without_parts("v0", "init.mp4"));
    declared.segment.map.data = init();
    let logged = |payload| UploadEntry::decode(UploadEntry::new(payload, RECEIVED).encode().as_bytes()).unwrap();
    stream.replay(logged(Payload::Variant(declared))).unwrap();
    for flags in [NON_SYNC, SYNC] {
        let (here, elsewhere) = (origin.try_take(whole(flags)), stream.replay(logged(whole(flags))));
        assert_eq!(here.is_ok(), elsewhere.is_ok());
        let mut restored = Stream::restore(stream.checkpoint().as_bytes()).unwrap();
        assert_eq!(
            restored.replay(logged(whole(NON_SYNC))).err().map(|it| it.code),
            Some(match flags {
                NON_SYNC => AckCode::InvalidSignal,
                _ => AckCode::SequenceConflict,
            })
        );
    }
}

#[test]
fn a_part_within_a_segment_begins_with_any_sample() {
    let mut origin = origin(true, true);
    origin.take(first_part(SYNC));
    let mut second = part(7, 1);
    second.part.data = begins_with(NON_SYNC);
    assert!(origin.take(Payload::Part(second)) > 0);
}

#[test]
fn media_that_cannot_be_read_is_taken() {
    let mut origin = origin(false, true);
    let mut unknown = segment(7);
    unknown.segment.data = media("encrypted");
    assert!(origin.take(Payload::Segment(unknown)) > 0);
}
