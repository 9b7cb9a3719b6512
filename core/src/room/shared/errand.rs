//! What a room asks of other nodes and of what they share.

use std::sync::Arc;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};

use roomcast_protocol::signal::{MemberKey, Recipient, Session};

use crate::room::effect::ConnectionId;
use crate::room::stage::Stage;

/// Something that is to be done elsewhere, in the order in which it is given.
#[derive(Debug, Clone)]
pub enum Errand {
    /// A signal for members that are not here. Answered with [`Answer::Relayed`].
    Relay(Relay),
    /// Who a recipient's sessions are. Answered with [`Answer::Found`].
    Find {
        /// To recognise the answer.
        ticket: u64,
        /// Whom.
        to: Recipient,
    },
    /// A member has another description or other tokens.
    Describe(Record),
    /// A member has gone on to another node, which gets what it has not got.
    Hand {
        /// To which node.
        node: String,
        /// What.
        over: HandOver,
    },
    /// A member has no connection: what it has not got is to be found by whichever node it comes back to.
    Park {
        /// What.
        over: HandOver,
        /// The version of the document whose list of publishers it was told; 0: not the newest.
        told: u64,
    },
    /// What a member was sent by other nodes from this number of signals on. Answered with [`Answer::Inbox`].
    Fetch {
        /// Who.
        key: MemberKey,
        /// Behind which.
        after: u64,
    },
    /// What the document is now. Answered with [`Answer::Seen`].
    Look {
        /// Whose signal waits for it.
        connection: ConnectionId,
    },
    /// A member has used its newest token: those before are good no more. Answered with [`Answer::Confirmed`].
    Confirm {
        /// Whose signals wait for it.
        connection: ConnectionId,
        /// The member, as it is known now.
        record: Record,
    },
    /// A connection is about to be sent at once what its member has not got.
    Replays {
        /// Which.
        to: ConnectionId,
    },
    /// The streamer has left: the broadcasts end.
    EndStreams,
    /// The room is to be compared with the document again in this many milliseconds.
    Compare {
        /// When.
        after: u64,
    },
}

/// A signal for members elsewhere.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Counts up, so that one that is repeated is recognised.
    pub ticket: u64,
    /// Whom it is for.
    pub targets: Vec<Target>,
    /// Sessions that it is not for: its sender, and those that have it already.
    pub not: Vec<MemberKey>,
    /// The sender's text.
    pub text: ByteString,
}

/// Whom a signal is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Every session of a user.
    User(roomcast_protocol::id::UserId),
    /// One session.
    Session(MemberKey),
}

/// A member as all nodes know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Who it is.
    #[serde(rename = "ss")]
    pub session: Session,
    /// What it sends, or would.
    #[serde(rename = "ve")]
    pub video: bool,
    /// The same for audio.
    #[serde(rename = "ae")]
    pub audio: bool,
    /// Whether a takeover must bring its resume token.
    #[serde(rename = "kt")]
    pub keeps_tokens: bool,
    /// The token of its last join ack.
    #[serde(skip)]
    pub resume_token: String,
    /// One that is good, too, or that is brought.
    #[serde(skip)]
    pub other_token: String,
    /// Which membership, and where: a later one is higher.
    #[serde(skip)]
    pub generation: u64,
    /// The generation in which it came in.
    #[serde(skip)]
    pub birth: u64,
    /// Up to which number it had, if it said so.
    #[serde(skip)]
    pub had: Option<u64>,
}

/// What a member that has moved, or has lost its connection, has not got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// Who.
    #[serde(rename = "k")]
    pub key: MemberKey,
    /// Of which membership.
    #[serde(rename = "g")]
    pub generation: u64,
    /// Up to which number it has been written.
    #[serde(rename = "w")]
    pub had: u64,
    /// The last number that was given.
    #[serde(rename = "n")]
    pub last: u64,
    /// Up to which number something is lost.
    #[serde(rename = "x")]
    pub lost: u64,
    /// The number of the newest list of publishers it was to be told; 0: none that it may lack.
    #[serde(rename = "l", default)]
    pub list: u64,
    /// Signals and their numbers.
    #[serde(rename = "s")]
    pub kept: Vec<Kept>,
}

/// A signal with its recipient's number, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept(pub u64, pub Arc<str>);

/// Which of the signals from other nodes to a member. Who leaves and comes in again is another member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark {
    /// The generation in which the member came in.
    pub birth: u64,
    /// The how many-th.
    pub count: u64,
}

/// What came of an errand.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A signal is on its way.
    Relayed {
        /// Which.
        ticket: u64,
        /// How many it is for.
        found: usize,
        /// Those of this node, and which one it is for each.
        here: Vec<(MemberKey, Mark)>,
    },
    /// A signal was on its way already; the answer to it was lost.
    RelayedBefore {
        /// Which.
        ticket: u64,
        /// Those of this node that it was for, and how many signals from other nodes each was sent by now.
        here: Vec<(MemberKey, Mark)>,
    },
    /// A signal or question can not be carried out now.
    Failed {
        /// Which.
        ticket: u64,
    },
    /// The sessions that were asked for.
    Found {
        /// Which question.
        ticket: u64,
        /// Who is there.
        records: Vec<Record>,
    },
    /// The document.
    Seen {
        /// Whose signal waited.
        connection: ConnectionId,
        /// Its version, and what it is; nothing when it cannot be read now, or is no more.
        document: Option<(u64, Box<Stage>)>,
    },
    /// A member's tokens are known to all.
    Confirmed {
        /// Whose signals waited.
        connection: ConnectionId,
    },
    /// What a member was sent by other nodes.
    Inbox {
        /// Who.
        key: MemberKey,
        /// The last there has been.
        mark: Mark,
        /// Those still kept: the sender's text.
        kept: Vec<(u64, Arc<str>)>,
    },
}
