//! The clocks of a stream's tracks against each other: a jump of one alone is an error of that clock, and is taken out.
//!
//! All tracks of a stream are captured at the same moments. Where the decode time of one runs back, or ahead by
//! [`JUMP`], its samples wait until the others tell what it was: all have jumped, or this track alone has, or it has
//! had nothing to say for a while (a hole). Then its clock is set right so that its media goes on where it ended. Where
//! all have jumped and no other stream counts by these times, all are set right alike. Smaller holes stay. Where a
//! track begins by a clock that has nothing to do with the others', it begins where they are (`begin`).

mod begin;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::cut::LARGEST_JUMP;
use crate::{Handler, Init, Sample};

const NANOS: i128 = 1_000_000_000;
/// A track that is further ahead of its own end may have jumped. In nanoseconds.
const JUMP: i128 = NANOS / 2;
/// A hole of all tracks up to this is one; beyond, the encoder has paused or its clock has jumped.
const HOLE: i128 = 2 * NANOS;
/// Jumps of all tracks that differ by less are one of a clock that they share: they end and begin at different times.
const NEAR: i128 = 3 * NANOS;
/// A track may be so much further from the others than usual; beyond, its next fragment is waited for.
const FIT: i128 = NANOS;
/// A hole of one track that the others have not passed cannot be listed beyond this.
const LONGEST_HOLE: i128 = LARGEST_JUMP.as_nanos() as i128;
/// Bounds of media that waits until a jump is recognized, in nanoseconds and bytes.
const PATIENCE: i128 = 3 * NANOS;
const MAX_HELD: usize = 16 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Clocks {
    clocks: Vec<Clock>,
    break_at: Option<Duration>,
    /// Tracks that were moved to the others at their begin, and by so many nanoseconds.
    moved: Vec<(u32, i128)>,
}

/// The clock of one track. Times are ticks; those of samples that wait are as the encoder states them.
#[derive(Debug)]
struct Clock {
    track: u32,
    timescale: i128,
    is_video: bool,
    /// Added to what the encoder states.
    offset: i128,
    last: Option<Span>,
    /// The last duration that was stated.
    usual: i128,
    held: Vec<Sample>,
    /// The number of those that came with fragments before the newest: a single one may be longer than [`PATIENCE`], and what
    /// tells of it may come in the next.
    known: usize,
    /// Nanoseconds this track ended behind the others: the last time, and the nearer of the last two.
    recent: i128,
    skew: i128,
    /// It had something to say the last time.
    is_heard: bool,
    /// The next sample may have any time.
    is_new: bool,
    /// Nanoseconds at which this run of the encoder began, and at which the samples of its latest fragment did.
    begin: Option<i128>,
    heard_from: i128,
    /// Nothing of the newest fragment has been let go.
    is_unheard: bool,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    at: i128,
    end: i128,
}

impl Clocks {
    pub(super) fn new(init: &Init) -> Self {
        let clock = |track: &crate::Track| Clock {
            track: track.id,
            timescale: i128::from(track.timescale.get()),
            is_video: track.handler == Handler::Video,
            offset: 0,
            last: None,
            usual: 0,
            held: Vec::new(),
            known: 0,
            recent: 0,
            skew: 0,
            is_heard: false,
            is_new: true,
            begin: None,
            heard_from: 0,
            is_unheard: true,
        };
        Self { clocks: init.tracks.iter().map(clock).collect(), break_at: None, moved: Vec::new() }
    }

    /// Whether a track has been heard since the stream began.
    pub(super) fn has_begun(&self, track: u32) -> bool {
        self.clocks.iter().any(|clock| clock.track == track && !clock.is_new)
    }

    /// The samples whose times are right.
    pub(super) fn take(&mut self, samples: Vec<Sample>, is_alone: bool) -> Vec<Sample> {
        let mut out = Vec::with_capacity(samples.len());
        for clock in &mut self.clocks {
            (clock.known, clock.is_unheard) = (clock.held.len(), true);
        }
        for sample in samples {
            self.begin(&sample);
            if let Some(clock) = self.clocks.iter_mut().find(|clock| clock.track == sample.track) {
                clock.offer(sample, &mut out);
            }
        }
        while self.decide(is_alone, false, &mut out) {}
        self.note_skews(&out);
        out
    }

    /// Releases the waiting media, decided with what is known.
    pub(super) fn finish(&mut self, is_alone: bool) -> Vec<Sample> {
        let mut out = Vec::new();
        while self.decide(is_alone, true, &mut out) {}
        out
    }

    pub(super) fn restart(&mut self) {
        for clock in &mut self.clocks {
            (clock.is_new, clock.begin) = (true, None);
        }
    }

