//! Where a run of a track begins: on the timeline of the others or on a new one, and with which number.

use std::time::Duration;

use roomcast_media::{Cutter, Fragment, Start};
use roomcast_protocol::data::{InitSection, Media};

use super::run::{Run, Word};
use super::{Fault, Plan, Timeline, Track};

/// Numbers that a track may leave out to stand beside the others; they are listed as gaps.
const MAX_HOLE: u64 = 30;

impl Track {
    /// Whether another track has begun a timeline which this one has reached.
    pub fn must_change(&self, newest: &Timeline, fragment: &Fragment) -> bool {
        let old = self.run.as_ref().is_some_and(|run| run.timeline != newest.number);
        old && self.first_sync(fragment).is_some_and(|(at, _)| newest.reaches(at))
    }

    /// Begins a run: on the newest timeline if the media goes on there, else on a new one.
    pub(super) fn begin(
        &mut self,
        plan: &Plan,
        timeline: &mut Option<Timeline>,
        others: u64,
        (at, tolerance): (Duration, Duration),
        wall: i64,
    ) -> Result<Run, Fault> {
        let joins = timeline.as_ref().is_some_and(|known| known.holds(at) && self.goes_on(known, at + tolerance));
        let base = self.next.segment.max(others);
        let line = match timeline.take() {
            Some(known) if joins => known,
            before => Timeline::begin(before.as_ref(), at, wall, base, plan.targets.segment),
        };
        let line = timeline.insert(line);
        let (aligned, next) = (line.sequence(at + tolerance), self.next.segment);
        let fits = aligned >= next && (aligned - next <= MAX_HOLE || !self.begun);
        let start = Start { segment: if fits { aligned } else { next }, ..self.next };
        let cutter = Cutter::new(&self.init, plan.targets, start)?.on_grid(line.clock.origin);
        let breaks = self.begun && self.last.is_none_or(|(number, _)| number != line.number);
        if std::mem::take(&mut self.renewed) {
            let data = Media(self.init.bytes.clone());
            self.held.push(Word::Declare(InitSection { id: self.map(plan, self.maps), data }));
            self.maps += 1;
        }
        let breaks = breaks.then_some(start.segment);
        let (timeline, clock) = (line.number, line.clock);
        Ok(Run { cutter, timeline, clock, breaks, origin: at, segment_start: at })
    }

    /// Whether media at this time goes on from what was listed of a timeline.
    pub(super) fn goes_on(&self, timeline: &Timeline, at: Duration) -> bool {
        match self.last {
            Some((number, end)) if number == timeline.number => !self.renewed && at >= end,
            _ => true,
        }
    }

    /// Where the leading track can be decoded from, and half a sample.
    pub(super) fn first_sync(&self, fragment: &Fragment) -> Option<(Duration, Duration)> {
        let leading = self.init.leading()?;
        let first = fragment.samples.iter().find(|sample| sample.track == leading.id && sample.is_sync())?;
        Some((leading.time(first.decode_time), leading.time(u64::from(first.duration)) / 2))
    }

    pub(super) fn length(&self, fragment: &Fragment) -> Duration {
        let Some(leading) = self.init.leading() else { return Duration::ZERO };
        let own = || fragment.samples.iter().filter(|sample| sample.track == leading.id);
        let ends = own().map(|sample| sample.end()).max().zip(own().map(|sample| sample.decode_time).min());
        ends.map_or(Duration::ZERO, |(end, begin)| leading.time(end.saturating_sub(begin)))
    }
}
