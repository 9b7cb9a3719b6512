//! What may be done to the document, and what became of it.

use std::time::Duration;

use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::{MemberKey, Recipient, RoomType};

use super::Publisher;
use crate::room::Refusal;
use crate::time::Instant;

/// A wish to change the document.
#[derive(Debug, Clone)]
pub enum Command {
    /// Somebody comes in.
    Join {
        /// The type of room it asks for.
        room_type: RoomType,
        /// Who.
        newcomer: Box<Publisher>,
        /// Whether it wants to create the room.
        creating: bool,
    },
    /// Somebody was there all the time, though the document does not say so: the node was taken for dead, or the
    /// document was lost.
    Return {
        /// Who.
        member: Box<Publisher>,
        /// Whether it published.
        publisher: bool,
    },
    /// A streamer gets another ingest token.
    Renew {
        /// Who.
        key: MemberKey,
        /// The token, and when it ends.
        token: (String, Instant),
    },
    /// Somebody is gone.
    Leave {
        /// Who.
        key: MemberKey,
    },
    /// A publisher switches its media.
    Update {
        /// Who.
        key: MemberKey,
        /// Whether it sends video.
        video: bool,
        /// Whether it sends audio.
        audio: bool,
    },
    /// Sessions are put out and their user kept out.
    Kick {
        /// By whom.
        by: MemberKey,
        /// Who.
        to: Recipient,
        /// Whether they are there, as far as is known.
        there: bool,
    },
    /// The owner makes viewers publishers.
    Accept {
        /// Who decides.
        by: MemberKey,
        /// Those it means; who publishes already goes on.
        newcomers: Vec<Publisher>,
    },
    /// A broadcast begins or ends to play live.
    Playlist {
        /// Which.
        id: ObjectId,
        /// Whether it plays.
        live: bool,
    },
    /// The wait for a publisher is over.
    Over,
}

/// What became of a command that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The newcomer publishes.
    Publisher,
    /// The newcomer watches.
    Viewer,
    /// It is so now.
    Done,
    /// The room is over.
    Ended,
}

/// A command carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the list that members are told has changed.
    pub listed: bool,
}

pub(super) const fn decided(outcome: Outcome, listed: bool) -> Result<Decided, Refusal> {
    Ok(Decided { outcome, listed })
}

/// The numbers of a room that its decisions depend on.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How long a room without publishers waits for one to come back.
    pub linger: Duration,
    /// How long a kicked user is refused.
    pub kick_duration: Duration,
}
