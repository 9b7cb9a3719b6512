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

    /// Puts out the sessions that `to` names, and keeps their user out for a while.
    ///
    /// Nobody kicks a session of the owner's user, since that would keep out the owner. Other publishers may,
    /// also themselves. Sessions of the user that `to` does not name stay, and may resume.
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
        let targets = self.members.meant(to);
        if targets.is_empty() {
            return refuse(AckCode::NotRoomMember, "`to` is no member of the room");
        }
        if self.publishers.first().is_some_and(|owner| owner.user_id == *to.user_id()) {
            return refuse(AckCode::PermissionNotFound, "the owner cannot be kicked");
        }
        for key in &targets {
            if let Some(member) = self.members.get_mut(key) {
                member.forward(signal.raw(), out);
            }
            self.drop_member(key, out);
        }
        self.kicked.insert(to.user_id().clone(), now + self.settings.kick_duration);
        Ok(())
    }

    /// An empty room goes at once, one without publishers after its linger.
    pub(super) fn close_if_over(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.members.is_empty() && (self.opened || now >= self.opening_ends) {
            self.close(RoomClosedReason::Empty, out);
        } else if self.absence.due(self.settings.linger).is_some_and(|due| now >= due) {
            self.close(RoomClosedReason::Ended, out);
        }
    }

    pub(super) fn close(&mut self, reason: RoomClosedReason, out: &mut Vec<Effect>) {
        let object = ack::encode(ack::name::ROOM_CLOSED, &RoomClosed { room_id: self.id.clone(), reason });
        for member in self.members.take() {
            member.say(object.clone(), out);
            out.extend(member.connection.map(|connection| Effect::Forget { connection }));
        }
        self.publishers.clear();
        self.end_streams(out);
        self.closed = true;
        out.push(Effect::Closed);
    }

    /// A member is gone; the room may wait for it to come back.
    pub(super) fn remove(&mut self, now: Instant, key: &MemberKey, out: &mut Vec<Effect>) {
        if !self.drop_member(key, out) {
            return;
        }
        self.absence.note(now, &key.user_id, self.settings.linger);
        if self.publishers.is_empty() {
            self.absence.begin(now);
        }
    }

    /// Takes a member out, and says whether it published.
    fn drop_member(&mut self, key: &MemberKey, out: &mut Vec<Effect>) -> bool {
        let Some((member, freed)) = self.members.remove(key) else { return false };
        out.extend(freed.map(|connection| Effect::Forget { connection }));
        if member.publisher {
            self.publishers.retain(|publisher| publisher != key);
            self.list.changed();
        }
        member.publisher
    }
}
