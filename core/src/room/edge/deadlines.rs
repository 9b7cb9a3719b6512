//! The time of an edge's next step, and the search for silent members.

use super::local_member::LocalMember;
use super::{Edge, EdgeEffect, OwnerLink};
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
    pub report_due: Option<Instant>,
}

impl Deadlines {
    /// Lets members be looked for then, if not sooner.
    pub fn schedule_silence_check(&mut self, due: Instant) {
        self.silence_due = Some(self.silence_due.map_or(due, |earliest| earliest.min(due)));
    }
}

impl Edge {
    /// The time of the next [`on_time`](Self::on_time), should nothing happen before.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let joins = self.joins.values().map(|join| join.since + self.settings.join_wait).min();
        let attach = match self.link {
            OwnerLink::Attaching(..) => Some(self.attached_at + self.settings.ack_timeout),
            OwnerLink::Seeking | OwnerLink::Attached(..) => None,
        };
        let report = self.deadlines.report_due.filter(|_| matches!(self.link, OwnerLink::Attached(..)));
        let idle = match (self.is_needed(), self.idle_since, self.link) {
            (true, ..) | (false, Some(_), OwnerLink::Attaching(..)) => None,
            (false, Some(since), OwnerLink::Attached(..)) => Some(since + self.settings.edge_idle),
            (false, None, _) => Some(Instant(0)),
            (false, Some(_), OwnerLink::Seeking) => Some(self.streams.players_until),
        };
        [joins, attach, report, idle, self.streams.due(), self.deadlines.silence_due].into_iter().flatten().min()
    }

    /// Takes the connections from members that have been silent for too long; the owner removes them.
    ///
    /// A node that stood still heard nobody: its lease has expired, or this comes late.
    pub(super) fn find_silent(&mut self, now: Instant, fresh: bool, out: &mut Vec<EdgeEffect>) {
        let timeout = self.settings.heartbeat_timeout;
        let Some(due) = self.deadlines.silence_due.filter(|due| *due <= now) else { return };
        if !fresh || now >= due + timeout / 4 {
            self.deadlines.listens_since = now;
        }
        let listens_since = self.deadlines.listens_since;
        // The first moment at which it has been silent for longer than the timeout.
        let ends = |member: &LocalMember| Instant((member.heartbeat.heard().max(listens_since) + timeout).0 + 1);
        // The owner keeps the time of members without a socket, this edge that of viewers.
        let watched = |(stay, member): &(&StayRef, &LocalMember)| member.connection.is_some() || stay.is_of_viewer();
        let (silent, heard): (Vec<_>, Vec<_>) =
            self.members.iter().filter(watched).partition(|(_, member)| ends(member) <= now);
        self.deadlines.silence_due = heard.iter().map(|(_, member)| ends(member)).min();
        let silent: Vec<_> = silent.into_iter().map(|(stay, _)| stay.clone()).collect();
        for stay in silent {
            let connection = self.members.detach(&stay);
            if stay.is_of_viewer() {
                self.members.remove(&stay);
            } else {
                self.tell_absence(now, &stay, out);
            }
            connection.into_iter().for_each(|connection| self.forget(connection, out));
        }
        self.tell_of_viewers(out);
    }
}
