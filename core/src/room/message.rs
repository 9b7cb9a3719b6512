//! Messages between an edge and the owner of its room. Each names the attachment in which it was sent.

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

/// Identifies what an edge and an owner share about one room from one `Attach` to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttachmentId {
    /// The node of the edge.
    pub edge: BootId,
    /// Rises with each attachment of that node.
    pub counter: u64,
}

/// Identifies a JOIN, so that the same one gets the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JoinId {
    /// The node of the edge.
    pub edge: BootId,
    /// Rises with each JOIN at that node.
    pub counter: u64,
}

/// A membership as an edge and the owner name it: one connection's time of a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StayRef {
    /// The session.
    pub member: MemberKey,
    /// The number of the stay.
    pub stay: u64,
}

impl StayRef {
    /// Returns the stay of a viewer that an edge has admitted by itself: below all that owners count.
    #[must_use]
    pub const fn of_viewer(member: MemberKey) -> Self {
        Self { member, stay: 0 }
    }

    /// Returns whether it is known at an edge alone.
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
    /// Ends an attachment, or answers `Again` where nothing is attached.
    Detach,
    /// A JOIN that waits for an answer.
    Join(Box<JoinRequest>),
    /// A signal of a member.
    Signal(StayRef, NumberedSignal),
    /// A member has another token, with these credentials.
    Renewed(StayRef, Box<Credentials>),
    /// A sign of life of a member.
    Alive(StayRef),
    /// The sequence number that a member confirmed.
    Had(StayRef, u64),
    /// The sequence number that was written to the socket of a member that confirms none.
    Written(StayRef, u64),
    /// A member has no live socket any more; its last sign of life is this old.
    Absent(StayRef, Duration),
    /// Whether the edge has viewers that it admitted by itself.
    Viewers(bool),
    /// An upload, whose media is stored already.
    Upload(Box<Upload>),
}

/// A JOIN as the owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// Its id.
    pub id: JoinId,
    /// The session.
    pub session: Session,
    /// The type of room that is asked for.
    pub room_type: RoomType,
    /// Whether the room is to be created.
    pub creating: bool,
    /// Video and audio enabled.
    pub media: (bool, bool),
    /// `op.n`: the number below the lowest that the client keeps; none where it does not number.
    pub numbers_above: Option<u64>,
    /// `op.resumeFrom`: the last sequence number that the client has.
    pub resume_from: Option<u64>,
    /// The resume token that the client presented. An empty token states that the client supports resume tokens.
    pub brought: Option<Token>,
    /// The resume token that the answer issues.
    pub given: Token,
    /// The ingest token that the answer will give a publisher of a broadcast, and when it ends, by the time of Redis.
    pub ingest: Option<(Token, Instant)>,
    /// The stay that the connection of this JOIN has already.
    pub holds: Option<u64>,
    /// The credentials of the client, if the server requires tokens.
    pub credentials: Option<Box<Credentials>>,
}

/// An edge's knowledge about a room, from which owner and edge come to the same state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attach {
    /// The life that the edge knows; none before the first `Attached`.
    pub life: Option<Life>,
    /// The version of the list that was shown here.
    pub list: (u64, u64),
    /// The members with a stay here, those that are leaving included.
    pub members: Vec<AttachedMember>,
    /// The streams that are shown here.
    pub streams: Vec<KnownStream>,
    /// Whether the edge has viewers that it admitted by itself.
    pub viewers: bool,
}

/// One member in an `Attach`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedMember {
    /// The membership.
    pub stay: StayRef,
    /// The last sequence number that was written to its socket.
    pub written: u64,
    /// The last sequence number that it has for certain.
    pub had: u64,
    /// Whether it confirms sequence numbers.
    pub confirms: bool,
    /// Whether it numbers its signals.
    pub numbers: bool,
    /// The number below the oldest signal that is kept for it.
    pub n: u64,
    /// Whether a LEAVE of it waits to be seen.
    pub leaving: bool,
    /// The age of its last sign of life, where it has no live socket.
    pub absent: Option<Duration>,
    /// The credentials of its newest token, if it differs from the token of its JOIN.
    pub renewed: Option<Box<Credentials>>,
}

/// From the owner to an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToEdge {
    /// Answers `Attach`.
    Attached(Box<Attached>),
    /// The node does not own the room, or owns it no longer: look it up again.
    NotOwner,
    /// The room is over.
    Closed(RoomClosedReason),
    /// Attach again.
    Again,
    /// Answers a JOIN that was accepted.
    Joined(Box<Joined>),
    /// Answers a JOIN that was refused.
    JoinRefused(JoinId, Refusal),
    /// A JOIN was superseded by a later one of the same session before it was answered.
    JoinSuperseded(JoinId),
    /// A signal for a member.
    Deliver(StayRef, Delivery),
    /// Sequence numbers that a member cannot get any more.
    Gap(StayRef, u64, u64),
    /// The list of publishers, for these stays of the edge, each with its sequence number.
    List(List, Vec<(u64, u64)>),
    /// Nothing that a member said up to this number can be lost any more.
    Confirmed(StayRef, u64),
    /// A signal of a member was refused.
    Refused(StayRef, Box<SignalRefusal>),
    /// A stay is over; its socket is closed or told so.
    EndStay(StayRef, StayEnd),
    /// The viewers that this names are kicked by a signal with this text, and their user is refused for this long.
    Kicked(#[serde(with = "recipient::TaggedRecipient")] Recipient, Duration, ByteString),
    /// A stream has come further.
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
    /// The list of publishers. Members get it with their numbers.
    pub list: List,
    /// The streams that the edge has not or not wholly.
    pub streams: Vec<StreamUpdate>,
    /// The users that a broadcast refuses, in the order in which their kicks end, and for how much longer.
    pub kicks: Vec<(UserId, Duration)>,
}

/// The answer to a JOIN that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The JOIN.
    pub id: JoinId,
    /// The new stay.
    pub stay: StayRef,
    /// Whether a member came back.
    pub resumed: bool,
    /// The sequence number after which everything follows.
    pub sequence: u64,
    /// The last sequence number that was given to the member.
    pub last: u64,
    /// The number up to which the member's own signals are confirmed.
    pub confirmed: u64,
    /// The list of publishers.
    pub list: List,
}

/// A signal as it goes to its recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The recipient's sequence number.
    pub sq: u64,
    /// The sender and its stay.
    pub from: StayRef,
    /// Whether the sender numbers by itself.
    pub numbered: bool,
    /// The sender's number.
    pub n: u64,
    /// The `data` object of the signal.
    pub text: ByteString,
}

/// The list of publishers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct List {
    /// Rises with each change, over all owners: (term, version).
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

/// A publisher as everybody sees it.
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

/// Reasons why a stay is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StayEnd {
    /// A later stay of the session prevails (4000).
    TakenOver,
    /// The room does not know it (1012).
    Unknown,
    /// It was kicked, by this signal with this sequence number.
    Kicked(u64, ByteString),
}
