//! Signals of members: taken in the order of their numbers, each once.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, RoomType, SignalKind};

use super::journal::OnCommit;
use super::member::OwnedMember;
use super::record::Field;
use super::{Owner, OwnerEffect, Turn};
use crate::cluster::Mutation;
use crate::room::message::{Action, Delivery, NumberedSignal, Signal, SignalRefusal, StayEnd, StayRef, ToEdge};
use crate::room::state::{Publisher, RoomCommand, names};
use crate::room::{Refusal, refuse};

/// The sender of a signal and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    pub stay: &'a StayRef,
    pub n: u64,
}

impl Owner {
    pub(super) fn on_signal(&mut self, turn: Turn, stay: &StayRef, said: NumberedSignal, out: &mut Vec<OwnerEffect>) {
        let in_order = !self.settings.breaks(Mutation::NumbersInOrder);
        let Some(member) = self.members.of_stay(stay) else { return };
        member.hear();
        // It says nothing of the socket: signals of an absent member may have waited at its edge.
        if said.signal.action == Action::Leave {
            return self.leave(turn, &stay.member, out);
        }
        if said.n != member.expected && (in_order || said.n < member.expected) {
            return;
        }
        member.expected = said.n + 1;
        self.members.confirmations_rose |= self.members.numbers(&stay.member);
        let sender = Sender { stay, n: said.n };
        if let Err(refusal) = self.carry_out(turn, sender, &said.signal, out) {
            self.send_refusal(sender, said.signal, refusal, out);
        }
    }

    fn send_refusal(&self, sender: Sender<'_>, signal: Signal, refusal: Refusal, out: &mut Vec<OwnerEffect>) {
        let Some(member) = self.members.get(&sender.stay.member) else { return };
        let (kind, message) = (signal.action.kind(), signal.text.message);
        let Refusal { code, reason } = refusal;
        let refused = SignalRefusal { n: sender.n, kind, code, reason, message };
        self.edges.send(member.edge, ToEdge::Refused(sender.stay.clone(), Box::new(refused)), out);
    }

    fn carry_out(
        &mut self,
        turn: Turn,
        from: Sender<'_>,
        signal: &Signal,
        out: &mut Vec<OwnerEffect>,
    ) -> Result<(), Refusal> {
        match signal.action {
            Action::Relay(kind) => self.relay(from, kind, signal, out),
            Action::Watch => self.watch(from, signal, out),
            Action::Kick => self.kick(turn, from, signal),
            Action::KickAndRevoke => self.kick_and_revoke(turn, from, signal),
            Action::PublishRequest(video, audio) => self.publish_request(from, (video, audio), signal, out),
            Action::PublishAccept => self.publish_accept(turn, from, signal, out),
            Action::PublishReject => self.publish_reject(from, signal, out),
            Action::Update(video, audio) => self.update(turn, from, (video, audio)),
            Action::Leave | Action::Refused(_) => Ok(()),
        }
    }

    fn relay(
        &mut self,
        from: Sender<'_>,
        kind: SignalKind,
        signal: &Signal,
        out: &mut Vec<OwnerEffect>,
    ) -> Result<(), Refusal> {
        let offers = kind == SignalKind::Offer && self.state.room_type() != RoomType::P2p;
        if offers && !self.state.publishes(&from.stay.member) {
            return refuse(AckCode::PermissionNotFound, "only publishers have something to offer");
        }
        let missing = match kind {
            SignalKind::Answer => (AckCode::UserLeft, "the recipient has left"),
            _ => (AckCode::RecipientNotMember, "the recipient is not in the room"),
        };
        let recipients = self.members.recipients(&from.stay.member, signal.to.as_ref(), &self.state);
        self.forward(from, recipients, missing, signal, out)
    }

