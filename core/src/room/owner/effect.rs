//! A step of an owner: its time and authority, and its effects.

use bytestring::ByteString;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, UserId};
use roomcast_protocol::signal::SignalKind;

use super::record::{Field, Value, Write};
use crate::cluster::Ownership;
use crate::hls::Change;
use crate::room::message::{AttachmentId, SignalRefusal, StayRef, ToEdge};
use crate::room::{Refusal, refuse};
use crate::time::Instant;

/// The time and authority of one step.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// The present time of this node.
    pub now: Instant,
    /// The present time of Redis, by which kicks and grace periods of the room end.
    pub shared: Instant,
    /// Whether the lease of this node is fresh.
    pub fresh: bool,
}

impl Turn {
    /// Decisions about members need a lease that cannot have expired.
    pub(super) fn check_fresh(self) -> Result<(), Refusal> {
        match self.fresh {
            true => Ok(()),
            false => refuse(AckCode::Unavailable, "the server has lost its connection to the other nodes; try again"),
        }
    }
}

/// An effect of a step, to be carried out in order.
#[derive(Debug, Clone)]
pub enum OwnerEffect {
    /// Send a message to an edge.
    Send(AttachmentId, ToEdge),
    /// Assert the ownership; the answer comes by [`Owner::on_asserted`](super::Owner::on_asserted).
    Assert(Ownership),
    /// Write to the journal; the answer comes by [`Owner::on_journaled`](super::Owner::on_journaled).
    Write(Write),
    /// Release the room, with its fields where it drains; repeated until
    /// [`Owner::on_released`](super::Owner::on_released).
    Release(Ownership, Option<Vec<(Field, Value)>>),
    /// A broadcast or its media changed.
    Live(ObjectId, Change),
    /// Exactly this is served of a broadcast from now on.
    Everything(ObjectId, Vec<Change>),
    /// Revoke the tokens of a user in this room; a failure comes by
    /// [`Owner::on_not_revoked`](super::Owner::on_not_revoked).
    Revoke(Box<KickRevocation>),
    /// The room is owned by another node: drop it, and let the edge look it up.
    Fenced,
}

/// The revocation that the kick of a moderator demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KickRevocation {
    /// The subject whose tokens are revoked in this room.
    pub user: UserId,
    pub(super) by: StayRef,
    pub(super) n: u64,
    pub(super) message: ByteString,
}

impl KickRevocation {
    /// The stay of the moderator, and what it is told where tokens are not revoked, or not on all nodes; the kick counts.
    pub(super) fn refused(self, Refusal { code, reason }: Refusal) -> (StayRef, SignalRefusal) {
        let Self { by, n, message, .. } = self;
        (by, SignalRefusal { n, kind: SignalKind::Kick, code, reason, message })
    }
}
