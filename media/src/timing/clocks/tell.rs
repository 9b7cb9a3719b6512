//! Whether a track that jumps has jumped alone, and when that can be told.
//!
//! Tracks differ by what encoders put into a fragment and by the order in which they send them, the same way each time.
//! A fragment is compared with the others when it comes: if it ends about as far ahead of them as one of those before
//! it did, its times agree, and media is missing in front of it. If it would do so had its clock not jumped, that clock
//! has, or those of all.

use super::{Clock, Clocks, JUMP, LONGEST_HOLE, NANOS, NEAR};

/// A distance that is so small, or much smaller than the other answer's, needs no further fragment.
const FIT: i128 = NANOS;
/// A jump has to fit better than a hole by more than this as long as fewer than two fragments can be compared, whose
/// lengths may differ by more. A hole taken for a jump displaces its track for good, a jump taken for a hole only where
/// it is.
const FEW: i128 = NANOS;
/// Fragments of a track that show how far it usually is ahead of the others.
const RECENT: usize = 3;
/// Bounds of media that waits until a jump is recognized, in nanoseconds and bytes.
const MAX_SPAN: i128 = 3 * NANOS;
const MAX_HELD: usize = 16 * 1024 * 1024;

/// The verdict of the times of a fragment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    /// Nanoseconds by which it is out of place as stated, and if its clock has jumped.
    stays: i128,
    jumps: i128,
    /// Place of the others when it came.
    others: i128,
}

impl Clocks {
    /// Compares what has just come, and waits, with the tracks that go on.
    pub(super) fn compare(&mut self) {
        let goes_on = |clock: &&Clock| clock.is_known() && !clock.waits();
        let latest = self.clocks.iter().filter(goes_on).max_by_key(|clock| clock.end());
        // The samples of one fragment are compared as far as they go.
        let length = |clock: &Clock| if clock.is_unheard { clock.end() - clock.heard_from } else { 0 };
        let Some((others, length)) = latest.map(|clock| (clock.end(), length(clock))) else { return };
        let is_due = |clock: &&mut Clock| clock.waits() && (clock.verdict.is_none() || clock.held.len() > clock.known);
        for clock in self.clocks.iter_mut().filter(is_due) {
            // The first one tells most; what comes later has the jump behind it in any case.
            if clock.verdict.is_none_or(|known| !clock.is_clear(known, known.others)) {
                let (stays, jumps) = clock.distances(others, length);
                clock.verdict = Some(Verdict { stays, jumps, others });
            }
        }
    }

    /// Notes how far the tracks that have just come are ahead of the others.
    pub(super) fn note_leads(&mut self) {
        if self.clocks.iter().any(Clock::waits) {
            return;
        }
        let known = || self.clocks.iter().filter(|clock| clock.is_known());
        let ends: Vec<(u32, i128)> = known().map(|clock| (clock.track, clock.end())).collect();
        for clock in self.clocks.iter_mut().filter(|clock| clock.is_known() && !clock.is_unheard) {
            let others = ends.iter().filter(|(track, _)| *track != clock.track).map(|(_, end)| *end).max();
            let Some(others) = others else { continue };
            clock.leads.push_back(clock.end() - others);
            if clock.leads.len() > RECENT {
                clock.leads.pop_front();
            }
        }
    }
}

impl Clock {
    /// Returns whether something of it has come in this run of the encoder.
    const fn is_known(&self) -> bool {
        self.last.is_some() && !self.is_new
    }

    /// Returns whether it is known what the jump was, or is waited for no longer. The other tracks end at `others`.
    pub(super) fn can_be_told(&self, others: i128, is_last: bool) -> bool {
        let bytes: usize = self.held.iter().map(|sample| sample.payload.len()).sum();
        let span: i128 = self.held.iter().take(self.known).map(|sample| i128::from(sample.duration)).sum();
        let is_told = self.agrees(others) || self.is_alone(others);
        is_last || is_told || self.nanos(span) > MAX_SPAN || bytes > MAX_HELD
    }

    /// Returns whether media is missing in front of what waits: its times agree with the others'.
    fn agrees(&self, others: i128) -> bool {
        let agrees = |verdict: Verdict| verdict.stays <= verdict.jumps && self.is_clear(verdict, others);
        self.jump() >= 0 && self.verdict.is_some_and(agrees)
    }

