//! Single rules of the cutter, each with the smallest stream that shows it.

use super::*;
use crate::Sample;
use crate::fixture::{self, AUDIO, Kind, VIDEO, fragment, read_fragments, sample};

const FRAME: u64 = 512;
const TARGETS: Targets = Targets { segment: Duration::from_secs(1), part: Duration::from_millis(350) };

fn cutter(tracks: &[Kind]) -> Cutter {
    Cutter::new(&fixture::init(tracks), TARGETS, Start::default()).unwrap()
}

/// Frames at 30 per second, a sync sample every 30.
fn frames(numbers: std::ops::Range<u64>) -> impl Iterator<Item = Sample> {
    numbers.map(|i| sample(1, i * FRAME, FRAME as u32, i % 30 == 0))
}

fn sound(number: u64) -> Sample {
    sample(2, number * 1024, 1024, true)
}

fn push(cutter: &mut Cutter, samples: impl IntoIterator<Item = Sample>) -> Vec<Cut> {
    cutter.push(fragment(samples)).unwrap()
}

fn parts(cuts: &[Cut]) -> Vec<&Part> {
    fn part(cut: &Cut) -> Option<&Part> {
        if let Cut::Part(part) = cut { Some(part) } else { None }
    }
    cuts.iter().filter_map(part).collect()
}

/// Decode times of a track's samples in a part.
fn times(part: &Part, track: u32) -> Vec<u64> {
    let fragments = read_fragments(&[VIDEO, AUDIO], &part.bytes);
    let samples = fragments.into_iter().flat_map(|fragment| fragment.samples);
    samples.filter(|sample| sample.track == track).map(|sample| sample.decode_time).collect()
}

#[test]
fn a_second_of_video_makes_three_parts_and_a_segment() {
    let mut cutter = cutter(&[VIDEO]);
    let cuts = push(&mut cutter, frames(0..31));
    let [Cut::Part(first), Cut::Part(second), Cut::Part(third), Cut::Segment(segment)] = &cuts[..] else {
        panic!("{cuts:?}")
    };
    assert_eq!([first.index, second.index, third.index], [0, 1, 2]);
    assert_eq!([first.independent, second.independent, third.independent], [true, false, false]);
    assert_eq!(second.start, first.duration);
    assert_eq!((segment.sequence, segment.parts), (0, 3));
    assert_eq!(segment.duration, Duration::from_secs(1));
    assert_eq!(segment.bytes, [&first.bytes[..], &second.bytes, &third.bytes].concat());
}

#[test]
fn a_long_enough_part_is_closed_with_its_fragment() {
    let mut cutter = cutter(&[VIDEO]);
    assert_eq!(push(&mut cutter, frames(0..8)), []);
    assert_eq!(parts(&push(&mut cutter, frames(8..9))).len(), 1);
}

#[test]
fn the_segment_comes_with_the_first_sample_of_the_next() {
    let mut cutter = cutter(&[VIDEO]);
    let cuts = push(&mut cutter, frames(0..30));
    assert_eq!((cuts.len(), parts(&cuts).len()), (3, 3));
    let cuts = push(&mut cutter, frames(30..31));
    assert!(matches!(&cuts[..], [Cut::Segment(segment)] if segment.parts == 3));
}

#[test]
fn numbers_go_on_from_the_start() {
    let start = Start { segment: 7, part_number: 20 };
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO]), TARGETS, start).unwrap();
    let cuts = push(&mut cutter, frames(0..41));
    let numbers = parts(&cuts).into_iter().map(|part| (part.segment, part.index, part.number));
    assert_eq!(numbers.collect::<Vec<_>>(), [(7, 0, 20), (7, 1, 21), (7, 2, 22), (8, 0, 23)]);
    cutter.finish();
    assert_eq!(cutter.next_start(), Start { segment: 9, part_number: 25 });
}

#[test]
fn what_comes_before_the_first_sync_sample_is_dropped() {
    let mut cutter = cutter(&[VIDEO, AUDIO]);
    assert_eq!(push(&mut cutter, frames(25..30).chain((39..46).map(sound))), []);
    push(&mut cutter, frames(30..33).chain((46..49).map(sound)));
    let left = cutter.finish();
    let part = parts(&left)[0];
    assert_eq!(part.start, Duration::ZERO);
    assert_eq!(times(part, 1), [30 * FRAME, 31 * FRAME, 32 * FRAME]);
    // Frame 30 is decoded at 1 s; sample 46 of the sound lasts until 1.003 s.
    assert_eq!(times(part, 2), [46 * 1024, 47 * 1024, 48 * 1024]);
}

