//! Messages between an edge and the owner of its room. Each contains the id of the attachment in which it was sent.

mod recipient;
mod signal;
mod token;

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};

use roomcast_protocol::ack::{Role, RoomClosedReason};
use roomcast_protocol::id::{ObjectId, RoomId, UserId};
use roomcast_protocol::signal::{MemberKey, Recipient, RoomType, Session};

use super::streams::{KnownStream, StreamUpdate, Upload};
use crate::cluster::{BootId, Life};
use crate::room::Credentials;
use crate::room::Refusal;
use crate::time::Instant;
pub use signal::{Action, NumberedSignal, Signal, SignalRefusal, SignalText};
pub use token::{Token, token_hash};

/// The id of an attachment: the state that an edge and an owner share about one room from one `Attach` to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttachmentId {
    /// The node of the edge.
    pub edge: BootId,
    /// A number that rises with each attachment of that node.
    pub counter: u64,
}

/// The id of a JOIN. A repetition with the same id gets the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JoinId {
    /// The node of the edge.
    pub edge: BootId,
    /// A number that rises with each JOIN on that node.
    pub counter: u64,
}

/// The id of a stay: the time for which a session is a member on one connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StayRef {
    /// The session.
    pub member: MemberKey,
    /// The number of the stay.
    pub stay: u64,
}

impl StayRef {
    /// Returns the stay of a viewer that an edge admitted without the owner. Its number, 0, is below all numbers that
    /// owners assign.
    #[must_use]
    pub const fn of_viewer(member: MemberKey) -> Self {
        Self { member, stay: 0 }
    }

    /// Returns whether only an edge knows the stay.
    #[must_use]
    pub const fn is_of_viewer(&self) -> bool {
        self.stay == 0
    }
}

/// A message about one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room.
    pub room: RoomId,
    /// The attachment in which it was sent.
    pub attachment: AttachmentId,
    /// The content.
    pub body: Body,
}

/// The content of a message, by direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// From an edge to the owner.
    ToOwner(ToOwner),
    /// From the owner to an edge.
    ToEdge(ToEdge),
}

/// From an edge to the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToOwner {
    /// Begins an attachment.
    Attach(Box<Attach>),
    /// Ends an attachment, or reports that the edge is not attached.
    Detach,
    /// A JOIN that waits for an answer.
    Join(Box<JoinRequest>),
    /// A signal from a member.
    Signal(StayRef, NumberedSignal),
    /// The credentials of a member's new token.
    Renewed(StayRef, Box<Credentials>),
    /// Activity of a member on its present connection.
    Alive(StayRef),
    /// The last sequence number that a member confirmed.
    Had(StayRef, u64),
    /// The last sequence number written to the socket of a member that does not confirm sequence numbers.
    Written(StayRef, u64),
    /// Reports that a member has no live socket any more, with the time since its last activity.
    Absent(StayRef, Duration),
    /// Whether the edge has viewers that it admitted without the owner.
    Viewers(bool),
    /// An upload, whose media is stored already.
    Upload(Box<Upload>),
}

/// A JOIN as the owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The id of the JOIN.
    pub id: JoinId,
    /// The session.
    pub session: Session,
    /// The requested type of room.
    pub room_type: RoomType,
    /// Whether the room is to be created.
    pub creating: bool,
    /// Video and audio enabled.
    pub media: (bool, bool),
    /// `op.n`: the number below the lowest signal that the client keeps; `None` if the client does not number its
    /// signals.
    pub numbers_above: Option<u64>,
    /// `op.resumeFrom`: the last sequence number that the client received.
    pub resume_from: Option<u64>,
    /// The resume token that the client presented. An empty token states that the client supports resume tokens.
    pub brought: Option<Token>,
    /// The resume token that the answer issues.
    pub given: Token,
    /// The ingest token that the answer issues to a publisher of a broadcast, and its expiry by the time of Redis.
    pub ingest: Option<(Token, Instant)>,
    /// The stay that the session already has on the connection of this JOIN.
    pub holds: Option<u64>,
    /// The credentials of the client, if the server requires tokens.
    pub credentials: Option<Box<Credentials>>,
}

/// The state of an edge about a room, with which the owner synchronizes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attach {
    /// The life that the edge knows; `None` before the first `Attached`.
    pub life: Option<Life>,
    /// The version of the list that was sent to members here.
    pub list: (u64, u64),
    /// The members with a stay here, including those that are leaving.
    pub members: Vec<AttachedMember>,
    /// The streams of which the edge has copies.
    pub streams: Vec<KnownStream>,
    /// Whether the edge has viewers that it admitted without the owner.
    pub viewers: bool,
}

