//! The members of a room at its owner, and the messages in transit to them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::LazyLock;

use roomcast_protocol::id::SessionId;
use roomcast_protocol::signal::{MemberKey, Recipient};

use super::OwnerEffect;
use super::absences::Absences;
use super::backlog::{Held, Replayed};
use super::edges::Edges;
use super::journal::{Journal, OnCommit};
use super::member::{OwnedMember, Presence};
use super::said::Said;
use crate::cluster::{BootId, ClusterSettings, Mutation, Ownership};
use crate::room::credentials::{may_publish, moderates};
use crate::room::message::{Delivery, List, SignalRefusal, StayRef, ToEdge};
use crate::room::state::RoomState;
use crate::time::Instant;

/// The lowest session id in sort order: a space is the lowest character allowed in an id.
static LEAST: LazyLock<SessionId> = LazyLock::new(|| SessionId::parse(" ").expect("a space is printable"));

/// The members, by session.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Boxed, since a tree node reserves space for eleven entries and most rooms have two members.
    pub(super) by_key: BTreeMap<MemberKey, Box<OwnedMember>>,
    last_stay: u64,
    /// The number below the first sequence number that this owner assigns.
    pub first: u64,
    /// Whether confirmed numbers may have risen since they were last sent to the senders.
    pub confirmations_rose: bool,
    confirm_due: Instant,
    pub absences: Absences,
}

impl Members {
    /// Creates an empty set of members for an ownership. Stays and signals (`sq`) are numbered above those of earlier
    /// ownerships.
    pub fn of(ownership: Ownership, settings: &ClusterSettings) -> Self {
        let by_term = settings.breaks(Mutation::NumbersByTerm);
        let first = if by_term { 0 } else { ownership.life.first_number(ownership.term) };
        Self { last_stay: first, first, ..Self::default() }
    }

    /// Records that the room was created here and not taken over, and that no client has received an answer yet.
    pub fn note_created(&mut self) {
        self.absences.forget_takeover();
        self.values_mut().for_each(|member| (member.heard, member.created) = (false, true));
    }

    /// Returns the number of a new stay.
    pub const fn next_stay(&mut self) -> u64 {
        self.last_stay += 1;
        self.last_stay
    }