    /// Forwards a viewer's wish to the publishing sessions of a user, which answer with offers.
    fn watch(&mut self, from: Sender<'_>, signal: &Signal, out: &mut Vec<OwnerEffect>) -> Result<(), Refusal> {
        let meant = |publisher: &&Publisher| signal.to.as_ref().is_some_and(|to| names(to, &publisher.session));
        let publishers = self.state.publishers().iter().filter(meant).map(|publisher| publisher.session.key());
        let there = publishers.filter(|key| *key != from.stay.member && self.members.contains(key));
        let mut recipients: Vec<_> = there.collect();
        recipients.sort();
        let missing = (AckCode::UserLeft, "`to` does not publish here any more");
        self.forward(from, recipients, missing, signal, out)
    }

    fn forward(
        &mut self,
        from: Sender<'_>,
        recipients: Vec<MemberKey>,
        (code, reason): (AckCode, &str),
        signal: &Signal,
        out: &mut Vec<OwnerEffect>,
    ) -> Result<(), Refusal> {
        if recipients.is_empty() {
            return refuse(code, reason);
        }
        let (sender, text) = (from.stay, signal.text.data());
        let numbered = self.members.numbers(&sender.member);
        let delivery = Delivery { sq: 0, from: sender.clone(), numbered, n: from.n, text };
        for key in recipients {
            let forgotten = self.members.deliver(&key, delivery.clone(), (&self.settings, &self.edges), out);
            self.tallies.forget(forgotten);
        }
        Ok(())
    }

    /// Lets a signal count as held until the journal has what it changed.
    fn hold_until_journaled(&mut self, from: Sender<'_>) {
        if self.members.numbers(&from.stay.member) {
            self.members.hold(&from.stay.member, from.n);
            self.journal.defer(OnCommit::Released(vec![(from.stay.member.clone(), from.n)]));
        }
    }

    pub(super) fn kick(&mut self, turn: Turn, from: Sender<'_>, signal: &Signal) -> Result<(), Refusal> {
        let Some(to) = &signal.to else { return refuse(AckCode::InvalidSignal, "`to` is missing") };
        turn.check_fresh()?;
        let kicked = self.members.named(to);
        // Viewers of edges are not known here: any user may be one.
        let there = !kicked.is_empty() || self.edges.have_viewers();
        if kicked.iter().any(|key| *key != from.stay.member && self.members.moderates(key)) {
            return refuse(AckCode::PermissionNotFound, "a moderator cannot be kicked");
        }
        let moderates = self.members.moderates(&from.stay.member);
        let command = RoomCommand::Kick { by: from.stay.member.clone(), to: to.clone(), there, moderates };
        let listed = self.decide(turn, &command)?;
        self.journal.change(Field::Room);
        self.hold_until_journaled(from);
        if self.state.room_type() == RoomType::P2m {
            self.journal.defer(OnCommit::Kicked(to.clone(), signal.text.data()));
        }
        for key in kicked {
            let Some(member) = self.members.remove(&key) else { continue };
            self.journal.change(Field::Member(key));
            let stay_end = StayEnd::Kicked(member.backlog.last() + 1, signal.text.data());
            self.journal.defer(OnCommit::StayEnd(member.edge, member.stay_ref(), stay_end));
            self.journal.defer(OnCommit::Released(member.backlog.held()));
        }
        if listed {
            self.list_changed();
            if self.state.publishers().is_empty() {
                self.end_streams(turn);
            }
        }
        Ok(())
    }

    /// Forwards a viewer's request to the owner. Without one there is nobody to ask.
    fn publish_request(
        &mut self,
        from: Sender<'_>,
        (video, audio): (bool, bool),
        signal: &Signal,
        out: &mut Vec<OwnerEffect>,
    ) -> Result<(), Refusal> {
        let key = &from.stay.member;
        if self.state.publishes(key) {
            return refuse(AckCode::AlreadyIsPublisher, "the sender publishes already");
        }
        if !self.members.may_publish(key) {
            return refuse(AckCode::PermissionNotFound, "the token of the sender does not grant `publish`");
        }
        let mut asked: Vec<_> = self.members.moderators().collect();
        let owner = self.state.owner().map(|owner| owner.key());
        asked.extend(owner.filter(|owner| self.members.contains(owner) && !asked.contains(owner)));
        if asked.is_empty() && self.state.owner().is_none() {
            return refuse(AckCode::UserLeft, "the room waits for its publisher; there is nobody to ask");
        }
        let video = self.state.video(video);
        if let Some(viewer) = self.members.get_mut(key) {
            // Nobody sees these of a viewer; it begins with them as a publisher.
            viewer.media = (video, audio);
        }
        self.journal.change(Field::Member(key.clone()));
        self.forward(from, asked, (AckCode::UserLeft, "the owner has left"), signal, out)
    }

