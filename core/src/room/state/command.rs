//! Commands that change the state of a room.

use std::time::Duration;

use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::{MemberKey, Recipient, RoomType};

use super::Publisher;
use crate::cluster::ClusterSettings;
use crate::time::Instant;

/// A change of the state of a room, decided by [`RoomState::decide`](super::RoomState::decide).
#[derive(Debug, Clone)]
pub enum RoomCommand {
    /// Somebody comes in.
    Join {
        /// The type of room it asks for.
        room_type: RoomType,
        /// The session that joins.
        newcomer: Box<Publisher>,
        /// Whether it wants to create the room.
        creating: bool,
        /// Whether its token lets it publish.
        may_publish: bool,
    },
    /// A streamer gets another ingest token.
    Renew {
        /// The streamer.
        key: MemberKey,
        /// The token, and when it ends.
        token: (String, Instant),
    },
    /// Somebody is gone.
    Leave {
        /// The member.
        key: MemberKey,
    },
    /// A publisher switches its media.
    Update {
        /// The publisher.
        key: MemberKey,
        /// Whether it sends video.
        video: bool,
        /// Whether it sends audio.
        audio: bool,
    },
    /// Sessions are put out and their user kept out.
    Kick {
        /// The member that kicks.
        by: MemberKey,
        /// The sessions that are removed.
        to: Recipient,
        /// Whether they are there, as far as is known.
        there: bool,
        /// Whether who kicks is a moderator.
        moderates: bool,
    },
    /// The owner makes viewers publishers.
    Accept {
        /// The member that decides.
        by: MemberKey,
        /// Those it means; who publishes already goes on.
        newcomers: Vec<Publisher>,
        /// Whether who decides is a moderator.
        moderates: bool,
    },
    /// A broadcast begins or ends to play live.
    Playlist {
        /// The multivariant playlist.
        id: ObjectId,
        /// Whether it plays.
        live: bool,
    },
}

/// The durations that the decisions of a room depend on.
#[derive(Debug, Clone, Copy)]
pub struct RoomDurations {
    /// Time for which a room without publishers waits for one to come back.
    pub grace_period: Duration,
    /// Time for which a kicked user is refused.
    pub kick_duration: Duration,
}

impl From<&ClusterSettings> for RoomDurations {
    fn from(settings: &ClusterSettings) -> Self {
        Self { grace_period: settings.grace_period, kick_duration: settings.kick_duration }
    }
}
