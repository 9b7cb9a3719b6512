//! What a room's actor can be told.

use actix::Message;
use bytes::Bytes;

use roomcast_core::room::{ConnectionId, News, Refusal, Welcome};
use roomcast_core::time::UnixTime;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::Signal;

use super::joined::Attempt;
use super::outbox::Outbox;

/// What became of a `JOIN` that reached a room.
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
    pub attempt: Attempt,
    pub signal: Signal,
    pub welcome: Welcome,
}

/// Any other signal, with the way back to its sender: who is no member any more is still told so.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RoomSignal {
    pub connection: ConnectionId,
    pub outbox: Outbox,
    pub signal: Signal,
}

/// A connection is gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Disconnected {
    pub connection: ConnectionId,
}

/// Asks whether an ingest token is good for the room's broadcast.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Refusal>")]
pub struct CheckToken {
    pub token: String,
}

/// Asks whether a user could publish in the room as in a broadcast.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Refusal>")]
pub struct MayBroadcast {
    pub user: UserId,
}

/// A data signal.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Refusal>")]
pub struct Ingest {
    pub token: String,
    pub payload: Payload,
    /// When it came.
    pub received: UnixTime,
}

/// What another node did.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Heard(pub News);

/// A change of one of the room's broadcasts that came in through another node.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Live(pub Bytes);

/// Messages of other nodes may be missing: the room is to be compared with what all share.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct ResetRoom;

/// Somebody on this node reads or uploads a broadcast of the room. Says whether there is such a room.
#[derive(Debug, Message)]
#[rtype(result = "bool")]
pub struct Observe;
