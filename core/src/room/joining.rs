//! `JOIN`: who gets in, in which role, and what the ack says.

use roomcast_protocol::ack::{self, HeartbeatTimes, HlsAddresses, IngestAddress, JoinAck};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::limits::HEARTBEAT_INTERVAL;
use roomcast_protocol::signal::{Body, Engine, Join, MemberKey, RoomType, Session, Signal, SignalKind};

use super::backlog::Backlog;
use super::effect::{ConnectionId, Effect, Welcome};
use super::member::Member;
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
        self.check_type(signal)?;
        let key = signal.head.session.key();
        if self.members.contains(&key) {
            let resume_point = self.resume(now, from, &key, join, out)?;
            self.welcome(now, &key, join, true, welcome, out);
            self.replay(&key, resume_point, out);
        } else {
            self.admit(now, from, &signal.head.session, join)?;
            self.welcome(now, &key, join, false, welcome, out);
        }
        Ok(())
    }

    fn admit(&mut self, now: Instant, from: ConnectionId, session: &Session, join: &Join) -> Result<(), Refusal> {
        if join.options.room_creating && self.opened {
            return refuse(AckCode::AlreadyExistRoom, "the room exists already");
        }
        if !join.options.room_creating && !self.opened {
            return refuse(AckCode::RoomNotFound, "there is no such room");
        }
        if self.kicked.contains(now, &session.user_id) {
            return refuse(AckCode::PermissionNotFound, "the user was put out of this room");
        }
        let publisher = self.place_for(session)?;
        let key = session.key();
        let mut member = Member::new(session.clone(), from, now);
        member.backlog = Backlog::counting_on(join.options.resume_from);
        (member.video, member.audio) = (self.video(join.video), join.audio);
        self.members.insert(key.clone(), member);
        self.watch(self.expiry(now), key.clone());
        self.opened = true;
        if publisher {
            self.promote(key);
        }
        Ok(())
    }

    /// What is reported of somebody's video: an audio room has none.
    pub(super) fn video(&self, enabled: bool) -> bool {
        enabled && self.room_type != RoomType::A2m
    }

    /// Puts a member last among the publishers.
    pub(super) fn promote(&mut self, key: MemberKey) {
        if let Some(member) = self.members.get_mut(&key) {
            member.publisher = true;
            self.publishers.push(key);
            self.absence.end();
            self.list.changed();
        }
    }

    /// Says to a member that it is in.
    fn welcome(
        &mut self,
        now: Instant,
        key: &MemberKey,
        join: &Join,
        resumed: bool,
        welcome: Welcome,
        out: &mut Vec<Effect>,
    ) {
        let participants = self.participants();
        let hls = self.addresses(key, &welcome);
        let owner = self.publishers.first() == Some(key);
        let (ttl, timeout) = (self.settings.ingest_ttl, self.settings.heartbeat_timeout);
        let Some(member) = self.members.get_mut(key) else { return };
        if hls.as_ref().is_some_and(|addresses| addresses.ingest.is_some()) {
            member.renew_ingest_token(welcome.ingest_token, now + ttl);
        }
        member.renew_resume_token(&welcome.resume_token, join.options.resume_token.as_ref());
        member.keeps_tokens |= join.options.resume_token.is_some();
        let body = JoinAck {
            room_id: self.id.clone(),
            participants,
            role: member.role(owner),
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
        if self.room_type != RoomType::P2m {
            return None;
        }
        let publisher = self.members.get(key).is_some_and(|member| member.publisher);
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
