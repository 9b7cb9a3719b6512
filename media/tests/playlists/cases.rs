//! Cases that random runs have found, as they were reduced.

use std::ops::RangeInclusive;

use crate::holes::{self, Hole};
use crate::lost::{listed, number};
use crate::media::{Frame, Push};
use crate::{timeline, with_holes};

/// Frames of so many ticks, in so many each.
fn frames(runs: &[(u32, bool, usize)]) -> Vec<Frame> {
    let frame = |(ticks, is_sync, count): &(u32, bool, usize)| {
        vec![Frame { ticks: *ticks, is_sync: *is_sync, jumps: false }; *count]
    };
    runs.iter().flat_map(frame).collect()
}

/// Video and audio that begin together.
fn push(runs: &[(u32, bool, usize)], border: usize) -> Push {
    let (tail, jump, is_apart, late, is_declared) = (0, None, false, 0, false);
    Push { timescale: 1000, frames: frames(runs), audio: Some(0), tail, jump, border, is_apart, late, is_declared }
}

fn hole(track: Option<u32>, from: f64, length: f64) -> Hole {
    Hole { track, from, length }
}

/// The audio that is listed or counted as left out, and that must be.
fn audio(push: &Push, holes: &[Hole]) -> (u64, RangeInclusive<u64>) {
    let origin = with_holes(push, holes);
    let [_, audio] = holes::due(&holes::without(push.items(), holes, push.timescale), push.timescale);
    (listed(&origin, 2).len() as u64 + origin.left_out().1, audio)
}

/// The video begins long before its first key frame, and the audio is missing from just before that one on.
#[test]
fn audio_that_is_moved_in_front_of_the_first_key_frame_is_counted() {
    let keyless = [(83, false, 56), (606, false, 1)];
    let cases =
        [(vec![hole(Some(2), 5.17, 8.36)], 209, 40), (vec![hole(Some(2), 5.17, 2.2), hole(None, 7.25, 6.85)], 304, 40)];
    for (holes, tail, keys) in cases {
        let push = Push { tail, ..push(&[&keyless[..], &[(83, true, keys)]].concat(), 1) };
        let (count, due) = audio(&push, &holes);
        assert!(due.contains(&count), "{count} of {due:?}");
    }
}

/// The fragment of the first key frame also brings the audio behind a hole, which is taken for a jump.
#[test]
fn audio_that_is_moved_within_the_fragment_of_the_first_key_frame_is_counted() {
    let runs = [(133, false, 13), (474, false, 1), (133, true, 4), (133, false, 6), (173, false, 1), (133, false, 28)];
    let more = [(180, false, 1), (133, false, 14), (777, false, 1), (163, false, 1), (133, false, 8), (133, true, 3)];
    let push = Push { audio: Some(-5104), tail: 254, ..push(&[runs, more].concat(), 3) };
    let (count, due) = audio(&push, &[hole(Some(2), 8.859_64, 8.326_812), hole(Some(1), 2.009_245, 0.6)]);
    assert!(due.contains(&count), "{count} of {due:?}");
}

/// A long frame lasts beyond the start of a hole of all tracks, behind which the audio comes first.
#[test]
fn audio_that_ends_within_a_long_frame_has_not_jumped_behind_it() {
    let runs = [(250, false, 6), (8356, false, 1), (250, false, 1), (375, false, 1), (250, false, 6), (979, true, 1)];
    let push = push(&[&runs[..], &[(250, true, 95)]].concat(), 1);
    let (count, due) = audio(&push, &[hole(None, 6.744, 8.163)]);
    assert!(due.contains(&count), "{count} of {due:?}");
}

#[test]
fn audio_that_reaches_into_the_first_key_frame_by_less_than_a_tick_may_be_in_front_of_it() {
    let runs = [(500, false, 3), (500, true, 1), (582, true, 1), (500, true, 2), (500, false, 3), (656, false, 1)];
    let more = [(500, false, 3), (511, false, 1), (500, false, 2), (836, false, 1), (500, false, 6), (660, false, 1)];
    let rest = [(500, false, 4), (1900, false, 1), (500, false, 3), (500, true, 118)];
    let (count, due) = audio(&push(&[&runs[..], &more, &rest].concat(), 3), &[hole(None, 1.2157, 1.9952)]);
    assert!(due.contains(&count), "{count} of {due:?}");
}

