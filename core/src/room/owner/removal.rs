//! Removals: the one path by which members go, the end of the room, and the times of both.

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::signal::{MemberKey, RoomType};

use super::journal::OnCommit;
use super::member::OwnedMember;
use super::record::Field;
use super::{Owner, OwnerEffect, OwnershipEnd, Turn};
use crate::cluster::directory::RETRY_DELAY;
use crate::room::state::RoomCommand;
use crate::time::Instant;

impl Owner {
    /// Whether nobody is left. After a takeover edges with viewers may still be on their way.
    pub(super) fn is_empty(&self, turn: Turn) -> bool {
        let awaits = self.viewers_awaited_until().is_some_and(|until| turn.now < until);
        self.members.is_empty() && !self.edges.have_viewers() && !awaits
    }

    /// Removes who has been absent for too long, and notes who is absent still.
    pub(super) fn remove_absent(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        let guarded = self.absences.guarded_until(&self.settings).is_some_and(|until| turn.now < until);
        if turn.fresh && !guarded {
            let silent = |member: &&OwnedMember| self.absences.is_over(turn.now, &self.settings, member);
            let silent: Vec<_> = self.members.values().filter(silent).map(OwnedMember::key).collect();
            silent.iter().for_each(|key| self.remove(turn, key, out));
        }
        self.absences.schedule_all(&self.members);
    }

    /// A member goes of its own accord; a streamer's broadcast ends with it.
    pub(super) fn leave(&mut self, turn: Turn, key: &MemberKey, out: &mut Vec<OwnerEffect>) {
        let published = self.state.publishes(key);
        self.remove(turn, key, out);
        if published && self.state.publishers().is_empty() && !self.has_ended() {
            self.end_streams(turn);
        }
    }

    /// Takes a member out of the room. What its backlog held is released once the journal has the removal.
    pub(super) fn remove(&mut self, turn: Turn, key: &MemberKey, out: &mut Vec<OwnerEffect>) {
        let Some(member) = self.members.remove(key) else { return };
        let left = self.decide(turn, &RoomCommand::Leave { key: key.clone() });
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

    pub(super) fn end(&mut self, turn: Turn, reason: RoomClosedReason, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() {
            self.end_streams(turn);
            self.show_accepted(out);
            self.ending = OwnershipEnd::Closed(reason);
            out.push(OwnerEffect::Release(self.ownership, None));
        }
    }

    /// Shows all that was accepted of streams, although nothing is journaled any more: the room is over.
    fn show_accepted(&mut self, out: &mut Vec<OwnerEffect>) {
        let deferred = self.journal.take_deferred().into_iter();
        let streams = deferred.filter(|shown| matches!(shown, OnCommit::Stream { .. } | OnCommit::Uploaded(..)));
        self.run_on_commit(streams.collect(), out);
    }

    /// The time of the next [`on_time`](Self::on_time), should nothing happen before.
    #[must_use]
    pub fn due(&self, turn: Turn) -> Option<Instant> {
        if self.has_ended() {
            return None;
        }
        let here = |due: Instant| Instant((due.0 + turn.now.0).saturating_sub(turn.shared.0));
        let removal = self.absences.due(&self.settings);
        let confirms = self.members.confirm_due();
        let kicks = self.state.kick_ends().map(here);
        let over = self.state.over_at(self.settings.grace_period).map(here);
        let empty = self.viewers_awaited_until().filter(|until| turn.now < *until && self.members.is_empty());
        let due = [removal, self.list.due(), confirms, kicks, over, empty, self.journal.due()];
        let due = due.into_iter().flatten().min();
        // Without a fresh lease nothing of it is done.
        if turn.fresh { due } else { due.map(|due| due.max(turn.now + RETRY_DELAY)) }
    }

    /// The time until which a broadcast without members waits after a takeover for edges that have viewers.
    fn viewers_awaited_until(&self) -> Option<Instant> {
        let is_taken_over = self.ownership.term > self.ownership.life.created;
        self.absences.guarded_until(&self.settings).filter(|_| is_taken_over && self.state.room_type() == RoomType::P2m)
    }
}
