//! Samples on their way into the cutter: what is refused, what begins a new period, and what waits for its neighbours.
//!
//! Tracks may come one after the other, in pieces of up to two seconds: the leading one waits so long for the others,
//! so that a part holds what belongs to it.

use std::num::NonZeroU32;
use std::time::Duration;

use super::clock::{MediaTime, time};
use super::close::is_over_before;
use super::lane::{Lane, Span, cost, rescale};
use super::{Cut, Cutter};
use crate::{Error, Fragment, Sample};

/// Decode times may jump forward by so much.
pub(crate) const LARGEST_JUMP: Duration = Duration::from_secs(10);
/// Media that is moved to a time of another track may begin earlier by a tick of its own.
const TICK: Duration = Duration::from_millis(1);
/// Maximum size of the waiting media, in bytes: far beyond any segment, and far below what a fragment can hold.
const MAX_WAITING: usize = 64 * 1024 * 1024;
/// Duration of the leading track that waits for another one that lags behind.
pub(crate) const MAX_LAG: Duration = Duration::from_secs(2);
/// Lag of another track up to which nothing waits, and time that need not be listed: players go over it.
pub(crate) const LAG: Duration = Duration::from_millis(100);

impl Cutter {
    /// Refuses a fragment of unknown tracks, or one too much.
    pub(super) fn examine(&self, fragment: &Fragment) -> Result<(), Error> {
        for sample in &fragment.samples {
            if !self.lanes().any(|lane| lane.track == sample.track) {
                return Err(Error::UnknownTrack(sample.track));
            }
        }
        let pieces = self.pieces.iter().map(bytes::Bytes::len);
        let lanes = self.lanes().map(Lane::bytes);
        let ahead = self.ahead.iter().chain(&self.astray).map(cost);
        let waiting = pieces.chain(lanes).chain(ahead).chain(fragment.samples.iter().map(cost)).sum();
        if waiting > MAX_WAITING {
            return Err(Error::Waiting(waiting));
        }
        Ok(())
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        std::iter::once(&self.leading).chain(&self.others)
    }

    /// Takes samples up to a jump of the leading track, and gives those from there on.
    pub(super) fn take_in(&mut self, fragment: Fragment) -> Option<Fragment> {
        let Fragment { sequence, samples } = fragment;
        let (leading, others): (Vec<_>, Vec<_>) =
            samples.into_iter().partition(|sample| sample.track == self.leading.track);
        let has_frames = !leading.is_empty();
        let mut leading = leading.into_iter();
        let mut rest = Vec::new();
        while let Some(sample) = leading.next() {
            let sample = self.shorten(sample);
            if self.jumps(&sample, &others) {
                rest.push(sample);
                rest.extend(leading);
                break;
            }
            self.leading.note(&sample);
            self.ahead.push_back(sample);
        }
        let behind = self.take_others(others, !rest.is_empty());
        if has_frames {
            self.lead = self.ahead_of_frames();
        }
        if rest.is_empty() {
            return None;
        }
        let mut samples = std::mem::take(&mut self.astray);
        samples.extend(behind);
        samples.extend(rest);
        Some(Fragment { sequence, samples })
    }

    /// No sample lasts longer than a hole may.
    fn shorten(&self, sample: Sample) -> Sample {
        let longest = u32::try_from(self.longest_frame()).unwrap_or(u32::MAX);
        Sample { duration: sample.duration.min(longest), ..sample }
    }

    /// Returns whether a sample of the leading track cannot go on from the last one. `others` come with it.
    fn jumps(&self, sample: &Sample, others: &[Sample]) -> bool {
        let Some(last) = self.leading.last() else { return false };
        if runs_back(last, sample) {
            return true;
        }
        let timescale = self.leading.timescale;
        let hole = sample.decode_time.saturating_sub(last.end);
        let listed = hole.saturating_add(sample.duration.into());
        let is_long = hole > 0 && (time(hole, timescale) > LARGEST_JUMP || listed > self.rules.longest());
        is_long && !self.is_covered(&(last.end..sample.decode_time), others)
    }

