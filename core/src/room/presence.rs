//! `HEARTBEAT` and `UPDATE`: who is there and what they send.

use roomcast_protocol::ack::{HeartbeatAck, encode};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{Heartbeat, MemberKey, SignalKind, Update};

use super::effect::Effect;
use super::relay::Said;
use super::stage::Command;
use super::submit::Then;
use super::{Refusal, Room, refuse};
use crate::time::Instant;

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

    pub(super) fn update(
        &mut self,
        now: Instant,
        said: Said<'_>,
        update: Update,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let command = Command::Update { key: said.by.clone(), video: self.video(update.video), audio: update.audio };
        self.submit(now, command, Then::Answer { connection: said.connection, signal: said.signal.clone() }, out)
    }
}
