//! Begins a period of a track: on the timeline of the others or on a new one, and with which number.

use std::time::Duration;

use super::period::{PendingSignal, Period};
use super::{CutContext, Timeline, Track};
use crate::cut::LAG;
use crate::timing::Break;
use crate::{Cutter, Error, Fragment, Sample, Start};

/// Numbers that a track may leave out to stand beside the others; they are listed as gaps.
const MAX_HOLE: u64 = 30;

/// A decode time at which media can begin, and half a sample.
pub(super) type Begin = (Duration, Duration);

/// Segments that have to be listed as gaps for so much time, however near the next ones are: without any, players find
/// what follows later than durations say.
fn least_missing(time: Duration, longest: Duration) -> u64 {
    let count = if time > LAG { time.as_nanos().div_ceil(longest.as_nanos().max(1)) } else { 0 };
    u64::try_from(count).unwrap_or(u64::MAX / 2)
}

impl Track {
    /// Goes over, at the next sync sample, to a timeline that another track has begun and this one has reached.
    pub fn follow(&mut self, newest: &Timeline, fragment: &Fragment) {
        let is_reached = |sample: &Sample| {
            let leading = self.init.track(sample.track).filter(|_| sample.is_sync());
            leading.is_some_and(|leading| newest.reaches(leading.time(sample.decode_time)))
        };
        let leading = self.init.leading().map(|track| track.id);
        let mut own = fragment.samples.iter().filter(|sample| Some(sample.track) == leading);
        let has_reached = own.any(is_reached);
        if let Some(period) = self.period.as_mut().filter(|period| has_reached && period.timeline != newest.number) {
            period.cutter.break_at(Break { at: newest.clock.origin, is_hole: false });
        }
    }

    /// Begins a period: on the newest timeline if the media goes on there, else on a new one.
    pub(super) fn begin(
        &mut self,
        context: &CutContext<'_>,
        timeline: &mut Option<Timeline>,
        (at, tolerance): Begin,
        wall: i64,
    ) -> Result<Period, Error> {
        let CutContext { config, targets, others, .. } = *context;
        let due = self.break_at.take_if(|due| at + tolerance >= due.at);
        // Audio that a clock was set right to there came behind the first key frame, and is a loss.
        let is_first = !self.begun && due.is_none();
        let due = due.filter(|_| self.begun);
        let is_break = due.is_some();
        let joins = timeline.as_ref().is_some_and(|known| {
            let is_due = is_break && self.last.is_some_and(|(number, _)| number == known.number);
            !is_due && known.holds(at) && self.goes_on(known, at + tolerance)
        });
        let base = self.next.segment.max(others);
        let line = match timeline.take() {
            Some(known) if joins => known,
            before => Timeline::begin(before.as_ref(), at, wall, base, targets.segment),
        };
        let line = timeline.insert(line);
        let next = self.next.segment;
        // A frame longer than a segment is no reason to count one too many.
        let near = at + tolerance.min(targets.segment / 2);
        let aligned = match self.last {
            Some((number, end)) if number == line.number => {
                next + line.missing(end, near).max(least_missing(at.saturating_sub(end), targets.longest))
            }
            _ => line.sequence(near),
        };
        let fits = aligned >= next && (aligned - next <= MAX_HOLE || !self.begun);
        let start = Start { segment: if fits { aligned } else { next }, ..self.next };
        let mut cutter = Cutter::new(&self.init, targets, start)?.on_grid(line.clock.origin);
        if due.is_some_and(|due| !due.is_hole) {
            cutter = cutter.going_on();
        }
        let breaks = self.begun && self.last.is_none_or(|(number, _)| number != line.number);
        if std::mem::take(&mut self.renewed) {
            self.maps += 1;
            self.pending.push(PendingSignal::Declare(self.newest_map(config)));
        }
        let breaks = breaks.then_some(start.segment);
        let (timeline, clock, before) = (line.number, line.clock, line.before());
        Ok(Period { cutter, timeline, clock, before, breaks, is_first, origin: at, segment_start: at })
    }

    /// Returns whether media at this time goes on from what was listed of a timeline.
    fn goes_on(&self, timeline: &Timeline, at: Duration) -> bool {
        match self.last {
            Some((number, end)) if number == timeline.number => !self.renewed && at >= end,
            _ => true,
        }
    }

    /// Finds the first sample from which the leading track can be decoded.
    pub(super) fn first_sync(&self, fragment: &Fragment) -> Option<Begin> {
        let leading = self.init.leading()?;
        let first = fragment.samples.iter().find(|sample| sample.track == leading.id && sample.is_sync())?;
        Some((leading.time(first.decode_time), leading.time(u64::from(first.duration)) / 2))
    }

    /// Counts the frames that lie before the first key frame behind media that was listed: a break came between.
    pub(super) fn count_unlisted(&mut self, fragment: &Fragment) {
        let Some(leading) = self.init.leading().map(|track| track.id).filter(|_| self.begun) else { return };
        let own = fragment.samples.iter().filter(|sample| sample.track == leading);
        self.left_out.add(own.take_while(|sample| !sample.is_sync()).count() as u64, 0);
    }

    /// Duration of the leading track in a fragment.
    pub(super) fn length(&self, fragment: &Fragment) -> Duration {
        let Some(leading) = self.init.leading() else { return Duration::ZERO };
        let own = || fragment.samples.iter().filter(|sample| sample.track == leading.id);
        let ends = own().map(|sample| sample.end()).max().zip(own().map(|sample| sample.decode_time).min());
        ends.map_or(Duration::ZERO, |(end, begin)| leading.time(end.saturating_sub(begin)))
    }
}
