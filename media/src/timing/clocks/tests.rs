//! Jumps of one track, of all, and what only looks like one.

use super::*;
use crate::fixture::{self, AUDIO, VIDEO, sample};

pub(super) const FRAME: u64 = 512;
pub(super) const RATE: u64 = 48_000;
pub(super) const TICKS: u64 = 15_360;

fn clocks() -> Clocks {
    Clocks::new(&fixture::init(&[VIDEO, AUDIO]))
}

/// A third of a second of both tracks, that number `number`, each with a jump of so many seconds.
pub(super) fn piece(number: u64, video: f64, audio: f64) -> Vec<Sample> {
    let moved = |at: u64, by: f64, scale: u64| at.wrapping_add_signed((by * scale as f64) as i64);
    let frames = (number * 10..number * 10 + 10).map(|i| sample(1, moved(i * FRAME, video, TICKS), FRAME as u32, true));
    let sounds = (number * 16..number * 16 + 16).map(|i| sample(2, moved(i * 1000, audio, RATE), 1000, true));
    frames.chain(sounds).collect()
}

/// All that comes out of these pieces: the first decode times of the tracks, and whether each goes on without a break.
pub(super) fn map(pieces: impl IntoIterator<Item = Vec<Sample>>, is_alone: bool) -> (Vec<Sample>, Option<Duration>) {
    let mut clocks = clocks();
    let mut out: Vec<Sample> = pieces.into_iter().flat_map(|piece| clocks.take(piece, is_alone)).collect();
    out.extend(clocks.finish(is_alone));
    (out, clocks.take_break())
}

pub(super) fn times(samples: &[Sample], track: u32) -> Vec<u64> {
    samples.iter().filter(|sample| sample.track == track).map(|sample| sample.decode_time).collect()
}

pub(super) fn steady(count: u64, step: u64) -> Vec<u64> {
    (0..count).map(|number| number * step).collect()
}

#[test]
fn a_clock_that_jumps_alone_is_set_right() {
    for jump in [20.0, 5.0, 0.6, -0.6, -5.0, 300_000.0] {
        let late = |number: u64| if number < 21 { 0.0 } else { jump };
        let (out, at) = map((0..40).map(|number| piece(number, 0.0, late(number))), true);
        assert_eq!((times(&out, 1), times(&out, 2)), (steady(400, FRAME), steady(640, 1000)), "audio {jump}");
        assert_eq!(at, Some(Duration::from_secs(7)));
        let (out, at) = map((0..40).map(|number| piece(number, late(number), 0.0)), false);
        assert_eq!((times(&out, 1), times(&out, 2)), (steady(400, FRAME), steady(640, 1000)), "video {jump}");
        assert_eq!(at, Some(Duration::from_secs(7)));
    }
}

#[test]
fn a_jump_is_told_also_where_each_track_has_fragments_of_its_own() {
    let late = |number: u64| if number < 21 { 0.0 } else { 20.0 };
    let apart = (0..40).flat_map(|number| {
        let (video, audio): (Vec<_>, Vec<_>) =
            piece(number, 0.0, late(number)).into_iter().partition(|sample| sample.track == 1);
        [audio, video]
    });
    let (out, _) = map(apart, true);
    assert_eq!((times(&out, 1), times(&out, 2)), (steady(400, FRAME), steady(640, 1000)));
}

#[test]
fn a_fragment_of_a_long_frame_waits_for_the_one_beside_it() {
    let long =
        [vec![sample(1, 21 * TICKS / 3, 7 * TICKS as u32, true)], vec![sample(2, 7 * RATE, 7 * RATE as u32, true)]];
    for jump in [3, 20] {
        let mut long = long.clone();
        long[0][0].decode_time += jump * TICKS;
        let pieces = (0..21).map(|number| piece(number, 0.0, 0.0)).chain(long);
        let (out, at) = map(pieces, true);
        assert_eq!(times(&out, 1).last(), Some(&(7 * TICKS)), "{jump}");
        assert!(at.is_some());
    }
}

#[test]
fn a_fragment_of_one_track_alone_does_not_tell_before_the_one_beside_it() {
    let (begin, length) = (21 * RATE / 3, RATE as u32 / 15);
    // The jump, then three seconds of video before the audio of that time.
    let apart = [
        vec![sample(2, begin + 5 * RATE, length, true)],
        vec![sample(1, 7 * TICKS, 3 * TICKS as u32, true)],
        vec![sample(2, begin + 5 * RATE + u64::from(length), 3 * RATE as u32, true)],
    ];
    let (out, at) = map((0..21).map(|number| piece(number, 0.0, 0.0)).chain(apart), true);
    assert_eq!(times(&out, 2).last(), Some(&(begin + u64::from(length))));
    assert!(at.is_some());
}

