//! Property tests: invariants of the reader for any bytes, cut anywhere.

use proptest::prelude::*;

use super::*;
use crate::fixture::{AUDIO, VIDEO, init_bytes, sample};
use crate::write_fragment;

const LIMIT: usize = 2048;

/// A stream of an initialization section and fragments.
fn stream() -> Vec<u8> {
    let mut bytes = init_bytes(&[VIDEO, AUDIO]).to_vec();
    for i in 0..4 {
        let video = (0..3).map(|j| sample(1, (3 * i + j) * 512, 512, j == 0));
        let audio = (0..2).map(|j| sample(2, (2 * i + j) * 1024, 1024, true));
        let samples: Vec<_> = video.chain(audio).collect();
        bytes.extend(&write_fragment(i as u32, &samples).unwrap()[..]);
        bytes.extend(b"\0\0\0\x09freex");
    }
    bytes
}

/// Reads bytes cut into chunks of these lengths, in turn.
fn read(bytes: &[u8], chunks: &[usize]) -> (Vec<Item>, Result<(), Error>) {
    let mut reader = Reader::new(LIMIT);
    let (mut items, mut rest) = (Vec::new(), bytes);
    let mut lengths = chunks.iter().cycle();
    while !rest.is_empty() {
        let length = lengths.next().map_or(rest.len(), |length| *length.min(&rest.len()));
        let (chunk, others) = rest.split_at(length);
        rest = others;
        if let Err(error) = reader.push(chunk).and_then(|()| drain(&mut reader, &mut items)) {
            return (items, Err(error));
        }
    }
    (items, Ok(()))
}

fn drain(reader: &mut Reader, items: &mut Vec<Item>) -> Result<(), Error> {
    while let Some(item) = reader.next()? {
        items.push(item);
    }
    assert!(reader.held() <= LIMIT, "{} bytes are kept", reader.held());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn arbitrary_bytes_never_panic_and_are_never_kept_beyond_the_limit(
        bytes in prop::collection::vec(any::<u8>(), 0..4096),
        chunks in prop::collection::vec(1..500_usize, 1..9),
    ) {
        let _ = read(&bytes, &chunks);
    }

    #[test]
    fn damaged_streams_never_panic_and_are_never_kept_beyond_the_limit(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        chunks in prop::collection::vec(1..500_usize, 1..9),
    ) {
        let mut bytes = stream();
        for (at, value) in damage {
            *at.get_mut(&mut bytes) = value;
        }
        let _ = read(&bytes, &chunks);
    }

    #[test]
    fn chunks_of_any_length_give_the_same_items(
        chunks in prop::collection::vec(1..700_usize, 1..9),
        damage: Option<(prop::sample::Index, u8)>,
    ) {
        let mut bytes = stream();
        if let Some((at, value)) = damage {
            *at.get_mut(&mut bytes) = value;
        }
        prop_assert_eq!(read(&bytes, &chunks), read(&bytes, &[]));
    }
}

#[test]
fn every_single_byte_as_a_chunk_gives_the_same_items() {
    let whole = read(&stream(), &[]);
    assert_eq!((whole.0.len(), &whole.1), (5, &Ok(())));
    assert_eq!(read(&stream(), &[1]), whole);
}

#[test]
fn every_byte_damaged_in_every_bit_never_panics() {
    let bytes = stream();
    for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << bit;
        let _ = read(&damaged, &[]);
    }
}