/// One member in an `Attach`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedMember {
    /// The membership.
    pub stay: StayRef,
    /// The last sequence number that was written to its socket.
    pub written: u64,
    /// The last sequence number that it is known to have received.
    pub had: u64,
    /// Whether it confirms sequence numbers.
    pub confirms: bool,
    /// Whether it numbers its signals.
    pub numbers: bool,
    /// The number up to which the owner has seen its signals, as far as the edge knows.
    pub n: u64,
    /// Whether its LEAVE has not been received by the owner yet.
    pub leaving: bool,
    /// The time since its last activity, if it has no live socket.
    pub absent: Option<Duration>,
    /// The credentials of its newest token, if it differs from the token of its JOIN.
    pub renewed: Option<Box<Credentials>>,
}

/// From the owner to an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToEdge {
    /// Answers `Attach`.
    Attached(Box<Attached>),
    /// Reports that the node does not own the room (any more), so that the edge looks it up again.
    NotOwner,
    /// Reports that the room has ended.
    Closed(RoomClosedReason),
    /// Requests that the edge attaches again.
    Again,
    /// Answers a JOIN that was accepted.
    Joined(Box<Joined>),
    /// Answers a JOIN that was refused.
    JoinRefused(JoinId, Refusal),
    /// Reports that a later JOIN of the same session superseded one that was not answered yet.
    JoinSuperseded(JoinId),
    /// A signal for a member.
    Deliver(StayRef, Delivery),
    /// The first and the last of sequence numbers that a member cannot receive any more.
    Gap(StayRef, u64, u64),
    /// The list of publishers, for these stays of the edge, each with its sequence number.
    List(List, Vec<(u64, u64)>),
    /// The number up to which no signal of a member can be lost any more.
    Confirmed(StayRef, u64),
    /// The refusal of a member's signal.
    Refused(StayRef, Box<SignalRefusal>),
    /// Ends a stay; its socket is closed or notified.
    EndStay(StayRef, StayEnd),
    /// Kicks the viewers that the recipient names with a signal of this text. Their user is refused for this duration.
    Kicked(#[serde(with = "recipient::TaggedRecipient")] Recipient, Duration, ByteString),
    /// An update of a stream.
    Stream(Box<StreamUpdate>),
    /// Answers an upload.
    Uploaded(u64, Result<(), Refusal>),
}

/// The answer to `Attach`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The owner's term.
    pub term: u64,
    /// The life of the room.
    pub life: Life,
    /// The type of the room.
    pub room_type: RoomType,
    /// The list of publishers. It is sent to members in separate messages with their sequence numbers.
    pub list: List,
    /// Updates for the streams that the edge lacks or holds incompletely.
    pub streams: Vec<StreamUpdate>,
    /// The users that a broadcast refuses, in the order in which their kicks end, each with the remaining time.
    pub kicks: Vec<(UserId, Duration)>,
}

/// The answer to a JOIN that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The JOIN.
    pub id: JoinId,
    /// The new stay.
    pub stay: StayRef,
    /// Whether the JOIN resumed a membership.
    pub resumed: bool,
    /// The sequence number after which all messages are sent.
    pub sequence: u64,
    /// The last sequence number that was assigned for the member.
    pub last: u64,
    /// The number up to which the member's own signals are confirmed.
    pub confirmed: u64,
    /// The list of publishers.
    pub list: List,
}

/// A signal as sent to its recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The recipient's sequence number.
    pub sq: u64,
    /// The sender and its stay.
    pub from: StayRef,
    /// Whether the sending client numbers its signals.
    pub numbered: bool,
    /// The sender's number.
    pub n: u64,
    /// The `data` object of the signal.
    pub text: ByteString,
}

/// The list of publishers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct List {
    /// The version as (term, version). It rises with each change, across all owners.
    pub version: (u64, u64),
    /// The publishers, oldest first.
    pub publishers: Arc<Vec<Listed>>,
    /// The broadcasts that play live.
    pub playing: Arc<Vec<ObjectId>>,
}

impl List {
    /// Returns the role of a member.
    #[must_use]
    pub fn role(&self, key: &MemberKey) -> Role {
        match self.publishers.iter().position(|listed| listed.session.key() == *key) {
            Some(0) => Role::Admin,
            Some(_) => Role::Publisher,
            None => Role::Viewer,
        }
    }
}

/// A publisher as visible to all members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The session.
    pub session: Session,
    /// Video enabled.
    pub video: bool,
    /// Audio enabled.
    pub audio: bool,
    /// The name in its access token.
    pub name: Option<String>,
}

/// The reason why a stay has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StayEnd {
    /// A later stay of the session has replaced it (close code 4000).
    TakenOver,
    /// The room does not know the stay (close code 1012).
    Unknown,
    /// The member was kicked by a signal with this sequence number and text.
    Kicked(u64, ByteString),
}
