//! A room at its owner: the only place where its rules run.
//!
//! Members are reached through edges. A change of membership is journaled, and what shows it leaves only once the
//! journal has answered. Everything else that a crash may lose is kept by whoever said it: the owner confirms a
//! signal when no backlog and no unanswered write holds it.

mod attaching;
mod backlog;
mod changes;
mod deadlines;
mod joining;
mod journal;
mod member;
mod record;
mod revocation;
mod signals;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::limits;
use roomcast_protocol::signal::{MemberKey, RoomType};

pub use record::{Field, MemberRecord, ResumeTokens, UndeliveredRecord, Value, Write};
pub use revocation::KickRevocation;

use super::message::{AttachmentId, JoinRequest, List, ToEdge, ToOwner};
use crate::cluster::directory::{Asserted, Era, Journaled, RETRY_DELAY};
use crate::cluster::{BootId, ClusterSettings, Mutation, Ownership};
use crate::hls::{self, Change};
use crate::room::Tallies;
use crate::room::state::{RoomDurations, RoomState};
use crate::time::Instant;
use deadlines::Deadlines;
use journal::Journal;
use member::{OwnedMember, Presence};
use streams::OwnedStream;

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

/// The attachment of an edge to this owner.
#[derive(Debug, Clone, Copy)]
struct Attachment {
    id: AttachmentId,
    /// Whether nothing is taken from it until the edge attaches anew. It is kept so that the edge is asked again.
    doubted: bool,
    /// Whether the edge has viewers that it admitted by itself.
    viewers: bool,
}

/// A room on the node that owns it.
#[derive(Debug)]
pub struct Owner {
    settings: Arc<ClusterSettings>,
    ownership: Ownership,
    state: RoomState,
    /// In boxes: a tree has room for eleven, most rooms have two.
    members: BTreeMap<MemberKey, Box<OwnedMember>>,
    edges: BTreeMap<BootId, Attachment>,
    journal: Journal,
    /// The list that members may be told: that of the last journaled state.
    list: List,
    /// The time at which a change of the list is to be shown, and the last time at which one was.
    list_due: Option<Instant>,
    list_shown_at: Option<Instant>,
    last_stay: u64,
    streams_settings: StreamSettings,
    streams: BTreeMap<ObjectId, OwnedStream>,
    taken_over: Option<Instant>,
    /// The last time at which all absences began anew.
    forgiven: Instant,
    confirm_due: Instant,
    deadlines: Deadlines,
    ending: OwnershipEnd,
    tallies: Tallies,
}

