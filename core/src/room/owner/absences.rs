//! Members without a socket: since when, and until when they are waited for.

use std::time::Duration;

use roomcast_protocol::signal::MemberKey;

use super::member::{OwnedMember, Presence};
use super::members::Members;
use crate::cluster::{BootId, ClusterSettings};
use crate::time::Instant;

/// The times by which absent members are removed.
#[derive(Debug, Default)]
pub(super) struct Absences {
    /// A time since when somebody may be absent; nobody is absent for longer.
    earliest: Option<Instant>,
    /// The last time at which all absences began anew.
    forgiven: Instant,
    taken_over: Option<Instant>,
    /// Whether edges with viewers may be on their way after a takeover.
    awaits_viewers: bool,
}

impl Absences {
    /// Notes that the room was taken over, with nobody known to be present, and whether edges may have viewers.
    pub fn begin_takeover(&mut self, now: Instant, awaits_viewers: bool) {
        (self.taken_over, self.awaits_viewers) = (Some(now), awaits_viewers);
        self.schedule(now);
    }

    /// Notes that there was no takeover: the room was created here.
    pub const fn forget_takeover(&mut self) {
        self.taken_over = None;
    }

    /// Begins all absences anew.
    pub const fn forgive(&mut self, now: Instant) {
        self.forgiven = now;
    }

    /// Lets a member be examined, if it is absent.
    pub fn note(&mut self, presence: Presence) {
        if let Presence::Absent(since) = presence {
            self.schedule(since);
        }
    }

    /// Lets a member be examined that is absent since then.
    fn schedule(&mut self, since: Instant) {
        self.earliest = Some(self.earliest.map_or(since, |earliest| earliest.min(since)));
    }

    /// The time at which the first member may have been absent for too long.
    pub fn due(&self, settings: &ClusterSettings) -> Option<Instant> {
        self.earliest.map(|since| {
            let due = since.max(self.forgiven) + settings.heartbeat_timeout + Duration::from_millis(1);
            self.guarded_until(settings).map_or(due, |until| due.max(until))
        })
    }

    /// The time until which nobody is removed after a takeover: members may still be on their way back.
    pub fn guarded_until(&self, settings: &ClusterSettings) -> Option<Instant> {
        let guard = settings.lease.saturating_sub(Duration::from_secs(1));
        self.taken_over.map(|taken| taken + guard)
    }

    /// The time until which a broadcast without members waits for edges that have viewers.
    pub fn viewers_awaited_until(&self, settings: &ClusterSettings) -> Option<Instant> {
        self.guarded_until(settings).filter(|_| self.awaits_viewers)
    }
}

impl Members {
    /// Notes that some members have no socket since then, where they had one.
    pub fn note_absent(&mut self, which: impl Fn(&OwnedMember) -> bool, since: Instant) {
        for member in self.by_key.values_mut().filter(|member| which(member) && member.presence == Presence::Present) {
            member.presence = Presence::Absent(since);
            self.absences.schedule(since);
        }
    }

    /// Notes that a node is dead whose last sign of life is this old.
    pub fn note_dead(&mut self, edge: BootId, renewed: Instant) {
        for member in self.values_mut().filter(|member| member.edge == edge) {
            member.presence = match member.presence {
                Presence::Absent(since) => Presence::Absent(since.min(renewed)),
                Presence::Present => Presence::Absent(renewed),
            };
        }
        self.absences.schedule(renewed);
    }

    /// Notes who is absent at present.
    pub fn schedule_absences(&mut self) {
        self.absences.earliest = None;
        self.by_key.values().for_each(|member| self.absences.note(member.presence));
    }

    /// The members that have been absent for too long. After a takeover they may still be on their way back.
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

    /// Whether nobody is left. After a takeover edges with viewers may still be on their way.
    pub fn are_over(&self, now: Instant, settings: &ClusterSettings) -> bool {
        self.is_empty() && self.absences.viewers_awaited_until(settings).is_none_or(|until| now >= until)
    }

    /// The first time at which something is to be done about members.
    pub fn due(&self, now: Instant, settings: &ClusterSettings) -> Option<Instant> {
        let awaited = self.absences.viewers_awaited_until(settings).filter(|until| now < *until && self.is_empty());
        [self.absences.due(settings), self.confirm_due(), awaited].into_iter().flatten().min()
    }
}