#[test]
fn a_hole_in_a_fragment_of_unlike_length_is_no_jump() {
    let long = [
        (250, true, 15),
        (304, true, 1),
        (250, true, 7),
        (1402, true, 1),
        (250, true, 6),
        (1446, true, 1),
        (765, true, 1),
        (250, true, 4),
    ];
    let first = Push { audio: Some(-82_465), ..push(&long, 6) };
    let uneven = [
        (47, true, 1),
        (40, false, 1),
        (168, false, 1),
        (40, false, 20),
        (54, false, 1),
        (40, false, 3),
        (55, false, 1),
        (40, false, 10),
        (172, false, 1),
        (40, false, 27),
        (156, false, 1),
        (40, false, 20),
    ];
    let second = Push { audio: Some(26_560), is_apart: true, ..push(&uneven, 27) };
    let lost = [(878, true, 1), (1000, true, 3), (699, true, 1), (1000, true, 1), (3047, true, 1), (60_000, true, 1)];
    let fourth = Push { timescale: 30_000, ..push(&[&lost[..], &[(1000, true, 94)]].concat(), 37) };
    let third = push(&[(33, true, 160)], 42);
    let cases = [
        (first, vec![hole(Some(1), 4.811, 1.446), hole(Some(2), 8.2195, 0.6)]),
        (second, vec![hole(Some(1), 1.0726, 0.6)]),
        (third, vec![hole(Some(2), 0.483, 1.575), hole(Some(2), 2.194, 1.624)]),
        (fourth, vec![hole(None, 0.2357, 0.5597)]),
    ];
    for (push, holes) in cases {
        let origin = with_holes(&push, &holes);
        let pushed = holes::without(push.items(), &holes, push.timescale);
        assert_eq!(holes::out_of_sync(&origin, &pushed, push.timescale), Vec::<String>::new());
    }
}

#[test]
fn the_rest_of_a_segment_has_room_for_the_frames_that_are_repeated() {
    // The rest of two seconds takes 15 ticks, and there are 16 frames since the key frame.
    let group = [(16, true, 1), (16, false, 29)];
    let push = Push {
        audio: None,
        is_declared: true,
        ..push(
            &[[(16, true, 1), (16, false, 19)], [(17, false, 1), (16, false, 9)], group, group, group, group, group]
                .concat(),
            1,
        )
    };
    let origin = with_holes(&push, &[hole(Some(1), 0.735, 1.911)]);
    assert_eq!(holes::unlike(&origin, push.timescale), Vec::<String>::new());
}

#[test]
fn audio_that_is_waited_for_in_vain_is_listed_with_the_length_of_a_sample() {
    // The last fragment has more than two seconds of video, and its audio comes in one of its own; or a single frame is
    // listed before the audio beside it comes.
    let long = [(125, true, 14), (500, true, 5)];
    let cases = [(long.to_vec(), 14, vec![]), (vec![(250, true, 9)], 8, vec![hole(Some(2), 2.168, 0.12)])];
    for (runs, border, holes) in cases {
        let push = Push { is_apart: true, ..push(&runs, border) };
        let origin = with_holes(&push, &holes);
        assert_eq!(holes::unlike(&origin, push.timescale), Vec::<String>::new());
        let audio: Vec<u64> = holes::without(push.items(), &holes, push.timescale)
            .iter()
            .flat_map(|item| match item {
                roomcast_media::Item::Fragment(fragment) => {
                    fragment.samples.iter().filter(|sample| sample.track == 2).map(number).collect()
                }
                _ => Vec::new(),
            })
            .collect();
        assert_eq!(listed(&origin, 2), audio);
    }
}

#[test]
fn time_that_is_left_out_is_listed_as_a_gap() {
    // Key frames that come half a second later than the target duration; and four seconds without any of the only track.
    let late = Push { is_declared: true, ..push(&[[(50, true, 1), (50, false, 49)]; 8].concat(), 5) };
    let alone = Push { audio: None, ..push(&[[(50, true, 1), (50, false, 19)]; 14].concat(), 5) };
    let declared = Push { is_declared: true, ..alone.clone() };
    let missing = || vec![hole(Some(1), 5.0, 4.0)];
    for (push, holes) in [(late, vec![]), (alone, missing()), (declared, missing())] {
        let origin = with_holes(&push, &holes);
        assert_eq!(timeline::unlike(&origin, push.timescale), Vec::<String>::new());
    }
}
