//! The clocks of a stream's tracks against each other: a jump of one alone is an error of that clock, and is taken out.
//!
//! All tracks of a stream are captured at the same moments. Where the decode time of one runs ahead by [`JUMP`] and
//! agrees with the others at the place of the stream at which it comes, media is missing (a hole), and the times stay.
//! Where it does not agree, or runs back, its samples wait until the others tell what it was: all have jumped, or this
//! track alone has (`tell`). Then its clock is set right so that its media goes on where it ended. Where
//! all have jumped and no other stream counts by these times, all are set right alike. Where a
//! track begins by a clock that has nothing to do with the others', it begins where they are (`begin`).

mod begin;
mod tell;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::cut::LARGEST_JUMP;
use crate::{Handler, Init, Sample};
use tell::Verdict;

const NANOS: i128 = 1_000_000_000;
/// Nanoseconds by which the difference of two rounded times may be too small.
const ROUNDED: i128 = 2;
/// Nanoseconds ahead of its own end beyond which a track may have jumped.
const JUMP: i128 = NANOS / 2;
/// The same while another track waits: of a hole in both, less may be missing of one than of the other, and both are to
/// be judged together. One that misses less than this comes again before the other does, and tells what it was.
const JUMP_BESIDE: i128 = NANOS / 5;
/// A hole of all tracks up to this is one; beyond, the encoder has paused or its clock has jumped.
const HOLE: i128 = 2 * NANOS;
/// Jumps of all tracks that differ by less are one of a clock that they share, and are taken out of all alike: tracks
/// end and begin at different times.
const NEAR: i128 = 3 * NANOS;
/// A hole of one track that the others have not passed cannot be listed beyond this.
const LONGEST_HOLE: i128 = LARGEST_JUMP.as_nanos() as i128;

/// Media time of the other streams of the playlist, in nanoseconds: where they began, and have come to by now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Others {
    pub begin: i128,
    pub end: i128,
}

/// A discontinuity that is due in decode time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Break {
    pub at: Duration,
    /// Media is missing there: what follows cannot be decoded before the next sync sample.
    pub is_hole: bool,
}

