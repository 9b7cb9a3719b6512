//! `HEARTBEAT` and `UPDATE`: who is there and what they send.

use roomcast_protocol::ack::{HeartbeatAck, encode};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{Heartbeat, MemberKey, SignalKind, Update};

use super::effect::{ConnectionId, Effect, Outgoing};
use super::{Refusal, Room, refuse};

impl Room {
    pub(super) fn heartbeat(&mut self, key: &MemberKey, from: ConnectionId, beat: &Heartbeat, out: &mut Vec<Effect>) {
        if let (Some(received), Some(member)) = (beat.received, self.members.get_mut(key)) {
            member.backlog.confirm(received);
        }
        if !beat.send_ack {
            return;
        }
        let participants = self.participants();
        let body = HeartbeatAck { participants, room_id: self.id.clone(), beat_id: beat.beat_id.clone() };
        let object = encode(SignalKind::Heartbeat.name(), &body);
        out.push(Effect::Send { to: from, message: Outgoing::plain(object) });
    }

    pub(super) fn update(&mut self, key: &MemberKey, update: Update) -> Result<(), Refusal> {
        let Some(member) = self.members.get_mut(key).filter(|member| member.publisher) else {
            return refuse(AckCode::PermissionNotFound, "only publishers have video or audio to switch");
        };
        if (member.video, member.audio) != (update.video, update.audio) {
            (member.video, member.audio) = (update.video, update.audio);
            self.list.changed();
        }
        Ok(())
    }
}
