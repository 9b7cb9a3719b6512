//! Media made of numbers, and the signals it becomes.

use std::num::NonZeroU32;

use bytes::Bytes;
use proptest::prelude::*;
use roomcast_media::{Defaults, Fragment, Handler, Init, Item, Sample, Start, Targets, Track};
use roomcast_protocol::data::{DataSignal, Payload, UpdatePart, decode};
use roomcast_protocol::id::ObjectId;

use super::*;

const FRAME: u32 = 40;

fn plan() -> Plan {
    let id = |name| ObjectId::parse(name).unwrap();
    let targets = Targets { segment: Duration::from_secs(1), part: Duration::from_millis(350) };
    Plan { playlist: id("main"), variant: id("v0"), targets, target_duration: Duration::from_secs(2) }
}

fn init() -> Item {
    init_of(1000)
}

fn init_of(timescale: u32) -> Item {
    let track = Track {
        id: 1,
        handler: Handler::Video,
        timescale: NonZeroU32::new(timescale).unwrap(),
        codec: "avc1.64001f".into(),
        resolution: Some((1280, 720)),
        defaults: Defaults::default(),
    };
    Item::Init(Init { bytes: Bytes::from_static(b"ftyp moov"), tracks: vec![track] })
}

/// A fragment of 25 frames per second from this frame on, with a key frame every `gop` frames.
fn fragment(first: u64, count: u64, gop: u64) -> Item {
    fragment_of(FRAME, first, count, gop)
}

fn fragment_of(ticks: u32, first: u64, count: u64, gop: u64) -> Item {
    let sample = |frame: u64| Sample {
        track: 1,
        decode_time: frame * u64::from(ticks),
        duration: ticks,
        composition_offset: 0,
        flags: if frame.is_multiple_of(gop) { 0 } else { 0x0001_0000 },
        payload: Bytes::from_static(&[7; 1000]),
    };
    Item::Fragment(Fragment { sequence: 1, samples: (first..first + count).map(sample).collect() })
}

fn parts(pieces: &[Piece]) -> Vec<&UpdatePart> {
    pieces.iter().filter_map(|piece| if let Payload::Part(part) = &piece.payload { Some(part) } else { None }).collect()
}

#[test]
fn the_variant_comes_first_and_says_what_the_media_is() {
    let mut packager = Packager::new(plan(), None);
    assert_eq!(packager.take(init(), 0).unwrap(), []);
    let pieces = packager.take(fragment(0, 25, 25), 10_000).unwrap();
    let Payload::Variant(update) = &pieces[0].payload else { panic!("no variant") };
    assert_eq!(update.variant.codecs, "avc1.64001f");
    assert_eq!(update.variant.resolution.as_deref(), Some("1280x720"));
    assert_eq!(update.variant.frame_rate, Some(25.0));
    // 8 frames of 1000 bytes and their headers in 320 ms, and a quarter more.
    assert!((250_000..280_000).contains(&update.variant.bandwidth), "{}", update.variant.bandwidth);
    assert_eq!(pieces.iter().filter(|piece| matches!(piece.payload, Payload::Variant(_))).count(), 1);
}

#[test]
fn dates_follow_the_media_from_when_the_first_part_was_cut() {
    let mut packager = Packager::new(plan(), None);
    packager.take(init(), 0).unwrap();
    let first = packager.take(fragment(0, 30, 25), 10_320).unwrap();
    let later = packager.take(fragment(30, 30, 25), 99_999).unwrap();
    let dates: Vec<_> = [parts(&first), parts(&later)]
        .concat()
        .iter()
        .map(|part| (part.segment.sequence, part.segment.program_date_time.unwrap().millis()))
        .collect();
    assert!(dates.iter().all(|(sequence, date)| *date == 10_000 + 1000 * i64::try_from(*sequence).unwrap()));
    assert!(dates.contains(&(2, 12_000)));
}

#[test]
fn a_new_map_begins_a_discontinuity() {
    let mut packager = Packager::new(plan(), None);
    packager.take(init(), 0).unwrap();
    packager.take(fragment(0, 25, 25), 10_000).unwrap();
    packager.take(init(), 11_000).unwrap();
    let pieces = packager.take(fragment(0, 25, 25), 11_000).unwrap();
    let Payload::Variant(update) = &pieces[0].payload else { panic!("no variant") };
    assert_eq!(update.segment.map.id.as_str(), "init-1.mp4");
    let head = &parts(&pieces)[0].segment;
    assert_eq!((head.sequence, head.discontinuity), (1, true));
    assert_eq!(pieces[1].end, Some(Duration::from_millis(1320)));
}

