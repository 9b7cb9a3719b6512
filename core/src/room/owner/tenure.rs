//! The end of an ownership: the room is over, or its node drains.

use roomcast_protocol::ack::RoomClosedReason;

use super::OwnerEffect;
use super::record::{Field, Value};
use crate::cluster::Ownership;
use crate::room::message::ToEdge;

/// The progress of the end of an ownership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnershipEnd {
    No,
    /// Nobody is left, or the wait for a publisher is over.
    Closed(RoomClosedReason),
    /// The node drains.
    Drained,
}

/// An ownership and its end.
#[derive(Debug)]
pub(super) struct Tenure {
    pub ownership: Ownership,
    end: OwnershipEnd,
}

impl Tenure {
    pub const fn new(ownership: Ownership) -> Self {
        Self { ownership, end: OwnershipEnd::No }
    }

    pub fn has_ended(&self) -> bool {
        self.end != OwnershipEnd::No
    }

    /// Whether it follows another ownership of the same life.
    pub const fn is_takeover(&self) -> bool {
        self.ownership.term > self.ownership.life.created
    }

    /// Ends the room.
    pub const fn close(&mut self, reason: RoomClosedReason) {
        self.end = OwnershipEnd::Closed(reason);
    }

    /// Ends the ownership so that another node takes the room.
    pub const fn drain(&mut self) {
        self.end = OwnershipEnd::Drained;
    }

    /// Releases the room once it has ended, with these fields where the node drains.
    pub fn release(&self, fields: impl FnOnce() -> Vec<(Field, Value)>, out: &mut Vec<OwnerEffect>) {
        let keep = (self.end == OwnershipEnd::Drained).then(fields);
        out.push(OwnerEffect::Release(self.ownership, keep));
    }

    /// The message by which edges are told of the end.
    pub const fn farewell(&self) -> ToEdge {
        match self.end {
            OwnershipEnd::Closed(reason) => ToEdge::Closed(reason),
            OwnershipEnd::No | OwnershipEnd::Drained => ToEdge::NotOwner,
        }
    }
}
