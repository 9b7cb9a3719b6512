//! A room on one node: its edge and, if this node owns the room, its owner. The two call each other directly.
//!
//! The caller sends messages to other nodes and queries to the directory, and passes the answers back.

mod directory_answers;
mod effect;
mod inputs;

use std::collections::VecDeque;
use std::sync::Arc;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::RoomId;

use super::edge::{Edge, EdgeEffect};
use super::message::{AttachmentId, Body, Message, ToEdge, ToOwner};
use super::owner::{Owner, OwnerEffect, StreamSettings, Turn};
use crate::cluster::lease::Lease;
use crate::cluster::{BootId, ClusterSettings, Ownership};
use crate::room::Tallies;
use crate::time::Instant;
pub use effect::{DirectoryAnswer, DirectoryQuery, SiteEffect};

/// The time after which a failed query to the directory is repeated.
const RETRY_DELAY: std::time::Duration = std::time::Duration::from_millis(200);
/// The number of effects for which an idle room retains memory.
const RETAINED_CAPACITY: usize = 4;
/// The maximum number of effects of one step, as a guard against rules that trigger each other endlessly.
const MAX_EFFECTS: usize = 10_000_000;

/// The time and authority of one step.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The present time of this node.
    pub now: Instant,
    /// The present time of Redis.
    pub shared: Instant,
    /// The lease of this node; `None` on a standalone node.
    pub lease: Option<&'a Lease>,
    /// Whether the node drains, so that it claims no rooms.
    pub draining: bool,
}

impl Context<'_> {
    fn turn(&self) -> Turn {
        Turn { now: self.now, shared: self.shared, fresh: self.lease.is_none_or(|lease| lease.is_fresh(self.now)) }
    }
}

/// An effect that is executed before the step ends.
#[derive(Debug)]
enum PendingEffect {
    Edge(EdgeEffect),
    Owner(OwnerEffect),
}

/// The state of a query to the directory: none, pending, or scheduled for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QueryState {
    No,
    Asked,
    At(Instant),
}

impl QueryState {
    fn is_due(self, now: Instant) -> bool {
        matches!(self, Self::At(at) if at <= now)
    }

    const fn due(self) -> Option<Instant> {
        match self {
            Self::At(at) => Some(at),
            Self::No | Self::Asked => None,
        }
    }
}

/// A room on one node.
#[derive(Debug)]
pub struct Site {
    settings: Arc<ClusterSettings>,
    streams: StreamSettings,
    boot: BootId,
    room: RoomId,
    edge: Option<Edge>,
    owner: Option<Owner>,
    seek: QueryState,
    release: QueryState,
    tallies: Tallies,
    /// The last number assigned to an attachment or a JOIN.
    last_id: u64,
    work: VecDeque<PendingEffect>,
    out: Vec<SiteEffect>,
}

impl Site {
    /// Creates a room about which nothing is known yet. Attachments and JOINs are numbered above `ids`, which rises
    /// with each site of a node.
    #[must_use]
    pub fn new(
        settings: Arc<ClusterSettings>,
        streams: StreamSettings,
        (boot, ids): (BootId, u64),
        room: RoomId,
    ) -> Self {
        Self {
            settings,
            streams,
            boot,
            room,
            edge: None,
            owner: None,
            seek: QueryState::No,
            release: QueryState::No,
            tallies: Tallies::default(),
            last_id: ids,
            work: VecDeque::new(),
            out: Vec::new(),
        }
    }

    /// Sets the counters that all rooms of this node share.
    pub fn set_tallies(&mut self, tallies: Tallies) {
        self.tallies = tallies;
    }

    /// Returns the edge, while it is needed.
    #[must_use]
    pub const fn edge(&self) -> Option<&Edge> {
        self.edge.as_ref()
    }