impl Owner {
    fn new(settings: Arc<ClusterSettings>, ownership: Ownership, era: Era, state: RoomState) -> Self {
        let first =
            if settings.breaks(Mutation::NumbersByTerm) { 0 } else { ownership.life.first_number(ownership.term) };
        Self {
            settings,
            ownership,
            state,
            members: BTreeMap::new(),
            edges: BTreeMap::new(),
            journal: Journal::new(era),
            list: List::default(),
            list_due: None,
            list_shown_at: None,
            last_stay: first,
            streams_settings: StreamSettings::default(),
            streams: BTreeMap::new(),
            taken_over: None,
            forgiven: Instant(0),
            confirm_due: Instant(0),
            deadlines: Deadlines::default(),
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
        owner.taken_over = None;
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
        (self.streams_settings, self.tallies) = (streams, tallies);
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
        self.edges.keys().copied().chain(self.members.values().map(|member| member.edge))
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
            message if self.standing(from.edge) == Some(from) => {
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
            ToOwner::Alive(stay) => self.note_heard(&stay),
            ToOwner::Viewers(any) => {
                self.edges.get_mut(&edge).into_iter().for_each(|attachment| attachment.viewers = any);
            }
            ToOwner::Upload(upload) => self.upload(turn, edge, *upload, out),
            ToOwner::Had(stay, sq) => self.had(&stay, sq, true),
            ToOwner::Written(stay, sq) => self.had(&stay, sq, false),
            ToOwner::Absent(stay, age) => {
                let since = Instant(turn.now.0.saturating_sub(crate::cluster::settings::millis(age)));
                self.note_absent(|member| member.stay_ref() == stay, since);
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
        let edges: Vec<BootId> = self.edges.keys().copied().collect();
        edges.into_iter().for_each(|edge| self.on_doubt(edge, out));
        self.advance(turn, out);
    }

    /// Begins all absences anew: Redis was away, and absent members could not be heard.
    pub fn forgive(&mut self, now: Instant) {
        if !self.settings.breaks(Mutation::Amnesty) {
            self.forgiven = now;
        }
    }

    /// Notes that the node of some edges was declared dead, and when it renewed its lease for the last time.
    pub fn on_edge_dead(&mut self, edge: BootId, renewed: Instant) {
        self.edges.remove(&edge);
        for member in self.members.values_mut().filter(|member| member.edge == edge) {
            member.presence = match member.presence {
                Presence::Absent(since) => Presence::Absent(since.min(renewed)),
                Presence::Present => Presence::Absent(renewed),
            };
        }
        self.deadlines.schedule_removal(renewed);
    }

    /// Notes doubt about the packets of a node: its edge must attach again.
    pub fn on_doubt(&mut self, edge: BootId, out: &mut Vec<OwnerEffect>) {
        if let Some(attachment) = self.edges.get_mut(&edge) {
            attachment.doubted = true;
            if !self.settings.breaks(Mutation::Again) {
                out.push(OwnerEffect::Send(attachment.id, ToEdge::Again));
            }
        }
    }

    /// Does what is due by time.
    pub fn on_time(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if self.has_ended() {
            return;
        }
        self.state.clean(turn.shared);
        self.deadlines.begin();
        self.remove_absent(turn, out);
        self.confirm(turn.now, out);
        self.close_if_over(turn, out);
        self.advance(turn, out);
    }

    /// Ends a turn of the node: shows all of its changes of the list at once.
    pub fn end_turn(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if !self.has_ended() {
            self.show_list(turn.now, out);
        }
    }

    /// Ends this ownership so that another node takes the room, with all that is undelivered.
    pub fn drain(&mut self, out: &mut Vec<OwnerEffect>) {
        if self.has_ended() {
            return;
        }
        self.ending = OwnershipEnd::Drained;
        out.push(OwnerEffect::Release(self.ownership, self.drain_fields()));
    }

    /// Repeats a release that was not answered.
    pub fn repeat_release(&self, out: &mut Vec<OwnerEffect>) {
        let keep = if self.ending == OwnershipEnd::Drained { self.drain_fields() } else { None };
        out.push(OwnerEffect::Release(self.ownership, keep));
    }

    /// Takes the answer to the release: tells the edges, after which the room is dropped.
    pub fn on_released(&mut self, out: &mut Vec<OwnerEffect>) {
        for Attachment { id, .. } in self.edges.values() {
            let stay_end = match self.ending {
                OwnershipEnd::Closed(reason) => ToEdge::Closed(reason),
                OwnershipEnd::No | OwnershipEnd::Drained => ToEdge::NotOwner,
            };
            out.push(OwnerEffect::Send(*id, stay_end));
        }
    }

    /// Tells the edges to look the room up: another node owns it.
    fn fence(&self, out: &mut Vec<OwnerEffect>) {
        let edges = self.edges.values();
        out.extend(edges.map(|attachment| OwnerEffect::Send(attachment.id, ToEdge::NotOwner)));
        out.push(OwnerEffect::Fenced);
    }

    fn drain_fields(&self) -> Option<Vec<(Field, Value)>> {
        let kept =
            |member: &OwnedMember| (Field::Undelivered(member.key()), Value::Undelivered(Box::new(member.kept())));
        Some(self.fields().into_iter().chain(self.members.values().map(|member| kept(member))).collect())
    }

    fn fields(&self) -> Vec<(Field, Value)> {
        let members = self.members.iter();
        let members = members.map(|(key, member)| (Field::Member(key.clone()), Value::Member(member.record().into())));
        let room = std::iter::once((Field::Room, Value::Room(Box::new(self.state.clone()))));
        room.chain(members).chain(self.stream_fields()).collect()
    }

    fn durations(&self) -> RoomDurations {
        RoomDurations { grace_period: self.settings.grace_period, kick_duration: self.settings.kick_duration }
    }

    fn send(&self, edge: BootId, message: ToEdge, out: &mut Vec<OwnerEffect>) {
        if let Some(attachment) = self.standing(edge) {
            out.push(OwnerEffect::Send(attachment, message));
        }
    }

    fn standing(&self, edge: BootId) -> Option<AttachmentId> {
        self.edges.get(&edge).filter(|attachment| !attachment.doubted).map(|attachment| attachment.id)
    }
}
