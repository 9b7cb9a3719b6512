//! The owner of a room: the only place where the rules of the room are executed.
//!
//! Members are reached through edges. A change of membership is written to the journal, and messages that reveal it are
//! sent only after the journal has acknowledged the write. Everything else that a crash may lose is kept by its sender:
//! the owner confirms a signal when no backlog and no unacknowledged write depends on it.
//!
//! Each rule has its own file and operates only on the parts it needs; [`Owner`] holds them and orders the effects.

mod absences;
mod attaching;
mod backlog;
mod changes;
mod edges;
mod effect;
mod joining;
mod journal;
mod kicking;
mod list;
mod member;
mod members;
mod publishing;
mod record;
mod removal;
mod room;
mod said;
mod saved;
mod signals;
mod streams;
mod tenure;
#[cfg(test)]
mod tests;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::id::{ObjectId, UserId};
use roomcast_protocol::signal::{MemberKey, RoomType};

pub use effect::{KickRevocation, OwnerEffect, Turn};
pub use record::{Field, MemberRecord, ResumeTokens, UndeliveredRecord, Value, Write};
pub use streams::StreamSettings;

use super::message::{AttachmentId, JoinRequest, ToEdge, ToOwner};
use crate::cluster::directory::{Asserted, Era, Journaled, RETRY_DELAY};
use crate::cluster::{BootId, ClusterSettings, Life, Mutation, Ownership};
use crate::room::state::RoomState;
use crate::room::streams::{KnownStream, StreamCopy};
use crate::room::{Refusal, Tallies};
use crate::time::Instant;
use edges::Edges;
use journal::{Journal, OnCommit};
use list::AnnouncedList;
use member::Presence;
use members::Members;
use removal::Membership;
use room::JournaledRoom;
use saved::{Recorded, Saved};
use streams::OwnedStreams;
use tenure::Tenure;

/// A room on the node that owns it. Passes to each rule the parts it needs.
#[derive(Debug)]
pub struct Owner {
    settings: Arc<ClusterSettings>,
    tenure: Tenure,
    room: JournaledRoom,
    members: Members,
    edges: Edges,
    list: AnnouncedList,
    streams: OwnedStreams,
    tallies: Tallies,
}

impl Owner {
    fn new(settings: Arc<ClusterSettings>, ownership: Ownership, journal: Journal, room_type: RoomType) -> Self {
        Self {
            members: Members::of(ownership, &settings),
            room: JournaledRoom::new(room_type, &settings, journal),
            settings,
            tenure: Tenure::new(ownership),
            edges: Edges::default(),
            list: AnnouncedList::default(),
            streams: OwnedStreams::new(ownership),
            tallies: Tallies::default(),
        }
    }

    /// Creates a room on a standalone node, without a journal.
    #[must_use]
    pub fn alone(settings: Arc<ClusterSettings>, turn: Turn, ownership: Ownership, creator: &JoinRequest) -> Self {
        let fields = Self::creation(Arc::clone(&settings), turn, creator);
        let mut owner = Self::new(settings, ownership, Journal::none(), creator.room_type);
        owner.restore(turn, fields, false);
        owner.members.note_created();
        owner
    }

    /// Returns the journal fields that a claim writes for a new room. They include the creator, so that it needs no
    /// further write.
    #[must_use]
    pub fn creation(settings: Arc<ClusterSettings>, turn: Turn, creator: &JoinRequest) -> Vec<(Field, Value)> {
        let nowhere = Ownership { life: Life { created: 0, random: 0 }, term: 0, owner: None };
        let mut owner = Self::new(settings, nowhere, Journal::none(), creator.room_type);
        // A creator that is refused makes no room, and is told by the next owner.
        let _ = owner.parts(Turn { fresh: true, ..turn }).0.join(creator.id.edge, creator);
        owner.recorded().fields().collect()
    }

    /// Restores a room that this node has claimed from its journal. For a room that this node created, the journal is
    /// the result of [`creation`](Self::creation). Members return through their edges.
    #[must_use]
    pub fn load(
        settings: Arc<ClusterSettings>,
        turn: Turn,
        (ownership, era): (Ownership, Era),
        (journal, stale): (Vec<(Field, Value)>, bool),
    ) -> Self {
        let mut owner = Self::new(settings, ownership, Journal::new(era), RoomType::M2m);
        owner.restore(turn, journal, stale);
        owner
    }

