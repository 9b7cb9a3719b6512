//! The journal of a room: what a new owner needs to go on.

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
    /// A stream as it was some entries ago.
    Stream(ObjectId),
    /// An entry of a stream since then, by the revision that it made.
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
    /// The newest.
    pub current: Token,
    /// The one before: good until the member is heard on its new connection, since the answer to its JOIN may be lost.
    pub former: Option<Token>,
    /// Whether a takeover must bring one.
    pub required: bool,
}

impl ResumeTokens {
    /// Checks a takeover that brings this token; on its own connection a session needs none.
    pub(in crate::room) fn check(&self, own: bool, brought: Option<&Token>) -> Result<(), Refusal> {
        if own || !self.required || brought.is_some_and(|token| self.know(token)) {
            return Ok(());
        }
        refuse(AckCode::PermissionNotFound, "the session is taken over only with its resume token")
    }

    /// Whether a client that brings this token was told of its membership.
    pub(in crate::room) fn know(&self, token: &Token) -> bool {
        !token.is_empty() && (*token == self.current || self.former.as_ref() == Some(token))
    }

    /// Takes a fresh token. The one that was brought stays good for now: the client has no other for certain.
    /// A new member may bring one of an earlier membership. Whoever brings one keeps tokens.
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
    /// Whether it numbers what it says.
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
    /// Whether that JOIN met a member.
    pub resumed: bool,
    /// The number below the first sequence number of its membership.
    pub first: u64,
    /// Whether it may lack signals that no owner has any more, and was not told.
    pub lacks: bool,
    /// The part of its access token that the room needs, where the server wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Box<Credentials>>,
}

/// The state of a member that a drained owner keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndeliveredRecord {
    /// The next number that is expected of it.
    pub expected: u64,
    /// The last sequence number given to it.
    pub last: u64,
    /// The last sequence number that it is known to have.
    pub had: u64,
    /// The last sequence number of what is lost.
    pub lost: u64,
    /// The undelivered signals.
    pub backlog: Vec<Delivery>,
}

/// A write of this journal.
pub type Write = directory::Write<Field, Value>;
