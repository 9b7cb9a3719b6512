//! A room at its owner: the only place where its rules run.
//!
//! Members are reached through edges. A change of membership is journaled, and what shows it leaves only once the
//! journal has answered. Everything else that a crash may lose is kept by whoever said it: the owner confirms a
//! signal when no backlog and no unanswered write holds it.
//!
//! Each rule works on the parts that it needs, in a file of its own; [`Owner`] holds the parts and orders the effects.

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

/// A room on the node that owns it: puts the parts together that each rule needs.
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

    /// A new room on a node that shares it with no other: it has no journal.
    #[must_use]
    pub fn alone(settings: Arc<ClusterSettings>, turn: Turn, ownership: Ownership, creator: &JoinRequest) -> Self {
        let fields = Self::creation(Arc::clone(&settings), turn, creator);
        let mut owner = Self::new(settings, ownership, Journal::none(), creator.room_type);
        owner.restore(turn, fields, false);
        owner.members.note_created();
        owner
    }

    /// The fields that a claim writes for a new room: those of its creator, which needs no further write.
    #[must_use]
    pub fn creation(settings: Arc<ClusterSettings>, turn: Turn, creator: &JoinRequest) -> Vec<(Field, Value)> {
        let nowhere = Ownership { life: Life { created: 0, random: 0 }, term: 0, owner: None };
        let mut owner = Self::new(settings, nowhere, Journal::none(), creator.room_type);
        // A creator that is refused makes no room, and is told by the next owner.
        let _ = owner.parts(Turn { fresh: true, ..turn }).0.join(creator.id.edge, creator);
        owner.recorded().fields().collect()
    }

    /// A room that this node has claimed, with its journal; one that it created has the fields of
    /// [`creation`](Self::creation). Members come back by their edges.
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

    /// Takes the parts over from the journal. Everybody begins absent, and comes back by `Attach` or JOIN.
    fn restore(&mut self, turn: Turn, fields: Vec<(Field, Value)>, is_stale: bool) {
        let never = self.settings.breaks(Mutation::RemoveAfterTakeover);
        let presence = if never { Presence::Present } else { Presence::Absent(turn.now) };
        Saved::sorted(fields).restore(&mut self.room, &mut self.members, &mut self.streams, (presence, is_stale));
        self.list.begin(self.tenure.ownership.term, &self.room.state);
        let has_viewers = self.tenure.is_takeover() && self.room.state.room_type() == RoomType::P2m;
        self.members.absences.begin_takeover(turn.now, has_viewers);
    }

    /// Sets the settings of its broadcasts, and counts together with the other rooms of this node.
    pub fn set_node(&mut self, streams: StreamSettings, tallies: Tallies) {
        self.streams.set_settings(streams);
        self.tallies = tallies;
    }

    /// The type of the room, its publishers and kicks.
    #[must_use]
    pub const fn state(&self) -> &RoomState {
        &self.room.state
    }

    /// The ownership under which it runs.
    #[must_use]
    pub const fn ownership(&self) -> Ownership {
        self.tenure.ownership
    }

    /// The members, and whether each has a live socket.
    pub fn roster(&self) -> impl Iterator<Item = (&MemberKey, bool)> {
        self.members.iter().map(|(key, member)| (key, member.presence == Presence::Present))
    }

    /// The nodes whose edges have members or attachments, on whose leases this owner depends.
    pub fn peers(&self) -> impl Iterator<Item = BootId> + '_ {
        self.edges.nodes().chain(self.members.nodes())
    }

    /// Whether it has ended, so that it answers `NotOwner`.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.tenure.has_ended()
    }

    /// Whether a JOIN of this user to a broadcast of this name would make it a publisher. A room that has closed does
    /// not stand in the way of its successor.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn may_broadcast(&self, turn: Turn, user: &UserId) -> Result<(), Refusal> {
        if self.has_ended() { Ok(()) } else { self.room.state.may_broadcast(turn.shared, user) }
    }

    /// All streams, written down.
    pub fn checkpoints(&self) -> impl Iterator<Item = (ObjectId, String)> + '_ {
        self.streams.checkpoints()
    }

    /// Shows the streams after a takeover, those of the edge beside it where they are further.
    pub fn adopt_streams(&mut self, turn: Turn, copies: &[KnownStream], out: &mut Vec<OwnerEffect>) {
        // No edge is attached yet, and nothing may be shown that is behind what is shown here.
        self.streams.catch_up(&mut self.room, turn.shared, (copies, &self.edges), &mut Vec::new());
        self.streams.show_everything(out);
    }

    /// Gives the streams away, as copies, where the ownership is lost.
    pub fn take_streams(&mut self) -> BTreeMap<ObjectId, StreamCopy> {
        self.streams.take()
    }

    /// Takes a message of an edge.
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

    /// Tells a moderator that tokens are not revoked, or not on all nodes; the kick counts.
    pub fn on_not_revoked(&self, revocation: KickRevocation, refusal: Refusal, out: &mut Vec<OwnerEffect>) {
        let (by, refused) = revocation.refused(refusal);
        self.members.refuse(&by, refused, &self.edges, out);
    }

    /// Takes the answer to an assertion; none where it failed or timed out.
    pub fn on_asserted(&mut self, turn: Turn, answer: Option<&Asserted>, out: &mut Vec<OwnerEffect>) {
        match answer {
            Some(Asserted::Stands(_)) => return self.fence(out),
            answer => self.room.journal.on_asserted(turn.now, answer.is_some()),
        }
        self.advance(turn, out);
    }

    /// Takes the answer to a write; none where it failed or timed out, so that it may have run.
    pub fn on_journaled(&mut self, turn: Turn, answer: Option<&Journaled>, out: &mut Vec<OwnerEffect>) {
        if matches!(answer, Some(Journaled::Fenced(_))) {
            return self.fence(out);
        }
        let shown = self.room.on_answer(turn.now, &self.settings, answer);
        self.show(shown, out);
        self.advance(turn, out);
    }

    /// Notes that another era has begun: the room is asserted at once and written whole.
    ///
    /// A failover may have forgotten another owner, to which the edges had gone over: each attaches anew, or says that
    /// it has nothing of this ownership.
    pub fn on_era(&mut self, turn: Turn, era: Era, out: &mut Vec<OwnerEffect>) {
        if !self.settings.breaks(Mutation::AssertOnEra) {
            self.room.journal.on_era(era);
        }
        self.forgive(turn.now);
        let edges: Vec<BootId> = self.edges.nodes().collect();
        edges.into_iter().for_each(|edge| self.on_doubt(edge, out));
        self.advance(turn, out);
    }

    /// Begins all absences anew: Redis was away, and absent members could not be heard.
    pub fn forgive(&mut self, now: Instant) {
        if !self.settings.breaks(Mutation::Amnesty) {
            self.members.absences.forgive(now);
        }
    }

    /// Notes that the node of some edges was declared dead, and when it renewed its lease for the last time.
    pub fn on_edge_dead(&mut self, edge: BootId, renewed: Instant) {
        self.edges.remove(edge);
        self.members.note_dead(edge, renewed);
    }

    /// Notes doubt about the packets of a node: its edge must attach again.
    pub fn on_doubt(&mut self, edge: BootId, out: &mut Vec<OwnerEffect>) {
        let doubted = self.edges.doubt(edge).filter(|_| !self.settings.breaks(Mutation::Again));
        out.extend(doubted.map(|attachment| OwnerEffect::Send(attachment, ToEdge::Again)));
    }

    /// Does what is due by time.
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

    /// The time of the next [`on_time`](Self::on_time), should nothing happen before.
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

    /// Ends a turn of the node: shows all of its changes of the list at once.
    pub fn end_turn(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() {
            self.list.show(turn.now, &mut self.members, &self.edges, out);
        }
    }

    /// Sends the next command of the journal, if the lease allows it.
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

    /// Ends this ownership so that another node takes the room, with all that is undelivered.
    pub fn drain(&mut self, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() {
            self.tenure.drain();
            self.repeat_release(out);
        }
    }

    /// Releases the room once it has ended; repeated until it is answered.
    pub fn repeat_release(&self, out: &mut Vec<OwnerEffect>) {
        self.tenure.release(|| self.recorded().drained(), out);
    }

    /// Takes the answer to the release: tells the edges, after which the room is dropped.
    pub fn on_released(&mut self, out: &mut Vec<OwnerEffect>) {
        self.edges.send_to_all(&self.tenure.farewell(), out);
    }

    /// Tells the edges to look the room up: another node owns it.
    fn fence(&self, out: &mut Vec<OwnerEffect>) {
        self.edges.send_to_all(&ToEdge::NotOwner, out);
        out.push(OwnerEffect::Fenced);
    }

    fn show(&mut self, shown: impl IntoIterator<Item = OnCommit>, out: &mut Vec<OwnerEffect>) {
        let reached = (&mut self.members, &self.edges);
        changes::show(shown, reached, (&mut self.list, &self.streams), self.settings.kick_duration, out);
    }

    /// The parts that rules work on: those that change with the members, the edges, and the list.
    fn parts(&mut self, turn: Turn) -> (Membership<'_>, &Edges, &mut AnnouncedList) {
        let (room, members, streams) = (&mut self.room, &mut self.members, &mut self.streams);
        let membership = Membership { turn, settings: &self.settings, room, members, streams };
        (membership, &self.edges, &mut self.list)
    }

    const fn recorded(&self) -> Recorded<'_> {
        Recorded { state: &self.room.state, members: &self.members, streams: &self.streams }
    }
}