    /// Restores the parts from the journal. All members are absent at first and return by `Attach` or JOIN.
    fn restore(&mut self, turn: Turn, fields: Vec<(Field, Value)>, is_stale: bool) {
        let never = self.settings.breaks(Mutation::RemoveAfterTakeover);
        let presence = if never { Presence::Present } else { Presence::Absent(turn.now) };
        Saved::sorted(fields).restore(&mut self.room, &mut self.members, &mut self.streams, (presence, is_stale));
        self.list.begin(self.tenure.ownership.term, &self.room.state);
        let has_viewers = self.tenure.is_takeover() && self.room.state.room_type() == RoomType::P2m;
        self.members.absences.begin_takeover(turn.now, has_viewers);
    }

    /// Sets the settings of the room's broadcasts and the counters that all rooms of this node share.
    pub fn set_node(&mut self, streams: StreamSettings, tallies: Tallies) {
        self.streams.set_settings(streams);
        self.tallies = tallies;
    }

    /// Returns the type of the room, its publishers and kicks.
    #[must_use]
    pub const fn state(&self) -> &RoomState {
        &self.room.state
    }

    /// Returns the ownership under which the room runs.
    #[must_use]
    pub const fn ownership(&self) -> Ownership {
        self.tenure.ownership
    }

    /// Returns the members, and whether each has a live socket.
    pub fn roster(&self) -> impl Iterator<Item = (&MemberKey, bool)> {
        self.members.iter().map(|(key, member)| (key, member.presence == Presence::Present))
    }

