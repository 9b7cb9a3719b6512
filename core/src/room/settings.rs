//! Settings of a room that an operator may change.

use std::time::Duration;

use roomcast_protocol::limits;

use crate::hls;

/// Settings of a room; the defaults are the protocol's.
#[derive(Debug, Clone)]
pub struct RoomSettings {
    /// The duration of silence after which a member is removed.
    pub heartbeat_timeout: Duration,
    /// The time for which a room without publishers waits for one to return.
    pub grace_period: Duration,
    /// Time for which a kicked user is refused.
    pub kick_duration: Duration,
    /// The longest frame that a client may send, in bytes.
    pub max_frame: usize,
    /// The longest message in either direction, in bytes.
    pub max_message: usize,
    /// The maximum number of playlists in one room.
    pub max_playlists: usize,
    /// The prefix of every path, such as `https://rooms.example.com`. If empty, addresses are paths only.
    pub public_url: String,
    /// Settings of the broadcasts.
    pub hls: hls::HlsSettings,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            heartbeat_timeout: limits::HEARTBEAT_TIMEOUT,
            grace_period: limits::ROOM_LINGER,
            kick_duration: limits::KICK_DURATION,
            max_frame: limits::MAX_FRAME,
            max_message: limits::MAX_MESSAGE,
            max_playlists: limits::PLAYLISTS_PER_ROOM,
            public_url: String::new(),
            hls: hls::HlsSettings::default(),
        }
    }
}
