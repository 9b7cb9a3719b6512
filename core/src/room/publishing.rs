//! `PUBLISH_REQUEST`, `PUBLISH_ACCEPT` and `PUBLISH_REJECT`: how a viewer becomes a publisher.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, PublishRequest, Signal};

use super::effect::Effect;
use super::{Refusal, Room, refuse};

impl Room {
    /// Passes a viewer's request on to the owner. Without one there is nobody to ask: the recipient has left.
    pub(super) fn publish_request(
        &mut self,
        from: &MemberKey,
        request: &PublishRequest,
        signal: &Signal,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if self.publishers.contains(from) {
            return refuse(AckCode::AlreadyIsPublisher, "the sender publishes already");
        }
        let Some(owner) = self.publishers.first().cloned() else {
            return refuse(AckCode::UserLeft, "the room waits for its publisher; there is nobody to ask");
        };
        let video = self.video(request.video);
        if let Some(viewer) = self.members.get_mut(from) {
            // Nobody sees these of a viewer; they are what it will begin with as a publisher.
            (viewer.video, viewer.audio) = (video, request.audio);
        }
        self.forward(&[owner], signal, out);
        Ok(())
    }

    /// Makes publishers of the sessions that `to` names. One that publishes already is told so again, and
    /// nothing changes: two requests may cross one answer.
    pub(super) fn publish_accept(
        &mut self,
        from: &MemberKey,
        signal: &Signal,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let targets = self.asked(from, signal)?;
        let newcomers: Vec<MemberKey> = targets.iter().filter(|key| !self.publishers.contains(key)).cloned().collect();
        if newcomers.len() > self.free_places() {
            return refuse(AckCode::RoomFull, "the room has as many publishers as it may");
        }
        self.forward(&targets, signal, out);
        for key in newcomers {
            self.promote(key);
        }
        Ok(())
    }

    /// Tells the sessions that `to` names that they may not publish. Who publishes already goes on.
    pub(super) fn publish_reject(
        &mut self,
        from: &MemberKey,
        signal: &Signal,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let targets = self.asked(from, signal)?;
        self.forward(&targets, signal, out);
        Ok(())
    }

    /// Whom the owner answers. Never itself: `to` with its own user id means that user's other sessions.
    fn asked(&self, from: &MemberKey, signal: &Signal) -> Result<Vec<MemberKey>, Refusal> {
        if self.publishers.first() != Some(from) {
            return refuse(AckCode::PermissionNotFound, "only the owner decides who publishes");
        }
        let targets = self.others(from, signal);
        if targets.is_empty() {
            return refuse(AckCode::NotRoomMember, "`to` is no other member of the room");
        }
        Ok(targets)
    }

    /// Passes a signal on as it was sent.
    pub(super) fn forward(&mut self, to: &[MemberKey], signal: &Signal, out: &mut Vec<Effect>) {
        for key in to {
            if let Some(member) = self.members.get_mut(key) {
                member.forward(signal.raw(), out);
            }
        }
    }
}
