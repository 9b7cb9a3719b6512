//! Tests that written boxes are read again by the reader of this crate.

use proptest::prelude::*;

use super::*;
use crate::Fragment;
use crate::fixture::{AUDIO, VIDEO, read_fragments, sample};

fn read_back(bytes: &[u8]) -> Fragment {
    let mut all = read_fragments(&[VIDEO, AUDIO], bytes);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Samples of one track without holes.
fn track(id: u32) -> impl Strategy<Value = Vec<Sample>> {
    let fields = (1..u32::MAX, any::<i32>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..40));
    let samples = prop::collection::vec(fields, 0..12);
    (0..u64::MAX / 2, samples).prop_map(move |(mut decode_time, samples)| {
        let sample = |(duration, composition_offset, flags, payload): (_, _, _, Vec<u8>)| {
            let payload = payload.into();
            let sample = Sample { track: id, decode_time, duration, composition_offset, flags, payload };
            decode_time = sample.end();
            sample
        };
        samples.into_iter().map(sample).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_again(video in track(1), audio in track(2), sequence: u32) {
        let samples = [video, audio].concat();
        let fragment = read_back(&write_fragment(sequence, &samples).unwrap());
        prop_assert_eq!(fragment, Fragment { sequence, samples });
    }

    #[test]
    fn mixed_tracks_keep_their_decode_order(video in track(1), audio in track(2), order: Vec<bool>) {
        let (mut left, mut right) = (video.iter(), audio.iter());
        let pick = order.into_iter().map_while(|first| if first { left.next() } else { right.next() });
        let samples: Vec<Sample> = pick.cloned().collect();
        let fragment = read_back(&write_fragment(1, &samples).unwrap());
        for track in [1, 2] {
            let own = |all: &[Sample]| all.iter().filter(|s| s.track == track).cloned().collect::<Vec<_>>();
            prop_assert_eq!(own(&fragment.samples), own(&samples));
        }
    }
}

#[test]
fn a_hole_lengthens_the_sample_before_it_and_an_overlap_shortens_it() {
    let samples = [sample(1, 0, 500, true), sample(1, 600, 500, false), sample(1, 1000, 500, false)];
    let fragment = read_back(&write_fragment(1, &samples).unwrap());
    let seen = fragment.samples.iter().map(|s| (s.decode_time, s.duration));
    assert_eq!(seen.collect::<Vec<_>>(), [(0, 600), (600, 400), (1000, 500)]);
}

#[test]
fn decode_times_that_run_back_or_leave_too_large_a_hole_are_refused() {
    for second in [99, 101 + u64::from(u32::MAX)] {
        let samples = [sample(1, 0, 1, true), sample(2, 100, 1, true), sample(2, second, 1, true)];
        assert_eq!(write_fragment(1, &samples), Err(Error::Unwritable(2)));
    }
}
