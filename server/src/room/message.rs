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

/// Outcome of a `JOIN` that reached a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered,
    /// The room is over; ask for it anew.
    Gone,
}

/// A `JOIN`, with the way back to its sender.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Outcome")]
pub struct JoinRoom {
    pub connection: ConnectionId,
    pub outbox: Outbox,
    pub sequence: JoinSequence,
    pub signal: Signal,
    pub grant: JoinGrant,
}

/// Any other signal, with the way back to its sender: who is no member any more is still told so.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RoomSignal {
    pub connection: ConnectionId,
    pub outbox: Outbox,
    pub signal: Signal,
}

/// A signal that the session refused, as it is no legal one; its number is used up.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RefusedSignal {
    pub connection: ConnectionId,
    pub kind: SignalKind,
    pub numbered: RefusedNumber,
}

/// A connection has another token.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Renewed {
    pub connection: ConnectionId,
    pub permit: Arc<Permit>,
}

/// The tokens of a kicked user are not revoked, or not on all nodes.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct NotRevoked {
    pub revocation: Box<KickRevocation>,
    pub refusal: Refusal,
}

/// A connection is gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Disconnected {
    pub connection: ConnectionId,
}

/// Asks whether a user could publish in the room as in a broadcast.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Refusal>")]
pub struct MayBroadcast {
    pub user: UserId,
}

/// An upload, whose media is stored already; without an entry it asks whether the uploader may upload.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Refusal>")]
pub struct Upload {
    pub by: Uploader,
    pub entry: Option<UploadEntry>,
}

/// Somebody plays a broadcast of the room here. Answered once its owner is found, or nobody owns it.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Play;