    /// Continues numbering stays above one that another owner has numbered.
    pub fn note_stay(&mut self, stay: u64) {
        self.last_stay = self.last_stay.max(stay);
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub fn contains(&self, key: &MemberKey) -> bool {
        self.by_key.contains_key(key)
    }

    pub fn get(&self, key: &MemberKey) -> Option<&OwnedMember> {
        self.by_key.get(key).map(|member| &**member)
    }

    pub fn get_mut(&mut self, key: &MemberKey) -> Option<&mut OwnedMember> {
        self.by_key.get_mut(key).map(|member| &mut **member)
    }

    /// Returns the member of a stay, unless another stay has taken over.
    pub fn of_stay(&mut self, stay: &StayRef) -> Option<&mut OwnedMember> {
        self.get_mut(&stay.member).filter(|member| member.stay == stay.stay)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&MemberKey, &OwnedMember)> {
        self.by_key.iter().map(|(key, member)| (key, &**member))
    }

    pub fn values(&self) -> impl Iterator<Item = &OwnedMember> {
        self.by_key.values().map(|member| &**member)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut OwnedMember> {
        self.by_key.values_mut().map(|member| &mut **member)
    }

    pub fn insert(&mut self, member: OwnedMember) {
        self.by_key.insert(member.key(), Box::new(member));
    }

    pub fn remove(&mut self, key: &MemberKey) -> Option<OwnedMember> {
        self.by_key.remove(key).map(|member| *member)
    }

    /// Returns the members that a recipient names.
    pub fn named(&self, to: &Recipient) -> Vec<MemberKey> {
        let user = match to {
            Recipient::Session(key) => return Vec::from_iter(self.contains(key).then(|| key.clone())),
            Recipient::User(user) => user,
        };
        let first = MemberKey { user_id: user.clone(), session_id: LEAST.clone() };
        let from_there = self.by_key.range((Bound::Included(first), Bound::Unbounded));
        from_there.take_while(|(key, _)| key.user_id == *user).map(|(key, _)| key.clone()).collect()
    }

    /// Returns the recipients of a signal, never its sender. If `to` is missing, as a call permits, these are the
    /// sessions of the other user.
    pub fn recipients(&self, sender: &MemberKey, to: Option<&Recipient>, state: &RoomState) -> Vec<MemberKey> {
        let mut recipients = match to {
            Some(to) => self.named(to),
            None => {
                let others = state.publishers().iter().map(|publisher| publisher.session.key());
                others.filter(|key| key.user_id != sender.user_id).collect()
            }
        };
        recipients.retain(|key| key != sender && self.contains(key));
        recipients
    }

    /// Returns the members that a recipient names, without the sender.
    pub fn others(&self, sender: &MemberKey, to: Option<&Recipient>) -> Vec<MemberKey> {
        let named = to.map(|to| self.named(to)).unwrap_or_default();
        named.into_iter().filter(|key| key != sender).collect()
    }

    /// Returns whether the token of a member makes it a moderator.
    pub fn moderates(&self, key: &MemberKey) -> bool {
        moderates(self.get(key).and_then(|member| member.credentials.as_deref()))
    }

    /// Returns the moderators.
    pub fn moderators(&self) -> impl Iterator<Item = MemberKey> {
        self.values().filter(|member| moderates(member.credentials.as_deref())).map(OwnedMember::key)
    }

    /// Returns whether the token of a member permits it to publish. A server without a key permits everyone.
    pub fn may_publish(&self, key: &MemberKey) -> bool {
        may_publish(self.get(key).and_then(|member| member.credentials.as_deref()))
    }

    /// Returns whether a member numbers its signals.
    pub fn numbers(&self, key: &MemberKey) -> bool {
        self.get(key).is_some_and(|member| member.numbers)
    }

    /// Records activity of a member on its present connection.
    pub fn note_heard(&mut self, stay: &StayRef) {
        self.of_stay(stay).into_iter().for_each(OwnedMember::hear);
    }

    /// Records the last sequence number that a member received, as confirmed by the client or as written to its socket.
    pub fn note_received(&mut self, stay: &StayRef, sq: u64, confirmed: bool) {
        let Some(member) = self.of_stay(stay) else { return };
        let had = if confirmed { member.backlog.confirm(sq) } else { member.backlog.note_written(sq) };
        self.release(&had);
    }

    /// Delays the confirmation of a signal to its sender.
    pub fn hold(&mut self, sender: &MemberKey, n: u64) {
        self.get_mut(sender).into_iter().for_each(|sender| sender.hold(n));
    }

    /// Delays the confirmation of a signal until its change is journaled.
    pub fn hold_until_journaled(&mut self, said: Said<'_>, journal: &mut Journal) {
        if self.numbers(said.sender()) {
            self.hold(said.sender(), said.n);
            journal.defer(OnCommit::Released(vec![(said.sender().clone(), said.n)]));
        }
    }

    /// Delays the confirmation of all signals in the restored backlogs of a drained owner.
    pub fn hold_restored(&mut self) {
        let held: Vec<Held> = self.values().flat_map(|member| member.backlog.held()).collect();
        held.iter().for_each(|(sender, n)| self.hold(sender, *n));
    }

    /// Ends the delay of these signals' confirmations.
    pub fn release(&mut self, held: &[Held]) {
        self.confirmations_rose |= !held.is_empty();
        for (sender, n) in held {
            self.get_mut(sender).into_iter().for_each(|sender| sender.release(*n));
        }
    }

    /// Forwards a signal. Returns how many older signals were dropped for it that a recipient may never have received.
    pub fn forward(
        &mut self,
        said: Said<'_>,
        recipients: &[MemberKey],
        parts: (&ClusterSettings, &Edges),
        out: &mut Vec<OwnerEffect>,
    ) -> usize {
        let (from, numbered) = (said.stay.clone(), self.numbers(said.sender()));
        let delivery = Delivery { sq: 0, from, numbered, n: said.n, text: said.signal.text.data() };
        recipients.iter().map(|key| self.deliver(key, delivery.clone(), parts, out)).sum()
    }

    /// Numbers a signal for a member, keeps it, and sends it if the member has a socket. Returns how many older signals
    /// were dropped for it that the member may never have received.
    fn deliver(
        &mut self,
        key: &MemberKey,
        delivery: Delivery,
        (settings, edges): (&ClusterSettings, &Edges),
        out: &mut Vec<OwnerEffect>,
    ) -> usize {
        if !self.contains(key) {
            return 0;
        }
        if delivery.numbered && !settings.breaks(Mutation::HeldByBacklog) {
            self.hold(&delivery.from.member, delivery.n);
        }
        let Some(member) = self.get_mut(key) else { return 0 };
        let (delivery, dropped, forgotten) = member.backlog.push(delivery, settings.backlog);
        if member.committed && member.presence == Presence::Present {
            edges.send(member.edge, ToEdge::Deliver(member.stay_ref(), delivery), out);
        }
        self.release(&dropped);
        forgotten
    }

    /// Sends a member the refusal of its signal.
    pub fn refuse(&self, stay: &StayRef, refused: SignalRefusal, edges: &Edges, out: &mut Vec<OwnerEffect>) {
        if let Some(member) = self.get(&stay.member).filter(|member| member.stay == stay.stay) {
            edges.send(member.edge, ToEdge::Refused(stay.clone(), Box::new(refused)), out);
        }
    }

    /// Sends a member the messages after a number, and announces the range that may be lost.
    pub fn replay(&self, key: &MemberKey, from: u64, (list, edges): (&List, &Edges), out: &mut Vec<OwnerEffect>) {
        let Some(member) = self.get(key).filter(|member| member.committed) else { return };
        if let Some((first, last)) = member.backlog.lost_after(from) {
            edges.send(member.edge, ToEdge::Gap(member.stay_ref(), first, last), out);
        }
        for replayed in member.backlog.after(from) {
            let message = match replayed {
                Replayed::Signal(delivery) => ToEdge::Deliver(member.stay_ref(), delivery),
                Replayed::List(sq) => ToEdge::List(list.clone(), vec![(member.stay, sq)]),
            };
            edges.send(member.edge, message, out);
        }
    }

    /// Sends confirmed numbers to the senders of signals, at most once per `confirm_interval`.
    pub fn confirm(&mut self, now: Instant, settings: &ClusterSettings, edges: &Edges, out: &mut Vec<OwnerEffect>) {
        if now < self.confirm_due {
            return;
        }
        self.confirmations_rose = false;
        self.confirm_due = now + settings.confirm_interval;
        for member in self.values_mut().filter(|member| member.numbers && member.committed) {
            let confirmed = member.confirmed();
            if confirmed > member.told && edges.standing(member.edge).is_some() {
                member.told = confirmed;
                edges.send(member.edge, ToEdge::Confirmed(member.stay_ref(), confirmed), out);
            }
        }
    }

    /// Returns the time at which confirmed numbers are to be sent.
    pub(super) fn confirm_due(&self) -> Option<Instant> {
        self.confirmations_rose.then_some(self.confirm_due)
    }

    /// Returns the nodes of the members' edges.
    pub fn nodes(&self) -> impl Iterator<Item = BootId> + '_ {
        self.values().map(|member| member.edge)
    }
}
