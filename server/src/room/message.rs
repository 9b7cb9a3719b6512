//! Messages to a room's actor.

use std::sync::Arc;

use actix::Message;

use roomcast_core::hls::UploadEntry;
use roomcast_core::room::owner::KickRevocation;
use roomcast_core::room::streams::Uploader;
use roomcast_core::room::{ConnectionId, JoinGrant, Refusal};
use roomcast_protocol::access::Permit;
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{RefusedNumber, Signal, SignalKind};

use super::joined::JoinSequence;
use super::outbox::Outbox;

/// The outcome of a `JOIN` that reached a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The room handles the JOIN.
    Answered,
    /// The room has ended; the sender must look it up again.
    Gone,
}

/// A `JOIN`, with the outbox of its sender.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Outcome")]
pub struct JoinRoom {
    pub connection: ConnectionId,
    pub outbox: Outbox,
    pub sequence: JoinSequence,
    pub signal: Signal,
    pub grant: JoinGrant,
}

/// Any other signal, with the outbox of its sender, so that a sender that is no member any more can be notified.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RoomSignal {
    pub connection: ConnectionId,
    pub outbox: Outbox,
    pub signal: Signal,
}

/// An invalid signal that the session has refused. Its number counts as used.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RefusedSignal {
    pub connection: ConnectionId,
    pub kind: SignalKind,
    pub numbered: RefusedNumber,
}

/// A new token of a connection.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Renewed {
    pub connection: ConnectionId,
    pub permit: Arc<Permit>,
}

/// Reports that the tokens of a kicked user were not revoked, or not on all nodes.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct NotRevoked {
    pub revocation: Box<KickRevocation>,
    pub refusal: Refusal,
}

/// Reports that a connection is gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Disconnected {
    pub connection: ConnectionId,
}

/// Asks whether a user could publish in the room as a broadcast.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Refusal>")]
pub struct MayBroadcast {
    pub user: UserId,
}

/// An upload whose media is already stored. Without an entry, it only asks whether the uploader may upload.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Refusal>")]
pub struct Upload {
    pub by: Uploader,
    pub entry: Option<UploadEntry>,
}

/// Reports that a player requested a broadcast of the room here. Answered once the owner is found or it is known that
/// there is none.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Play;
