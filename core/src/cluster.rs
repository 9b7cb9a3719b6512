//! The state on which several nodes agree: the living nodes, the owner of each room, and the packets that have arrived.
//!
//! Every part is a state machine without I/O: time, random numbers and the answers of Redis are arguments.
//!
//! - [`Directory`](directory::Directory) is the reference of the scripts that run in Redis: leases with fencing terms,
//!   compare-and-set of a room's ownership, and the journal of each room.
//! - [`Lease`](lease::Lease) decides whether this node may still act as an owner, and whether the absence of members
//!   must be excused because Redis was unavailable.
//! - [`Peer`](peers::Peer) numbers and acknowledges packets to one other node, and detects loss. It retransmits nothing.
//! - [`next_step`](ownership::next_step) decides the next step of a node after the directory's answer about a room.
//!
//! This module contains no rules of rooms; [`room`](crate::room) is built on it.

pub mod directory;
pub mod lease;
pub mod ownership;
pub mod peers;
pub mod settings;

use serde::{Deserialize, Serialize};

pub use settings::{ClusterSettings, Mutation};

/// A random number that identifies one run of a node; replaced at each start and whenever the node was declared dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BootId(pub u64);

/// One existence of a room name. Takeovers do not change it; a name that is used again gets another life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Life {
    /// The term in which the room was created: the time of Redis in milliseconds, or one above the term before.
    pub created: u64,
    /// Distinguishes two lives created in the same millisecond by two masters.
    pub random: u64,
}

impl Life {
    /// Returns the number below the first one that an owner of this term may assign to signals (`sq`) and to stays.
    ///
    /// Each owner has its own range: 2^10 numbers for each millisecond of its term.
    #[must_use]
    pub const fn first_number(self, term: u64) -> u64 {
        term.saturating_sub(self.created) << 10
    }
}

/// The entry of a room in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// The life of the room that is owned.
    pub life: Life,
    /// The fencing token: rises with every change of the owner.
    pub term: u64,
    /// The node on which the room's rules are executed; `None` after a drain.
    pub owner: Option<BootId>,
}

impl Ownership {
    /// Returns whether this ownership takes precedence over another one of the same life.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.term, self.owner) > (other.term, other.owner)
    }
}
