//! `JOIN`: who gets in, in which role, and what the ack says.

use roomcast_protocol::ack::{self, HeartbeatTimes, HlsAddresses, IngestAddress, JoinAck};
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

impl Room {
    pub(super) fn join(
        &mut self,
        now: Instant,
        from: ConnectionId,
        signal: &Signal,
        welcome: Welcome,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let Body::Join(join) = &signal.body else { return refuse(AckCode::InvalidSignal, "this is no JOIN") };
        if self.closed {
            return refuse(AckCode::RoomNotFound, "the room has just closed");
        }
        let key = signal.head.session.key();
        if self.members.contains(&key) && !self.may_have_moved(&key, from) {
            self.check_type(signal)?;
            if self.arrives_elsewhere(now, from, signal, &welcome, out)? {
                return Ok(());
            }
            return self.resume_here(now, from, signal, welcome, out);
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
        self.submit(now, command, Then::Join { connection: from, signal: signal.clone(), welcome }, out)
    }

    /// The newcomer has its place.
    pub(super) fn admitted(
        &mut self,
        now: Instant,
        from: ConnectionId,
        signal: &Signal,
        welcome: Welcome,
        out: &mut Vec<Effect>,
    ) {
        let Body::Join(join) = &signal.body else { return };
        let key = signal.head.session.key();
        let generation = self.shared.as_ref().map(|shared| shared.first_generation());
        if generation.is_some_and(|generation| self.is_outdone(&key, generation, from, out)) {
            return;
        }
        let mut member = Member::new(signal.head.session.clone(), from, now);
        member.backlog = Backlog::counting_on(join.options.resume_from);
        (member.video, member.audio) = (self.video(join.video), join.audio);
        if let Some(generation) = generation {
            member.begin_remote(generation, join.options.resume_from);
        }
        self.members.insert(key.clone(), member);
        self.watch(self.expiry(now), key.clone());
        self.welcome(&key, join, false, welcome, out);
        self.take_strays(now, &key, out);
    }

    /// Somebody is a member here already.
    pub(super) fn resume_here(
        &mut self,
        now: Instant,
        from: ConnectionId,
        signal: &Signal,
        welcome: Welcome,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let Body::Join(join) = &signal.body else { return Ok(()) };
        let key = signal.head.session.key();
        let resume_point = self.resume(now, from, &key, join, out)?;
        self.take_up(now, from, signal, welcome, resume_point, true, out);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is of the join")]
    /// Tells a member that is back so. A streamer gets another ingest token first.
    pub(super) fn take_up(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        signal: &Signal,
        welcome: Welcome,
        from: Option<u64>,
        describe: bool,
        out: &mut Vec<Effect>,
    ) {
        let key = signal.head.session.key();
        let token = (welcome.ingest_token.clone(), self.shared_time(now) + self.settings.ingest_ttl);
        let then = Then::Welcome { connection, signal: signal.clone(), welcome, from, describe };
        if self.stage.room_type() == RoomType::P2m && self.stage.publishes(&key) {
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
    pub(super) fn welcome(
        &mut self,
        key: &MemberKey,
        join: &Join,
        resumed: bool,
        welcome: Welcome,
        out: &mut Vec<Effect>,
    ) {
        let participants = self.participants();
        let hls = self.addresses(key, &welcome);
        let role = self.stage.role(key);
        let timeout = self.settings.heartbeat_timeout;
        let Some(member) = self.members.get_mut(key) else { return };
        member.renew_resume_token(&welcome.resume_token, join.options.resume_token.as_ref());
        member.keeps_tokens |= join.options.resume_token.is_some();
        let body = JoinAck {
            room_id: self.id.clone(),
            participants,
            role,
            engine: Engine::Native,
            resumed,
            sequence: member.backlog.last(),
            resume_token: welcome.resume_token,
            heartbeat: HeartbeatTimes { interval: millis(HEARTBEAT_INTERVAL), timeout: millis(timeout) },
            engine_settings: welcome.engine_settings,
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
