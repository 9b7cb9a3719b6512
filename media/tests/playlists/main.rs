//! Any media that a decoder accepts, in any fragments, becomes playlists that keep every rule, and none of it is lost
//! but what is announced.
//!
//! The playlists are read by the strict reader of the tests of `roomcast-core`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests ask it for more")]
#[path = "../../../core/tests/hls/reader.rs"]
mod reader;
#[path = "../../../core/tests/hls/rules.rs"]
mod rules;

mod cases;
mod holes;
mod lost;
mod media;
mod origin;
mod timeline;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use holes::{Hole, holes};
use lost::{expected, expected_audio, faults, listed};
use media::{Push, pushes};
use origin::Origin;

/// Pushes everything and lists it; the rules are held against each version of each playlist.
fn broadcast(push: &Push) -> Origin {
    let mut origin = Origin::new(push.is_declared);
    for item in push.items() {
        origin.push(item);
    }
    origin.finish();
    origin
}

/// The same cases each time, so that a change is judged by what it changes; `make fuzz` looks for new ones.
fn config() -> ProptestConfig {
    let seed = std::env::var("ROOMCAST_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let cases = seed.map_or(200, |_| 6000);
    ProptestConfig { rng_seed: RngSeed::Fixed(seed.unwrap_or(1)), ..ProptestConfig::with_cases(cases) }
}

/// Pushes all but what is missing.
fn with_holes(push: &Push, holes: &[Hole]) -> Origin {
    let mut origin = Origin::new(push.is_declared);
    for item in holes::without(push.items(), holes, push.timescale) {
        origin.push(item);
    }
    origin.finish();
    origin
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_listed_lasts_as_long_as_the_media_in_it(push in pushes(), holes in holes()) {
        let push = push.steady();
        let origin = with_holes(&push, &holes);
        if holes::can_repeat(&push, &holes) {
            prop_assert_eq!(holes::unlike(&origin, push.timescale), Vec::<String>::new());
        }
    }

    #[test]
    fn listed_time_goes_by_the_decode_times(push in pushes(), holes in holes(), is_alone in any::<bool>()) {
        let push = push.steady();
        let push = if is_alone { Push { audio: None, ..push } } else { push };
        let origin = with_holes(&push, &holes);
        prop_assert_eq!(timeline::unlike(&origin, push.timescale), Vec::<String>::new());
    }

    #[test]
    fn tracks_stay_together_whatever_is_missing(push in pushes(), holes in holes()) {
        // Audio that ends long after the video, all in the last fragment, may as well have jumped there.
        let push = Push { tail: 0, ..push.steady() };
        // With fragments of each track in turn, the first to come is ahead by the length of one. Where these are unlike, a
        // hole cannot be told from a jump that makes up for it.
        let is_even = push.has_even_fragments();
        let push = Push { is_apart: push.is_apart && is_even, ..push };
        let holes: Vec<Hole> = holes.into_iter().filter(|hole| hole.is_passed(&push)).collect();
        let origin = with_holes(&push, &holes);
        let pushed = holes::without(push.items(), &holes, push.timescale);
        let is_untold = holes::comes_beside_lost_frame(&push, &holes) || holes::end_far_apart(&holes);
        if !is_untold && !holes::are_unrelated(&pushed, push.timescale) {
            prop_assert_eq!(holes::out_of_sync(&origin, &pushed, push.timescale), Vec::<String>::new());
        }
    }

    #[test]
    fn all_media_is_listed_or_counted_as_left_out(push in pushes(), holes in holes()) {
        let push = push.steady();
        let origin = with_holes(&push, &holes);
        let pushed = holes::without(push.items(), &holes, push.timescale);
        // Audio that is moved to the start of the video may be in front of the first key frame there.
        if origin.lists() && !holes::are_unrelated(&pushed, push.timescale) {
            let [video, audio] = holes::due(&pushed, push.timescale);
            let left_out = origin.left_out();
            let count = |track| listed(&origin, track).len() as u64;
            let counts = [count(1) + left_out.0, count(2) + left_out.1];
            prop_assert!(video.contains(&counts[0]) && audio.contains(&counts[1]), "{counts:?} {video:?} {audio:?}");
        }
    }

    #[test]
    fn every_version_of_every_playlist_keeps_the_rules(push in pushes()) {
        let origin = broadcast(&push);
        prop_assert!(origin.lists() || !push.can_begin());
    }

    #[test]
    fn no_video_is_lost_behind_the_first_key_frame(push in pushes()) {
        let push = Push { is_declared: false, ..push };
        let origin = broadcast(&push);
        let (mut missing, wrong) = faults(&listed(&origin, 1), &expected(&push));
        if let Some(frame) = push.jump_at_end().filter(|_| origin.left_out().0 == missing.len() as u64) {
            missing.retain(|number| *number < frame);
        }
        prop_assert_eq!((missing, wrong), (vec![], vec![]));
    }

    #[test]
    fn no_audio_is_lost_behind_the_first_key_frame(push in pushes()) {
        let push = Push { is_declared: false, ..push };
        let origin = broadcast(&push);
        prop_assert_eq!(faults(&listed(&origin, 2), &expected_audio(&push)), (vec![], vec![]));
    }

    #[test]
    fn the_media_of_a_part_is_in_front_of_its_segment(push in pushes()) {
        let origin = broadcast(&push);
        for segment in origin.segments() {
            prop_assert!(segment.bytes.starts_with(&segment.parts.concat()));
            prop_assert!(segment.comes_whole || segment.bytes.len() == segment.parts.concat().len());
        }
    }

    #[test]
    fn fragments_make_no_difference_to_what_is_listed(push in pushes()) {
        // Around a jump it depends on what has come of the other track, and where segments end within a frame that is
        // longer than any, on where fragments do: whether those behind it are in one that begins with a key frame.
        let is_long = push.frames.iter().any(|frame| frame.ticks > 2 * push.timescale);
        let push = Push { is_declared: push.is_declared && !is_long, ..push };
        let frames = push.frames.iter().map(|frame| media::Frame { jumps: false, ..*frame }).collect();
        let push = Push { frames, jump: None, ..push };
        let whole = Push { border: usize::MAX, ..push.clone() };
        prop_assert_eq!(listed(&broadcast(&push), 1), listed(&broadcast(&whole), 1));
    }
}
