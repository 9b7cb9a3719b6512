//! Writes samples as one fragment: a `moof` and its `mdat`.
//!
//! One track fragment per track, so that decode times are exact and a sample lasts until the next
//! one of its track. Never splits and never reorders within a track.
//!
//! ISO/IEC 14496-12, 8.8.4 to 8.8.12; CMAF 7.3.2.3 (default-base-is-moof, tfdt, one run).

#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};

use crate::boxes::put_box;
use crate::{Error, Sample};

const HEADER: usize = 8;
const MFHD: usize = 16;
/// `traf`, `tfhd`, `tfdt` and the fields of `trun` before its first sample.
const TRAF: usize = HEADER + 16 + 20 + 20;
const TRUN_ENTRY: usize = 16;
/// Flags of `tfhd`.
const DEFAULT_BASE_IS_MOOF: u32 = 0x2_0000;
const DURATION_IS_EMPTY: u32 = 0x1_0000;

/// A `moof` with this sequence number and its `mdat`, of samples of one or more tracks. The tracks
/// stand in the order of their first samples.
///
/// The samples of each track have to stand in decode order. A sample whose successor does not
/// begin where it ends is written with the duration up to that successor.
///
/// # Errors
///
/// [`Error::Unwritable`] where the decode times of a track run back or leave a hole of more than
/// 32 bits, and above 2 GiB.
pub fn write_fragment(sequence: u32, samples: &[Sample]) -> Result<Bytes, Error> {
    let runs = by_track(samples);
    let moof = HEADER + MFHD + runs.len() * TRAF + samples.len() * TRUN_ENTRY;
    let payload: usize = samples.iter().map(|sample| sample.payload.len()).sum();
    let size = moof + HEADER + payload;
    if let (Some(first), Err(_)) = (samples.first(), i32::try_from(size)) {
        return Err(Error::Unwritable(first.track));
    }
    let durations: Vec<Vec<u32>> = runs.iter().map(|run| durations(run)).collect::<Result<_, _>>()?;
    let mut out = BytesMut::with_capacity(size);
    let mut offset = moof + HEADER;
    put_box(&mut out, b"moof", |out| {
        put_box(out, b"mfhd", |out| out.put_u64(u64::from(sequence)));
        for (run, durations) in runs.iter().zip(&durations) {
            put_box(out, b"traf", |out| put_traf(out, run, durations, offset));
            offset += run.iter().map(|sample| sample.payload.len()).sum::<usize>();
        }
    });
    put_box(&mut out, b"mdat", |out| {
        for sample in runs.iter().flatten() {
            out.put_slice(&sample.payload);
        }
    });
    Ok(out.freeze())
}

/// A `moof` that says that a track has no samples from a decode time on, and an empty `mdat`.
pub(crate) fn write_empty(sequence: u32, track: u32, decode_time: u64) -> Bytes {
    let mut out = BytesMut::new();
    put_box(&mut out, b"moof", |out| {
        put_box(out, b"mfhd", |out| out.put_u64(u64::from(sequence)));
        put_box(out, b"traf", |out| {
            put_box(out, b"tfhd", |out| {
                out.put_u32(DURATION_IS_EMPTY | DEFAULT_BASE_IS_MOOF);
                out.put_u32(track);
            });
            put_tfdt(out, decode_time);
        });
    });
    put_box(&mut out, b"mdat", |_| {});
    out.freeze()
}

fn by_track(samples: &[Sample]) -> Vec<Vec<&Sample>> {
    let mut runs: Vec<Vec<&Sample>> = Vec::new();
    for sample in samples {
        match runs.iter_mut().find(|run| run[0].track == sample.track) {
            Some(run) => run.push(sample),
            None => runs.push(vec![sample]),
        }
    }
    runs
}

/// Each sample's duration up to the next one; the last one's own.
fn durations(run: &[&Sample]) -> Result<Vec<u32>, Error> {
    let until_next = |pair: &[&Sample]| {
        let duration = pair[1].decode_time.checked_sub(pair[0].decode_time);
        let duration = duration.and_then(|duration| u32::try_from(duration).ok());
        duration.ok_or(Error::Unwritable(pair[0].track))
    };
    let last = run.last().map(|sample| Ok(sample.duration));
    run.windows(2).map(until_next).chain(last).collect()
}

fn put_tfdt(out: &mut BytesMut, decode_time: u64) {
    put_box(out, b"tfdt", |out| {
        out.put_u32(1 << 24);
        out.put_u64(decode_time);
    });
}

fn put_traf(out: &mut BytesMut, run: &[&Sample], durations: &[u32], offset: usize) {
    put_box(out, b"tfhd", |out| {
        out.put_u32(DEFAULT_BASE_IS_MOOF);
        out.put_u32(run[0].track);
    });
    put_tfdt(out, run[0].decode_time);
    put_box(out, b"trun", |out| {
        let every_field = 0xf00;
        let data_offset = 0x1;
        out.put_u32(1 << 24 | every_field | data_offset);
        out.put_u32(run.len() as u32);
        out.put_u32(offset as u32);
        for (sample, duration) in run.iter().zip(durations) {
            out.put_u32(*duration);
            out.put_u32(sample.payload.len() as u32);
            out.put_u32(sample.flags);
            out.put_i32(sample.composition_offset);
        }
    });
}
