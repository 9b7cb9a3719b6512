//! Effects of an edge, and its messages to clients.

use bytestring::ByteString;

use roomcast_protocol::ack::{Role, RoomClosedReason};
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::ObjectId;

use crate::cluster::BootId;
use crate::hls::Change;
use crate::room::message::{AttachmentId, Delivery, JoinId, List, SignalRefusal, ToOwner};
use crate::room::{ConnectionId, DeliveryWatermark, HeartbeatState, Refusal};

/// An effect of a step. Effects are executed in order.
#[derive(Debug, Clone)]
pub enum EdgeEffect {
    /// Send a message to the owner.
    Send(BootId, AttachmentId, ToOwner),
    /// Send a message to a connection.
    Tell(ConnectionId, ToClient),
    /// Close a connection.
    Close(ConnectionId, CloseCode),
    /// Pause or resume reading from a connection.
    Read(ConnectionId, bool),
    /// Forget a connection, which has neither members nor waiting JOINs here.
    Forget(ConnectionId),
    /// Report a change of a broadcast or its media.
    Live(ObjectId, Change),
    /// Replace everything that is served of a broadcast.
    Everything(ObjectId, Vec<Change>),
    /// Answer an upload.
    Uploaded(u64, Result<(), Refusal>),
    /// Look the room up in the directory.
    Seek,
    /// Attach to this owner again, by [`Edge::attach_to`](super::Edge::attach_to).
    Reattach(BootId),
    /// Drop the edge, which is no longer needed.
    Release,
}

/// A message to a client, in the form in which the edge decides on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToClient {
    /// JOIN ack.
    Joined(Box<JoinAnswer>),
    /// Error ack of a JOIN.
    JoinRefused(JoinId, Refusal),
    /// A forwarded signal. If the client does not confirm sequence numbers, the signal counts as received once the
    /// watermark is raised.
    Deliver(Delivery, DeliveryWatermark),
    /// PUBLISH_LIST_CHANGED with its sequence number.
    List(List, u64, DeliveryWatermark),
    /// GAP.
    Gap(u64, u64),
    /// RESEND.
    Resend(u64),
    /// Error ack of a signal.
    Refused(Box<SignalRefusal>),
    /// Error ack 4002 of a signal or a heartbeat: the session is no member on this connection.
    NotMember,
    /// HEARTBEAT ack with the list, and with the confirmed number if the client numbers its signals. The first one
    /// contains the state with which the connection answers later heartbeats without the room.
    Heartbeat(List, Option<u64>, Option<HeartbeatState>),
    /// KICK with its sequence number.
    Kicked(u64, ByteString),
    /// ROOM_CLOSED.
    RoomClosed(RoomClosedReason),
}

impl ToClient {
    /// Returns the id of the JOIN that this message answers.
    #[must_use]
    pub fn join(&self) -> Option<JoinId> {
        match self {
            Self::Joined(answer) => Some(answer.id),
            Self::JoinRefused(id, _) => Some(*id),
            _ => None,
        }
    }
}

/// The answer to a JOIN that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinAnswer {
    /// The JOIN.
    pub id: JoinId,
    /// Whether the JOIN resumed a membership.
    pub resumed: bool,
    /// The last sequence number before the messages that follow.
    pub sequence: u64,
    /// The number up to which the client's signals are confirmed, if it numbers them.
    pub confirmed: Option<u64>,
    /// The role of the member.
    pub role: Role,
    /// The list of publishers.
    pub list: List,
}
