//! Changes of the room on their way through the journal, and removals: the one path by which members go.

use std::collections::BTreeMap;
use std::sync::Arc;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::limits::LIST_CHANGE_INTERVAL;
use roomcast_protocol::signal::{MemberKey, RoomType};

use super::backlog::Replayed;
use super::journal::{JournalCommand, OnCommit};
use super::member::{OwnedMember, Presence};
use super::record::{Field, Value, Write};
use super::{Owner, OwnerEffect, OwnershipEnd, Turn};
use crate::cluster::{BootId, Mutation};
use crate::room::message::{Joined, List, Listed, StayRef, ToEdge};
use crate::room::state::RoomCommand;
use crate::time::Instant;

impl Owner {
    /// Sends the next command of the journal, if the lease allows it.
    pub(super) fn advance(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if self.is_empty(turn) && !self.has_ended() {
            self.end(turn, RoomClosedReason::Empty, out);
        }
        if self.has_ended() || !turn.fresh {
            return;
        }
        if self.journal.is_alone() {
            let shown = self.journal.take_deferred();
            return self.run_on_commit(shown, out);
        }
        match self.journal.next(turn.now) {
            None => {}
            Some(JournalCommand::Assert) => out.push(OwnerEffect::Assert(self.ownership)),
            Some(JournalCommand::Write(None)) => {
                let changes = self.fields().into_iter().map(|(field, value)| (field, Some(value))).collect();
                out.push(OwnerEffect::Write(Write {
                    ownership: self.ownership,
                    era: None,
                    number: self.journal.number(),
                    changes,
                }));
            }
            Some(JournalCommand::Write(Some((era, fields)))) => {
                let changes = fields.into_iter().map(|field| (field.clone(), self.value(&field))).collect();
                out.push(OwnerEffect::Write(Write {
                    ownership: self.ownership,
                    era: Some(era),
                    number: self.journal.number(),
                    changes,
                }));
            }
        }
        if self.settings.breaks(Mutation::JournalFirst) {
            let shown = self.journal.take_deferred();
            self.run_on_commit(shown, out);
        }
    }

    pub(super) fn is_broadcast(&self) -> bool {
        self.state.room_type() == RoomType::P2m
    }

    pub(super) fn is_call(&self) -> bool {
        self.state.room_type() == RoomType::P2p
    }

    /// Whether edges have viewers that this owner does not know.
    pub(super) fn has_viewers(&self) -> bool {
        self.edges.values().any(|attachment| attachment.viewers)
    }

    /// Whether nobody is left. After a takeover edges with viewers may still be on their way.
    fn is_empty(&self, turn: Turn) -> bool {
        let awaits = self.viewers_awaited_until().is_some_and(|until| turn.now < until);
        self.members.is_empty() && !self.has_viewers() && !awaits
    }

    fn value(&self, field: &Field) -> Option<Value> {
        match field {
            Field::Room => Some(Value::Room(Box::new(self.state.clone()))),
            Field::Member(key) => self.members.get(key).map(|member| Value::Member(Box::new(member.record()))),
            Field::Undelivered(_) => None,
            Field::Stream(playlist) => self.streams.get(playlist).map(|owned| Value::Stream(owned.stream.checkpoint())),
            Field::Entry(playlist, revision) => {
                let entry = self.streams.get(playlist).and_then(|owned| owned.entry(*revision));
                entry.map(|entry| Value::Entry(Box::new(entry.clone())))
            }
        }
    }

    /// Lets a change of the publishers be journaled, and shown to all afterwards.
    pub(super) fn list_changed(&mut self) {
        self.journal.change(Field::Room);
        let (publishers, playing) = self.listed();
        self.journal.defer(OnCommit::List(publishers, playing));
    }

    /// The publishers and the broadcasts that play, as the state of the room has them.
    pub(super) fn listed(&self) -> (Arc<Vec<Listed>>, Arc<Vec<ObjectId>>) {
        let publishers = self.state.publishers().iter().map(|publisher| Listed {
            session: publisher.session.clone(),
            video: publisher.video,
            audio: publisher.audio,
            name: publisher.name.clone(),
        });
        (Arc::new(publishers.collect()), Arc::new(self.state.playing().cloned().collect()))
    }

