//! Deadlines of an edge, and the search for silent members.

use std::time::Duration;

use super::local_member::LocalMember;
use super::{EdgeEffect, Link, Members};
use crate::room::message::StayRef;
use crate::time::Instant;

/// The times at which members have to be checked or reported on.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// The time at which the first member may have been silent for too long.
    silence_due: Option<Instant>,
    /// The time from which silence counts: the end of the last pause of this node, during which it received nothing.
    listens_since: Instant,
    /// The time at which the sequence numbers that members received are reported to the owner.
    report_due: Option<Instant>,
}

impl Deadlines {
    /// Schedules the search for silent members at this time, if it is not due earlier.
    pub fn schedule_silence_check(&mut self, due: Instant) {
        self.silence_due = Some(self.silence_due.map_or(due, |earliest| earliest.min(due)));
    }

    /// Schedules a report to the owner at this time, unless one is already scheduled.
    pub fn schedule_report(&mut self, due: Instant) {
        self.report_due.get_or_insert(due);
    }

    /// Returns the earliest time at which members are checked or reported on.
    pub fn due(&self, link: &Link) -> Option<Instant> {
        [self.silence_due, self.report_due.filter(|_| link.stands())].into_iter().flatten().min()
    }
}

impl Members {
    /// Returns the members that have been silent for too long.
    ///
    /// A node that was suspended received nothing in that time, so silence counts anew. A suspension shows by an
    /// expired lease or a late call.
    pub fn silent(&mut self, now: Instant, fresh: bool, timeout: Duration) -> Vec<StayRef> {
        let Some(due) = self.deadlines.silence_due.filter(|due| *due <= now) else { return Vec::new() };
        if !fresh || now >= due + timeout / 4 {
            self.deadlines.listens_since = now;
        }
        let listens_since = self.deadlines.listens_since;
        // The first moment at which it has been silent for longer than the timeout.
        let ends = |member: &LocalMember| Instant((member.heartbeat.heard().max(listens_since) + timeout).0 + 1);
        // The owner keeps the time of members without a socket, this edge that of viewers.
        let watched = |(stay, member): &(&StayRef, &LocalMember)| member.connection.is_some() || stay.is_of_viewer();
        let (silent, heard): (Vec<_>, Vec<_>) =
            self.iter().filter(watched).partition(|(_, member)| ends(member) <= now);
        let next = heard.iter().map(|(_, member)| ends(member)).min();
        let silent = silent.into_iter().map(|(stay, _)| stay.clone()).collect();
        self.deadlines.silence_due = next;
        silent
    }

    /// Reports the sequence numbers that members received to the owner, if a report is due and they have risen since
    /// the last one.
    pub fn report(&mut self, now: Instant, interval: Duration, link: &Link, out: &mut Vec<EdgeEffect>) {
        if self.deadlines.report_due.is_none_or(|due| due > now) {
            return;
        }
        let mut waits = false;
        for (stay, member) in self.known_mut().filter(|_| link.stands()) {
            member.report_had(stay).into_iter().for_each(|message| link.send(message, out));
            waits |= member.has_unwritten();
        }
        self.deadlines.report_due = waits.then(|| now + interval);
    }
}
