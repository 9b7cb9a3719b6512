//! `PUBLISH_REQUEST`, `PUBLISH_ACCEPT` and `PUBLISH_REJECT`: how a viewer becomes a publisher.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, PublishRequest};

use super::effect::Effect;
use super::relay::Said;
use super::shared::Aim;
use super::stage::{Command, Publisher};
use super::submit::Then;
use super::{Refusal, Room, refuse};
use crate::time::Instant;

impl Room {
    /// Passes a viewer's request on to the owner. Without one there is nobody to ask: the recipient has left.
    pub(super) fn publish_request(
        &mut self,
        said: Said<'_>,
        request: &PublishRequest,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let from = said.by;
        if self.stage.publishes(from) {
            return refuse(AckCode::AlreadyIsPublisher, "the sender publishes already");
        }
        let Some(owner) = self.stage.owner().map(|owner| owner.key()) else {
            return refuse(AckCode::UserLeft, "the room waits for its publisher; there is nobody to ask");
        };
        let video = self.video(request.video);
        if let Some(viewer) = self.members.get_mut(from) {
            // Nobody sees these of a viewer; they are what it will begin with as a publisher.
            (viewer.video, viewer.audio) = (video, request.audio);
        }
        self.describe(from, out);
        let missing = (AckCode::UserLeft, "the owner has left");
        self.pass_on(said, Aim::Sessions(vec![owner]), missing, out)
    }

    /// Makes publishers of the sessions that `to` names. One that publishes already is told so again, and
    /// nothing changes: two requests may cross one answer.
    pub(super) fn publish_accept(
        &mut self,
        now: Instant,
        said: Said<'_>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        self.check_owner(said.by)?;
        let here = self.others(said);
        if self.may_be_elsewhere(said, &here) {
            self.look_for(said, out);
            return Ok(());
        }
        let newcomers = here.iter().filter_map(|key| self.candidate(key)).collect();
        self.accept(now, said, newcomers, out)
    }

    /// Everyone it is for is known.
    pub(super) fn accept(
        &mut self,
        now: Instant,
        said: Said<'_>,
        newcomers: Vec<Publisher>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if newcomers.is_empty() {
            return refuse(AckCode::NotRoomMember, NOBODY);
        }
        let accepted = newcomers.iter().map(|new| new.session.key()).collect();
        let command = Command::Accept { by: said.by.clone(), newcomers };
        let then = Then::Accept { connection: said.connection, signal: said.signal.clone(), accepted };
        self.submit(now, command, then, out)
    }

    fn candidate(&self, key: &MemberKey) -> Option<Publisher> {
        let member = self.members.get(key)?;
        let (session, video, audio) = (member.session.clone(), member.video, member.audio);
        Some(Publisher { session, video, audio, ingest: Vec::new() })
    }

    /// Tells the sessions that `to` names that they may not publish. Who publishes already goes on.
    pub(super) fn publish_reject(&mut self, said: Said<'_>, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        self.check_owner(said.by)?;
        self.pass_on(said, self.aim(said), (AckCode::NotRoomMember, NOBODY), out)
    }

    fn check_owner(&self, from: &MemberKey) -> Result<(), Refusal> {
        match self.stage.is_owner(from) {
            true => Ok(()),
            false => refuse(AckCode::PermissionNotFound, "only the owner decides who publishes"),
        }
    }

    /// Whom the owner answers. Never itself: `to` with its own user id means that user's other sessions.
    fn others(&self, Said { by: from, signal, .. }: Said<'_>) -> Vec<MemberKey> {
        let meant = signal.head.recipient.as_ref().map(|to| self.members.meant(to));
        meant.unwrap_or_default().into_iter().filter(|key| key != from).collect()
    }
}

const NOBODY: &str = "`to` is no other member of the room";