    /// Tracks that began by a clock of their own since this was last asked, and how many nanoseconds they were moved.
    pub(super) fn take_moved(&mut self) -> Vec<(u32, i128)> {
        std::mem::take(&mut self.moved)
    }

    pub(super) const fn take_break(&mut self) -> Option<Duration> {
        self.break_at.take()
    }

    /// Lets go the samples of a track, or of all, once it is known what has happened. Each time, at least one goes.
    fn decide(&mut self, is_alone: bool, is_last: bool, out: &mut Vec<Sample>) -> bool {
        if !self.clocks.iter().any(Clock::waits) {
            return false;
        }
        // A track that has not been heard yet may still tell.
        let is_expected = |clock: &Clock| !clock.waits() && (clock.last.is_some() || !is_last);
        if !self.clocks.iter().any(is_expected) {
            self.decide_all(is_alone, out);
            return true;
        }
        let others = self.clocks.iter().filter(|clock| !clock.waits()).map(Clock::end).max().unwrap_or(0);
        let decided = self.clocks.iter_mut().find(|clock| clock.waits() && clock.can_be_told(others, is_last));
        let Some(clock) = decided else { return false };
        let is_taken_out = is_alone && !clock.passed(others) && clock.nanos(clock.jump()) > LONGEST_HOLE;
        if is_taken_out || clock.has_jumped(others, is_last) {
            let back = clock.jump();
            note_break(&mut self.break_at, clock.end());
            clock.offset -= back;
        }
        clock.release(out);
        true
    }

    /// All tracks have jumped: alike, or each by its own.
    fn decide_all(&mut self, is_alone: bool, out: &mut Vec<Sample>) {
        let waiting = || self.clocks.iter().filter(|clock| clock.waits());
        let Some(leading) = waiting().find(|clock| clock.is_video).or_else(|| waiting().next()) else { return };
        let (jump, end) = (leading.nanos(leading.jump()), leading.end());
        let is_single = waiting().count() == 1;
        let jumps = || waiting().map(|clock| clock.nanos(clock.jump()));
        let (least, most) = (jumps().min().unwrap_or(jump), jumps().max().unwrap_or(jump));
        let are_alike = jumps().all(|other| (other - jump).abs() < JUMP);
        let are_near = most - least < NEAR;
        let is_hole = are_alike && (0..HOLE).contains(&jump);
        let stays = is_single || is_hole || !is_alone;
        if !stays || !are_near {
            note_break(&mut self.break_at, end);
        }
        // Where the tracks of a new run do not begin at once, the first of them goes on where it ended.
        let (common, limit) = if are_near && !are_alike { (least, NEAR) } else { (jump, JUMP) };
        for clock in self.clocks.iter_mut().filter(|clock| clock.waits()) {
            clock.join(common, limit, stays);
        }
        let before_zero = self.clocks.iter().filter(|clock| clock.waits()).map(Clock::before_zero).max().unwrap_or(0);
        for clock in self.clocks.iter_mut().filter(|clock| clock.waits()) {
            clock.offset += before_zero * clock.timescale;
            clock.release(out);
        }
    }

    /// Notes how far each track is behind the others, unless it has been silent.
    fn note_skews(&mut self, samples: &[Sample]) {
        let ends: Vec<(u32, i128)> =
            self.clocks.iter().filter(|clock| clock.last.is_some()).map(|clock| (clock.track, clock.end())).collect();
        if self.clocks.iter().any(Clock::waits) {
            return;
        }
        for clock in self.clocks.iter_mut().filter(|clock| clock.last.is_some()) {
            let was_heard = clock.is_heard;
            clock.is_heard = samples.iter().any(|sample| sample.track == clock.track);
            let others = ends.iter().filter(|(track, _)| *track != clock.track).map(|(_, end)| *end).max();
            if let Some(others) = others.filter(|_| was_heard || clock.is_heard) {
                let now = clock.end() - others;
                clock.skew = if now.abs() < clock.recent.abs() { now } else { clock.recent };
                clock.recent = now;
            }
        }
    }
}

fn note_break(break_at: &mut Option<Duration>, nanos: i128) {
    let nanos = u64::try_from(nanos.max(0)).unwrap_or(u64::MAX);
    break_at.get_or_insert(Duration::from_nanos(nanos));
}

impl Clock {
    const fn waits(&self) -> bool {
        !self.held.is_empty()
    }

    fn nanos(&self, ticks: i128) -> i128 {
        ticks * NANOS / self.timescale
    }

    /// Where what has been let go ends, in nanoseconds.
    fn end(&self) -> i128 {
        self.nanos(self.last.map_or(0, |last| last.end))
    }

