//! A member at its owner: its stay, its tokens, the next number of its signals, and what it has not confirmed.

use std::collections::BTreeMap;

use roomcast_protocol::signal::{MemberKey, Session};

use super::backlog::Backlog;
use crate::cluster::BootId;
use crate::room::Credentials;
use crate::room::message::{JoinId, StayRef};
use crate::room::owner::record::ResumeTokens;
use crate::time::Instant;

/// Presence of a member at its edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It has a live socket at its edge.
    Present,
    /// Its connection has been gone since this time.
    Absent(Instant),
}

#[derive(Debug, Clone)]
pub(super) struct OwnedMember {
    pub session: Session,
    pub media: (bool, bool),
    /// Whether it numbers its signals; its edge numbers them otherwise.
    pub numbers: bool,
    /// Whether it confirms sequence numbers; what is written to its socket counts otherwise.
    pub confirms: bool,
    pub tokens: ResumeTokens,
    /// The part of its access token that the room needs, where the server wants one.
    pub credentials: Option<Box<Credentials>>,
    pub edge: BootId,
    pub stay: u64,
    /// The JOIN that began its stay, and whether it met a member.
    pub join: JoinId,
    pub resumed: bool,
    /// The number below the first sequence number of its membership: a client that names a lower one speaks of an
    /// earlier membership.
    pub first: u64,
    /// Whether it was heard since its first JOIN, so that it knows of its membership.
    pub heard: bool,
    /// Whether its first JOIN asked for a new room.
    pub created: bool,
    /// Whether the journal has this stay, so that its edge may be told.
    pub committed: bool,
    pub presence: Presence,
    /// The next number that is accepted of it.
    pub expected: u64,
    /// Signals of it that are not safe yet: how many recipients or journal writes hold each number.
    pub held: BTreeMap<u64, u32>,
    /// The confirmation that its edge was told.
    pub told: u64,
    pub backlog: Backlog,
}

impl OwnedMember {
    pub fn key(&self) -> MemberKey {
        self.session.key()
    }

    pub fn stay_ref(&self) -> StayRef {
        StayRef { member: self.key(), stay: self.stay }
    }

    /// Notes a sign of life on the present connection: the client has the answer to its JOIN.
    pub fn hear(&mut self) {
        self.heard = true;
        self.tokens.former = None;
    }

    /// The number up to which nothing that it said can be lost any more.
    pub fn confirmed(&self) -> u64 {
        self.held.keys().next().copied().unwrap_or(self.expected).saturating_sub(1)
    }

    pub fn hold(&mut self, n: u64) {
        *self.held.entry(n).or_default() += 1;
    }

    pub fn release(&mut self, n: u64) {
        if let Some(count) = self.held.get_mut(&n) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&n);
            }
        }
    }
}
