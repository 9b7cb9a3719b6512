//! One member: a session of a user, with or without a connection at the moment.

use roomcast_protocol::ack::{Participant, Role};
use roomcast_protocol::signal::Session;

use super::backlog::Backlog;
use super::effect::ConnectionId;
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct Member {
    pub session: Session,
    pub publisher: bool,
    pub video: bool,
    pub audio: bool,
    /// The connection that speaks for it; none while the network is lost.
    pub connection: Option<ConnectionId>,
    pub last_heard: Instant,
    pub backlog: Backlog,
    pub resume_token: String,
    /// Whether a takeover must bring the resume token.
    pub keeps_tokens: bool,
    /// The ingest token and its end.
    pub ingest: Option<(String, Instant)>,
}

impl Member {
    pub fn role(&self, owner: bool) -> Role {
        match (self.publisher, owner) {
            (true, true) => Role::Admin,
            (true, false) => Role::Publisher,
            (false, _) => Role::Viewer,
        }
    }

    pub fn participant(&self, owner: bool, publish: bool, hls: Option<String>) -> Participant {
        Participant {
            id: self.session.session_id.clone(),
            role: self.role(owner),
            video: self.video,
            audio: self.audio,
            publish,
            user_id: self.session.user_id.clone(),
            session_id: self.session.session_id.clone(),
            host: self.session.host,
            category: self.session.category,
            device_id: self.session.device_id.clone(),
            hls,
        }
    }
}
