//! How members go and rooms end: `LEAVE`, `KICK`, silence, and the last one out.

use roomcast_protocol::ack::{self, RoomClosed, RoomClosedReason};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, RoomType};

use super::effect::Effect;
use super::member::Member;
use super::relay::Said;
use super::stage::Command;
use super::submit::Then;
use super::{Refusal, Room, refuse};
use crate::time::Instant;

impl Room {
    /// A member goes of its own accord; a streamer's broadcast ends with it.
    pub(super) fn leave(&mut self, now: Instant, key: &MemberKey, out: &mut Vec<Effect>) {
        let published = self.stage.publishes(key);
        self.remove(now, key, published, out);
        if self.shared.is_none() && self.stage.room_type() == RoomType::P2m && self.stage.publishers().is_empty() {
            self.end_streams(now, out);
        }
    }

    /// Puts out the sessions that `to` names, and keeps their user out for a while.
    ///
    /// Nobody kicks a session of the owner's user, since that would keep out the owner. Other publishers may,
    /// also themselves. Sessions of the user that `to` does not name stay, and may resume.
    pub(super) fn kick(&mut self, now: Instant, said: Said<'_>, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let Said { by, connection, signal } = said;
        let Some(to) = &signal.head.recipient else { return refuse(AckCode::InvalidSignal, "`to` is missing") };
        // Who is on other nodes is known only to what all share.
        let there = self.shared.is_some() || !self.members.meant(to).is_empty();
        let command = Command::Kick { by: by.clone(), to: to.clone(), there };
        self.submit(now, command, Then::Kick { connection, signal: signal.clone() }, out)
    }

    /// A member is out; it gets the signal that put it out.
    pub(super) fn put_out(&mut self, key: &MemberKey, text: &str, out: &mut Vec<Effect>) {
        if let Some(member) = self.members.get_mut(key) {
            member.forward(text, out);
        }
        self.drop_member(key, out);
    }

    /// An empty room goes at once, one without publishers after its linger.
    pub(super) fn close_if_over(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.shared.is_some() {
            self.close_shared_if_over(now, out);
        } else if self.members.is_empty() && (self.stage.is_open() || now >= self.opening_ends) {
            self.close(now, RoomClosedReason::Empty, out);
        } else if self.over_at().is_some_and(|due| now >= due) {
            self.close(now, RoomClosedReason::Ended, out);
        }
    }

    pub(super) fn close(&mut self, now: Instant, reason: RoomClosedReason, out: &mut Vec<Effect>) {
        let object = ack::encode(ack::name::ROOM_CLOSED, &RoomClosed { room_id: self.id.clone(), reason });
        for member in self.members.take() {
            member.say(object.clone(), out);
            out.extend(member.connection.map(|connection| Effect::Forget { connection }));
        }
        self.end_streams(now, out);
        self.close_shared(now, out);
        self.closed = true;
        out.push(Effect::Closed);
    }

    /// A member is gone; the room may wait for it to come back.
    pub(super) fn remove(&mut self, now: Instant, key: &MemberKey, ends: bool, out: &mut Vec<Effect>) {
        let generation = self.members.get(key).map_or(0, Member::generation);
        self.drop_member(key, out);
        // It cannot be refused.
        let _ = self.submit(now, Command::Leave { key: key.clone() }, Then::Gone { ends, generation }, out);
    }

    /// Takes a member out.
    pub(super) fn drop_member(&mut self, key: &MemberKey, out: &mut Vec<Effect>) {
        let Some((member, freed)) = self.members.remove(key) else { return };
        if let (Some(shared), Some(connection)) = (&mut self.shared, member.waits_on()) {
            shared.free(connection);
        }
        out.extend(freed.map(|connection| Effect::Forget { connection }));
    }
}
