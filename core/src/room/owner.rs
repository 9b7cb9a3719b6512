//! A room at its owner: the only place where its rules run.
//!
//! Members are reached through edges. A change of membership is journaled, and what shows it leaves only once the
//! journal has answered. Everything else that a crash may lose is kept by whoever said it: the owner confirms a
//! signal when no backlog and no unanswered write holds it.

mod absences;
mod attaching;
mod backlog;
mod changes;
mod edges;
mod joining;
mod journal;
mod list;
mod member;
mod members;
mod record;
mod removal;
mod revocation;
mod signals;
mod streams;
#[cfg(test)]
mod tests;
mod uploads;

use std::sync::Arc;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::limits;
use roomcast_protocol::signal::{MemberKey, RoomType};

pub use record::{Field, MemberRecord, ResumeTokens, UndeliveredRecord, Value, Write};
pub use revocation::KickRevocation;

use super::message::{AttachmentId, JoinRequest, ToEdge, ToOwner};
use crate::cluster::directory::{Asserted, Era, Journaled};
use crate::cluster::{BootId, ClusterSettings, Mutation, Ownership};
use crate::hls::{self, Change};
use crate::room::state::{RoomCommand, RoomDurations, RoomState};
use crate::room::{Refusal, Tallies, refuse};
use crate::time::Instant;
use absences::Absences;
use edges::Edges;
use journal::Journal;
use list::AnnouncedList;
use member::Presence;
use members::Members;
use streams::OwnedStreams;

/// The era of a room that no Redis knows.
const NO_ERA: Era = Era { master: 0, began: Instant(0) };

/// The time and authority of one step.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// The present time of this node.
    pub now: Instant,
    /// The present time of Redis, by which kicks and grace periods of the room end.
    pub shared: Instant,
    /// Whether the lease of this node is fresh.
    pub fresh: bool,
}

impl Turn {
    /// Decisions about members need a lease that cannot have expired.
    fn check_fresh(self) -> Result<(), Refusal> {
        match self.fresh {
            true => Ok(()),
            false => refuse(AckCode::Unavailable, "the server has lost its connection to the other nodes; try again"),
        }
    }
}

/// An effect of a step, to be carried out in order.
#[derive(Debug, Clone)]
pub enum OwnerEffect {
    /// Send a message to an edge.
    Send(AttachmentId, ToEdge),
    /// Assert the ownership; the answer comes by [`Owner::on_asserted`].
    Assert(Ownership),
    /// Write to the journal; the answer comes by [`Owner::on_journaled`].
    Write(Write),
    /// Release the room, with its fields where it drains; repeated until [`Owner::on_released`].
    Release(Ownership, Option<Vec<(Field, Value)>>),
    /// A broadcast or its media changed.
    Live(ObjectId, Change),
    /// Exactly this is served of a broadcast from now on.
    Everything(ObjectId, Vec<Change>),
    /// Revoke the tokens of a user in this room; a failure comes by [`Owner::on_not_revoked`].
    Revoke(Box<KickRevocation>),
    /// The room is owned by another node: drop it, and let the edge look it up.
    Fenced,
}

/// The settings of a room's broadcasts.
#[derive(Debug, Clone, Copy)]
pub struct StreamSettings {
    /// Playlists at most.
    pub max_playlists: usize,
    /// Settings of each.
    pub hls: hls::HlsSettings,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self { max_playlists: limits::PLAYLISTS_PER_ROOM, hls: hls::HlsSettings::default() }
    }
}

/// The progress of the end of an ownership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnershipEnd {
    No,
    /// Nobody is left, or the wait for a publisher is over.
    Closed(RoomClosedReason),
    /// The node drains.
    Drained,
}

/// A room on the node that owns it: puts the parts together that each rule needs.
#[derive(Debug)]
pub struct Owner {
    settings: Arc<ClusterSettings>,
    ownership: Ownership,
    state: RoomState,
    members: Members,
    edges: Edges,
    journal: Journal,
    list: AnnouncedList,
    streams: OwnedStreams,
    absences: Absences,
    ending: OwnershipEnd,
    tallies: Tallies,
}

impl Owner {
    fn new(settings: Arc<ClusterSettings>, ownership: Ownership, era: Era, state: RoomState) -> Self {
        Self {
            members: Members::counting_above(first_number(&settings, ownership)),
            settings,
            ownership,
            state,
            edges: Edges::default(),
            journal: Journal::new(era),
            list: AnnouncedList::default(),
            streams: OwnedStreams::new(ownership),
            absences: Absences::default(),
            ending: OwnershipEnd::No,
            tallies: Tallies::default(),
        }
    }