#[test]
fn sound_goes_into_the_part_whose_end_it_begins_before_and_late_sound_into_the_next() {
    let mut cutter = cutter(&[VIDEO, AUDIO]);
    let cuts = push(&mut cutter, frames(0..10).chain([sound(0), sound(15), sound(16)]));
    assert_eq!(times(parts(&cuts)[0], 2), [0, 15 * 1024]);
    let cuts = push(&mut cutter, frames(10..20).chain([sound(17), sound(40)]));
    assert_eq!(times(parts(&cuts)[0], 2), [16 * 1024, 17 * 1024]);
    // The video is through: no player would reach a part of sound alone.
    let left = cutter.finish();
    let [Cut::Segment(segment)] = &left[..] else { panic!("{left:?}") };
    assert_eq!(segment.parts, 2);
}

#[test]
fn a_stream_of_audio_is_cut_by_its_own_samples() {
    let mut cutter = cutter(&[AUDIO]);
    let cuts = push(&mut cutter, (0..48).map(sound));
    let [Cut::Part(a), Cut::Part(b), Cut::Part(c), Cut::Segment(_)] = &cuts[..] else { panic!("{cuts:?}") };
    let counts = [a, b, c].map(|part| times(part, 2).len());
    assert_eq!(counts, [16, 16, 15]);
}

#[test]
fn a_sync_sample_before_the_segment_target_starts_no_segment() {
    let mut cutter = cutter(&[VIDEO]);
    let early = |i: u64| sample(1, i * FRAME, FRAME as u32, i.is_multiple_of(15));
    let cuts = push(&mut cutter, (0..46).map(early));
    let segments = cuts.iter().filter(|cut| matches!(cut, Cut::Segment(_))).count();
    assert_eq!(segments, 1);
}

#[test]
fn a_sample_longer_than_the_part_target_is_an_error_and_nothing_is_taken() {
    let mut cutter = cutter(&[VIDEO]);
    let long = sample(1, FRAME, 15_360, false);
    let found = cutter.push(fragment(frames(0..1).chain([long])));
    let error = Error::SampleTooLong { duration: Duration::from_secs(1), target: TARGETS.part };
    assert_eq!(found, Err(error));
    assert_eq!(cutter.finish(), []);
}

#[test]
fn a_jump_is_an_error_and_the_stream_can_go_on_behind_it() {
    for jump in [8, 10 + 10 * 30 + 1] {
        let mut cutter = cutter(&[VIDEO]);
        push(&mut cutter, frames(0..10));
        let behind = fragment([sample(1, jump * FRAME, FRAME as u32, true)]);
        let error = Error::Discontinuity { track: 1, from: 0, to: jump * FRAME };
        let found = cutter.push(behind.clone()).map_err(|error| match error {
            Error::Discontinuity { track, to, .. } => Error::Discontinuity { track, from: 0, to },
            other => other,
        });
        assert_eq!(found, Err(error));
        assert!(matches!(cutter.finish()[..], [Cut::Segment(_)]));
        assert_eq!(cutter.push(behind), Ok(vec![]));
        let left = cutter.finish();
        let part = parts(&left)[0];
        assert_eq!((part.segment, part.number, part.start), (1, 1, Duration::ZERO));
    }
}

#[test]
fn a_hole_of_up_to_ten_seconds_ends_the_part() {
    let mut cutter = cutter(&[VIDEO]);
    push(&mut cutter, frames(0..5));
    let cuts = push(&mut cutter, [sample(1, (5 + 10 * 30) * FRAME, FRAME as u32, false)]);
    assert_eq!(parts(&cuts)[0].duration, Duration::from_micros(166_667));
    let left = cutter.finish();
    assert_eq!(parts(&left)[0].start, Duration::from_micros(10_166_667));
}

#[test]
fn sound_that_runs_ten_seconds_ahead_or_backwards_is_a_discontinuity() {
    for wrong in [4, 500] {
        let mut cutter = cutter(&[VIDEO, AUDIO]);
        push(&mut cutter, frames(0..10).chain((0..6).map(sound)));
        let found = cutter.push(fragment(frames(10..11).chain([sound(wrong)])));
        assert!(matches!(found, Err(Error::Discontinuity { track: 2, .. })), "{found:?}");
    }
}

#[test]
fn what_waits_without_a_leading_sample_is_bounded() {
    let mut cutter = cutter(&[VIDEO, AUDIO]);
    let large = Sample { payload: Bytes::from(vec![0; 40 << 20]), ..sound(0) };
    assert_eq!(cutter.push(fragment([large.clone()])), Ok(vec![]));
    assert!(matches!(cutter.push(fragment([large])), Err(Error::Waiting(_))));
}

#[test]
fn a_segment_without_an_end_is_bounded() {
    let mut cutter = cutter(&[VIDEO]);
    let large = |sample| Sample { payload: Bytes::from(vec![0; 4 << 20]), ..sample };
    push(&mut cutter, frames(0..10).map(large));
    let found = cutter.push(fragment(frames(10..20).map(large)));
    assert!(matches!(found, Err(Error::Waiting(_))));
}

#[test]
fn a_track_of_another_stream_is_an_error() {
    let found = cutter(&[VIDEO]).push(fragment([sound(0)]));
    assert_eq!(found, Err(Error::UnknownTrack(2)));
}
