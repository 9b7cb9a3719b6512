//! How members go and rooms end: `LEAVE`, `KICK`, silence, and the last one out.

use roomcast_protocol::ack::{self, RoomClosed, RoomClosedReason};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, RoomType, Signal};

use super::effect::Effect;
use super::{Refusal, Room, refuse};
use crate::time::Instant;

impl Room {
    /// A member goes of its own accord; a streamer's broadcast ends with it.
    pub(super) fn leave(&mut self, now: Instant, key: &MemberKey, out: &mut Vec<Effect>) {
        self.remove(now, key, out);
        if self.room_type == RoomType::P2m && self.publishers.is_empty() {
            self.end_streams(out);
        }
    }

    pub(super) fn kick(
        &mut self,
        now: Instant,
        by: &MemberKey,
        signal: &Signal,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if !self.publishers.contains(by) {
            return refuse(AckCode::PermissionNotFound, "only publishers may kick");
        }
        let Some(to) = &signal.head.recipient else { return refuse(AckCode::InvalidSignal, "`to` is missing") };
        let owner = self.publishers.first().is_some_and(|owner| owner.user_id == *to.user_id());
        if owner {
            return refuse(AckCode::PermissionNotFound, "the owner cannot be kicked");
        }
        let targets: Vec<MemberKey> = self.members.keys().filter(|key| to.matches(key)).cloned().collect();
        if targets.is_empty() {
            return refuse(AckCode::RecipientNotMember, "`to` is no member of the room");
        }
        let object = signal.raw().into();
        for key in &targets {
            if let Some(member) = self.members.get_mut(key) {
                member.deliver(&object, false, out);
            }
            self.remove(now, key, out);
        }
        self.kicked.insert(to.user_id().clone(), now + self.settings.kick_duration);
        Ok(())
    }

    /// Removes the silent and forgets kicks that are over.
    pub(super) fn sweep(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let timeout = self.settings.heartbeat_timeout;
        let silent = |last: Instant| now.since(last) > timeout;
        let gone: Vec<MemberKey> =
            self.members.iter().filter(|(_, member)| silent(member.last_heard)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.remove(now, &key, out);
        }
        self.kicked.retain(|_, until| now < *until);
    }

    /// An empty room goes at once, one without publishers after its linger.
    pub(super) fn close_if_over(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let linger = self.settings.linger;
        if self.opened && self.members.is_empty() {
            self.close(RoomClosedReason::Empty, out);
        } else if self.abandoned.as_ref().is_some_and(|(since, _)| now.since(*since) >= linger) {
            self.close(RoomClosedReason::Ended, out);
        }
    }

    pub(super) fn close(&mut self, reason: RoomClosedReason, out: &mut Vec<Effect>) {
        let object = ack::encode(ack::name::ROOM_CLOSED, &RoomClosed { room_id: self.id.clone(), reason });
        for (_, member) in self.members.drain() {
            member.say(object.clone(), out);
            out.extend(member.connection.map(|connection| Effect::Forget { connection }));
        }
        self.end_streams(out);
        self.closed = true;
        out.push(Effect::Closed);
    }

    fn remove(&mut self, now: Instant, key: &MemberKey, out: &mut Vec<Effect>) {
        let Some(member) = self.members.remove(key) else { return };
        if let Some(connection) = member.connection.filter(|connection| !self.has_connection(*connection)) {
            out.push(Effect::Forget { connection });
        }
        if !member.publisher {
            return;
        }
        self.publishers.retain(|publisher| publisher != key);
        self.list.changed();
        if self.publishers.is_empty() {
            self.abandoned = Some((now, key.user_id.clone()));
        }
    }
}