    /// Takes the other tracks. Media that cannot go on from their last sample belongs behind a jump of the leading
    /// track, which may come a little later; so does the media behind the jump that `jumped` speaks of, which is
    /// returned.
    fn take_others(&mut self, samples: Vec<Sample>, jumped: bool) -> Vec<Sample> {
        let (end, timescale) = (self.leading.last().map(|last| last.end), self.leading.timescale);
        let mut behind = Vec::new();
        self.others.iter_mut().for_each(|lane| lane.is_known = lane.last().is_some());
        let begin = self.begin().filter(|_| !self.goes_on);
        for sample in samples {
            let lane = self.others.iter_mut().find(|lane| lane.track == sample.track);
            let lane = lane.expect("examine knows every track");
            let sample = Sample { duration: sample.duration.min(longest(lane)), ..sample };
            let leading = end.map(|end| rescale(end, timescale, lane.timescale));
            let is_beyond = leading.is_some_and(|leading| u128::from(sample.decode_time) >= leading);
            let follows = behind.iter().any(|other: &Sample| other.track == sample.track);
            if jumped && (follows || is_beyond || is_astray(lane, &sample, leading)) {
                behind.push(sample);
            } else if is_astray(lane, &sample, leading) {
                self.astray.push(sample);
            } else if lane.is_known && begin.is_some_and(|begin| is_over_before(begin, lane, &sample)) {
                // Its clock was set right to there: it came behind the first sync sample, and is a loss.
                lane.note(&sample);
                self.left_out.others += 1;
            } else {
                lane.note(&sample);
                lane.push(sample);
            }
        }
        self.forget_astray();
        behind
    }

    /// Returns where the first sample of the leading track is listed, or will be.
    fn begin(&self) -> Option<MediaTime> {
        let next = || self.ahead.iter().find(|sample| sample.is_sync()).map(|sample| sample.decode_time);
        self.clock.origin.or_else(next).map(|begin| self.leading.at(begin))
    }

    /// Lets go what has waited for a jump of the leading track that did not come.
    fn forget_astray(&mut self) {
        let Some(last) = self.leading.last() else { return };
        match self.astray.is_empty() {
            true => self.astray_since = last.end,
            false if time(last.end.saturating_sub(self.astray_since), self.leading.timescale) > MAX_LAG => {
                self.left_out.others += self.astray.len() as u64;
                self.astray.clear();
            }
            false => {}
        }
    }

    /// Leads on as far as the other tracks have come, or all the way. Gives what must begin a new period.
    pub(super) fn drain(&mut self, all: bool, cuts: &mut Vec<Cut>) -> Option<Fragment> {
        self.is_ending = all;
        loop {
            if let Some(filler) = self.stand_in(all).filter(|_| !self.is_at_hole()) {
                let end = Sample { decode_time: filler.end(), ..filler.clone() };
                if !all && !self.ahead.is_empty() && self.waits(&end, Duration::ZERO) {
                    break;
                }
                self.lead(filler, cuts);
                continue;
            }
            let Some(sample) = self.ahead.pop_front() else { break };
            let is_break = self.is_break(&sample);
            let lag = if is_break { Duration::ZERO } else { LAG };
            let is_early = !all && (self.waits(&sample, lag) || (self.may_be_single() && self.is_due(&sample)));
            let is_late = !self.is_skipping && self.is_late(&sample);
            if is_early || is_break || is_late || (self.is_skipping && sample.is_sync()) {
                self.ahead.push_front(sample);
                self.close_long_part(cuts);
                return (!is_early).then(|| self.take_rest(is_break));
            }
            match self.is_skipping {
                true => self.left_out.leading += 1,
                false => self.lead(sample, cuts),
            }
        }
        self.close_long_part(cuts);
        None
    }

