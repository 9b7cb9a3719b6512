//! The time of an owner's next step.

use std::time::Duration;

use super::{Owner, RETRY_DELAY, Turn};
use crate::time::Instant;

/// The times at which something has to be examined.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// A time since when somebody may be absent; nobody is absent for longer.
    absent_since: Option<Instant>,
    /// Whether confirmations may have risen.
    pub confirms: bool,
}

impl Deadlines {
    /// Forgets who is absent; all who are have to be noted again.
    pub const fn begin(&mut self) {
        self.absent_since = None;
    }

    /// Notes that somebody is absent since then.
    pub fn schedule_removal(&mut self, since: Instant) {
        self.absent_since = Some(self.absent_since.map_or(since, |earliest| earliest.min(since)));
    }
}

impl Owner {
    /// The time of the next [`on_time`](Self::on_time), should nothing happen before.
    #[must_use]
    pub fn due(&self, turn: Turn) -> Option<Instant> {
        if self.has_ended() {
            return None;
        }
        let here = |due: Instant| Instant((due.0 + turn.now.0).saturating_sub(turn.shared.0));
        let removal = self.deadlines.absent_since.map(|since| {
            let due = since.max(self.forgiven) + self.settings.heartbeat_timeout + Duration::from_millis(1);
            self.guarded_until().map_or(due, |until| due.max(until))
        });
        let confirms = self.deadlines.confirms.then_some(self.confirm_due);
        let kicks = self.state.kick_ends().map(here);
        let over = self.state.over_at(self.settings.grace_period).map(here);
        let empty = self.viewers_awaited_until().filter(|until| turn.now < *until && self.members.is_empty());
        let due = [removal, self.list_due, confirms, kicks, over, empty, self.journal.due()];
        let due = due.into_iter().flatten().min();
        // Without a fresh lease nothing of it is done.
        if turn.fresh { due } else { due.map(|due| due.max(turn.now + RETRY_DELAY)) }
    }

    /// The time until which nobody is removed after a takeover: members may still be on their way back.
    pub(super) fn guarded_until(&self) -> Option<Instant> {
        let guard = self.settings.lease.saturating_sub(Duration::from_secs(1));
        self.taken_over.map(|taken| taken + guard)
    }

    /// The time until which a broadcast without members waits after a takeover for edges that have viewers.
    pub(super) fn viewers_awaited_until(&self) -> Option<Instant> {
        let is_taken_over = self.ownership.term > self.ownership.life.created;
        self.guarded_until().filter(|_| is_taken_over && self.is_broadcast())
    }
}