    pub(super) fn run_on_commit(&mut self, shown: Vec<OnCommit>, out: &mut Vec<OwnerEffect>) {
        for shown in shown {
            match shown {
                OnCommit::Joined { stay, resumed, from } => self.show_joined(&stay, (resumed, from), out),
                OnCommit::StayEnd(edge, stay, stay_end) => self.send(edge, ToEdge::EndStay(stay, stay_end), out),
                OnCommit::Superseded(edge, id) => self.send(edge, ToEdge::JoinSuperseded(id), out),
                OnCommit::List(publishers, playing) => {
                    self.replace_list(self.list.version, publishers, playing);
                }
                OnCommit::Stream { changes, update } => self.show_stream(changes, update, out),
                OnCommit::Uploaded(edge, id) => self.send(edge, ToEdge::Uploaded(id, Ok(())), out),
                OnCommit::Kicked(to, text) => {
                    for edge in self.edges.keys() {
                        let kicked = ToEdge::Kicked(to.clone(), self.settings.kick_duration, text.clone());
                        self.send(*edge, kicked, out);
                    }
                }
                OnCommit::Revoked(revocation) => out.push(OwnerEffect::Revoke(revocation)),
                OnCommit::Released(held) => self.release_held(&held),
            }
        }
    }

    /// Takes a list as the one behind a version; it is still to be shown.
    pub(super) fn replace_list(
        &mut self,
        (term, version): (u64, u64),
        publishers: Arc<Vec<Listed>>,
        playing: Arc<Vec<ObjectId>>,
    ) {
        self.list = List { version: (term, version + 1), publishers, playing };
        self.list_due.get_or_insert(self.list_shown_at.map_or(Instant(0), |at| at + LIST_CHANGE_INTERVAL));
    }

    /// Shows the list to all members, if it has changed and the last change was shown long enough ago.
    pub(super) fn show_list(&mut self, now: Instant, out: &mut Vec<OwnerEffect>) {
        if self.list_due.is_none_or(|due| due > now) {
            return;
        }
        (self.list_due, self.list_shown_at) = (None, Some(now));
        let edges: Vec<BootId> = self.edges.keys().copied().collect();
        let mut stays: BTreeMap<BootId, Vec<(u64, u64)>> = edges.into_iter().map(|edge| (edge, Vec::new())).collect();
        // A member whose JOIN is still to be answered gets the list with the answer.
        for member in self.members.values_mut().filter(|member| member.committed) {
            let sq = member.backlog.push_list();
            let edge = stays.get_mut(&member.edge).filter(|_| member.presence == Presence::Present);
            edge.into_iter().for_each(|edge| edge.push((member.stay, sq)));
        }
        for (edge, stays) in stays {
            self.send(edge, ToEdge::List(self.list.clone(), stays), out);
        }
    }

    /// Shows the list to the members of one edge, which was shown another.
    pub(super) fn show_list_at(&mut self, edge: BootId, out: &mut Vec<OwnerEffect>) {
        let there = |member: &&mut Box<OwnedMember>| member.edge == edge && member.committed;
        let members = self.members.values_mut().filter(there);
        let stays = members.map(|member| (member.stay, member.backlog.push_list())).collect();
        self.send(edge, ToEdge::List(self.list.clone(), stays), out);
    }

    fn show_joined(&mut self, stay: &StayRef, (resumed, from): (bool, Option<u64>), out: &mut Vec<OwnerEffect>) {
        let Some(member) = self.members.get_mut(&stay.member).filter(|member| member.stay == stay.stay) else {
            return;
        };
        let from = from.unwrap_or_else(|| member.backlog.had());
        member.committed = true;
        let (id, sequence, confirmed) = (member.join, from, member.confirmed());
        member.told = confirmed;
        let edge = member.edge;
        let last = if resumed { member.backlog.last() } else { sequence };
        let list = self.list.clone();
        let joined = Joined { id, stay: stay.clone(), resumed, sequence, last, confirmed, list };
        self.send(edge, ToEdge::Joined(Box::new(joined)), out);
        self.replay(&stay.member, from, out);
    }