    /// Returns the owner, if this node owns the room.
    #[must_use]
    pub const fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// Returns whether this node holds no state of the room any more and no query about it is pending.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.edge.is_none() && self.owner.is_none() && self.seek == QueryState::No
    }

    /// Returns the time of the next call to [`on_time`](Self::on_time) if no other event occurs first.
    #[must_use]
    pub fn due(&self, context: Context<'_>) -> Option<Instant> {
        let edge = self.edge.as_ref().and_then(Edge::due);
        let owner = self.owner.as_ref().and_then(|owner| owner.due(context.turn()));
        // JOINs do not outlast the lease.
        let waiting = self.edge.as_ref().is_some_and(Edge::has_waiting);
        let lease = context.lease.filter(|_| waiting).map(Lease::fresh_until);
        [edge, owner, lease, self.seek.due(), self.release.due()].into_iter().flatten().min()
    }

    /// Returns the version of the list that is sent to members here.
    #[must_use]
    pub fn list_version(&self) -> Option<(u64, u64)> {
        self.edge.as_ref().map(Edge::list_version)
    }

    fn edge_mut(&mut self) -> &mut Edge {
        let (settings, room, tallies) = (&self.settings, &self.room, &self.tallies);
        self.edge.get_or_insert_with(|| {
            let mut edge = Edge::new(Arc::clone(settings), room.clone());
            edge.set_tallies(tallies.clone());
            edge
        })
    }

    fn with_edge(&mut self, change: impl FnOnce(&mut Edge, &mut Vec<EdgeEffect>)) {
        let mut effects = Vec::new();
        if let Some(edge) = &mut self.edge {
            change(edge, &mut effects);
            edge.read_again(&mut effects);
        }
        self.work.extend(effects.into_iter().map(PendingEffect::Edge));
    }

    fn with_owner(&mut self, context: Context<'_>, change: impl FnOnce(&mut Owner, Turn, &mut Vec<OwnerEffect>)) {
        let mut effects = Vec::new();
        if let Some(owner) = &mut self.owner {
            change(owner, context.turn(), &mut effects);
        }
        self.work.extend(effects.into_iter().map(PendingEffect::Owner));
    }

    fn owns(&self) -> bool {
        self.owner.as_ref().is_some_and(|owner| !owner.has_ended())
    }

    const fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn attach_to(&mut self, now: Instant, owner: BootId) {
        let id = AttachmentId { edge: self.boot, counter: self.next_id() };
        self.with_edge(|edge, out| edge.attach_to(now, owner, id, out));
    }

    /// Executes the pending effects; returns the effects for the caller.
    fn end(&mut self, context: Context<'_>) -> Vec<SiteEffect> {
        self.carry_out(context);
        self.with_owner(context, |owner, turn, out| owner.end_turn(turn, out));
        self.carry_out(context);
        if context.lease.is_none() && self.owner.is_none() {
            // Nobody else has it, so nothing comes back.
            self.edge = self.edge.take().filter(Edge::is_needed);
        }
        if self.work.capacity() > RETAINED_CAPACITY {
            // A room at rest holds no memory for what it once had to do.
            self.work = VecDeque::new();
        }
        std::mem::take(&mut self.out)
    }

    fn carry_out(&mut self, context: Context<'_>) {
        for _ in 0..MAX_EFFECTS {
            match self.work.pop_front() {
                Some(PendingEffect::Edge(effect)) => self.carry_out_edge(context, effect),
                Some(PendingEffect::Owner(effect)) => self.carry_out_owner(context, effect),
                None => return,
            }
        }
    }

    fn carry_out_edge(&mut self, context: Context<'_>, effect: EdgeEffect) {
        match effect {
            EdgeEffect::Send(owner, attachment, message) if owner == self.boot => {
                self.call_owner(context, attachment, message);
            }
            EdgeEffect::Send(owner, attachment, message) => {
                self.send(owner, attachment, Body::ToOwner(message));
            }
            EdgeEffect::Tell(connection, message) => self.out.push(SiteEffect::Tell(connection, message)),
            EdgeEffect::Close(connection, code) => self.out.push(SiteEffect::Close(connection, code)),
            EdgeEffect::Read(connection, reads) => self.out.push(SiteEffect::Read(connection, reads)),
            EdgeEffect::Forget(connection) => self.out.push(SiteEffect::Forget(connection)),
            EdgeEffect::Live(playlist, change) => self.out.push(SiteEffect::Live(playlist, change)),
            EdgeEffect::Everything(playlist, all) => self.out.push(SiteEffect::Everything(playlist, all)),
            EdgeEffect::Uploaded(id, answer) => self.out.push(SiteEffect::Uploaded(id, answer)),
            EdgeEffect::Seek => self.seek(context),
            EdgeEffect::Reattach(owner) => self.attach_to(context.now, owner),
            EdgeEffect::Release => self.edge = self.edge.take().filter(Edge::is_needed),
        }
    }

    fn carry_out_owner(&mut self, context: Context<'_>, effect: OwnerEffect) {
        match effect {
            OwnerEffect::Send(to, message) if to.edge == self.boot => {
                let from = (self.boot, to);
                self.with_edge(|edge, out| edge.on_message(context.now, from, message, out));
            }
            OwnerEffect::Send(attachment, message) => {
                self.send(attachment.edge, attachment, Body::ToEdge(message));
            }
            OwnerEffect::Assert(mine) => self.ask(DirectoryQuery::Assert(mine)),
            OwnerEffect::Write(write) => self.ask(DirectoryQuery::Write(write)),
            OwnerEffect::Release(..) if context.lease.is_none() => self.released(context),
            OwnerEffect::Release(mine, keep) => {
                self.release = QueryState::Asked;
                self.ask(DirectoryQuery::Release(mine, keep));
            }
            OwnerEffect::Live(playlist, change) => self.out.push(SiteEffect::Live(playlist, change)),
            OwnerEffect::Everything(playlist, all) => self.out.push(SiteEffect::Everything(playlist, all)),
            OwnerEffect::Revoke(revocation) => self.out.push(SiteEffect::Revoke(revocation)),
            OwnerEffect::Fenced => self.drop_owner(),
        }
    }

    /// Drops the owner. Its streams pass to the edge, so that players can continue.
    fn drop_owner(&mut self) {
        self.release = QueryState::No;
        let Some(mut owner) = self.owner.take() else { return };
        let (from, streams) = (owner.ownership().owner, owner.take_streams());
        if !streams.is_empty() {
            self.with_edge(|edge, out| edge.adopt_streams(from, streams, out));
        }
    }

    fn send(&mut self, to: BootId, attachment: AttachmentId, body: Body) {
        let message = Message { room: self.room.clone(), attachment, body };
        self.out.push(SiteEffect::Send(to, message));
    }

    fn ask(&mut self, ask: DirectoryQuery) {
        self.out.push(SiteEffect::DirectoryQuery(ask));
    }

    /// Passes a message of the edge to the owner on this node.
    fn call_owner(&mut self, context: Context<'_>, attachment: AttachmentId, message: ToOwner) {
        if self.owner.is_some() {
            self.with_owner(context, |owner, turn, out| owner.on_message(turn, attachment, message, out));
            self.with_edge(|edge, out| edge.on_called(out));
        } else {
            let from = (self.boot, attachment);
            self.with_edge(|edge, out| edge.on_message(context.now, from, ToEdge::NotOwner, out));
        }
    }

    /// Looks up the room, unless a query is pending.
    fn seek(&mut self, context: Context<'_>) {
        if context.draining {
            let reason = (AckCode::Unavailable, "the server is stopping");
            self.with_edge(|edge, out| edge.refuse_uploads(Instant(u64::MAX), reason, out));
        }
        if self.seek != QueryState::No || self.owns() {
            return self.attach_to_own(context);
        }
        let Some(lease) = context.lease else { return self.open_alone(context) };
        let creates = |edge: &Edge| edge.creator().is_some() && !edge.has_members();
        if !lease.is_fresh(context.now) {
            self.seek = QueryState::At(context.now + RETRY_DELAY);
        } else if self.edge.as_ref().is_some_and(creates) && !context.draining {
            // Mostly nothing stands yet; else the answer says what does.
            self.claim(context, None);
        } else {
            self.seek = QueryState::Asked;
            self.ask(DirectoryQuery::Look);
        }
    }

    /// Creates the room on a standalone node, or ends it for waiting clients if none of them may create it.
    fn open_alone(&mut self, context: Context<'_>) {
        if self.owner.is_some() {
            // It is ending, and is looked for again then.
            return;
        }
        let creator = self.edge.as_ref().and_then(Edge::creator).filter(|_| !context.draining);
        let Some(creator) = creator else {
            return self.with_edge(|edge, out| edge.close(RoomClosedReason::Ended, out));
        };
        let life = crate::cluster::Life { created: context.shared.0, random: self.last_id };
        let ownership = Ownership { life, term: life.created, owner: Some(self.boot) };
        let mut owner = Owner::alone(Arc::clone(&self.settings), context.turn(), ownership, creator);
        owner.set_node(self.streams, self.tallies.clone());
        self.owner = Some(owner);
        self.attach_to_own(context);
    }

    /// Attaches the edge to the owner on this node, if it has none.
    fn attach_to_own(&mut self, context: Context<'_>) {
        if self.owns() && self.edge.as_ref().is_some_and(Edge::is_seeking) {
            self.attach_to(context.now, self.boot);
        }
    }

    /// Completes the release of the ownership: notifies the edges and drops the owner.
    fn released(&mut self, context: Context<'_>) {
        self.with_owner(context, |owner, _, out| owner.on_released(out));
        self.drop_owner();
    }
}
