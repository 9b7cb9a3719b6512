//! Signals of members: taken in the order of their numbers, each once.

use std::ops::Bound;
use std::sync::LazyLock;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::SessionId;
use roomcast_protocol::signal::{MemberKey, Recipient, RoomType, SignalKind};

use super::journal::OnCommit;
use super::member::{OwnedMember, Presence};
use super::record::Field;
use super::{Owner, OwnerEffect, Turn};
use crate::cluster::Mutation;
use crate::room::credentials::{may_publish, moderates};
use crate::room::message::{Action, Delivery, NumberedSignal, Signal, SignalRefusal, StayEnd, StayRef, ToEdge};
use crate::room::state::{Publisher, RoomCommand, names};
use crate::room::{Refusal, refuse};

/// No session id sorts before it: a space is the least character of one.
static LEAST: LazyLock<SessionId> = LazyLock::new(|| SessionId::parse(" ").expect("a space is printable"));

/// The sender of a signal and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    pub stay: &'a StayRef,
    pub n: u64,
}

impl Owner {
    pub(super) fn on_signal(&mut self, turn: Turn, stay: &StayRef, said: NumberedSignal, out: &mut Vec<OwnerEffect>) {
        let in_order = !self.settings.breaks(Mutation::NumbersInOrder);
        let Some(member) = self.members.get_mut(&stay.member).filter(|member| member.stay == stay.stay) else {
            return;
        };
        member.hear();
        // It says nothing of the socket: signals of an absent member may have waited at its edge.
        if said.signal.action == Action::Leave {
            return self.leave(turn, &stay.member, out);
        }
        if said.n != member.expected && (in_order || said.n < member.expected) {
            return;
        }
        member.expected = said.n + 1;
        self.deadlines.confirms |= member.numbers;
        let sender = Sender { stay, n: said.n };
        if let Err(refusal) = self.carry_out(turn, sender, &said.signal, out) {
            self.send_refusal(sender, said.signal, refusal, out);
        }
    }

    /// Notes a sign of life of a member on its present connection.
    pub(super) fn note_heard(&mut self, stay: &StayRef) {
        let member = self.members.get_mut(&stay.member).filter(|member| member.stay == stay.stay);
        member.into_iter().for_each(|member| member.hear());
    }

    fn send_refusal(&self, sender: Sender<'_>, signal: Signal, refusal: Refusal, out: &mut Vec<OwnerEffect>) {
        let Some(member) = self.members.get(&sender.stay.member) else { return };
        let (kind, message) = (signal.action.kind(), signal.text.message);
        let Refusal { code, reason } = refusal;
        let refused = SignalRefusal { n: sender.n, kind, code, reason, message };
        self.send(member.edge, ToEdge::Refused(sender.stay.clone(), Box::new(refused)), out);
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
        let recipients = self.recipients(from, signal.to.as_ref());
        self.forward(from, recipients, missing, signal, out)
    }

    /// Forwards a viewer's wish to the publishing sessions of a user, which answer with offers.
    fn watch(&mut self, from: Sender<'_>, signal: &Signal, out: &mut Vec<OwnerEffect>) -> Result<(), Refusal> {
        let meant = |publisher: &&Publisher| signal.to.as_ref().is_some_and(|to| names(to, &publisher.session));
        let publishers = self.state.publishers().iter().filter(meant).map(|publisher| publisher.session.key());
        let there = publishers.filter(|key| *key != from.stay.member && self.members.contains_key(key));
        let mut recipients: Vec<_> = there.collect();
        recipients.sort();
        let missing = (AckCode::UserLeft, "`to` does not publish here any more");
        self.forward(from, recipients, missing, signal, out)
    }

    /// The members that a signal is for, never its sender. Where `to` is left out, as a call permits, the other user.
    fn recipients(&self, from: Sender<'_>, to: Option<&Recipient>) -> Vec<MemberKey> {
        let mut recipients = match to {
            Some(to) => self.named(to),
            None => {
                let others = self.state.publishers().iter().map(|publisher| publisher.session.key());
                others.filter(|key| key.user_id != from.stay.member.user_id).collect()
            }
        };
        recipients.retain(|key| *key != from.stay.member && self.members.contains_key(key));
        recipients
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
        let delivery = self.delivery(from, signal);
        for key in recipients {
            self.deliver(&key, delivery.clone(), out);
        }
        Ok(())
    }

