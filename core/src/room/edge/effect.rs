//! Effects of an edge, and its messages to clients.

use bytestring::ByteString;

use roomcast_protocol::ack::{Role, RoomClosedReason};
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::ObjectId;

use crate::cluster::BootId;
use crate::hls::Change;
use crate::room::message::{AttachmentId, Delivery, JoinId, List, SignalRefusal, ToOwner};
use crate::room::{ConnectionId, DeliveryWatermark, HeartbeatState, Refusal};

/// An effect of a step, to be carried out in order.
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
    /// Forget a connection: it has no member here any more, and no JOIN of it waits.
    Forget(ConnectionId),
    /// A broadcast or its media changed.
    Live(ObjectId, Change),
    /// Exactly this is served of a broadcast from now on.
    Everything(ObjectId, Vec<Change>),
    /// Answer an upload.
    Uploaded(u64, Result<(), Refusal>),
    /// Look the room up in the directory.
    Seek,
    /// Attach to this owner again, by [`Edge::attach_to`](super::Edge::attach_to).
    Reattach(BootId),
    /// Nothing of the room is here any more: drop the edge.
    Release,
}

/// A message to a client, as far as the edge decides on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToClient {
    /// JOIN ack.
    Joined(Box<JoinAnswer>),
    /// Error ack of a JOIN.
    JoinRefused(JoinId, Refusal),
    /// A forwarded signal. It counts as had once the watermark is noted, where the client does not say what it has.
    Deliver(Delivery, DeliveryWatermark),
    /// PUBLISH_LIST_CHANGED with its sequence number.
    List(List, u64, DeliveryWatermark),
    /// GAP.
    Gap(u64, u64),
    /// RESEND.
    Resend(u64),
    /// Error ack of a signal.
    Refused(Box<SignalRefusal>),
    /// Error ack 4002 of a signal or a heartbeat: no member of this session is here on this connection.
    NotMember,
    /// HEARTBEAT ack with the list, and with the confirmed number where the client numbers. With the first one the
    /// connection gets what it needs to answer the next by itself.
    Heartbeat(List, Option<u64>, Option<HeartbeatState>),
    /// KICK with its sequence number.
    Kicked(u64, ByteString),
    /// ROOM_CLOSED.
    RoomClosed(RoomClosedReason),
}

impl ToClient {
    /// The JOIN that it answers.
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
    /// Whether a member came back.
    pub resumed: bool,
    /// The last sequence number before what follows.
    pub sequence: u64,
    /// The number up to which the client's signals are confirmed, where it numbers.
    pub confirmed: Option<u64>,
    /// The role of the member.
    pub role: Role,
    /// The list of publishers.
    pub list: List,
}
