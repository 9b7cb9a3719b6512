//! Members without a socket: the time since which each is absent, and the time at which it is removed.

use std::time::Duration;

use roomcast_protocol::signal::MemberKey;

use super::member::{OwnedMember, Presence};
use super::members::Members;
use crate::cluster::{BootId, ClusterSettings};
use crate::time::Instant;

/// The times that determine when absent members are removed.
#[derive(Debug, Default)]
pub(super) struct Absences {
    /// The lower bound of the times at which present absences began; `None` if no member may be absent.
    earliest: Option<Instant>,
    /// The last time at which the timeouts of all absences were restarted.
    forgiven: Instant,
    taken_over: Option<Instant>,
    /// Whether edges with viewers may still attach after a takeover.
    awaits_viewers: bool,
}

impl Absences {
    /// Records a takeover, after which no member is known to be present. `awaits_viewers` states whether edges may have
    /// viewers.
    pub fn begin_takeover(&mut self, now: Instant, awaits_viewers: bool) {
        (self.taken_over, self.awaits_viewers) = (Some(now), awaits_viewers);
        self.schedule(now);
    }

    /// Records that the room was created here and not taken over.
    pub const fn forget_takeover(&mut self) {
        self.taken_over = None;
    }

    /// Restarts the timeouts of all absences.
    pub const fn forgive(&mut self, now: Instant) {
        self.forgiven = now;
    }

    /// Schedules the check of a member, if it is absent.
    pub fn note(&mut self, presence: Presence) {
        if let Presence::Absent(since) = presence {
            self.schedule(since);
        }
    }

    /// Schedules the check of a member that is absent since this time.
    fn schedule(&mut self, since: Instant) {
        self.earliest = Some(self.earliest.map_or(since, |earliest| earliest.min(since)));
    }

    /// Returns the time at which the first member may have been absent for too long.
    pub fn due(&self, settings: &ClusterSettings) -> Option<Instant> {
        self.earliest.map(|since| {
            let due = since.max(self.forgiven) + settings.heartbeat_timeout + Duration::from_millis(1);
            self.guarded_until(settings).map_or(due, |until| due.max(until))
        })
    }

    /// Returns the time until which no member is removed after a takeover, because members may still be reconnecting.
    pub fn guarded_until(&self, settings: &ClusterSettings) -> Option<Instant> {
        let guard = settings.lease.saturating_sub(Duration::from_secs(1));
        self.taken_over.map(|taken| taken + guard)
    }

    /// Returns the time until which a broadcast without members waits for edges that have viewers.
    pub fn viewers_awaited_until(&self, settings: &ClusterSettings) -> Option<Instant> {
        self.guarded_until(settings).filter(|_| self.awaits_viewers)
    }
}

impl Members {
    /// Marks the selected members that are present as absent since this time.
    pub fn note_absent(&mut self, which: impl Fn(&OwnedMember) -> bool, since: Instant) {
        for member in self.by_key.values_mut().filter(|member| which(member) && member.presence == Presence::Present) {
            member.presence = Presence::Absent(since);
            self.absences.schedule(since);
        }
    }

    /// Marks the members of a dead node as absent since its last lease renewal, `renewed`, at the latest.
    pub fn note_dead(&mut self, edge: BootId, renewed: Instant) {
        for member in self.values_mut().filter(|member| member.edge == edge) {
            member.presence = match member.presence {
                Presence::Absent(since) => Presence::Absent(since.min(renewed)),
                Presence::Present => Presence::Absent(renewed),
            };
        }
        self.absences.schedule(renewed);
    }

    /// Schedules the checks of all members that are absent at present.
    pub fn schedule_absences(&mut self) {
        self.absences.earliest = None;
        self.by_key.values().for_each(|member| self.absences.note(member.presence));
    }

    /// Returns the members that have been absent for too long. Returns none in the time after a takeover in which
    /// members may still be reconnecting.
    pub fn absent_for_too_long(&self, now: Instant, settings: &ClusterSettings) -> Vec<MemberKey> {
        if self.absences.guarded_until(settings).is_some_and(|until| now < until) {
            return Vec::new();
        }
        let is_over = |member: &&OwnedMember| match member.presence {
            Presence::Present => false,
            Presence::Absent(since) => now > since.max(self.absences.forgiven) + settings.heartbeat_timeout,
        };
        self.values().filter(is_over).map(OwnedMember::key).collect()
    }

    /// Returns whether no member is left. After a takeover, edges with viewers are waited for first.
    pub fn are_over(&self, now: Instant, settings: &ClusterSettings) -> bool {
        self.is_empty() && self.absences.viewers_awaited_until(settings).is_none_or(|until| now >= until)
    }

    /// Returns the earliest time at which an action on members is due.
    pub fn due(&self, now: Instant, settings: &ClusterSettings) -> Option<Instant> {
        let awaited = self.absences.viewers_awaited_until(settings).filter(|until| now < *until && self.is_empty());
        [self.absences.due(settings), self.confirm_due(), awaited].into_iter().flatten().min()
    }
}
