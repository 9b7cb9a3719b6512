//! The journal of a room: the data that a new owner needs to continue.

use serde::{Deserialize, Serialize};

use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::{MemberKey, Session};

use crate::cluster::{BootId, directory};
use crate::hls::UploadEntry;
use crate::room::Credentials;
use crate::room::message::{Delivery, JoinId, Token};
use crate::room::state::RoomState;
use crate::room::{Refusal, refuse};

/// A field of the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    /// Type, publishers and kicks of the room.
    Room,
    /// A member.
    Member(MemberKey),
    /// The undelivered signals that a drained owner kept for a member.
    #[serde(rename = "Kept")]
    Undelivered(MemberKey),
    /// A checkpoint of a stream.
    Stream(ObjectId),
    /// An entry of a stream after the checkpoint, identified by the revision it produced.
    Entry(ObjectId, u64),
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// The value of [`Field::Room`].
    Room(Box<RoomState>),
    /// The value of [`Field::Member`].
    Member(Box<MemberRecord>),
    /// The value of [`Field::Undelivered`].
    #[serde(rename = "Kept")]
    Undelivered(Box<UndeliveredRecord>),
    /// The value of [`Field::Stream`].
    Stream(String),
    /// The value of [`Field::Entry`].
    Entry(Box<UploadEntry>),
}

/// The resume tokens of a member, hashed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResumeTokens {
    /// The newest token.
    pub current: Token,
    /// The previous token. It is valid until the member sends something on its new connection, since the answer to its
    /// JOIN may be lost.
    pub former: Option<Token>,
    /// Whether a takeover must present a token.
    pub required: bool,
}

impl ResumeTokens {
    /// Checks the token that a takeover presents. A JOIN on the session's own connection (`own`) needs none.
    pub(in crate::room) fn check(&self, own: bool, brought: Option<&Token>) -> Result<(), Refusal> {
        if own || !self.required || brought.is_some_and(|token| self.know(token)) {
            return Ok(());
        }
        refuse(AckCode::PermissionNotFound, "the session is taken over only with its resume token")
    }

    /// Returns whether a client that presents this token has received the answer to an earlier JOIN.
    pub(in crate::room) fn know(&self, token: &Token) -> bool {
        !token.is_empty() && (*token == self.current || self.former.as_ref() == Some(token))
    }

    /// Stores a new token. The presented token remains valid for now, since the client may not receive the new one. A
    /// new member may present a token of an earlier membership. A client that presents a token must do so at each
    /// takeover.
    pub(in crate::room) fn renew(&mut self, fresh: &Token, brought: Option<&Token>) {
        self.required |= brought.is_some();
        let brought = brought.filter(|token| !token.is_empty());
        let known = brought.filter(|token| self.current.is_empty() || self.know(token)).cloned();
        let before = std::mem::replace(&mut self.current, fresh.clone());
        self.former = known.or_else(|| Some(before).filter(|token| !token.is_empty()));
    }
}

/// A member as it is journaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// The session.
    pub session: Session,
    /// Video and audio enabled.
    pub media: (bool, bool),
    /// Whether it numbers its signals.
    pub numbers: bool,
    /// Whether it confirms sequence numbers.
    pub confirms: bool,
    /// Its resume tokens.
    pub tokens: ResumeTokens,
    /// The node of its edge.
    pub edge: BootId,
    /// Its stay.
    pub stay: u64,
    /// The JOIN that began its stay.
    pub join: JoinId,
    /// Whether that JOIN resumed a membership.
    pub resumed: bool,
    /// The number below the first sequence number of its membership.
    pub first: u64,
    /// Whether it may have missed signals that no owner holds any more, without having been informed.
    pub lacks: bool,
    /// The part of its access token that the room needs, if the server requires tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Box<Credentials>>,
}

/// The state of a member that a drained owner keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndeliveredRecord {
    /// The number of the next signal expected from it.
    pub expected: u64,
    /// The last sequence number assigned to it.
    pub last: u64,
    /// The last sequence number that it is known to have received.
    pub had: u64,
    /// The highest sequence number that is lost.
    pub lost: u64,
    /// The undelivered signals.
    pub backlog: Vec<Delivery>,
}

/// A write of this journal.
pub type Write = directory::Write<Field, Value>;