    /// Returns whether the discontinuity that is due begins with this sample.
    fn is_break(&self, sample: &Sample) -> bool {
        let Some(due) = self.breaks_at.filter(|due| self.clock.origin.is_some() && (due.is_hole || sample.is_sync()))
        else {
            return false;
        };
        let middle = sample.decode_time.saturating_add(u64::from(sample.duration) / 2);
        sample.decode_time > self.clock.origin.unwrap_or(0) && time(middle, self.leading.timescale) >= due.at
    }

    /// Returns whether the next frame is behind the hole at which a discontinuity is due: nothing is filled up to it.
    fn is_at_hole(&self) -> bool {
        self.breaks_at.is_some_and(|due| due.is_hole) && self.ahead.front().is_some_and(|next| self.is_break(next))
    }

    /// Returns whether another track still has to come up to this sample of the leading one, but for so much.
    fn waits(&mut self, next: &Sample, lag: Duration) -> bool {
        let (to, timescale) = (next.decode_time, self.leading.timescale);
        let end = self.ahead.back().unwrap_or(next).decode_time;
        if time(end.saturating_sub(to), timescale) > MAX_LAG {
            self.others.iter_mut().filter(|lane| lags(lane, to, timescale, lag)).for_each(|lane| lane.is_quiet = true);
        }
        self.others.iter().any(|lane| !lane.is_quiet && lags(lane, to, timescale, lag))
    }

    /// Takes what waits; where the media goes on (`is_break`), what belongs in front of the next sample stays.
    fn take_rest(&mut self, is_break: bool) -> Fragment {
        let next = self.ahead.front().filter(|_| is_break && self.leading.end().is_some());
        let hole = next.and(self.breaks_at).filter(|due| due.is_hole);
        let hole = hole.map(|due| at_nanos(due.at.saturating_sub(TICK)));
        let from = hole.or_else(|| next.map(|next| self.leading.at(next.decode_time)));
        let others = self.others.iter_mut().flat_map(|lane| lane.take_from(from));
        let mut samples: Vec<Sample> = others.collect();
        samples.append(&mut self.astray);
        samples.extend(self.ahead.drain(..));
        Fragment { sequence: 0, samples }
    }
}

/// Returns a decode time in nanoseconds.
fn at_nanos(at: Duration) -> MediaTime {
    let timescale = NonZeroU32::new(1_000_000_000).expect("not zero");
    MediaTime { ticks: u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), timescale }
}

/// Returns the longest duration of a sample, in ticks. One of another track that claims more is taken for a hole behind
/// it: the leading track must not be led through hours that one wrong field speaks of.
fn longest(lane: &Lane) -> u32 {
    u32::try_from(LARGEST_JUMP.as_secs() * u64::from(lane.timescale.get())).unwrap_or(u32::MAX)
}

/// Returns whether a sample is decoded before the last one, or leaves a hole behind it that no run can express.
fn runs_back(last: Span, sample: &Sample) -> bool {
    let step = sample.decode_time.checked_sub(last.decode_time);
    step.is_none_or(|step| u32::try_from(step).is_err())
}

/// Returns whether a sample of another track runs back, or lies far ahead both of its own track and of the leading one.
fn is_astray(lane: &Lane, sample: &Sample, leading: Option<u128>) -> bool {
    let own = lane.last();
    if own.is_some_and(|last| runs_back(last, sample)) {
        return true;
    }
    let Some(from) = own.map(|last| u128::from(last.end)).max(leading) else { return false };
    let farthest = from + u128::from(LARGEST_JUMP.as_secs()) * u128::from(lane.timescale.get());
    u128::from(sample.decode_time) > farthest
}

/// Returns whether a track has not come up to a time of the leading one, in its timescale, but for so much.
fn lags(lane: &Lane, to: u64, timescale: std::num::NonZeroU32, lag: Duration) -> bool {
    let reached = lane.last().map(|last| time(last.end, lane.timescale) + lag);
    reached.is_none_or(|reached| reached < time(to, timescale))
}