    fn delivery(&self, from: Sender<'_>, signal: &Signal) -> Delivery {
        let numbered = self.members.get(&from.stay.member).is_some_and(|member| member.numbers);
        Delivery { sq: 0, from: from.stay.clone(), numbered, n: from.n, text: signal.text.data() }
    }

    /// Numbers a signal for a member, keeps it, and sends it where the member has a socket.
    pub(super) fn deliver(&mut self, key: &MemberKey, delivery: Delivery, out: &mut Vec<OwnerEffect>) {
        if !self.members.contains_key(key) {
            return;
        }
        if delivery.numbered && !self.settings.breaks(Mutation::HeldByBacklog) {
            self.hold(&delivery.from.member, delivery.n);
        }
        let bounds = self.settings.backlog;
        let Some(member) = self.members.get_mut(key) else { return };
        let (delivery, dropped, forgotten) = member.backlog.push(delivery, bounds);
        let (edge, stay) = (member.edge, member.stay_ref());
        if member.committed && member.presence == Presence::Present {
            self.send(edge, ToEdge::Deliver(stay, delivery), out);
        }
        self.tallies.forget(forgotten);
        self.release_held(&dropped);
    }

    pub(super) fn hold(&mut self, sender: &MemberKey, n: u64) {
        if let Some(sender) = self.members.get_mut(sender) {
            sender.hold(n);
        }
    }

    pub(super) fn had(&mut self, stay: &StayRef, sq: u64, confirmed: bool) {
        let Some(member) = self.members.get_mut(&stay.member).filter(|member| member.stay == stay.stay) else {
            return;
        };
        let had = if confirmed { member.backlog.confirm(sq) } else { member.backlog.note_written(sq) };
        self.release_held(&had);
    }

    /// The members that `to` names.
    fn named(&self, to: &Recipient) -> Vec<MemberKey> {
        let user = match to {
            Recipient::Session(key) => return Vec::from_iter(self.members.contains_key(key).then(|| key.clone())),
            Recipient::User(user) => user,
        };
        let first = MemberKey { user_id: user.clone(), session_id: LEAST.clone() };
        let from_there = self.members.range((Bound::Included(first), Bound::Unbounded));
        from_there.take_while(|(key, _)| key.user_id == *user).map(|(key, _)| key.clone()).collect()
    }

    /// Lets a signal count as held until the journal has what it changed.
    fn hold_until_journaled(&mut self, from: Sender<'_>) {
        if self.members.get(&from.stay.member).is_some_and(|member| member.numbers) {
            self.hold(&from.stay.member, from.n);
            self.journal.defer(OnCommit::Released(vec![(from.stay.member.clone(), from.n)]));
        }
    }

    /// Whether the token of a member makes it a moderator.
    fn moderates(&self, key: &MemberKey) -> bool {
        moderates(self.members.get(key).and_then(|member| member.credentials.as_deref()))
    }

