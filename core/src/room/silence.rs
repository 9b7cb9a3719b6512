//! When to look for silence: one entry per member, moved only when its time has come.
//!
//! A heartbeat does not touch the queue. An entry that comes up is either a member that has been heard since,
//! and is watched from then on, or one that has really been silent. So the work is a few steps per member and
//! timeout, however often members are heard.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use roomcast_protocol::signal::MemberKey;

use super::Room;
use super::effect::Effect;
use crate::time::Instant;

/// Members by the moment at which to look for them.
#[derive(Debug, Default)]
pub(super) struct Silence(BinaryHeap<Reverse<(Instant, MemberKey)>>);

impl Silence {
    pub fn watch(&mut self, when: Instant, key: MemberKey) {
        self.0.push(Reverse((when, key)));
    }

    /// When the first member has to be looked for.
    pub fn due(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((due, _))| *due)
    }

    fn pop(&mut self) -> Option<MemberKey> {
        self.0.pop().map(|Reverse((_, key))| key)
    }
}

impl Room {
    /// The first moment at which a member that is not heard any more has been silent for more than the timeout.
    pub(super) fn expiry(&self, heard: Instant) -> Instant {
        heard + self.settings.heartbeat_timeout + Duration::from_millis(1)
    }

    /// Removes who has been silent for too long.
    pub(super) fn remove_silent(&mut self, now: Instant, out: &mut Vec<Effect>) {
        // Entries of the near future are moved on as well: the room need not be woken for each of them.
        let horizon = now + self.settings.heartbeat_timeout / 8;
        while let Some(Reverse((due, key))) = self.silence.0.peek().filter(|Reverse((due, _))| *due <= horizon) {
            let heard = self.members.get(key).filter(|member| member.watched == *due).map(|member| member.last_heard);
            let expiry = heard.map(|heard| self.expiry(heard));
            if expiry == Some(*due) && now < *due {
                return;
            }
            let due = *due;
            let Some(key) = self.silence.pop() else { return };
            match expiry {
                Some(expiry) if expiry > due => self.watch(expiry, key),
                Some(_) => self.remove(now, &key, false, out),
                // The member went, or is watched anew after it came back.
                None => {}
            }
        }
    }

    pub(super) fn watch(&mut self, when: Instant, key: MemberKey) {
        if let Some(member) = self.members.get_mut(&key) {
            member.watched = when;
            self.silence.watch(when, key);
        }
    }
}
