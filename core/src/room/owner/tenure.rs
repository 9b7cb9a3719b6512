//! The end of an ownership: the room has ended, or its node drains.

use roomcast_protocol::ack::RoomClosedReason;

use super::OwnerEffect;
use super::record::{Field, Value};
use crate::cluster::Ownership;
use crate::room::message::ToEdge;

/// Whether and how an ownership has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnershipEnd {
    No,
    /// The room is empty, or its grace period without a publisher has ended.
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

    /// Returns whether this ownership follows another one in the same life of the room.
    pub const fn is_takeover(&self) -> bool {
        self.ownership.term > self.ownership.life.created
    }

    /// Ends the room.
    pub const fn close(&mut self, reason: RoomClosedReason) {
        self.end = OwnershipEnd::Closed(reason);
    }

    /// Ends the ownership so that another node can take over the room.
    pub const fn drain(&mut self) {
        self.end = OwnershipEnd::Drained;
    }

    /// Requests the release of the room after its end, with these journal fields if the node drains.
    pub fn release(&self, fields: impl FnOnce() -> Vec<(Field, Value)>, out: &mut Vec<OwnerEffect>) {
        let keep = (self.end == OwnershipEnd::Drained).then(fields);
        out.push(OwnerEffect::Release(self.ownership, keep));
    }

    /// Returns the message that informs edges of the end.
    pub const fn farewell(&self) -> ToEdge {
        match self.end {
            OwnershipEnd::Closed(reason) => ToEdge::Closed(reason),
            OwnershipEnd::No | OwnershipEnd::Drained => ToEdge::NotOwner,
        }
    }
}
