//! One member: a session of a user, with or without a connection at the moment.

use std::sync::Arc;

use roomcast_protocol::ack::{self, Gap};
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::Session;

use super::backlog::{Backlog, Words};
use super::effect::{ConnectionId, Effect, Outgoing};
use super::shared::Remote;
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct Member {
    pub session: Session,
    /// Of a viewer: what it would send as a publisher.
    pub video: bool,
    pub audio: bool,
    /// The connection that speaks for it; none while the network is lost.
    pub connection: Option<ConnectionId>,
    pub last_heard: Instant,
    /// When the room looks whether it has been silent for too long.
    pub watched: Instant,
    pub backlog: Backlog,
    pub resume_token: String,
    /// The token it brought, good until it is heard on its new connection: the ack with the new one may be lost.
    pub earlier_token: Option<String>,
    /// Whether a takeover must bring the resume token.
    pub keeps_tokens: bool,
    /// Of a member of a room that spans nodes.
    pub remote: Option<Box<Remote>>,
}

impl Member {
    pub fn new(session: Session, connection: ConnectionId, now: Instant) -> Self {
        Self {
            session,
            video: false,
            audio: false,
            connection: Some(connection),
            last_heard: now,
            watched: now,
            backlog: Backlog::default(),
            resume_token: String::new(),
            earlier_token: None,
            keeps_tokens: false,
            remote: None,
        }
    }

    /// Notes a sign of life on the present connection.
    pub fn hear(&mut self, now: Instant) {
        self.last_heard = now;
        self.earlier_token = None;
    }

    /// Whether a takeover that brings this token may go on.
    pub fn accepts(&self, brought: Option<&String>) -> bool {
        !self.keeps_tokens || brought.is_some_and(|token| self.knows(token))
    }

    fn knows(&self, token: &String) -> bool {
        !token.is_empty() && (*token == self.resume_token || self.earlier_token.as_ref() == Some(token))
    }

    /// Gives a fresh token. The one that was brought stays good for now: the client has no other for certain.
    /// A new member may bring one of an earlier membership.
    pub fn renew_resume_token(&mut self, token: &str, brought: Option<&String>) {
        let before = std::mem::replace(&mut self.resume_token, token.to_owned());
        let known =
            |token: &&String| before.is_empty() || **token == before || self.earlier_token.as_ref() == Some(*token);
        let brought = brought.filter(|token| !token.is_empty()).filter(known).cloned();
        self.earlier_token = brought.or_else(|| Some(before).filter(|token| !token.is_empty()));
    }

    /// Says something without a number, if somebody listens.
    pub fn say(&self, object: Arc<str>, out: &mut Vec<Effect>) {
        if let Some(to) = self.connection {
            out.push(Effect::Send { to, message: Outgoing::plain(object) });
        }
    }

    /// Numbers and keeps a signal, and sends it if somebody listens.
    pub fn forward(&mut self, object: &str, out: &mut Vec<Effect>) {
        let numbered = self.backlog.push_signal(object);
        self.send(numbered, out);
    }

    /// The same for the `count`th signal from other nodes.
    pub fn forward_remote(&mut self, count: u64, object: &str, out: &mut Vec<Effect>) {
        let numbered = self.backlog.push_remote(count, object);
        self.send(numbered, out);
    }

    /// The same for a list of publishers, of which only the newest counts.
    pub fn tell_list(&mut self, object: Arc<str>, out: &mut Vec<Effect>) {
        let numbered = self.backlog.push_list(object);
        self.send(numbered, out);
    }

    fn send(&self, (sequence, words): (u64, Words), out: &mut Vec<Effect>) {
        if let Some(to) = self.connection {
            let message = Outgoing::numbered(sequence, words, self.backlog.receipt());
            out.push(Effect::Send { to, message });
        }
    }

    /// Sends again what came after `from`, and says what of it is lost.
    pub fn replay(&self, room_id: RoomId, from: u64, out: &mut Vec<Effect>) {
        if let Some((from, until)) = self.backlog.lost_after(from) {
            self.say(ack::encode(ack::name::GAP, &Gap { room_id, from, to: until }), out);
        }
        for kept in self.backlog.after(from) {
            self.send(kept, out);
        }
    }
}
