//! `JOIN`: creating, joining and resuming.

use roomcast_protocol::ack::{self, Gap, HeartbeatTimes, HlsAddresses, IngestAddress, JoinAck};
use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::limits::{HEARTBEAT_INTERVAL, P2P_USERS};
use roomcast_protocol::signal::{Body, Engine, Join, MemberKey, RoomType, Session, Signal, SignalKind};

use super::backlog::Backlog;
use super::effect::{ConnectionId, Effect, Outgoing, Welcome};
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
        if matches!(self.room_type, RoomType::M2m | RoomType::A2m) {
            return refuse(AckCode::UnsupportedChannel, "this version has no group rooms");
        }
        let key = signal.head.session.key();
        let resumed = self.members.contains_key(&key);
        if resumed {
            self.take_over(now, from, &key, join, out)?;
        } else {
            self.admit(now, from, &signal.head.session, join)?;
        }
        self.welcome(now, &key, join, resumed, welcome, out);
        Ok(())
    }

    fn take_over(
        &mut self,
        now: Instant,
        from: ConnectionId,
        key: &MemberKey,
        join: &Join,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let member = self.members.get_mut(key).expect("the caller found the member");
        if member.connection != Some(from) && !member.accepts(join.options.resume_token.as_ref()) {
            return refuse(AckCode::PermissionNotFound, "the session is taken over only with its resume token");
        }
        if let Some(old) = member.connection.replace(from).filter(|old| *old != from) {
            out.push(Effect::Close { connection: old, code: CloseCode::SessionReplaced });
        }
        member.last_heard = now;
        let changed = (member.video, member.audio) != (join.video, join.audio);
        (member.video, member.audio) = (join.video, join.audio);
        if changed && member.publisher {
            self.list.changed();
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
        if self.kicked.get(&session.user_id).is_some_and(|until| now < *until) {
            return refuse(AckCode::PermissionNotFound, "the user was put out of this room");
        }
        let publisher = self.may_publish(session)?;
        let member = Member {
            session: session.clone(),
            publisher,
            video: join.video,
            audio: join.audio,
            connection: Some(from),
            last_heard: now,
            backlog: Backlog::default(),
            resume_token: String::new(),
            keeps_tokens: false,
            earlier_token: None,
            ingest: [None, None],
        };
        self.members.insert(session.key(), member);
        self.opened = true;
        if publisher {
            self.publishers.push(session.key());
            self.abandoned = None;
            self.list.changed();
        }
        Ok(())
    }

    /// Whether a newcomer becomes a publisher, or why there is no place.
    fn may_publish(&self, session: &Session) -> Result<bool, Refusal> {
        match self.room_type {
            RoomType::P2p => self.place_in_call(session).map(|()| true),
            _ => Ok(self.owner_user().is_none_or(|owner| *owner == session.user_id)),
        }
    }

    fn place_in_call(&self, session: &Session) -> Result<(), Refusal> {
        let mut others: Vec<_> =
            self.members.keys().map(|key| &key.user_id).filter(|user| **user != session.user_id).collect();
        others.sort_unstable();
        others.dedup();
        if others.len() >= P2P_USERS {
            return refuse(AckCode::RoomFull, "the call has two users already");
        }
        let twin =
            |member: &Member| member.session.user_id == session.user_id && member.session.category == session.category;
        if self.members.values().any(twin) {
            return refuse(AckCode::RoomFull, "the user has a session of this category in the call already");
        }
        Ok(())
    }

    /// The user who publishes, or did until a moment ago and may come back.
    fn owner_user(&self) -> Option<&roomcast_protocol::id::UserId> {
        let present = self.publishers.first().map(|key| &key.user_id);
        present.or(self.abandoned.as_ref().map(|(_, user)| user))
    }

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
        let (room_id, ttl, timeout) = (self.id.clone(), self.settings.ingest_ttl, self.settings.heartbeat_timeout);
        let member = self.members.get_mut(key).expect("the caller admitted the member");
        if member.publisher {
            member.renew_ingest_token(welcome.ingest_token, now + ttl);
        }
        member.renew_resume_token(&welcome.resume_token);
        member.keeps_tokens |= join.options.resume_token.is_some();
        let body = JoinAck {
            room_id: room_id.clone(),
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
        member.replay(room_id, join.options.resume_from, out);
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

impl Member {
    /// Says something without a number, if somebody listens.
    pub(super) fn say(&self, object: std::sync::Arc<str>, out: &mut Vec<Effect>) {
        if let Some(to) = self.connection {
            out.push(Effect::Send { to, message: Outgoing::plain(object) });
        }
    }

    /// Numbers and keeps a message, and sends it if somebody listens.
    pub(super) fn deliver(&mut self, object: &std::sync::Arc<str>, list: bool, out: &mut Vec<Effect>) {
        let sequence = self.backlog.push(object.clone(), list);
        if let Some(to) = self.connection {
            self.backlog.mark_written();
            out.push(Effect::Send { to, message: Outgoing { sequence: Some(sequence), object: object.clone() } });
        }
    }

    fn replay(&mut self, room_id: roomcast_protocol::id::RoomId, from: Option<u64>, out: &mut Vec<Effect>) {
        let Some(to) = self.connection else { return };
        let from = self.backlog.resume_point(from);
        if let Some((from, until)) = self.backlog.lost_after(from) {
            let object = ack::encode(ack::name::GAP, &Gap { room_id, from, to: until });
            out.push(Effect::Send { to, message: Outgoing::plain(object) });
        }
        for (sequence, object) in self.backlog.after(from) {
            out.push(Effect::Send { to, message: Outgoing { sequence: Some(sequence), object } });
        }
        self.backlog.mark_written();
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