    /// Sends a member what came after a number, and announces what of it may be lost.
    pub(super) fn replay(&self, key: &MemberKey, from: u64, out: &mut Vec<OwnerEffect>) {
        let Some(member) = self.members.get(key).filter(|member| member.committed) else { return };
        if let Some((first, last)) = member.backlog.lost_after(from) {
            self.send(member.edge, ToEdge::Gap(member.stay_ref(), first, last), out);
        }
        for replayed in member.backlog.after(from) {
            let message = match replayed {
                Replayed::Signal(delivery) => ToEdge::Deliver(member.stay_ref(), delivery),
                Replayed::List(sq) => ToEdge::List(self.list.clone(), vec![(member.stay, sq)]),
            };
            self.send(member.edge, message, out);
        }
    }

    pub(super) fn release_held(&mut self, held: &[(MemberKey, u64)]) {
        self.deadlines.confirms |= !held.is_empty();
        for (sender, n) in held {
            if let Some(sender) = self.members.get_mut(sender) {
                sender.release(*n);
            }
        }
    }

    pub(super) fn note_absent(&mut self, which: impl Fn(&OwnedMember) -> bool, since: Instant) {
        for member in self.members.values_mut().filter(|member| which(member)) {
            if member.presence == Presence::Present {
                member.presence = Presence::Absent(since);
                self.deadlines.schedule_removal(since);
            }
        }
    }

    /// Removes who has been absent for too long, and notes who is absent still.
    pub(super) fn remove_absent(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        let guarded = self.guarded_until().is_some_and(|until| turn.now < until);
        let timeout = self.settings.heartbeat_timeout;
        let silent = |member: &OwnedMember| match member.presence {
            Presence::Present => false,
            Presence::Absent(since) => turn.now > since.max(self.forgiven) + timeout,
        };
        if turn.fresh && !guarded {
            let silent: Vec<_> =
                self.members.values().filter(|member| silent(member)).map(|member| member.key()).collect();
            silent.iter().for_each(|key| self.remove(turn, key, out));
        }
        for member in self.members.values() {
            if let Presence::Absent(since) = member.presence {
                self.deadlines.schedule_removal(since);
            }
        }
    }

    /// Takes a member out of the room. What its backlog held is released once the journal has the removal.
    pub(super) fn remove(&mut self, turn: Turn, key: &MemberKey, out: &mut Vec<OwnerEffect>) {
        let Some(member) = self.members.remove(key) else { return };
        let left = self.state.decide(turn.shared, self.durations(), &RoomCommand::Leave { key: key.clone() });
        self.journal.change(Field::Member(key.clone()));
        self.journal.defer(OnCommit::Released(member.backlog.held()));
        if left == Ok(true) {
            self.list_changed();
        }
        if self.is_empty(turn) {
            self.end(turn, RoomClosedReason::Empty, out);
        }
    }

    pub(super) fn close_if_over(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        let over = self.state.over_at(self.settings.grace_period).is_some_and(|due| due <= turn.shared);
        if over && turn.fresh && !self.has_ended() {
            self.end(turn, RoomClosedReason::Ended, out);
        }
    }

    fn end(&mut self, turn: Turn, reason: RoomClosedReason, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() {
            self.end_streams(turn);
            self.show_streams(out);
            self.ending = OwnershipEnd::Closed(reason);
            out.push(OwnerEffect::Release(self.ownership, None));
        }
    }

    /// Tells senders, once an interval, up to where nothing of theirs can be lost any more.
    pub(super) fn confirm(&mut self, now: Instant, out: &mut Vec<OwnerEffect>) {
        if now < self.confirm_due {
            return;
        }
        self.deadlines.confirms = false;
        self.confirm_due = now + self.settings.confirm_interval;
        let edges = &self.edges;
        for member in self.members.values_mut().filter(|member| member.numbers && member.committed) {
            let (confirmed, attachment) = (member.confirmed(), edges.get(&member.edge));
            if let Some(attachment) = attachment.filter(|known| !known.doubted && confirmed > member.told) {
                member.told = confirmed;
                out.push(OwnerEffect::Send(attachment.id, ToEdge::Confirmed(member.stay_ref(), confirmed)));
            }
        }
    }
}
