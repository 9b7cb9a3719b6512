//! The times at which something of an edge has to be examined, and the search for silent members.

use std::time::Duration;

use super::local_member::LocalMember;
use super::{EdgeEffect, Link, Members};
use crate::room::message::StayRef;
use crate::time::Instant;

/// The times at which something has to be examined.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// The time at which the first member may have been silent for too long.
    silence_due: Option<Instant>,
    /// The time from which silence counts: the end of the last pause of this node, in which it heard nobody.
    listens_since: Instant,
    /// The time at which the owner is told what members have.
    report_due: Option<Instant>,
}

impl Deadlines {
    /// Lets members be looked for then, if not sooner.
    pub fn schedule_silence_check(&mut self, due: Instant) {
        self.silence_due = Some(self.silence_due.map_or(due, |earliest| earliest.min(due)));
    }

    /// Lets the owner be told then what members have, if not sooner.
    pub fn schedule_report(&mut self, due: Instant) {
        self.report_due.get_or_insert(due);
    }

    /// The first time at which members are examined or reported on.
    pub fn due(&self, link: &Link) -> Option<Instant> {
        [self.silence_due, self.report_due.filter(|_| link.stands())].into_iter().flatten().min()
    }
}

impl Members {
    /// The members that have been silent for too long.
    ///
    /// A node that stood still heard nobody: its lease has expired, or this comes late.
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

    /// Tells the owner, if that is due, what members have, where it is more than it was told.
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
