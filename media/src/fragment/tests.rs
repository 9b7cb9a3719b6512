//! Fragments made by hand, with every way of saying where samples lie and how long they last.

use bytes::{BufMut, BytesMut};

use super::*;
use crate::FourCc;
use crate::boxes::put_box;
use crate::fixture::{self, AUDIO, VIDEO, put_words};

/// Offset in the stream at which the fragments of these tests start, and their data.
const MOOF_AT: u64 = 1000;
const DATA_AT: u64 = 5000;
const TO_DATA: u32 = (DATA_AT - MOOF_AT) as u32;

const BASE_IS_MOOF: u32 = 0x2_0000;
const OFFSET: u32 = 0x1;
const SIZE: u32 = 0x200;

/// The fields of a track fragment: those of `tfhd`, of `tfdt`, and of each `trun`.
type Traf<'a> = (&'a [u32], &'a [u32], &'a [&'a [u32]]);

fn read(trafs: &[Traf<'_>]) -> Result<Vec<Sample>, Error> {
    let mut moof = BytesMut::new();
    put_words(&mut moof, b"mfhd", &[0, 77]);
    for (tfhd, tfdt, truns) in trafs {
        put_box(&mut moof, b"traf", |out| {
            put_words(out, b"tfhd", tfhd);
            if !tfdt.is_empty() {
                put_words(out, b"tfdt", tfdt);
            }
            truns.iter().for_each(|trun| put_words(out, b"trun", trun));
        });
    }
    let data = Data { at: DATA_AT, payload: Bytes::from((0..100).collect::<Vec<u8>>()) };
    let ignored = Ignored { id: 3, reason: Error::NoTracks, defaults: Defaults { duration: 1, size: 1, flags: 0 } };
    let tracks = fixture::init(&[VIDEO, AUDIO]).tracks;
    let mut context = Context { tracks, ignored: vec![ignored], ..Context::default() };
    context.ends.set(1, 40);
    let fragment = Fragment::read(&moof, MOOF_AT, &data, &mut context)?;
    assert_eq!(fragment.sequence, 77);
    Ok(fragment.samples)
}

fn payloads(samples: &[Sample]) -> Vec<&[u8]> {
    samples.iter().map(|sample| &sample.payload[..]).collect()
}

#[test]
fn a_run_may_say_everything_of_each_sample() {
    let minus_two = 0xffff_fffe;
    let trun = [0x0100_0f01, 2, TO_DATA, 10, 1, 0x0200_0000, 5, 20, 3, 0x0101_0000, minus_two];
    let samples = read(&[(&[BASE_IS_MOOF, 1], &[1 << 24, 1, 2], &[&trun])]).unwrap();
    let [first, second] = &samples[..] else { panic!("two samples") };
    assert_eq!((first.track, first.decode_time, first.duration), (1, (1 << 32) + 2, 10));
    assert_eq!((first.composition_offset, first.is_sync()), (5, true));
    assert_eq!((second.decode_time, second.duration), ((1 << 32) + 12, 20));
    assert_eq!((second.composition_offset, second.is_sync()), (-2, false));
    assert_eq!(payloads(&samples), [&[0][..], &[1, 2, 3]]);
}

#[test]
fn what_a_run_does_not_say_comes_from_the_track_fragment_and_then_from_the_track() {
    let trun = [OFFSET, 1, TO_DATA];
    let said = [BASE_IS_MOOF | 0x2 | 0x8 | 0x10 | 0x20, 1, 1, 40, 2, 0x0200_0000];
    let unsaid = [BASE_IS_MOOF, 1];
    let samples = read(&[(&said, &[0, 9], &[&trun]), (&unsaid, &[0, 49], &[&trun])]).unwrap();
    let seen = samples.iter().map(|s| (s.decode_time, s.duration, s.payload.len(), s.is_sync()));
    assert_eq!(seen.collect::<Vec<_>>(), [(9, 40, 2, true), (49, 512, 3, false)]);
}

#[test]
fn the_first_sample_of_a_run_may_have_flags_of_its_own() {
    let trun = [OFFSET | 0x4, 3, TO_DATA, 0x0200_0000];
    let samples = read(&[(&[BASE_IS_MOOF, 1], &[0, 0], &[&trun])]).unwrap();
    let sync: Vec<bool> = samples.iter().map(Sample::is_sync).collect();
    assert_eq!(sync, [true, false, false]);
}

#[test]
fn several_runs_follow_each_other_in_time_and_in_the_data() {
    let first = [OFFSET | SIZE, 2, TO_DATA + 10, 1, 2];
    let second = [SIZE, 1, 4];
    let third = [OFFSET | SIZE, 1, TO_DATA + 50, 1];
    let samples = read(&[(&[BASE_IS_MOOF, 1], &[0, 0], &[&first, &second, &third])]).unwrap();
    assert_eq!(payloads(&samples), [&[10][..], &[11, 12], &[13, 14, 15, 16], &[50]]);
    let times: Vec<u64> = samples.iter().map(|sample| sample.decode_time).collect();
    assert_eq!(times, [0, 512, 1024, 1536]);
}

#[test]
fn a_base_data_offset_counts_from_the_start_of_the_stream() {
    let tfhd = [0x1, 1, 0, DATA_AT as u32];
    let samples = read(&[(&tfhd, &[0, 0], &[&[0, 1], &[OFFSET, 1, 20]])]).unwrap();
    assert_eq!(payloads(&samples), [[0, 1, 2], [20, 21, 22]]);
}

#[test]
fn without_any_base_the_first_counts_from_the_moof_and_the_next_from_the_data_before() {
    let video = [OFFSET, 2, TO_DATA];
    let samples = read(&[(&[0, 1], &[0, 0], &[&video]), (&[0, 2], &[0, 0], &[&[0, 1]])]).unwrap();
    assert_eq!(payloads(&samples), [[0, 1, 2], [3, 4, 5], [6, 7, 8]]);
    assert_eq!(samples[2].track, 2);
}

#[test]
fn an_empty_track_fragment_has_no_samples() {
    let empty = [BASE_IS_MOOF | 0x1_0000, 1];
    assert_eq!(read(&[(&empty, &[], &[])]), Ok(Vec::new()));
}

#[test]
fn data_outside_of_the_mdat_is_an_error() {
    let outside = Err(Error::SampleOutsideMdat(1));
    let before = [OFFSET, 1, TO_DATA - 1];
    let beyond = [OFFSET, 1, TO_DATA + 98];
    let huge = [OFFSET | SIZE, 1, TO_DATA, u32::MAX];
    let below_zero = [OFFSET, 1, i32::MIN.cast_unsigned()];
    for trun in [&before[..], &beyond, &huge, &below_zero, &[0, 1]] {
        assert_eq!(read(&[(&[BASE_IS_MOOF, 1], &[0, 0], &[trun])]), outside);
    }
}

#[test]
fn a_count_without_fields_cannot_ask_for_endless_samples() {
    let run = [BASE_IS_MOOF | 0x10, 1, 0];
    let found = read(&[(&run, &[0, 0], &[&[OFFSET, u32::MAX, TO_DATA]])]);
    assert_eq!(found, Err(Error::TooManySamples));
}

#[test]
fn what_a_track_fragment_lacks_is_named() {
    let run = [OFFSET, 1, TO_DATA];
    let found = read(&[(&[BASE_IS_MOOF, 9], &[0, 0], &[&run])]);
    assert_eq!(found, Err(Error::UnknownTrack(9)));
    let found = read(&[(&[BASE_IS_MOOF, 1], &[0, 0], &[&[OFFSET | SIZE, 2, TO_DATA, 1]])]);
    assert_eq!(found, Err(Error::Truncated(FourCc(*b"trun"))));
}

#[test]
fn without_a_decode_time_a_fragment_goes_on_where_the_one_before_ended() {
    let run = [OFFSET, 1, TO_DATA];
    let samples = read(&[(&[BASE_IS_MOOF, 1], &[], &[&run, &run])]).unwrap();
    let lasts = u64::from(samples[0].duration);
    assert_eq!((samples[0].decode_time, samples[1].decode_time), (40, 40 + lasts));
}

#[test]
fn times_before_zero_run_over_into_those_behind_it() {
    let run = [OFFSET, 2, TO_DATA];
    let minus_512 = u32::MAX - 511;
    let samples = read(&[(&[BASE_IS_MOOF, 1], &[1 << 24, u32::MAX, minus_512], &[&run])]).unwrap();
    assert_eq!(samples.iter().map(|sample| sample.decode_time.cast_signed()).collect::<Vec<_>>(), [-512, 0]);
}

#[test]
fn a_track_that_is_left_out_counts_for_what_follows_it() {
    let samples = read(&[(&[0, 3], &[0, 0], &[&[OFFSET, 3, TO_DATA]]), (&[0, 1], &[0, 0], &[&[0, 1]])]).unwrap();
    assert_eq!((samples.len(), samples[0].track, payloads(&samples)[0][0]), (1, 1, 3));
}

#[test]
fn payloads_are_slices_of_the_data() {
    let mut moof = BytesMut::new();
    put_words(&mut moof, b"mfhd", &[0, 1]);
    put_box(&mut moof, b"traf", |out| {
        put_words(out, b"tfhd", &[BASE_IS_MOOF, 1]);
        put_words(out, b"tfdt", &[0, 0]);
        put_box(out, b"trun", |out| [OFFSET, 2, 0].iter().for_each(|word| out.put_u32(*word)));
    });
    let data = Data { at: 0, payload: Bytes::from(vec![7; 6]) };
    let mut context = Context { tracks: fixture::init(&[VIDEO]).tracks, ..Context::default() };
    let fragment = Fragment::read(&moof, 0, &data, &mut context).unwrap();
    assert_eq!(fragment.samples[1].payload.as_ptr(), data.payload[3..].as_ptr());
}