#[test]
fn a_wrap_of_one_clock_is_set_right() {
    let begin = (1_u64 << 32) - 100 * 1000;
    let wrap = |mut sample: Sample| {
        sample.decode_time = match sample.track {
            1 => sample.decode_time + begin * TICKS / RATE,
            _ => (sample.decode_time + begin) % (1 << 32),
        };
        sample
    };
    let (out, at) = map((0..40).map(|number| piece(number, 0.0, 0.0).into_iter().map(wrap).collect()), true);
    assert_eq!(times(&out, 2), steady(640, 1000).iter().map(|at| at + begin).collect::<Vec<_>>());
    assert!(at.is_some());
}

#[test]
fn a_track_that_pauses_keeps_its_times() {
    // Five seconds without audio, while the video goes on.
    let silent = |number: u64| {
        piece(number, 0.0, 0.0).into_iter().filter(|sample| sample.track == 1 || !(12..27).contains(&number)).collect()
    };
    let (out, at) = map((0..40).map(silent), true);
    assert_eq!(times(&out, 1), steady(400, FRAME));
    let expected: Vec<u64> = (0..640).filter(|i| !(192..432).contains(i)).map(|i| i * 1000).collect();
    assert_eq!((times(&out, 2), at), (expected, None));
}

#[test]
fn a_small_hole_stays() {
    let late = |number: u64| if number < 21 { 0.0 } else { 0.4 };
    let (out, at) = map((0..40).map(|number| piece(number, 0.0, late(number))), true);
    assert_eq!((times(&out, 2).last(), at), (Some(&(639_000 + 19_200)), None));
}

#[test]
fn a_jump_of_all_is_taken_out_unless_other_streams_count_by_it() {
    for jump in [5.0, -5.0, 40.0] {
        let late = |number: u64| if number < 21 { 0.0 } else { jump };
        let pieces = || (0..40).map(|number| piece(number, late(number), late(number)));
        let (out, at) = map(pieces(), true);
        assert_eq!((times(&out, 1), times(&out, 2)), (steady(400, FRAME), steady(640, 1000)), "{jump}");
        assert_eq!(at, Some(Duration::from_secs(7)));
        let (out, at) = map(pieces(), false);
        let stated = (399 * FRAME).wrapping_add_signed((jump * TICKS as f64) as i64);
        assert_eq!((times(&out, 1).last(), at), (Some(&stated), None));
    }
}

#[test]
fn a_new_run_keeps_the_tracks_together_when_one_begins_before_the_other() {
    // Six seconds of both; then times begin anew, and the first two seconds have audio alone.
    let again = |number: u64| {
        let samples = piece(number + 30, -10.0, -10.0).into_iter();
        samples.filter(|sample| sample.track == 2 || number >= 6).collect::<Vec<_>>()
    };
    let pieces = (0..18).map(|number| piece(number + 30, 0.0, 0.0));
    // The begin of the new run comes in one fragment.
    let begin: Vec<Sample> = (0..9).flat_map(again).collect();
    let (out, at) = map(pieces.chain([begin]).chain((9..20).map(again)), true);
    let behind = |track| times(&out, track).into_iter().skip(18 * if track == 1 { 10 } else { 16 });
    assert_eq!((behind(2).next(), behind(1).next()), (Some(16 * RATE), Some(18 * TICKS)));
    assert_eq!(at, Some(Duration::from_secs(16)));
}

#[test]
fn a_short_hole_of_all_stays() {
    let late = |number: u64| if number < 21 { 0.0 } else { 1.0 };
    let (out, at) = map((0..40).map(|number| piece(number, late(number), late(number))), true);
    assert_eq!((times(&out, 1).last(), at), (Some(&(399 * FRAME + TICKS)), None));
}

#[test]
fn a_stream_that_begins_anew_is_taken_as_it_is() {
    let mut clocks = clocks();
    clocks.take(piece(100, 0.0, 0.0), true);
    clocks.restart();
    let again = clocks.take(piece(0, 0.0, 0.0), true);
    assert_eq!((times(&again, 1), times(&again, 2)), (steady(10, FRAME), steady(16, 1000)));
    assert_eq!(clocks.take_break(), None);
}

#[test]
fn what_is_never_told_goes_as_it_is() {
    let mut clocks = clocks();
    clocks.take(piece(0, 0.0, 0.0), true);
    // The video is never heard again.
    let audio = |number| piece(number, 0.0, 5.0).into_iter().filter(|sample| sample.track == 2).collect();
    let out: Vec<Sample> = (1..20).flat_map(|number| clocks.take(audio(number), true)).collect();
    assert_eq!(times(&out, 2).last(), Some(&(319 * 1000 + 5 * RATE)));
}

#[test]
fn a_hole_that_cannot_be_listed_is_taken_out() {
    for is_alone in [true, false] {
        let mut clocks = clocks();
        clocks.take(piece(0, 0.0, 0.0), is_alone);
        // The video is never heard again.
        let audio = |number| piece(number, 0.0, 20.0).into_iter().filter(|sample| sample.track == 2).collect();
        let out: Vec<Sample> = (1..20).flat_map(|number| clocks.take(audio(number), is_alone)).collect();
        let stated = if is_alone { 0 } else { 20 * RATE };
        assert_eq!(times(&out, 2).last(), Some(&(319 * 1000 + stated)));
    }
}