#[test]
fn dates_never_run_back_over_a_jump() {
    let mut packager = Packager::new(plan(), None);
    packager.take(init(), 0).unwrap();
    packager.take(fragment(0, 25, 25), 10_320).unwrap();
    let pieces = packager.take(fragment(100_000, 25, 25), 10_400).unwrap();
    let head = &parts(&pieces).last().unwrap().segment;
    assert_eq!((head.sequence, head.discontinuity), (1, true));
    assert_eq!(head.program_date_time.unwrap().millis(), 11_000);
}

#[test]
fn key_frames_too_far_apart_are_named() {
    let mut packager = Packager::new(plan(), None);
    packager.take(init(), 0).unwrap();
    let error = packager.take(fragment(0, 100, 100), 0).unwrap_err();
    assert!(matches!(error, Error::KeyFrames { segment: 0, .. }), "{error}");
}

#[test]
fn an_earlier_run_is_continued() {
    let start = Start { segment: 44, part_number: 130 };
    let mut packager = Packager::new(plan(), Some(Earlier { start, map: 4 }));
    packager.take(init(), 0).unwrap();
    let pieces = packager.take(fragment(0, 60, 25), 0).unwrap();
    let parts = parts(&pieces);
    assert_eq!((parts[0].part.id.as_str(), parts[0].segment.id.as_str()), ("p130.m4s", "s44.m4s"));
    let flagged = |part: &&&UpdatePart| part.segment.discontinuity;
    assert!(parts.iter().filter(flagged).all(|part| part.segment.sequence == 44));
    assert_eq!(parts.iter().filter(flagged).count(), 4);
}

proptest! {
    #[test]
    fn stated_durations_add_up_to_the_media_and_less_than_a_microsecond(
        (timescale, ticks) in prop::sample::select(vec![(30, 1), (24_000, 1001), (90_000, 3003), (15_360, 256)]),
        pieces in prop::collection::vec(1_u64..20, 1..40),
        begin in 0_u64..1 << 40,
    ) {
        let mut packager = Packager::new(plan(), None);
        packager.take(init_of(timescale), 0).unwrap();
        let (mut frame, mut all) = (begin * 20, Vec::new());
        for count in pieces {
            all.extend(packager.take(fragment_of(ticks, frame, count, 20), 0).unwrap());
            frame += count;
        }
        all.extend(packager.finish(0).unwrap());
        let (mut of_parts, mut of_segments) = (0, 0);
        for payload in all.iter().map(|piece| &piece.payload) {
            match payload {
                Payload::Part(part) => {
                    prop_assert!(part.part.duration.micros() <= 350_000);
                    of_parts += part.part.duration.micros();
                }
                Payload::Segment(segment) => {
                    of_segments += segment.segment.duration.micros();
                    prop_assert_eq!(of_segments, of_parts);
                }
                _ => {}
            }
        }
        let exact = (frame - begin * 20) * u64::from(ticks) * 1_000_000;
        prop_assert_eq!(of_parts, exact.div_ceil(timescale.into()));
    }

    #[test]
    fn numbers_run_on_and_every_signal_can_be_read(
        pieces in prop::collection::vec((1_u64..40, prop::sample::select(vec![0, 0, 0, 50_000])), 1..20),
        gop in 1_u64..45,
    ) {
        let mut packager = Packager::new(plan(), None);
        packager.take(init(), 0).unwrap();
        let (mut frame, mut all) = (0, Vec::new());
        for (count, jump) in pieces {
            frame += jump;
            all.extend(packager.take(fragment(frame, count, gop), 0).unwrap());
            frame += count;
        }
        all.extend(packager.finish(0).unwrap());
        let parts = parts(&all);
        let names: Vec<String> = parts.iter().map(|part| part.part.id.to_string()).collect();
        let expected: Vec<String> = (0..names.len()).map(|number| format!("p{number}.m4s")).collect();
        prop_assert_eq!(names, expected);
        for pair in parts.windows(2) {
            let (one, next) = (pair[0], pair[1]);
            let goes_on = (one.segment.sequence, one.part.sequence + 1) == (next.segment.sequence, next.part.sequence);
            prop_assert!(goes_on || (one.segment.sequence + 1, 0) == (next.segment.sequence, next.part.sequence));
            prop_assert!(one.segment.program_date_time <= next.segment.program_date_time);
        }
        let mut ends = all.iter().filter_map(|piece| piece.end);
        prop_assert!(ends.next().is_none_or(|first| ends.try_fold(first, |a, b| (a < b).then_some(b)).is_some()));
        for piece in all {
            let signal = DataSignal { id: uuid::Uuid::nil(), timestamp: 0, payload: piece.payload };
            prop_assert_eq!(decode(signal.to_json().as_bytes()).unwrap(), signal);
        }
    }
}