    /// Returns whether its times do not agree, and the others have gone on beside it. Media may be missing of all, of
    /// one track sooner than of the others; but audio that is far ahead would be listed without the frames that wait.
    fn is_alone(&self, others: i128) -> bool {
        let is_odd = |verdict: Verdict| verdict.jumps < verdict.stays && self.is_clear(verdict, others);
        let odd = self.verdict.filter(|verdict| self.jump() < 0 || is_odd(*verdict));
        let has_gone_on = |verdict: Verdict| others - verdict.others >= JUMP || others - self.end() >= NEAR;
        self.passed(others) && odd.is_some_and(has_gone_on)
    }

    /// Whether one answer is right, or much nearer than the other.
    fn is_clear(&self, Verdict { stays, jumps, .. }: Verdict, others: i128) -> bool {
        let (nearer, other) = (stays.min(jumps), stays.max(jumps));
        nearer <= FIT || 2 * nearer <= other || others - self.end() > LONGEST_HOLE
    }

    pub(super) fn passed(&self, others: i128) -> bool {
        others - self.end() >= JUMP
    }

    /// Returns whether this clock alone has jumped.
    pub(super) fn has_jumped(&self, others: i128, is_last: bool) -> bool {
        let is_odd = |verdict: Verdict| {
            let is_told = self.passed(others) || (is_last && self.is_clear(verdict, others));
            verdict.jumps < verdict.stays && is_told
        };
        self.jump() < 0 || self.verdict.is_some_and(is_odd)
    }

    /// Returns the distance of what waits from where it usually is beside the others, which end at `others`: as stated,
    /// and if its clock has jumped. Less than half a jump is no distance, nor is it one from their end as stated. As
    /// long as too little is known, it usually ends where they do, or is ahead by one of their fragments, which are so
    /// long.
    fn distances(&self, others: i128, length: i128) -> (i128, i128) {
        let usual: Vec<i128> = self.usual_leads().collect();
        let is_known = usual.len() >= 2;
        let unknown: &[i128] = if is_known { &[] } else { &[0, length] };
        let lead = self.newest() - others;
        let distance = |lead: i128, also: &[i128]| {
            let leads = usual.iter().chain(unknown).chain(also);
            let nearest = leads.map(|usual| (lead - usual).abs()).min().unwrap_or(0);
            (nearest - JUMP / 2).max(0)
        };
        let doubt = if is_known { JUMP / 2 } else { FEW };
        (distance(lead, &[0]), distance(lead - self.nanos(self.jump()), &[]) + doubt)
    }

    /// Returns the leads of its latest fragments, without that of the last one if a hole may have begun within it.
    fn usual_leads(&self) -> impl Iterator<Item = i128> {
        let before = self.leads.len().saturating_sub(1);
        let least = self.leads.iter().take(before).min();
        let is_short = least.zip(self.leads.back()).is_some_and(|(least, last)| last + JUMP < *least);
        self.leads.iter().take(if is_short { before } else { RECENT }).copied()
    }

    /// Returns whether what waits of two tracks agrees better as stated than if each clock had jumped by itself.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let apart = self.newest() - other.newest();
        let jumps = self.nanos(self.jump()) - other.nanos(other.jump());
        apart.abs() <= (apart - jumps).abs()
    }

    /// Returns where what waits ends, as stated, in nanoseconds.
    fn newest(&self) -> i128 {
        self.held.last().map_or_else(
            || self.end(),
            |newest| {
                let duration = if newest.duration > 0 { i128::from(newest.duration) } else { self.usual };
                self.nanos(self.at(newest) + duration)
            },
        )
    }

    /// Returns whether it jumps by as much as this, but for less than `limit`.
    pub(super) fn is_near(&self, jump: i128, limit: i128) -> bool {
        (self.nanos(self.jump()) - jump).abs() < limit
    }

    /// Returns where what waits begins, as stated, in nanoseconds.
    pub(super) fn resumed(&self) -> i128 {
        self.end() + self.nanos(self.jump())
    }
}
