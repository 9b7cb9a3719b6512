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

mod lost;
mod media;
mod origin;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

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

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_version_of_every_playlist_keeps_the_rules(push in pushes()) {
        let origin = broadcast(&push);
        prop_assert!(origin.lists() || !push.can_begin());
    }

    #[test]
    fn no_video_is_lost_behind_the_first_key_frame(push in pushes()) {
        let push = Push { is_declared: false, ..push };
        let origin = broadcast(&push);
        prop_assert_eq!(faults(&listed(&origin, 1), &expected(&push)), (vec![], vec![]));
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
        // Around a jump it depends on what has come of the other track.
        let frames = push.frames.iter().map(|frame| media::Frame { jumps: false, ..*frame }).collect();
        let push = Push { frames, jump: None, ..push };
        let whole = Push { border: usize::MAX, ..push.clone() };
        prop_assert_eq!(listed(&broadcast(&push), 1), listed(&broadcast(&whole), 1));
    }
}