    /// Returns the nodes whose edges have members or attachments, on whose leases this owner depends.
    pub fn peers(&self) -> impl Iterator<Item = BootId> + '_ {
        self.edges.nodes().chain(self.members.nodes())
    }

    /// Returns whether this ownership has ended. After that, edges are answered with `NotOwner`.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.tenure.has_ended()
    }

    /// Checks whether a JOIN of this user to a broadcast of this name would make the user a publisher. A closed room
    /// does not prevent the creation of its successor.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn may_broadcast(&self, turn: Turn, user: &UserId) -> Result<(), Refusal> {
        if self.has_ended() { Ok(()) } else { self.room.state.may_broadcast(turn.shared, user) }
    }

    /// Returns a checkpoint of each stream.
    pub fn checkpoints(&self) -> impl Iterator<Item = (ObjectId, String)> + '_ {
        self.streams.checkpoints()
    }

    /// Publishes the streams after a takeover, from the copies of the edge on this node where they are more recent.
    pub fn adopt_streams(&mut self, turn: Turn, copies: &[KnownStream], out: &mut Vec<OwnerEffect>) {
        // No edge is attached yet, and nothing may be shown that is behind what is shown here.
        self.streams.catch_up(&mut self.room, turn.shared, (copies, &self.edges), &mut Vec::new());
        self.streams.show_everything(out);
    }

    /// Removes and returns the streams as copies when the ownership is lost.
    pub fn take_streams(&mut self) -> BTreeMap<ObjectId, StreamCopy> {
        self.streams.take()
    }

    /// Handles a message from an edge.
    pub fn on_message(&mut self, turn: Turn, from: AttachmentId, message: ToOwner, out: &mut Vec<OwnerEffect>) {
        if self.has_ended() {
            return out.push(OwnerEffect::Send(from, ToEdge::NotOwner));
        }
        match message {
            ToOwner::Attach(attach) if self.edges.attach(from, attach.viewers) => {
                let Ownership { term, life, .. } = self.tenure.ownership;
                let (mut membership, edges, list) = self.parts(turn);
                membership.attach((from, &attach), (term, life), (list, edges), out);
            }
            ToOwner::Detach if self.edges.detach(from) => {
                self.members.note_absent(|member| member.edge == from.edge, turn.now);
            }
            ToOwner::Attach(_) | ToOwner::Detach => {}
            message if self.edges.standing(from.edge) == Some(from) => {
                self.on_attached_message(turn, from.edge, message, out)
            }
            _ if self.settings.breaks(Mutation::Again) => {}
            _ => out.push(OwnerEffect::Send(from, ToEdge::Again)),
        }
        self.advance(turn, out);
    }

    fn on_attached_message(&mut self, turn: Turn, edge: BootId, message: ToOwner, out: &mut Vec<OwnerEffect>) {
        let (mut membership, edges, _) = self.parts(turn);
        match message {
            ToOwner::Attach(_) | ToOwner::Detach => {}
            ToOwner::Join(request) => match membership.join(edge, &request) {
                Ok(repeated) => self.show(repeated, out),
                Err(refusal) => edges.send(edge, ToEdge::JoinRefused(request.id, refusal), out),
            },
            ToOwner::Signal(stay, numbered) => {
                let forgotten = membership.take_signal(&stay, numbered, edges, out);
                self.tallies.forget(forgotten);
            }
            ToOwner::Renewed(stay, credentials) => membership.renew(&stay, *credentials),
            ToOwner::Alive(stay) => self.members.note_heard(&stay),
            ToOwner::Viewers(any) => self.edges.note_viewers(edge, any),
            ToOwner::Upload(upload) => {
                membership.streams.upload(membership.room, turn.shared, (edge, *upload), edges, out)
            }
            ToOwner::Had(stay, sq) => self.members.note_received(&stay, sq, true),
            ToOwner::Written(stay, sq) => self.members.note_received(&stay, sq, false),
            ToOwner::Absent(stay, age) => membership.note_absent(&stay, age),
        }
    }

    /// Tells a moderator that tokens were not revoked, or not on all nodes. The kick itself remains in effect.
    pub fn on_not_revoked(&self, revocation: KickRevocation, refusal: Refusal, out: &mut Vec<OwnerEffect>) {
        let (by, refused) = revocation.refused(refusal);
        self.members.refuse(&by, refused, &self.edges, out);
    }

    /// Handles the answer to an assertion. `None` means that it failed or timed out.
    pub fn on_asserted(&mut self, turn: Turn, answer: Option<&Asserted>, out: &mut Vec<OwnerEffect>) {
        match answer {
            Some(Asserted::Stands(_)) => return self.fence(out),
            answer => self.room.journal.on_asserted(turn.now, answer.is_some()),
        }
        self.advance(turn, out);
    }

    /// Handles the answer to a write. `None` means that it failed or timed out, so that it may have been executed.
    pub fn on_journaled(&mut self, turn: Turn, answer: Option<&Journaled>, out: &mut Vec<OwnerEffect>) {
        if matches!(answer, Some(Journaled::Fenced(_))) {
            return self.fence(out);
        }
        let shown = self.room.on_answer(turn.now, &self.settings, answer);
        self.show(shown, out);
        self.advance(turn, out);
    }

    /// Handles the beginning of another era: asserts the ownership at once and writes the whole journal.
    ///
    /// A failover may have lost the record of another owner to which the edges had switched. Each edge therefore
    /// attaches again, or reports that it does not belong to this ownership.
    pub fn on_era(&mut self, turn: Turn, era: Era, out: &mut Vec<OwnerEffect>) {
        if !self.settings.breaks(Mutation::AssertOnEra) {
            self.room.journal.on_era(era);
        }
        self.forgive(turn.now);
        let edges: Vec<BootId> = self.edges.nodes().collect();
        edges.into_iter().for_each(|edge| self.on_doubt(edge, out));
        self.advance(turn, out);
    }

    /// Restarts the timeouts of all absent members, because no message from them could arrive without Redis.
    pub fn forgive(&mut self, now: Instant) {
        if !self.settings.breaks(Mutation::Amnesty) {
            self.members.absences.forgive(now);
        }
    }

    /// Handles a node that was declared dead. `renewed` is the time of its last lease renewal.
    pub fn on_edge_dead(&mut self, edge: BootId, renewed: Instant) {
        self.edges.remove(edge);
        self.members.note_dead(edge, renewed);
    }

    /// Handles possible loss of packets from a node: its edge must attach again.
    pub fn on_doubt(&mut self, edge: BootId, out: &mut Vec<OwnerEffect>) {
        let doubted = self.edges.doubt(edge).filter(|_| !self.settings.breaks(Mutation::Again));
        out.extend(doubted.map(|attachment| OwnerEffect::Send(attachment, ToEdge::Again)));
    }

    /// Performs the actions that are due.
    pub fn on_time(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if self.has_ended() {
            return;
        }
        self.room.state.clean(turn.shared);
        self.parts(turn).0.remove_absent();
        self.members.confirm(turn.now, &self.settings, &self.edges, out);
        if turn.fresh && self.room.is_over(turn.shared) && !self.is_empty(turn) {
            self.close(turn, RoomClosedReason::Ended, out);
        }
        self.advance(turn, out);
    }

    /// Returns the time of the next call to [`on_time`](Self::on_time) if no other event occurs first.
    #[must_use]
    pub fn due(&self, turn: Turn) -> Option<Instant> {
        if self.has_ended() {
            return None;
        }
        let due = [self.members.due(turn.now, &self.settings), self.room.due(turn), self.list.due()];
        let due = due.into_iter().flatten().min();
        // Without a fresh lease nothing of it is done.
        if turn.fresh { due } else { due.map(|due| due.max(turn.now + RETRY_DELAY)) }
    }

    fn is_empty(&self, turn: Turn) -> bool {
        self.members.are_over(turn.now, &self.settings) && !self.edges.have_viewers()
    }

    /// Ends a turn of the node: sends all changes of the list in one message.
    pub fn end_turn(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() {
            self.list.show(turn.now, &mut self.members, &self.edges, out);
        }
    }

    /// Emits the next journal command, if the lease is fresh.
    fn advance(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() && self.is_empty(turn) {
            self.close(turn, RoomClosedReason::Empty, out);
        }
        if self.has_ended() || !turn.fresh {
            return;
        }
        let by = (self.tenure.ownership, &*self.settings);
        let shown = self.room.advance(turn.now, by, (&self.members, &self.streams), out);
        self.show(shown, out);
    }

    fn close(&mut self, turn: Turn, reason: RoomClosedReason, out: &mut Vec<OwnerEffect>) {
        self.streams.end_all(&mut self.room, turn.shared);
        let accepted = self.room.journal.take_accepted();
        self.show(accepted, out);
        self.tenure.close(reason);
        self.repeat_release(out);
    }

    /// Ends this ownership so that another node can take over the room, including undelivered signals.
    pub fn drain(&mut self, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() {
            self.tenure.drain();
            self.repeat_release(out);
        }
    }

    /// Requests the release of the room after its end. Repeated until the request is answered.
    pub fn repeat_release(&self, out: &mut Vec<OwnerEffect>) {
        self.tenure.release(|| self.recorded().drained(), out);
    }

    /// Handles the answer to the release: notifies the edges, after which the room is dropped.
    pub fn on_released(&mut self, out: &mut Vec<OwnerEffect>) {
        self.edges.send_to_all(&self.tenure.farewell(), out);
    }

    /// Tells the edges to look up the room, since another node owns it.
    fn fence(&self, out: &mut Vec<OwnerEffect>) {
        self.edges.send_to_all(&ToEdge::NotOwner, out);
        out.push(OwnerEffect::Fenced);
    }

    fn show(&mut self, shown: impl IntoIterator<Item = OnCommit>, out: &mut Vec<OwnerEffect>) {
        let reached = (&mut self.members, &self.edges);
        changes::show(shown, reached, (&mut self.list, &self.streams), self.settings.kick_duration, out);
    }

    /// Returns the parts that rules work on: those that change with the members, the edges, and the list.
    fn parts(&mut self, turn: Turn) -> (Membership<'_>, &Edges, &mut AnnouncedList) {
        let (room, members, streams) = (&mut self.room, &mut self.members, &mut self.streams);
        let membership = Membership { turn, settings: &self.settings, room, members, streams };
        (membership, &self.edges, &mut self.list)
    }

    const fn recorded(&self) -> Recorded<'_> {
        Recorded { state: &self.room.state, members: &self.members, streams: &self.streams }
    }
}
