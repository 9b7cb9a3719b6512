//! Publishing: requests of viewers, the answers to them, and the media state of publishers.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::MemberKey;

use super::member::OwnedMember;
use super::members::Members;
use super::record::Field;
use super::removal::Membership;
use super::said::{Said, anybody};
use crate::room::state::{Publisher, RoomCommand, RoomState};
use crate::room::{Refusal, refuse};

const NOBODY: (AckCode, &str) = (AckCode::NotRoomMember, "`to` is no other member of the room");

impl Membership<'_> {
    /// Handles a viewer's request to publish; returns the members that are asked: the moderators and the owner.
    pub fn request_to_publish(
        &mut self,
        said: Said<'_>,
        (video, audio): (bool, bool),
    ) -> Result<Vec<MemberKey>, Refusal> {
        let (key, state, members) = (said.sender(), &self.room.state, &mut *self.members);
        if state.publishes(key) {
            return refuse(AckCode::AlreadyIsPublisher, "the sender publishes already");
        }
        if !members.may_publish(key) {
            return refuse(AckCode::PermissionNotFound, "the token of the sender does not grant `publish`");
        }
        let (owner, mut asked) = (state.owner().map(|owner| owner.key()), members.moderators().collect::<Vec<_>>());
        if asked.is_empty() && owner.is_none() {
            return refuse(AckCode::UserLeft, "the room waits for its publisher; there is nobody to ask");
        }
        asked.extend(owner.filter(|owner| members.contains(owner) && !asked.contains(owner)));
        if let Some(viewer) = members.get_mut(key) {
            // Nobody sees these of a viewer; it begins with them as a publisher.
            viewer.media = (state.video(video), audio);
        }
        self.room.journal.change(Field::Member(key.clone()));
        anybody(asked, (AckCode::UserLeft, "the owner has left"))
    }

    /// Turns the sessions that `to` names into publishers and returns them. A session that publishes already is
    /// notified again without a change, since a second request may cross the first answer.
    ///
    /// The signal is forwarded at once, so that it keeps its position among the sender's signals. The list, which
    /// informs all other members, follows once the change is journaled.
    pub fn accept_publishers(&mut self, said: Said<'_>) -> Result<Vec<MemberKey>, Refusal> {
        let (state, members) = (&self.room.state, &*self.members);
        check_decides(state, members, said)?;
        self.turn.check_fresh()?;
        let accepted = anybody(members.others(said.sender(), said.signal.to.as_ref()), NOBODY)?;
        if members.moderators().next().is_some() && accepted.iter().all(|key| state.publishes(key)) {
            return refuse(AckCode::AlreadyIsPublisher, "`to` publishes already: another has answered");
        }
        if accepted.iter().any(|key| !members.may_publish(key)) {
            return refuse(AckCode::PermissionNotFound, "the token of `to` does not grant `publish`");
        }
        let newcomers = accepted.iter().filter_map(|key| members.get(key)).map(publisher).collect();
        let (by, moderates) = (said.sender().clone(), members.moderates(said.sender()));
        self.decide(&RoomCommand::Accept { by, newcomers, moderates })?;
        self.members.hold_until_journaled(said, &mut self.room.journal);
        Ok(accepted)
    }

    /// Returns the sessions that `to` names, to be notified that their request is rejected. A session that publishes
    /// already remains a publisher.
    pub fn reject_publishers(&self, said: Said<'_>) -> Result<Vec<MemberKey>, Refusal> {
        check_decides(&self.room.state, self.members, said)?;
        let mut recipients = anybody(self.members.others(said.sender(), said.signal.to.as_ref()), NOBODY)?;
        if self.members.moderators().next().is_some() {
            // Another has accepted meanwhile: the first answer counts.
            recipients.retain(|key| !self.room.state.publishes(key));
        }
        Ok(recipients)
    }

    /// Updates the media state of a publisher.
    pub fn update(&mut self, said: Said<'_>, (video, audio): (bool, bool)) -> Result<(), Refusal> {
        let (key, video) = (said.sender().clone(), self.room.state.video(video));
        self.decide(&RoomCommand::Update { key: key.clone(), video, audio })?;
        if let Some(member) = self.members.get_mut(&key) {
            member.media = (video, audio);
        }
        self.room.journal.change(Field::Member(key));
        self.members.hold_until_journaled(said, &mut self.room.journal);
        Ok(())
    }
}

fn check_decides(state: &RoomState, members: &Members, said: Said<'_>) -> Result<(), Refusal> {
    match state.is_owner(said.sender()) || members.moderates(said.sender()) {
        true => Ok(()),
        false => refuse(AckCode::PermissionNotFound, "only the owner and moderators decide who publishes"),
    }
}

fn publisher(member: &OwnedMember) -> Publisher {
    let (video, audio) = member.media;
    let name = member.credentials.as_deref().and_then(|credentials| credentials.name.clone());
    Publisher { session: member.session.clone(), video, audio, ingest: Vec::new(), name }
}