    fn at(&self, sample: &Sample) -> i128 {
        i128::from(sample.decode_time.cast_signed()) + self.offset
    }

    /// Ticks between the end of what has been let go and the first sample that waits.
    fn jump(&self) -> i128 {
        let end = self.last.map_or(0, |last| last.end);
        self.held.first().map_or(0, |first| self.at(first) - end)
    }

    /// Takes a sample, and lets it go unless it jumps or others wait before it.
    fn offer(&mut self, sample: Sample, out: &mut Vec<Sample>) {
        if self.waits() {
            self.held.push(sample);
            return;
        }
        if !std::mem::take(&mut self.is_new) && self.jumps(&sample) {
            self.held.push(sample);
            return;
        }
        self.accept(sample, out);
    }

    /// Whether a sample does not go on from what has been let go.
    fn jumps(&self, sample: &Sample) -> bool {
        self.last.is_some_and(|last| {
            let at = self.at(sample);
            at < last.at || self.nanos(at - last.end) >= JUMP
        })
    }

    fn accept(&mut self, sample: Sample, out: &mut Vec<Sample>) {
        let at = self.at(&sample).max(0);
        if sample.duration > 0 {
            self.usual = i128::from(sample.duration);
        }
        self.last = Some(Span { at, end: at + self.usual });
        if std::mem::take(&mut self.is_unheard) {
            self.heard_from = self.nanos(at);
        }
        out.push(Sample { decode_time: u64::try_from(at).unwrap_or(u64::MAX), ..sample });
    }

    /// Lets go what waits, up to another jump.
    fn release(&mut self, out: &mut Vec<Sample>) {
        let mut held = std::mem::take(&mut self.held).into_iter();
        self.known = 0;
        if let Some(first) = held.next() {
            self.accept(first, out);
        }
        held.for_each(|sample| self.offer(sample, out));
    }

    /// Whether the other tracks, which end there, have passed the moment of the jump and one answer fits, or are waited
    /// for no longer.
    fn can_be_told(&self, others: i128, is_last: bool) -> bool {
        let bytes: usize = self.held.iter().map(|sample| sample.payload.len()).sum();
        let span: i128 = self.held.iter().take(self.known).map(|sample| i128::from(sample.duration)).sum();
        is_last || (self.passed(others) && self.is_clear(others)) || self.nanos(span) > PATIENCE || bytes > MAX_HELD
    }

    /// Whether one answer is right, or much nearer than the other.
    fn is_clear(&self, others: i128) -> bool {
        let (stays, jumps) = self.distances(others);
        let (nearer, other) = (stays.min(jumps), stays.max(jumps));
        self.jump() < 0 || nearer <= FIT || 2 * nearer <= other || others - self.end() > LONGEST_HOLE
    }

    fn passed(&self, others: i128) -> bool {
        others - self.end() >= JUMP
    }

    /// Whether this clock alone has jumped: as stated, the track would be further from the others than it usually is.
    fn has_jumped(&self, others: i128, is_last: bool) -> bool {
        let (stays, jumps) = self.distances(others);
        self.jump() < 0 || ((is_last || self.passed(others)) && jumps < stays)
    }

    /// The distance from the others beyond the usual one: as stated, and if its clock has jumped.
    fn distances(&self, others: i128) -> (i128, i128) {
        let Some(newest) = self.held.last() else { return (0, 0) };
        let duration = if newest.duration > 0 { i128::from(newest.duration) } else { self.usual };
        let stated = self.nanos(self.at(newest) + duration) - others - self.skew;
        (stated.abs(), (stated - self.nanos(self.jump())).abs())
    }

    /// Keeps its distance to a leading track that jumps by so much, about like this one if the difference is below
    /// `limit`; `stays` says that the leading one's times stay.
    fn join(&mut self, leading: i128, limit: i128, stays: bool) {
        let is_alike = (self.nanos(self.jump()) - leading).abs() < limit;
        let in_ticks = leading * self.timescale / NANOS;
        match (is_alike, stays) {
            (true, true) => {}
            (true, false) => self.offset -= in_ticks,
            (false, true) => self.offset -= self.jump() - in_ticks,
            (false, false) => self.offset -= self.jump(),
        }
        let (first, last) = (self.held.first().map(|first| self.at(first)), self.last.map(|last| last.at));
        if let (Some(first), Some(last), false) = (first, last, stays) {
            self.offset += (last - first).max(0);
        }
    }

    /// Whole seconds that the first sample that waits is before zero.
    fn before_zero(&self) -> i128 {
        let first = self.held.first().map_or(0, |first| self.at(first));
        (-first.min(0) + self.timescale - 1) / self.timescale
    }
}