    /// Makes publishers of the sessions that `to` names. One that publishes already is told so again, and nothing
    /// changes: two requests may cross one answer.
    ///
    /// The signal is forwarded at once, so that it keeps its place among its sender's; the list, by which everybody
    /// else learns of it, follows once the journal has the change.
    fn publish_accept(
        &mut self,
        turn: Turn,
        from: Sender<'_>,
        signal: &Signal,
        out: &mut Vec<OwnerEffect>,
    ) -> Result<(), Refusal> {
        self.check_decides(from)?;
        turn.check_fresh()?;
        let accepted = self.members.others(&from.stay.member, signal.to.as_ref());
        if !accepted.is_empty()
            && self.members.moderators().next().is_some()
            && accepted.iter().all(|key| self.state.publishes(key))
        {
            return refuse(AckCode::AlreadyIsPublisher, "`to` publishes already: another has answered");
        }
        let newcomers: Vec<_> = accepted.iter().filter_map(|key| self.members.get(key)).map(publisher).collect();
        if newcomers.is_empty() {
            return refuse(AckCode::NotRoomMember, NOBODY);
        }
        if accepted.iter().any(|key| !self.members.may_publish(key)) {
            return refuse(AckCode::PermissionNotFound, "the token of `to` does not grant `publish`");
        }
        let moderates = self.members.moderates(&from.stay.member);
        let command = RoomCommand::Accept { by: from.stay.member.clone(), newcomers, moderates };
        let listed = self.decide(turn, &command)?;
        self.hold_until_journaled(from);
        if listed {
            self.list_changed();
        }
        self.forward(from, accepted, (AckCode::NotRoomMember, NOBODY), signal, out)
    }

    /// Tells the sessions that `to` names that they may not publish. One that publishes already goes on.
    fn publish_reject(&mut self, from: Sender<'_>, signal: &Signal, out: &mut Vec<OwnerEffect>) -> Result<(), Refusal> {
        self.check_decides(from)?;
        let mut recipients = self.members.others(&from.stay.member, signal.to.as_ref());
        if self.members.moderators().next().is_some() && !recipients.is_empty() {
            // Another has accepted meanwhile: the first answer counts.
            recipients.retain(|key| !self.state.publishes(key));
            if recipients.is_empty() {
                return Ok(());
            }
        }
        self.forward(from, recipients, (AckCode::NotRoomMember, NOBODY), signal, out)
    }

    fn check_decides(&self, from: Sender<'_>) -> Result<(), Refusal> {
        match self.state.is_owner(&from.stay.member) || self.members.moderates(&from.stay.member) {
            true => Ok(()),
            false => refuse(AckCode::PermissionNotFound, "only the owner and moderators decide who publishes"),
        }
    }

    fn update(&mut self, turn: Turn, from: Sender<'_>, (video, audio): (bool, bool)) -> Result<(), Refusal> {
        let (key, video) = (from.stay.member.clone(), self.state.video(video));
        let command = RoomCommand::Update { key: key.clone(), video, audio };
        let listed = self.decide(turn, &command)?;
        if let Some(member) = self.members.get_mut(&key) {
            member.media = (video, audio);
        }
        self.journal.change(Field::Member(key));
        self.hold_until_journaled(from);
        if listed {
            self.list_changed();
        }
        Ok(())
    }
}

const NOBODY: &str = "`to` is no other member of the room";

fn publisher(member: &OwnedMember) -> Publisher {
    let (video, audio) = member.media;
    let name = member.credentials.as_deref().and_then(|credentials| credentials.name.clone());
    Publisher { session: member.session.clone(), video, audio, ingest: Vec::new(), name }
}
