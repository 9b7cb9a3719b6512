//! Members without a socket: since when, and until when they are waited for.

use std::time::Duration;

use super::member::{OwnedMember, Presence};
use super::members::Members;
use crate::cluster::ClusterSettings;
use crate::time::Instant;

/// The times by which absent members are removed.
#[derive(Debug, Default)]
pub(super) struct Absences {
    /// A time since when somebody may be absent; nobody is absent for longer.
    earliest: Option<Instant>,
    /// The last time at which all absences began anew.
    forgiven: Instant,
    taken_over: Option<Instant>,
}

impl Absences {
    /// Notes that the room was taken over, with nobody known to be present.
    pub fn begin_takeover(&mut self, now: Instant) {
        self.taken_over = Some(now);
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

    /// Lets a member be examined that is absent since then.
    pub fn schedule(&mut self, since: Instant) {
        self.earliest = Some(self.earliest.map_or(since, |earliest| earliest.min(since)));
    }

    /// Notes that some members have no socket since then, where they had one.
    pub fn note(&mut self, members: &mut Members, which: impl Fn(&OwnedMember) -> bool, since: Instant) {
        for member in members.values_mut().filter(|member| which(member)) {
            if member.presence == Presence::Present {
                member.presence = Presence::Absent(since);
                self.schedule(since);
            }
        }
    }

    /// Notes that a node is dead whose last sign of life is this old.
    pub fn note_dead(&mut self, members: &mut Members, which: impl Fn(&OwnedMember) -> bool, renewed: Instant) {
        for member in members.values_mut().filter(|member| which(member)) {
            member.presence = match member.presence {
                Presence::Absent(since) => Presence::Absent(since.min(renewed)),
                Presence::Present => Presence::Absent(renewed),
            };
        }
        self.schedule(renewed);
    }

    /// Forgets who is absent; all who are have to be noted again.
    pub const fn begin(&mut self) {
        self.earliest = None;
    }

    /// Notes who is absent at present.
    pub fn schedule_all(&mut self, members: &Members) {
        for member in members.values() {
            if let Presence::Absent(since) = member.presence {
                self.schedule(since);
            }
        }
    }

    /// Whether a member has been absent for too long.
    pub fn is_over(&self, now: Instant, settings: &ClusterSettings, member: &OwnedMember) -> bool {
        match member.presence {
            Presence::Present => false,
            Presence::Absent(since) => now > since.max(self.forgiven) + settings.heartbeat_timeout,
        }
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
}
