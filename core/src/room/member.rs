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
    /// The token before, good until the member is heard on its new connection: the ack with the new one may be lost.
    pub earlier_token: Option<String>,
    /// Whether a takeover must bring the resume token.
    pub keeps_tokens: bool,
    /// The newest ingest token, the one before (uploads may be under way with it), and when each ends.
    pub ingest: [Option<(String, Instant)>; 2],
}

impl Member {
    /// Whether a takeover that brings this token may go on.
    pub fn accepts(&self, brought: Option<&String>) -> bool {
        let known = |token: &String| *token == self.resume_token || self.earlier_token.as_ref() == Some(token);
        !self.keeps_tokens || brought.is_some_and(known)
    }

    pub fn renew_resume_token(&mut self, token: &str) {
        let earlier = std::mem::replace(&mut self.resume_token, token.to_owned());
        self.earlier_token = (!earlier.is_empty()).then_some(earlier);
    }

    pub fn renew_ingest_token(&mut self, token: String, until: Instant) {
        let [newest, _] = std::mem::take(&mut self.ingest);
        self.ingest = [Some((token, until)), newest];
    }

    /// Whether this token lets the member upload.
    pub fn may_upload(&self, now: Instant, token: &str) -> bool {
        self.ingest.iter().flatten().any(|(own, until)| own == token && now < *until)
    }

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
