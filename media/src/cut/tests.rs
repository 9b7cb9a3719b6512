//! Single rules of the cutter, each with the smallest stream that shows it.

mod exact;
mod holes;

use super::*;
use crate::Sample;
use crate::fixture::{self, AUDIO, Kind, VIDEO, fragment, read_fragments, sample};

const FRAME: u64 = 512;
const TARGETS: Targets = Targets {
    segment: Duration::from_secs(1),
    part: Some(Duration::from_millis(350)),
    longest: Duration::from_secs(2),
    independent: true,
};

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
    let pushed = cutter.push(fragment(samples)).unwrap();
    assert_eq!(pushed.rest, None);
    pushed.cuts
}

fn finish(cutter: &mut Cutter) -> Vec<Cut> {
    cutter.finish().cuts
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
fn a_full_part_is_closed_with_its_fragment() {
    let mut cutter = cutter(&[VIDEO]);
    assert_eq!(push(&mut cutter, frames(0..9)), []);
    assert_eq!(parts(&push(&mut cutter, frames(9..10))).len(), 1);
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
    finish(&mut cutter);
    assert_eq!(cutter.next_start(), Start { segment: 9, part_number: 25 });
}

#[test]
fn what_comes_before_the_first_sync_sample_is_dropped() {
    let mut cutter = cutter(&[VIDEO, AUDIO]);
    assert_eq!(push(&mut cutter, frames(25..30).chain((39..46).map(sound))), []);
    push(&mut cutter, frames(30..33).chain((46..49).map(sound)));
    let left = finish(&mut cutter);
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
    // The video is through: what is left is audio alone.
    let left = finish(&mut cutter);
    let [Cut::Part(last), Cut::Segment(segment)] = &left[..] else { panic!("{left:?}") };
    let repeats = (0..20).map(|number| 20 * FRAME + number).collect();
    assert_eq!((times(last, 1), times(last, 2), segment.parts), (repeats, vec![40 * 1024], 3));
}

#[test]
fn a_stream_of_audio_is_cut_by_its_own_samples() {
    let mut cutter = cutter(&[AUDIO]);
    let cuts = push(&mut cutter, (0..48).map(sound));
    assert_eq!(parts(&cuts).len(), 2, "the last one may be the end");
    let cuts = [cuts, push(&mut cutter, [sound(48)])].concat();
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

/// Parts, the end of parts (`|`) and segments in short.
fn short(cuts: &[Cut]) -> Vec<String> {
    let short = |cut: &Cut| match cut {
        Cut::Part(part) => format!("p{} {}", part.number, part.duration.as_millis()),
        Cut::PartsEnd(end) => format!("|{} {}", end.number, end.duration.as_millis()),
        Cut::Segment(segment) => format!("s{} {}", segment.sequence, segment.duration.as_millis()),
    };
    cuts.iter().map(short).collect()
}

/// Frames of these many thirtieths of a second from a time on, the first a sync sample.
fn uneven(from: u64, lengths: &[u64]) -> Vec<Sample> {
    let mut at = from;
    let samples = lengths.iter().map(|length| {
        at += length * FRAME;
        sample(1, at - length * FRAME, (length * FRAME) as u32, at == from + length * FRAME)
    });
    samples.collect()
}

#[test]
fn a_frame_that_fits_behind_no_part_ends_the_parts_of_its_segment() {
    let mut cutter = cutter(&[VIDEO]);
    let lengths = [&[1; 18][..], &[4], &[1; 8]].concat();
    let mut cuts = push(&mut cutter, uneven(0, &lengths));
    cuts.extend(push(&mut cutter, uneven(30 * FRAME, &[1; 10])));
    assert_eq!(short(&cuts), ["p0 333", "p1 266", "|2 133", "s0 1000", "p3 333"]);
    let Cut::Segment(segment) = &cuts[3] else { panic!("{cuts:?}") };
    assert_eq!((segment.parts, segment.independent), (2, true));
    let whole = read_fragments(&[VIDEO], &segment.bytes);
    assert_eq!(whole.iter().map(|fragment| fragment.samples.len()).sum::<usize>(), lengths.len());
}

#[test]
fn a_frame_longer_than_a_part_leaves_a_segment_without_any() {
    let mut cutter = cutter(&[VIDEO]);
    let cuts = push(&mut cutter, uneven(0, &[15, 15]).into_iter().chain(uneven(30 * FRAME, &[1; 10])));
    assert_eq!(short(&cuts), ["|0 350", "s0 1000", "p1 333"]);
}

#[test]
fn without_a_part_target_there_are_segments_alone() {
    let targets = Targets { part: None, ..TARGETS };
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO]), targets, Start::default()).unwrap();
    let mut cuts = push(&mut cutter, frames(0..45));
    cuts.extend(finish(&mut cutter));
    assert_eq!(short(&cuts), ["s0 1000", "s1 500"]);
}

