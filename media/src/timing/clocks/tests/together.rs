//! Media that is missing of both tracks at once, of one less than of the other.

use super::*;

/// Pieces that end where something is missing, as encoders that state each hole make them.
fn stated(pieces: Vec<Vec<Sample>>) -> Vec<Vec<Sample>> {
    let split = |piece: Vec<Sample>| {
        let goes_on = |one: &Sample, next: &Sample| next.decode_time == one.end();
        piece.chunk_by(goes_on).map(<[Sample]>::to_vec).collect::<Vec<_>>()
    };
    pieces.into_iter().flat_map(split).collect()
}

#[test]
fn a_hole_of_both_tracks_of_which_one_misses_less_is_no_jump() {
    // Frames and audio samples that are missing; often only one is as much as a jump.
    for (frames, sounds) in [
        (15, 17),
        (15, 23),
        (16, 20),
        (18, 18),
        (18, 23),
        (19, 22),
        (14, 24),
        (13, 26),
        (40, 50),
        (30, 12),
        (45, 40),
        (75, 89),
    ] {
        for (length, first, from) in (0..16).map(|i| ([5, 8, 10, 15][i % 4], 1 + i as u32 / 4 % 2, [150, 157][i / 8])) {
            let begin = (from * 1600_u64).div_ceil(1024);
            let comes = |it: &Sample| match it.track {
                1 => !(from..from + frames).contains(&(it.decode_time / FRAME)),
                _ => !(begin..begin + sounds).contains(&(it.decode_time / 1024)),
            };
            let pieces = in_turn(length, first, 1, |it, _| Some(it)).into_iter();
            let pieces = stated(pieces.map(|piece| piece.into_iter().filter(comes).collect()).collect());
            let (out, at) = map(pieces.clone(), true);
            let expected = pieces.concat();
            let are_right = [1, 2].map(|own| times(&out, own) == times(&expected, own));
            assert_eq!((are_right, at), ([true; 2], None), "{frames} {sounds}: {length} {first} {from}");
        }
    }
}
