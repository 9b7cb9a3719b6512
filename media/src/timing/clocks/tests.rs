//! Jumps of one track, of all, and what only looks like one.

mod together;

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
    let (out, due) = map_beside(pieces, if is_alone { None } else { OTHERS });
    (out, due.map(|due| due.at))
}

/// The same with the kind of the break.
fn map_beside(pieces: impl IntoIterator<Item = Vec<Sample>>, others: Option<Others>) -> (Vec<Sample>, Option<Break>) {
    let mut clocks = clocks();
    let mut out: Vec<Sample> = pieces.into_iter().flat_map(|piece| clocks.take(piece, others)).collect();
    out.extend(clocks.finish(others));
    (out, clocks.take_break())
}

/// Other streams, of the first 13 s.
const OTHERS: Option<Others> = Some(Others { begin: 0, end: 13 * NANOS });

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
fn a_jump_that_the_next_fragment_seems_to_pass_is_told_by_what_came_first() {
    // Fragments of two seconds, of each track in turn; the audio jumps by a little more.
    let late = |number: u64| if number < 13 { 0.0 } else { 2.5 };
    let long = |from: u64| (from..from + 6).flat_map(|number| piece(number, 0.0, late(number)));
    let pieces = (0..10).flat_map(|number| {
        let (video, audio) = long(number * 6).partition::<Vec<_>, _>(|sample| sample.track == 1);
        [video, audio]
    });
    let (out, _) = map(pieces, true);
    assert_eq!((times(&out, 1), times(&out, 2)), (steady(600, FRAME), steady(960, 1000)));
}