    pub(super) fn kick(&mut self, turn: Turn, from: Sender<'_>, signal: &Signal) -> Result<(), Refusal> {
        let Some(to) = &signal.to else { return refuse(AckCode::InvalidSignal, "`to` is missing") };
        self.check_fresh(turn)?;
        let kicked = self.named(to);
        // Viewers of edges are not known here: any user may be one.
        let there = !kicked.is_empty() || self.has_viewers();
        if kicked.iter().any(|key| *key != from.stay.member && self.moderates(key)) {
            return refuse(AckCode::PermissionNotFound, "a moderator cannot be kicked");
        }
        let moderates = self.moderates(&from.stay.member);
        let command = RoomCommand::Kick { by: from.stay.member.clone(), to: to.clone(), there, moderates };
        let listed = self.state.decide(turn.shared, self.durations(), &command)?;
        self.journal.change(Field::Room);
        self.hold_until_journaled(from);
        if self.is_broadcast() {
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

    /// Decisions about members need a lease that cannot have expired.
    fn check_fresh(&self, turn: Turn) -> Result<(), Refusal> {
        match turn.fresh {
            true => Ok(()),
            false => refuse(AckCode::Unavailable, "the server has lost its connection to the other nodes; try again"),
        }
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
        if !self.is_granted_to_publish(key) {
            return refuse(AckCode::PermissionNotFound, "the token of the sender does not grant `publish`");
        }
        let mut asked: Vec<_> = self
            .members
            .values()
            .filter(|member| moderates(member.credentials.as_deref()))
            .map(|member| member.key())
            .collect();
        let owner = self.state.owner().map(|owner| owner.key());
        asked.extend(owner.filter(|owner| self.members.contains_key(owner) && !asked.contains(owner)));
        if asked.is_empty() && self.state.owner().is_none() {
            return refuse(AckCode::UserLeft, "the room waits for its publisher; there is nobody to ask");
        }
        let video = self.video(video);
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
        self.check_fresh(turn)?;
        let accepted = self.others(from, signal);
        if !accepted.is_empty() && self.has_moderators() && accepted.iter().all(|key| self.state.publishes(key)) {
            return refuse(AckCode::AlreadyIsPublisher, "`to` publishes already: another has answered");
        }
        let newcomers: Vec<_> =
            accepted.iter().filter_map(|key| self.members.get(key)).map(|member| publisher(member)).collect();
        if newcomers.is_empty() {
            return refuse(AckCode::NotRoomMember, NOBODY);
        }
        if accepted.iter().any(|key| !self.is_granted_to_publish(key)) {
            return refuse(AckCode::PermissionNotFound, "the token of `to` does not grant `publish`");
        }
        let moderates = self.moderates(&from.stay.member);
        let command = RoomCommand::Accept { by: from.stay.member.clone(), newcomers, moderates };
        let listed = self.state.decide(turn.shared, self.durations(), &command)?;
        self.hold_until_journaled(from);
        if listed {
            self.list_changed();
        }
        self.forward(from, accepted, (AckCode::NotRoomMember, NOBODY), signal, out)
    }

    /// Tells the sessions that `to` names that they may not publish. One that publishes already goes on.
    fn publish_reject(&mut self, from: Sender<'_>, signal: &Signal, out: &mut Vec<OwnerEffect>) -> Result<(), Refusal> {
        self.check_decides(from)?;
        let mut recipients = self.others(from, signal);
        if self.has_moderators() && !recipients.is_empty() {
            // Another has accepted meanwhile: the first answer counts.
            recipients.retain(|key| !self.state.publishes(key));
            if recipients.is_empty() {
                return Ok(());
            }
        }
        self.forward(from, recipients, (AckCode::NotRoomMember, NOBODY), signal, out)
    }

    /// Whether the token of a member lets it publish; a server without a key lets everybody.
    fn is_granted_to_publish(&self, key: &MemberKey) -> bool {
        may_publish(self.members.get(key).and_then(|member| member.credentials.as_deref()))
    }

    fn has_moderators(&self) -> bool {
        self.members.values().any(|member| moderates(member.credentials.as_deref()))
    }

    fn check_decides(&self, from: Sender<'_>) -> Result<(), Refusal> {
        match self.state.is_owner(&from.stay.member) || self.moderates(&from.stay.member) {
            true => Ok(()),
            false => refuse(AckCode::PermissionNotFound, "only the owner and moderators decide who publishes"),
        }
    }

    fn others(&self, from: Sender<'_>, signal: &Signal) -> Vec<MemberKey> {
        let meant = signal.to.as_ref().map(|to| self.named(to)).unwrap_or_default();
        meant.into_iter().filter(|key| *key != from.stay.member).collect()
    }

    fn update(&mut self, turn: Turn, from: Sender<'_>, (video, audio): (bool, bool)) -> Result<(), Refusal> {
        let (key, video) = (from.stay.member.clone(), self.video(video));
        let command = RoomCommand::Update { key: key.clone(), video, audio };
        let listed = self.state.decide(turn.shared, self.durations(), &command)?;
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

    /// The video that is reported of a member: an audio room has none.
    pub(super) fn video(&self, enabled: bool) -> bool {
        enabled && self.state.room_type() != RoomType::A2m
    }
}

const NOBODY: &str = "`to` is no other member of the room";

fn publisher(member: &OwnedMember) -> Publisher {
    let (video, audio) = member.media;
    let name = member.credentials.as_deref().and_then(|credentials| credentials.name.clone());
    Publisher { session: member.session.clone(), video, audio, ingest: Vec::new(), name }
}