    /// A new room on a node that shares it with no other: it has no journal.
    #[must_use]
    pub fn alone(settings: Arc<ClusterSettings>, turn: Turn, ownership: Ownership, creator: &JoinRequest) -> Self {
        let fields = Self::creation(Arc::clone(&settings), turn, creator);
        let mut owner = Self::new(settings, ownership, NO_ERA, RoomState::new(creator.room_type));
        owner.journal = Journal::none();
        owner.restore(turn, fields, false);
        // No takeover, and nobody was told anything yet.
        owner.absences.forget_takeover();
        owner.members.values_mut().for_each(|member| (member.heard, member.created) = (false, true));
        owner
    }

    /// The fields that a claim writes for a new room: those of its creator, which needs no further write.
    #[must_use]
    pub fn creation(settings: Arc<ClusterSettings>, turn: Turn, creator: &JoinRequest) -> Vec<(Field, Value)> {
        let nowhere = Ownership { life: crate::cluster::Life { created: 0, random: 0 }, term: 0, owner: None };
        let mut owner = Self::new(settings, nowhere, NO_ERA, RoomState::new(creator.room_type));
        owner.join(Turn { fresh: true, ..turn }, creator.id.edge, creator, &mut Vec::new());
        owner.fields()
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
        let mut owner = Self::new(settings, ownership, era, RoomState::new(RoomType::M2m));
        owner.restore(turn, journal, stale);
        owner
    }

    /// Sets the settings of its broadcasts, and counts together with the other rooms of this node.
    pub fn set_node(&mut self, streams: StreamSettings, tallies: Tallies) {
        self.streams.set_settings(streams);
        self.tallies = tallies;
    }

    /// The type of the room, its publishers and kicks.
    #[must_use]
    pub const fn state(&self) -> &RoomState {
        &self.state
    }

    /// The ownership under which it runs.
    #[must_use]
    pub const fn ownership(&self) -> Ownership {
        self.ownership
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
        self.ending != OwnershipEnd::No
    }

    /// Takes a message of an edge.
    pub fn on_message(&mut self, turn: Turn, from: AttachmentId, message: ToOwner, out: &mut Vec<OwnerEffect>) {
        if self.has_ended() {
            out.push(OwnerEffect::Send(from, ToEdge::NotOwner));
            return;
        }
        match message {
            ToOwner::Attach(attach) => self.attach(turn, from, &attach, out),
            ToOwner::Detach => self.detach(turn, from),
            message if self.edges.standing(from.edge) == Some(from) => {
                self.on_attached_message(turn, from.edge, message, out)
            }
            _ if self.settings.breaks(Mutation::Again) => {}
            _ => out.push(OwnerEffect::Send(from, ToEdge::Again)),
        }
        self.advance(turn, out);
    }

    fn on_attached_message(&mut self, turn: Turn, edge: BootId, message: ToOwner, out: &mut Vec<OwnerEffect>) {
        match message {
            ToOwner::Attach(_) | ToOwner::Detach => {}
            ToOwner::Join(request) => self.join(turn, edge, &request, out),
            ToOwner::Signal(stay, numbered) => self.on_signal(turn, &stay, numbered, out),
            ToOwner::Renewed(stay, credentials) => self.renew(turn, &stay, *credentials),
            ToOwner::Alive(stay) => self.members.note_heard(&stay),
            ToOwner::Viewers(any) => self.edges.note_viewers(edge, any),
            ToOwner::Upload(upload) => self.upload(turn, edge, *upload, out),
            ToOwner::Had(stay, sq) => self.members.note_received(&stay, sq, true),
            ToOwner::Written(stay, sq) => self.members.note_received(&stay, sq, false),
            ToOwner::Absent(stay, age) => {
                let since = Instant(turn.now.0.saturating_sub(crate::cluster::settings::millis(age)));
                self.absences.note(&mut self.members, |member| member.stay_ref() == stay, since);
                if age > self.settings.heartbeat_timeout {
                    self.remove_absent(turn, out);
                }
            }
        }
    }

