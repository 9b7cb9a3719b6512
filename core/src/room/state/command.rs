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
    /// A session joins.
    Join {
        /// The requested type of room.
        room_type: RoomType,
        /// The session that joins.
        newcomer: Box<Publisher>,
        /// Whether it asks to create the room.
        creating: bool,
        /// Whether its token permits it to publish.
        may_publish: bool,
    },
    /// A streamer receives another ingest token.
    Renew {
        /// The streamer.
        key: MemberKey,
        /// The token and its expiry.
        token: (String, Instant),
    },
    /// A member leaves or is removed.
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
    /// Sessions are kicked, and their user is refused for a time.
    Kick {
        /// The member that kicks.
        by: MemberKey,
        /// The sessions that are removed.
        to: Recipient,
        /// Whether they are present, as far as is known.
        there: bool,
        /// Whether the kicking member is a moderator.
        moderates: bool,
    },
    /// The owner makes viewers publishers.
    Accept {
        /// The member that decides.
        by: MemberKey,
        /// The sessions that become publishers. Sessions that publish already are unaffected.
        newcomers: Vec<Publisher>,
        /// Whether the deciding member is a moderator.
        moderates: bool,
    },
    /// A broadcast starts or stops playing live.
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
    /// The time for which a room without publishers waits for one to return.
    pub grace_period: Duration,
    /// Time for which a kicked user is refused.
    pub kick_duration: Duration,
}

impl From<&ClusterSettings> for RoomDurations {
    fn from(settings: &ClusterSettings) -> Self {
        Self { grace_period: settings.grace_period, kick_duration: settings.kick_duration }
    }
}
