//! What a fragment has to fulfil before anything of it is taken.
//!
//! Looks and never changes: a fragment is taken wholly or not at all.

use std::num::NonZeroU32;

use super::Cutter;
use super::clock::time;
use super::lane::{Lane, Span, cost, rescale};
use crate::{Error, Fragment, Sample};

/// Decode times may jump forward by so many seconds.
const LARGEST_JUMP: u64 = 10;
/// What may wait, in bytes: far beyond any segment, and far below what a fragment can hold.
const MAX_WAITING: usize = 64 * 1024 * 1024;

impl Cutter {
    pub(super) fn examine(&self, fragment: &Fragment) -> Result<(), Error> {
        for sample in &fragment.samples {
            if !self.lanes().any(|lane| lane.track == sample.track) {
                return Err(Error::UnknownTrack(sample.track));
            }
        }
        let parts = self.parts.iter().map(|part| part.bytes.len());
        let lanes = self.lanes().map(Lane::bytes);
        let waiting = parts.chain(lanes).chain(fragment.samples.iter().map(cost)).sum();
        if waiting > MAX_WAITING {
            return Err(Error::Waiting(waiting));
        }
        let end = self.examine_leading(fragment)?;
        for lane in &self.others {
            examine_other(lane, fragment, end.map(|end| (end, self.clock.timescale)))?;
        }
        Ok(())
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        std::iter::once(&self.leading).chain(&self.others)
    }

    /// The end of the leading track's last sample, this fragment included.
    fn examine_leading(&self, fragment: &Fragment) -> Result<Option<u64>, Error> {
        let lane = &self.leading;
        let mut last = lane.last();
        for sample in samples(lane, fragment) {
            if self.rules.is_too_long(u64::from(sample.duration)) {
                let duration = time(u64::from(sample.duration), lane.timescale);
                return Err(Error::SampleTooLong { duration, target: self.rules.targets.part });
            }
            examine_order(last, sample)?;
            let end = last.map(|last| last.end);
            examine_jump(end.map(u128::from), lane.timescale, sample)?;
            last = Some(sample.into());
        }
        Ok(last.map(|last| last.end))
    }
}

fn samples<'a>(lane: &Lane, fragment: &'a Fragment) -> impl Iterator<Item = &'a Sample> {
    let track = lane.track;
    fragment.samples.iter().filter(move |sample| sample.track == track)
}

fn examine_other(lane: &Lane, fragment: &Fragment, leading: Option<(u64, NonZeroU32)>) -> Result<(), Error> {
    let mut last = lane.last();
    let leading = leading.map(|(end, timescale)| rescale(end, timescale, lane.timescale));
    for sample in samples(lane, fragment) {
        examine_order(last, sample)?;
        // A track may pause, or come in larger pieces than the leading one, but not do both at once.
        let own = last.map(|last| u128::from(last.end));
        examine_jump(leading.max(own), lane.timescale, sample)?;
        last = Some(sample.into());
    }
    Ok(())
}

/// Decode times must not run back, nor leave a hole that no run can express.
fn examine_order(last: Option<Span>, sample: &Sample) -> Result<(), Error> {
    let Some(Span { decode_time: from, .. }) = last else {
        return Ok(());
    };
    let step = sample.decode_time.checked_sub(from);
    match step.and_then(|step| u32::try_from(step).ok()) {
        Some(_) => Ok(()),
        None => Err(Error::Discontinuity { track: sample.track, from, to: sample.decode_time }),
    }
}

fn examine_jump(from: Option<u128>, timescale: NonZeroU32, sample: &Sample) -> Result<(), Error> {
    let Some(from) = from else {
        return Ok(());
    };
    let farthest = from + u128::from(LARGEST_JUMP * u64::from(timescale.get()));
    if u128::from(sample.decode_time) <= farthest {
        return Ok(());
    }
    let from = u64::try_from(from).unwrap_or(u64::MAX);
    Err(Error::Discontinuity { track: sample.track, from, to: sample.decode_time })
}