    /// Takes the answer to an assertion; none where it failed or timed out.
    pub fn on_asserted(&mut self, turn: Turn, answer: Option<&Asserted>, out: &mut Vec<OwnerEffect>) {
        match answer {
            Some(Asserted::Stands(_)) => return self.fence(out),
            Some(Asserted::Done) => self.journal.on_asserted(),
            None => self.journal.on_assert_failed(turn.now),
        }
        self.advance(turn, out);
    }

    /// Takes the answer to a write; none where it failed or timed out, so that it may have run.
    pub fn on_journaled(&mut self, turn: Turn, answer: Option<&Journaled>, out: &mut Vec<OwnerEffect>) {
        if matches!(answer, Some(Journaled::Fenced(_))) {
            return self.fence(out);
        }
        if self.settings.breaks(Mutation::WholeWrite) {
            self.journal.drop_changes_behind_whole();
        }
        let shown = self.journal.on_answer(turn.now, answer);
        self.run_on_commit(shown, out);
        self.advance(turn, out);
    }

    /// Notes that another era has begun: the room is asserted at once and written whole.
    ///
    /// A failover may have forgotten another owner, to which the edges had gone over: each attaches anew, or says that
    /// it has nothing of this ownership.
    pub fn on_era(&mut self, turn: Turn, era: Era, out: &mut Vec<OwnerEffect>) {
        if !self.settings.breaks(Mutation::AssertOnEra) {
            self.journal.on_era(era);
        }
        self.forgive(turn.now);
        let edges: Vec<BootId> = self.edges.nodes().collect();
        edges.into_iter().for_each(|edge| self.on_doubt(edge, out));
        self.advance(turn, out);
    }

    /// Begins all absences anew: Redis was away, and absent members could not be heard.
    pub fn forgive(&mut self, now: Instant) {
        if !self.settings.breaks(Mutation::Amnesty) {
            self.absences.forgive(now);
        }
    }

    /// Notes that the node of some edges was declared dead, and when it renewed its lease for the last time.
    pub fn on_edge_dead(&mut self, edge: BootId, renewed: Instant) {
        self.edges.remove(edge);
        self.absences.note_dead(&mut self.members, |member| member.edge == edge, renewed);
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
        self.state.clean(turn.shared);
        self.absences.begin();
        self.remove_absent(turn, out);
        self.members.confirm(turn.now, &self.settings, &self.edges, out);
        self.close_if_over(turn, out);
        self.advance(turn, out);
    }

    /// Ends a turn of the node: shows all of its changes of the list at once.
    pub fn end_turn(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() {
            self.list.show(turn.now, &mut self.members, &self.edges, out);
        }
    }

    /// Ends this ownership so that another node takes the room, with all that is undelivered.
    pub fn drain(&mut self, out: &mut Vec<OwnerEffect>) {
        if self.has_ended() {
            return;
        }
        self.ending = OwnershipEnd::Drained;
        out.push(OwnerEffect::Release(self.ownership, Some(self.drain_fields())));
    }

    /// Repeats a release that was not answered.
    pub fn repeat_release(&self, out: &mut Vec<OwnerEffect>) {
        let keep = if self.ending == OwnershipEnd::Drained { Some(self.drain_fields()) } else { None };
        out.push(OwnerEffect::Release(self.ownership, keep));
    }

    /// Takes the answer to the release: tells the edges, after which the room is dropped.
    pub fn on_released(&mut self, out: &mut Vec<OwnerEffect>) {
        let end = match self.ending {
            OwnershipEnd::Closed(reason) => ToEdge::Closed(reason),
            OwnershipEnd::No | OwnershipEnd::Drained => ToEdge::NotOwner,
        };
        self.edges.send_to_all(&end, out);
    }

    /// Tells the edges to look the room up: another node owns it.
    fn fence(&self, out: &mut Vec<OwnerEffect>) {
        self.edges.send_to_all(&ToEdge::NotOwner, out);
        out.push(OwnerEffect::Fenced);
    }

    /// Decides a change of the room's state; gives whether the list of publishers is another one then.
    fn decide(&mut self, turn: Turn, command: &RoomCommand) -> Result<bool, Refusal> {
        self.state.decide(turn.shared, RoomDurations::from(&*self.settings), command)
    }
}

/// The number below the first one that an owner gives, to signals (`sq`) and to stays.
fn first_number(settings: &ClusterSettings, ownership: Ownership) -> u64 {
    if settings.breaks(Mutation::NumbersByTerm) { 0 } else { ownership.life.first_number(ownership.term) }
}
