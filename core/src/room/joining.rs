//! `JOIN`: who gets in, in which role, and what the ack says.

use std::sync::Arc;

use roomcast_protocol::ack::{self, HeartbeatTimes, HlsAddresses, IngestAddress, JoinAck, RoomClosedReason};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::limits::HEARTBEAT_INTERVAL;
use roomcast_protocol::signal::{Body, Engine, Join, MemberKey, RoomType, Signal, SignalKind};

use super::backlog::Backlog;
use super::effect::{ConnectionId, Effect, Welcome};
use super::member::Member;
use super::stage::{Command, Publisher};
use super::submit::Then;
use super::{Refusal, Room, refuse};
use crate::time::Instant;

/// A `JOIN` that wants an answer.
#[derive(Debug)]
pub(super) struct JoinRequest {
    /// Where it came from.
    pub connection: ConnectionId,
    /// The signal.
    pub signal: Signal,
    /// Its body.
    pub join: Join,
    /// What the answer needs.
    pub welcome: Welcome,
}

impl JoinRequest {
    /// Gives the signal back when it is no `JOIN`.
    pub fn new(connection: ConnectionId, signal: Signal, welcome: Welcome) -> Result<Arc<Self>, Box<Signal>> {
        let Body::Join(join) = &signal.body else { return Err(Box::new(signal)) };
        Ok(Arc::new(Self { connection, join: join.clone(), signal, welcome }))
    }

    /// Who asks.
    pub fn key(&self) -> MemberKey {
        self.signal.head.session.key()
    }
}

impl Room {
    pub(super) fn on_join(&mut self, now: Instant, request: &Arc<JoinRequest>, out: &mut Vec<Effect>) {
        if let Err(refusal) = self.join(now, request, out) {
            self.refuse_join(now, request, &refusal, out);
        }
    }

    pub(super) fn refuse_join(
        &mut self,
        now: Instant,
        request: &JoinRequest,
        refusal: &Refusal,
        out: &mut Vec<Effect>,
    ) {
        self.send_refusal(request.connection, &request.signal, refusal, out);
        if !self.members.has_connection(request.connection) {
            out.push(Effect::Forget { connection: request.connection });
        }
        if self.shared.is_none() && !self.stage.is_open() {
            self.close(now, RoomClosedReason::Empty, out);
        }
    }

    fn join(&mut self, now: Instant, request: &Arc<JoinRequest>, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let JoinRequest { connection, signal, join, welcome } = &**request;
        if self.closed {
            return refuse(AckCode::RoomNotFound, "the room has just closed");
        }
        let key = request.key();
        if self.members.contains(&key) && !self.may_have_moved(&key, *connection) {
            self.check_type(signal)?;
            if self.arrives_elsewhere(now, request, out)? {
                return Ok(());
            }
            return self.resume_here(now, request, out);
        }
        let until = self.shared_time(now) + self.settings.ingest_ttl;
        let room_type = signal.head.room_type;
        let newcomer = Box::new(Publisher {
            session: signal.head.session.clone(),
            video: join.video && room_type != RoomType::A2m,
            audio: join.audio,
            ingest: Vec::from_iter((room_type == RoomType::P2m).then(|| (welcome.ingest_token.clone(), until))),
        });
        let command = Command::Join { room_type, newcomer, creating: join.options.room_creating };
        self.submit(now, command, Then::Join(Arc::clone(request)), out)
    }

    /// The newcomer has its place.
    pub(super) fn admitted(&mut self, now: Instant, request: &JoinRequest, out: &mut Vec<Effect>) {
        let JoinRequest { connection, signal, join, .. } = request;
        let key = request.key();
        let generation = self.shared.as_ref().map(|shared| shared.first_generation());
        if generation.is_some_and(|generation| self.is_outdone(&key, generation, *connection, out)) {
            return;
        }
        let mut member = Member::new(signal.head.session.clone(), *connection, now);
        member.backlog = Backlog::counting_on(join.options.resume_from);
        (member.video, member.audio) = (self.video(join.video), join.audio);
        if let Some(generation) = generation {
            member.begin_remote(generation, join.options.resume_from);
        }
        self.members.insert(key.clone(), member);
        self.watch(self.expiry(now), key.clone());
        self.welcome(request, false, out);
        self.take_strays(now, &key, out);
    }

    /// Somebody is a member here already.
    pub(super) fn resume_here(
        &mut self,
        now: Instant,
        request: &Arc<JoinRequest>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let resume_point = self.resume(now, request, out)?;
        self.take_up(now, request, resume_point, true, out);
        Ok(())
    }

    /// Tells a member that is back so. A streamer gets another ingest token first.
    pub(super) fn take_up(
        &mut self,
        now: Instant,
        request: &Arc<JoinRequest>,
        from: Option<u64>,
        describe: bool,
        out: &mut Vec<Effect>,
    ) {
        let key = request.key();
        let then = Then::Welcome { request: Arc::clone(request), from, describe };
        if self.stage.room_type() == RoomType::P2m && self.stage.publishes(&key) {
            let until = self.shared_time(now) + self.settings.ingest_ttl;
            let token = (request.welcome.ingest_token.clone(), until);
            // It cannot be refused: whoever is no streamer any more is told so as a viewer.
            let _ = self.submit(now, Command::Renew { key, token }, then, out);
        } else {
            self.finish(now, then, out);
        }
    }

    /// What is reported of somebody's video: an audio room has none.
    pub(super) fn video(&self, enabled: bool) -> bool {
        enabled && self.stage.room_type() != RoomType::A2m
    }

    /// Says to a member that it is in.
    pub(super) fn welcome(&mut self, request: &JoinRequest, resumed: bool, out: &mut Vec<Effect>) {
        let JoinRequest { join, welcome, .. } = request;
        let key = request.key();
        let participants = self.participants();
        let hls = self.addresses(&key, welcome);
        let role = self.stage.role(&key);
        let timeout = self.settings.heartbeat_timeout;
        let Some(member) = self.members.get_mut(&key) else { return };
        member.renew_resume_token(&welcome.resume_token, join.options.resume_token.as_ref());
        member.keeps_tokens |= join.options.resume_token.is_some();
        let body = JoinAck {
            room_id: self.id.clone(),
            participants,
            role,
            engine: Engine::Native,
            resumed,
            sequence: member.backlog.last(),
            resume_token: welcome.resume_token.clone(),
            heartbeat: HeartbeatTimes { interval: millis(HEARTBEAT_INTERVAL), timeout: millis(timeout) },
            engine_settings: welcome.engine_settings.clone(),
            hls,
        };
        member.say(ack::encode(SignalKind::Join.name(), &body), out);
    }

    fn addresses(&self, key: &MemberKey, welcome: &Welcome) -> Option<HlsAddresses> {
        if self.stage.room_type() != RoomType::P2m {
            return None;
        }
        let publisher = self.stage.publishes(key);
        let ingest = publisher.then(|| IngestAddress {
            url: format!("{}/rooms/{}/data", self.settings.public_url, self.id),
            token: welcome.ingest_token.clone(),
            expires: welcome.ingest_expires,
        });
        Some(HlsAddresses { ingest, playlists: self.playable().collect() })
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