#[derive(Debug, Default)]
pub(super) struct Clocks {
    clocks: Vec<Clock>,
    break_at: Option<Break>,
    /// The stream has begun before, in this run of the encoder or an earlier one.
    has_begun: bool,
    /// Whether it was logged that a jump was taken out beside other streams.
    is_told: bool,
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
    /// The number of those that came with fragments before the newest: a single one may be longer than any bound, and
    /// what tells of it may come in the next.
    known: usize,
    /// Nanoseconds by which its latest fragments ended ahead of the others when they came.
    leads: VecDeque<i128>,
    /// The waiting samples, compared with the others when they came.
    verdict: Option<Verdict>,
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
            leads: VecDeque::new(),
            verdict: None,
            is_new: true,
            begin: None,
            heard_from: 0,
            is_unheard: true,
        };
        Self { clocks: init.tracks.iter().map(clock).collect(), ..Self::default() }
    }

    /// Returns whether a track has been heard since the stream began.
    pub(super) fn has_begun(&self, track: u32) -> bool {
        self.clocks.iter().any(|clock| clock.track == track && !clock.is_new)
    }

    /// Returns where the stream began and has come to, in nanoseconds; `None` before it has begun.
    pub(super) fn span(&self) -> Option<Others> {
        let begin = self.clocks.iter().filter_map(|clock| clock.begin).min()?;
        let ends = self.clocks.iter().filter(|clock| clock.last.is_some()).map(Clock::end);
        Some(Others { begin, end: ends.max()? })
    }

    /// Returns the samples whose times are right. `others` are streams that have to agree with the times of this one.
    pub(super) fn take(&mut self, samples: Vec<Sample>, others: Option<Others>) -> Vec<Sample> {
        let mut out = Vec::with_capacity(samples.len());
        for clock in &mut self.clocks {
            (clock.known, clock.is_unheard) = (clock.held.len(), true);
        }
        self.begin_beside(&samples, others);
        for sample in samples {
            self.begin(&sample);
            let least = if self.clocks.iter().any(Clock::waits) { JUMP_BESIDE } else { JUMP };
            if let Some(clock) = self.clocks.iter_mut().find(|clock| clock.track == sample.track) {
                clock.offer(sample, least, &mut out);
            }
        }
        self.compare();
        while self.decide(others, false, &mut out) {}
        self.note_leads();
        out
    }

    /// Releases the waiting media, decided with what is known.
    pub(super) fn finish(&mut self, others: Option<Others>) -> Vec<Sample> {
        let mut out = Vec::new();
        while self.decide(others, true, &mut out) {}
        out
    }

    pub(super) fn restart(&mut self) {
        self.has_begun = true;
        for clock in &mut self.clocks {
            (clock.is_new, clock.begin) = (true, None);
            clock.leads.clear();
        }
    }

    /// Tracks that began by a clock of their own since this was last asked, and how many nanoseconds they were moved.
    pub(super) fn take_moved(&mut self) -> Vec<(u32, i128)> {
        std::mem::take(&mut self.moved)
    }

    pub(super) const fn take_break(&mut self) -> Option<Break> {
        self.break_at.take()
    }

    /// Lets go the samples of a track, or of all, once it is known what has happened. Each time, at least one goes.
    fn decide(&mut self, beside: Option<Others>, is_last: bool, out: &mut Vec<Sample>) -> bool {
        if !self.clocks.iter().any(Clock::waits) {
            return false;
        }
        // A track that has not been heard yet may still tell.
        let is_expected = |clock: &Clock| !clock.waits() && (clock.last.is_some() || !is_last);
        if !self.clocks.iter().any(is_expected) {
            self.decide_all(beside, out);
            return true;
        }
        let others = self.clocks.iter().filter(|clock| !clock.waits()).map(Clock::end).max().unwrap_or(0);
        let decided = self.clocks.iter_mut().find(|clock| clock.waits() && clock.can_be_told(others, is_last));
        let Some(clock) = decided else { return false };
        let is_taken_out = beside.is_none() && !clock.passed(others) && clock.nanos(clock.jump()) > LONGEST_HOLE;
        if is_taken_out || clock.has_jumped(others, is_last) {
            let back = clock.jump();
            note_break(&mut self.break_at, clock.end(), false);
            clock.offset -= back;
        }
        clock.release(out);
        true
    }

    /// Decides about jumps of all tracks: alike, or each by its own.
    fn decide_all(&mut self, beside: Option<Others>, out: &mut Vec<Sample>) {
        let waiting = || self.clocks.iter().filter(|clock| clock.waits());
        let Some(leading) = waiting().find(|clock| clock.is_video).or_else(|| waiting().next()) else { return };
        let (jump, end) = (leading.nanos(leading.jump()), leading.end());
        let is_single = waiting().count() == 1;
        let jumps = || waiting().map(|clock| clock.nanos(clock.jump()));
        let (least, most) = (jumps().min().unwrap_or(jump), jumps().max().unwrap_or(jump));
        let are_near = most - least < NEAR;
        // More is missing of one track than of another, and they agree again.
        let do_agree = !are_near && waiting().all(|clock| clock.agrees_with(leading));
        let limit = match (are_near, do_agree) {
            (true, _) => NEAR,
            (false, true) => i128::MAX,
            (false, false) => JUMP,
        };
        let are_alike = jumps().all(|other| (other - jump).abs() < JUMP);
        // Nothing from before a jump lies behind it: what comes first goes on where the last track ended.
        let together = || waiting().filter(|clock| clock.is_near(jump, limit));
        let latest = together().map(Clock::end).max().unwrap_or(end);
        let common = together().map(Clock::resumed).min().unwrap_or(latest) - latest;
        let missing = if are_alike { jump } else { common };
        // One comes again before another has ended: these are holes by themselves.
        let is_each = (are_near || do_agree) && !are_alike && least >= 0 && common < 0;
        let is_hole = is_each || ((are_near || do_agree) && (0..HOLE).contains(&missing));
        let place = beside.filter(|_| !is_hole).and_then(|others| others.place_of_jump(end, jump));
        let stays = place.is_none() && (is_single || is_hole || beside.is_some());
        if beside.is_none() && (!stays || !(are_near || do_agree)) {
            note_break(&mut self.break_at, latest, least >= 0);
        }
        let ahead = place.map_or(0, |place| place - end);
        if let Some((leading, false)) = place.map(|_| (leading.track, std::mem::replace(&mut self.is_told, true))) {
            self.moved.push((leading, ahead - common));
        }
        for clock in self.clocks.iter_mut().filter(|clock| clock.waits()) {
            let by = match (clock.is_near(jump, limit), stays) {
                (true, true) => 0,
                (true, false) => common,
                (false, true) => clock.nanos(clock.jump()) - jump,
                (false, false) => clock.nanos(clock.jump()),
            };
            clock.move_back(by - ahead, stays);
        }
        let before_zero = self.clocks.iter().filter(|clock| clock.waits()).map(Clock::before_zero).max().unwrap_or(0);
        for clock in self.clocks.iter_mut().filter(|clock| clock.waits()) {
            clock.offset += before_zero * clock.timescale;
            clock.release(out);
        }
    }
}

fn note_break(break_at: &mut Option<Break>, nanos: i128, is_hole: bool) {
    let nanos = u64::try_from(nanos.max(0)).unwrap_or(u64::MAX);
    break_at.get_or_insert(Break { at: Duration::from_nanos(nanos), is_hole });
}

impl Clock {
    const fn waits(&self) -> bool {
        !self.held.is_empty()
    }

    fn nanos(&self, ticks: i128) -> i128 {
        ticks * NANOS / self.timescale
    }

    /// Returns where what has been let go ends, in nanoseconds.
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

    /// Takes a sample, and lets it go unless it jumps, by `least` if ahead, or others wait before it.
    fn offer(&mut self, sample: Sample, least: i128, out: &mut Vec<Sample>) {
        if self.waits() {
            self.held.push(sample);
            return;
        }
        if !std::mem::take(&mut self.is_new) && self.jumps(&sample, least) {
            self.held.push(sample);
            return;
        }
        self.accept(sample, out);
    }

    /// Returns whether a sample does not go on from what has been let go: it runs back, or ahead by `least`.
    fn jumps(&self, sample: &Sample, least: i128) -> bool {
        self.last.is_some_and(|last| {
            let at = self.at(sample);
            at < last.at || self.nanos(at - last.end) >= least
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
        (self.known, self.verdict) = (0, None);
        if let Some(first) = held.next() {
            self.accept(first, out);
        }
        held.for_each(|sample| self.offer(sample, JUMP, out));
    }

    /// Moves what waits back by so many nanoseconds, no further than its track has come unless it `stays`.
    fn move_back(&mut self, by: i128, stays: bool) {
        // By whole ticks, and no earlier: it may belong right behind media of another track.
        self.offset -= ((by + ROUNDED) * self.timescale).div_euclid(NANOS);
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