#[test]
fn frames_do_not_wait_for_more_where_the_audio_is_far_ahead() {
    let mut clocks = clocks();
    clocks.take(piece(0, 0.0, 0.0), None);
    let tail = (2..12).flat_map(|number| piece(number, 0.0, 0.0)).filter(|sample| sample.track == 2);
    let out = clocks.take(piece(1, 20.0, 0.0).into_iter().chain(tail).collect(), None);
    assert_eq!(times(&out, 1), (10..20).map(|number| number * FRAME).collect::<Vec<_>>());
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
fn a_jump_of_all_is_taken_out_unless_other_streams_may_count_by_it() {
    for jump in [5.0, -5.0, 40.0] {
        let late = |number: u64| if number < 21 { 0.0 } else { jump };
        let pieces = || (0..40).map(|number| piece(number, late(number), late(number)));
        let (out, due) = map_beside(pieces(), None);
        assert_eq!((times(&out, 1), times(&out, 2)), (steady(400, FRAME), steady(640, 1000)), "{jump}");
        assert_eq!(due, Some(Break { at: Duration::from_secs(7), is_hole: jump > 0.0 }));
        // Beside others, nothing begins a discontinuity by itself.
        let (out, due) = map_beside(pieces(), OTHERS);
        let stays = if jump == 5.0 { 5 * TICKS } else { 0 };
        assert_eq!((times(&out, 1).last(), due), (Some(&(399 * FRAME + stays)), None), "{jump}");
    }
}

#[test]
fn tracks_that_end_or_resume_one_before_the_other_are_moved_alike() {
    // The missing times of the video and of the audio, in thirds of a second. The audio may resume first, the video may
    // end first, and the audio may go on alone for a while.
    for (video, audio) in [((21, 33), (21, 32)), ((21, 32), (22, 32)), ((21, 30), (23, 32)), ((21, 60), (21, 59))] {
        let comes = |number: u64, (from, to): (u64, u64)| !(from..to).contains(&number);
        let piece = |number: u64| {
            let comes = |sample: &Sample| comes(number, if sample.track == 1 { video } else { audio });
            piece(number, 0.0, 0.0).into_iter().filter(comes).collect()
        };
        let (out, due) = map_beside((0..90).map(piece), None);
        // The first track that resumes does so where the last one has ended.
        let (end, resumed) = (video.0.max(audio.0), video.1.min(audio.1));
        assert_eq!(due, Some(Break { at: Duration::from_secs(end) / 3, is_hole: true }), "{video:?} {audio:?}");
        let removed = resumed - end;
        let last = |track| times(&out, track).last().copied();
        assert_eq!(last(1), Some((899 - 10 * removed) * FRAME), "{video:?} {audio:?}");
        assert_eq!(last(2), Some((1439 - 16 * removed) * 1000), "{video:?} {audio:?}");
    }
}

#[test]
fn a_stream_that_has_paused_comes_back_where_the_others_are() {
    let others = Some(Others { begin: 0, end: 30 * NANOS });
    let late = |number: u64| if number < 21 { 0.0 } else { -6.0 };
    let (out, _) = map_beside((0..40).map(|number| piece(number, late(number), late(number))), others);
    assert_eq!(times(&out, 1)[210], 30 * TICKS);
}

#[test]
fn a_stream_of_an_unrelated_clock_begins_where_the_others_are() {
    for by in [-3600.0, 600.0, 3600.0] {
        for (end, begin) in [(13 * NANOS, 13.0 - 1.0 / 3.0), (2 * NANOS, 0.0)] {
            let mut clocks = clocks();
            let begun = |number: u64| piece(number + 12_000, by, by);
            let first = clocks.take(begun(0), Some(Others { begin: 0, end }));
            let then = clocks.take(begun(1), Some(Others { begin: 0, end }));
            let at = times(&first, 1)[0] as f64 / TICKS as f64;
            assert!((at - begin).abs() < 0.001, "{by}: {at}");
            // Its tracks keep together, and go on.
            assert!((times(&first, 2)[0] as f64 / RATE as f64 - at).abs() < 0.001);
            assert_eq!(times(&then, 1)[0], times(&first, 1)[9] + FRAME);
            assert_eq!((clocks.take_moved().len(), clocks.take_break()), (1, None));
        }
    }
    // Times that may be right are kept.
    let (out, _) = map_beside([piece(60, 0.0, 0.0)], OTHERS);
    assert_eq!(times(&out, 1)[0], 20 * TICKS);
}

#[test]
fn a_new_run_keeps_the_tracks_together_when_one_begins_before_the_other() {
    // Six seconds of both; then times begin anew, and the first two seconds have audio alone.
    let again = |number: u64| {
        let samples = piece(number + 30, -10.0, -10.0).into_iter();
        samples.filter(|sample| sample.track == 2 || number >= 6).collect::<Vec<_>>()
    };
    let pieces = (0..18).map(|number| piece(number + 30, 0.0, 0.0));
    // The start of the new run comes in one fragment.
    let begin: Vec<Sample> = (0..9).flat_map(again).collect();
    let (out, at) = map(pieces.chain([begin]).chain((9..20).map(again)), true);
    let behind = |track| times(&out, track).into_iter().skip(18 * if track == 1 { 10 } else { 16 });
    assert_eq!((behind(2).next(), behind(1).next()), (Some(16 * RATE), Some(18 * TICKS)));
    assert_eq!(at, Some(Duration::from_secs(16)));
}

#[test]
fn a_short_hole_of_all_stays() {
    let late = |number: u64| if number < 21 { 0.0 } else { 1.0 };
    // Others may count by the times of a new run already.
    for others in [None, OTHERS, Some(Others { begin: 100 * NANOS, end: 101 * NANOS })] {
        let mut clocks = clocks();
        let beside = |number: u64| others.filter(|_| number > 0);
        let take = |number| clocks.take(piece(number, late(number), late(number)), beside(number));
        let out: Vec<Sample> = (0..40).flat_map(take).collect();
        assert_eq!((times(&out, 1).last(), clocks.take_break()), (Some(&(399 * FRAME + TICKS)), None));
    }
}

#[test]
fn a_stream_that_begins_anew_is_taken_as_it_is() {
    let mut clocks = clocks();
    clocks.take(piece(100, 0.0, 0.0), None);
    clocks.restart();
    let again = clocks.take(piece(0, 0.0, 0.0), None);
    assert_eq!((times(&again, 1), times(&again, 2)), (steady(10, FRAME), steady(16, 1000)));
    assert_eq!(clocks.take_break(), None);
}

#[test]
fn what_is_never_told_goes_as_it_is() {
    let mut clocks = clocks();
    clocks.take(piece(0, 0.0, 0.0), None);
    // The video is never heard again.
    let audio = |number| piece(number, 0.0, 5.0).into_iter().filter(|sample| sample.track == 2).collect();
    let out: Vec<Sample> = (1..20).flat_map(|number| clocks.take(audio(number), None)).collect();
    assert_eq!(times(&out, 2).last(), Some(&(319 * 1000 + 5 * RATE)));
}

#[test]
fn a_hole_that_cannot_be_listed_is_taken_out() {
    for others in [None, OTHERS] {
        let mut clocks = clocks();
        clocks.take(piece(0, 0.0, 0.0), others);
        // The video is never heard again.
        let audio = |number| piece(number, 0.0, 20.0).into_iter().filter(|sample| sample.track == 2).collect();
        let out: Vec<Sample> = (1..20).flat_map(|number| clocks.take(audio(number), others)).collect();
        let stated = if others.is_none() { 0 } else { 20 * RATE };
        assert_eq!(times(&out, 2).last(), Some(&(319 * 1000 + stated)));
    }
}

/// Twenty seconds of both tracks in fragments of so many frames and the audio of that time, of each track in turn; the
/// samples of one track are changed, and those for which there is none are missing.
fn in_turn(length: u64, first: u32, track: u32, change: impl Fn(Sample, f64) -> Option<Sample>) -> Vec<Vec<Sample>> {
    let frames = (0..600).map(|i| sample(1, i * FRAME, FRAME as u32, true));
    // The audio of a fragment ends at another time than the frames, within one sample.
    let all: Vec<Sample> = frames.chain((0..937).map(|i| sample(2, i * 1024, 1024, true))).collect();
    let seconds = |sample: &Sample| sample.decode_time as f64 / if sample.track == 1 { TICKS } else { RATE } as f64;
    let of = |number: u64, own: u32| {
        let window = |sample: &&Sample| sample.track == own && (seconds(sample) * 30.0) as u64 / length == number;
        let change = |it: Sample| if own == track { change(it.clone(), seconds(&it)) } else { Some(it) };
        all.iter().filter(window).cloned().filter_map(change).collect::<Vec<_>>()
    };
    (0..600 / length).flat_map(|number| [of(number, first), of(number, 3 - first)]).collect()
}

/// The lengths of fragments, the track that comes first, and the one that something happens to.
fn ways() -> impl Iterator<Item = (u64, u32, u32)> {
    (0..12).map(|case| ([10, 15, 30][case % 3], 1 + case as u32 / 6, 1 + case as u32 / 3 % 2))
}

#[test]
fn a_hole_of_one_track_in_fragments_of_each_in_turn_is_no_jump() {
    for (length, first, track) in ways() {
        for missing in [0.6, 1.0, 1.5, 1.9, 2.6, 5.0] {
            for from in [4.2, 5.0, 0.4] {
                let hole = |sample, at| (!(from..from + missing).contains(&at)).then_some(sample);
                let expected = in_turn(length, first, track, hole);
                let (out, at) = map(expected.clone(), true);
                let expected = expected.concat();
                for own in [1, 2] {
                    let is_right = times(&out, own) == times(&expected, own);
                    assert!(is_right, "track {own} of {track}: {length} {first} {missing} {from}");
                }
                assert_eq!(at, None);
            }
        }
    }
}

#[test]
fn a_hole_within_a_fragment_that_cannot_state_it_is_no_jump() {
    // Samples behind the hole in its fragment are stated as if there was none; the next fragment states its time.
    for (length, first, track) in ways().filter(|(length, ..)| *length == 30) {
        let scale = if track == 1 { TICKS } else { RATE };
        let pieces = in_turn(length, first, track, |it, at| match at {
            4.2..4.8 => None,
            4.8..5.0 => Some(Sample { decode_time: it.decode_time - scale * 3 / 5, ..it }),
            _ => Some(it),
        });
        let expected = pieces.concat();
        let (out, at) = map(pieces, true);
        assert_eq!((times(&out, track) == times(&expected, track), at), (true, None), "{first} {track}");
    }
}

#[test]
fn a_jump_of_one_track_in_fragments_of_each_in_turn_is_told() {
    for (length, first, track) in ways() {
        let scale = if track == 1 { TICKS } else { RATE };
        for jump in [0.6, 1.0, 1.9, 5.0, 30.0, -1.0] {
            let pieces = in_turn(length, first, track, |it, at| {
                let by = if at >= 4.5 { (jump * scale as f64) as i64 } else { 0 };
                Some(Sample { decode_time: it.decode_time.wrapping_add_signed(by), ..it })
            });
            let (out, _) = map(pieces, true);
            let is_right = (times(&out, 1), times(&out, 2)) == (steady(600, FRAME), steady(937, 1024));
            assert!(is_right, "{length} {first} {track} {jump}");
        }
    }
}

#[test]
fn tracks_of_which_unlike_much_is_missing_stay_together() {
    // The audio resumes half a second later, and the video 7 s after that, at once with what is beside it.
    for resumed in [24_u64, 30] {
        let before = (0..21).map(|number| piece(number, 0.0, 0.0));
        let of = |from: u64, to: u64, track: u32| {
            (from..to)
                .flat_map(|number| piece(number, 0.0, 0.0))
                .filter(move |it| it.track == track)
                .collect::<Vec<_>>()
        };
        let pieces = before.chain([of(resumed, 45, 2)]).chain((45..60).map(|number| piece(number, 0.0, 0.0)));
        let (out, _) = map(pieces, true);
        let [video, audio] = [1, 2].map(|track| times(&out, track).last().copied().unwrap());
        assert_eq!(video * RATE / TICKS + 959 * 1000 - audio, 599 * FRAME * RATE / TICKS, "{resumed}");
    }
}

#[test]
fn holes_of_two_tracks_one_after_the_other_in_one_fragment_stay() {
    let fragment = (21..33).flat_map(|number| piece(number, 0.0, 0.0)).filter(|sample| match sample.track {
        1 => sample.decode_time >= 25 * TICKS / 3,
        _ => !(29 * RATE / 3..31 * RATE / 3).contains(&sample.decode_time),
    });
    let fragment: Vec<Sample> = fragment.collect();
    let pieces = || (0..21).map(|number| piece(number, 0.0, 0.0)).chain([fragment.clone()]);
    let pieces = || pieces().chain((33..45).map(|number| piece(number, 0.0, 0.0)));
    let expected: Vec<Sample> = pieces().flatten().collect();
    let (out, at) = map(pieces(), true);
    assert_eq!((times(&out, 1), times(&out, 2), at), (times(&expected, 1), times(&expected, 2), None));
}
