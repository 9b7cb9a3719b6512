//! Types of an owner's step: its time, its authority and its effects.

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
    /// The present time of Redis, which determines when kicks and grace periods of the room end.
    pub shared: Instant,
    /// Whether the lease of this node is fresh.
    pub fresh: bool,
}

impl Turn {
    /// Checks that the lease is fresh, as decisions about members require.
    pub(super) fn check_fresh(self) -> Result<(), Refusal> {
        match self.fresh {
            true => Ok(()),
            false => refuse(AckCode::Unavailable, "the server has lost its connection to the other nodes; try again"),
        }
    }
}

/// An effect of a step. Effects are executed in order.
#[derive(Debug, Clone)]
pub enum OwnerEffect {
    /// Send a message to an edge.
    Send(AttachmentId, ToEdge),
    /// Assert the ownership; the answer is passed to [`Owner::on_asserted`](super::Owner::on_asserted).
    Assert(Ownership),
    /// Write to the journal; the answer is passed to [`Owner::on_journaled`](super::Owner::on_journaled).
    Write(Write),
    /// Release the room, with its journal fields if the node drains; repeated until
    /// [`Owner::on_released`](super::Owner::on_released).
    Release(Ownership, Option<Vec<(Field, Value)>>),
    /// Report a change of a broadcast or its media.
    Live(ObjectId, Change),
    /// Replace everything that is served of a broadcast.
    Everything(ObjectId, Vec<Change>),
    /// Revoke the tokens of a user in this room; a failure is reported to
    /// [`Owner::on_not_revoked`](super::Owner::on_not_revoked).
    Revoke(Box<KickRevocation>),
    /// Drop the room and let the edge look it up, because another node owns it.
    Fenced,
}

/// A token revocation that a moderator's kick requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KickRevocation {
    /// The subject whose tokens are revoked in this room.
    pub user: UserId,
    pub(super) by: StayRef,
    pub(super) n: u64,
    pub(super) message: ByteString,
}

impl KickRevocation {
    /// Returns the stay of the moderator and the refusal to send to it if tokens are not revoked, or not on all nodes.
    /// The kick itself remains in effect.
    pub(super) fn refused(self, Refusal { code, reason }: Refusal) -> (StayRef, SignalRefusal) {
        let Self { by, n, message, .. } = self;
        (by, SignalRefusal { n, kind: SignalKind::Kick, code, reason, message })
    }
}
