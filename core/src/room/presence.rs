//! `HEARTBEAT` and `UPDATE`: who is there and what they send.

use roomcast_protocol::ack::{HeartbeatAck, encode};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{Heartbeat, MemberKey, SignalKind, Update};

use super::effect::Effect;
use super::{Refusal, Room, refuse};

impl Room {
    pub(super) fn heartbeat(
        &mut self,
        key: &MemberKey,
        beat: &Heartbeat,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let participants = self.participants();
        let Some(member) = self.members.get_mut(key) else {
            return refuse(AckCode::NotRoomMember, "the sender is no member");
        };
        if let Some(received) = beat.received {
            member.backlog.confirm(received);
        }
        if beat.send_ack {
            let body = HeartbeatAck { participants, room_id: self.id.clone(), beat_id: beat.beat_id.clone() };
            member.say(encode(SignalKind::Heartbeat.name(), &body), out);
        }
        Ok(())
    }

    pub(super) fn update(&mut self, key: &MemberKey, update: Update) -> Result<(), Refusal> {
        let video = self.video(update.video);
        let Some(member) = self.members.get_mut(key).filter(|member| member.publisher) else {
            return refuse(AckCode::PermissionNotFound, "only publishers have video or audio to switch");
        };
        if (member.video, member.audio) != (video, update.audio) {
            (member.video, member.audio) = (video, update.audio);
            self.list.changed();
        }
        Ok(())
    }
}
