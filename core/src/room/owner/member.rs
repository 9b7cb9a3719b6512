//! A member at its owner: its stay, its tokens, the next expected number of its signals, and the messages it has not
//! confirmed.

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
    /// Whether the client numbers its signals; otherwise its edge does.
    pub numbers: bool,
    /// Whether the client confirms sequence numbers; otherwise messages count as received once written to its socket.
    pub confirms: bool,
    pub tokens: ResumeTokens,
    /// The part of its access token that the room needs, if the server requires tokens.
    pub credentials: Option<Box<Credentials>>,
    pub edge: BootId,
    pub stay: u64,
    /// The JOIN that began its stay.
    pub join: JoinId,
    pub resumed: bool,
    /// The number below the first sequence number of its membership. A client that names a lower one refers to an
    /// earlier membership.
    pub first: u64,
    /// Whether the client has sent anything since its first JOIN, which shows that it knows of its membership.
    pub heard: bool,
    /// Whether its first JOIN asked to create the room.
    pub created: bool,
    /// Whether the journal holds this stay, so that the edge may be informed.
    pub committed: bool,
    pub presence: Presence,
    /// The number of the next signal that is accepted from the member.
    pub expected: u64,
    /// Signals of the member that may still be lost: by number, the count of recipients or journal writes that each
    /// waits for.
    pub held: BTreeMap<u64, u32>,
    /// The confirmed number that was last sent to its edge.
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

    /// Records activity on the present connection, which shows that the client received the answer to its JOIN.
    pub fn hear(&mut self) {
        self.heard = true;
        self.tokens.former = None;
    }

    /// Returns the number up to which no signal of the member can be lost any more.
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