#[test]
fn without_a_sync_sample_in_time_a_segment_begins_with_another() {
    let targets = Targets { independent: false, ..TARGETS };
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO]), targets, Start::default()).unwrap();
    let mut cuts = push(&mut cutter, uneven(0, &[1; 130]));
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    let found: Vec<_> = segments.map(|segment| (segment.duration.as_millis(), segment.independent)).collect();
    assert_eq!(found, [(2000, true), (2000, false), (333, false)]);
    assert!(parts(&cuts).iter().skip(1).all(|part| !part.independent));
}

#[test]
fn where_every_segment_begins_with_a_sync_sample_media_is_left_out_up_to_one() {
    let mut cutter = cutter(&[VIDEO]);
    assert_eq!(short(&push(&mut cutter, uneven(0, &[1; 70]))).last().unwrap(), "s0 2000");
    let behind = uneven(70 * FRAME, &[1; 10]);
    let pushed = cutter.push(fragment(behind.clone())).unwrap();
    assert_eq!((pushed.cuts, pushed.rest.map(|rest| rest.samples)), (vec![], Some(behind)));
}

#[test]
fn what_does_not_go_on_is_given_back() {
    for jump in [8, 10 + 2 * 30] {
        let mut cutter = cutter(&[VIDEO]);
        push(&mut cutter, frames(0..5));
        let behind = sample(1, jump * FRAME, FRAME as u32, true);
        let pushed = cutter.push(fragment(frames(5..10).chain([behind.clone()]))).unwrap();
        assert_eq!(pushed.rest, Some(fragment([behind.clone()])));
        assert!(matches!(finish(&mut cutter)[..], [Cut::Segment(_)]));
        assert_eq!(push(&mut cutter, [behind]), []);
        let left = finish(&mut cutter);
        let part = parts(&left)[0];
        assert_eq!((part.segment, part.number, part.start), (1, 1, Duration::ZERO));
    }
}

#[test]
fn a_jump_inside_of_a_fragment_takes_along_what_belongs_to_it() {
    let mut cutter = cutter(&[VIDEO, AUDIO]);
    push(&mut cutter, frames(0..10).chain((0..16).map(sound)));
    let far = 480_000 / 1024 * 100;
    let behind: Vec<Sample> = std::iter::once(sound(far)).chain(frames(30_000..30_010)).collect();
    // The sound of the new place comes in front of its frames.
    let mixed = frames(10..20).chain([sound(16), sound(far)]).chain(frames(30_000..30_010));
    let pushed = cutter.push(fragment(mixed)).unwrap();
    assert_eq!(pushed.rest.map(|rest| rest.samples), Some(behind));
}

#[test]
fn a_hole_behind_a_part_is_filled_with_parts_of_repeated_frames() {
    let mut cutter = cutter(&[VIDEO]);
    push(&mut cutter, frames(0..10));
    let mut cuts = push(&mut cutter, frames(25..31));
    cuts.extend(finish(&mut cutter));
    assert_eq!(short(&cuts), ["p1 350", "p2 316", "s0 1000", "p3 33", "s1 33"]);
}

#[test]
fn sound_that_runs_back_or_far_ahead_is_left_out_while_the_video_goes_on() {
    for wrong in [4, 500] {
        let mut cutter = cutter(&[VIDEO, AUDIO]);
        push(&mut cutter, frames(0..10).chain((0..16).map(sound)));
        let mut cuts = push(&mut cutter, frames(10..11).chain([sound(wrong)]));
        cuts.extend(push(&mut cutter, frames(11..20).chain((17..32).map(sound))));
        assert_eq!(times(parts(&cuts)[0], 2).first(), Some(&(17 * 1024)));
    }
}

#[test]
fn video_waits_for_sound_that_comes_apart_from_it() {
    let mut cutter = cutter(&[VIDEO, AUDIO]);
    let first = push(&mut cutter, frames(0..30));
    assert_eq!(short(&first), Vec::<String>::new());
    let cuts = push(&mut cutter, (0..47).map(sound));
    assert_eq!(short(&cuts), ["p0 333", "p1 333", "p2 333"]);
    assert_eq!(times(parts(&cuts)[2], 2).last(), Some(&(46 * 1024)));
    // Nothing is waited for longer than two seconds.
    assert!(!push(&mut cutter, frames(30..100)).is_empty());
}

#[test]
fn what_waits_without_a_leading_sample_is_bounded() {
    let mut cutter = cutter(&[VIDEO, AUDIO]);
    let large = Sample { payload: Bytes::from(vec![0; 40 << 20]), ..sound(0) };
    push(&mut cutter, [large.clone()]);
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
