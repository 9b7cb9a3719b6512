//! The state shared by all uploads.

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::id::UserId;

use super::refusals::Refusals;
use super::sessions::IngestSessions;
use crate::access::Access;
use crate::live::LiveState;
use crate::room::{Connections, RoomHost};

/// Settings of uploads.
#[derive(Debug, Clone)]
pub struct UploadSettings {
    /// The user as which encoders push to a server without keys.
    pub user: UserId,
    /// The maximum number of media bytes in one data signal, after decoding, or in one box of pushed media.
    pub max_bytes: usize,
    /// The timeout for receiving a data signal.
    pub timeout: Duration,
    /// The time for which a push may be silent.
    pub silence: Duration,
    /// Durations of segments and parts, where a request names none, and the target duration.
    pub segment: Duration,
    pub part: Duration,
    pub target_duration: Duration,
    /// The time for which the first media of a broadcast waits for further tracks.
    pub opening: Duration,
    /// The time for which a segment may wait for a key frame.
    pub key_frame_wait: Duration,
    /// The time after the last request for which a broadcast waits for another.
    pub grace_period: Duration,
    /// The longest time for which the end of a body waits for another body of its track.
    pub end_wait: Duration,
    pub max_playlists: usize,
    /// Duration of the media that a playlist lists.
    pub hls_window: Duration,
    /// Silence after which a member is removed.
    pub heartbeat_timeout: Duration,
    /// Validity of an ingest token.
    pub token_ttl: Duration,
    /// The time for which a push may continue after its token has expired.
    pub auth_grace: Duration,
}

/// The rooms and broadcasts to which media is uploaded, and by whom.
#[derive(Debug)]
pub struct IngestState {
    pub settings: UploadSettings,
    pub access: Arc<Access>,
    pub rooms: Arc<RoomHost>,
    pub connections: Arc<Connections>,
    pub live: Arc<LiveState>,
    pub sessions: IngestSessions,
    pub refusals: Refusals,
}

impl IngestState {
    /// No uploads yet.
    pub fn new(
        settings: UploadSettings,
        access: Arc<Access>,
        rooms: Arc<RoomHost>,
        connections: Arc<Connections>,
        live: Arc<LiveState>,
    ) -> Self {
        let (sessions, refusals) = (IngestSessions::default(), Refusals::default());
        Self { settings, access, rooms, connections, live, sessions, refusals }
    }
}
