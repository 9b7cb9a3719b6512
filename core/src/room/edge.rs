//! The edge: stands for a room at a node. Sessions speak to it alone, wherever the owner is.
//!
//! It keeps what its members need across doubt and takeovers: of each stay, what was written to the socket and, where
//! the client does not number, what it said and no owner has seen yet. `Attach` is its only repair.

mod deadlines;
mod effect;
mod local_member;
mod members;
mod owner_messages;
mod reading;
mod renewal;
mod sessions;
mod streams;
#[cfg(test)]
mod tests;
mod viewers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::{MemberKey, RoomType};

use super::message::{Attach, AttachmentId, JoinId, JoinRequest, List, Signal, ToOwner};
use super::tallies::HeldBytes;
use crate::cluster::{BootId, ClusterSettings, Life, Mutation};
use crate::room::Tallies;
use crate::room::{ConnectionId, Refusal};
use crate::time::Instant;
use deadlines::Deadlines;
pub use effect::{EdgeEffect, JoinAnswer, ToClient};
use members::Members;
pub use sessions::Speaker;
use streams::EdgeStreams;
use viewers::Viewers;

/// A JOIN that was not answered yet.
#[derive(Debug, Clone)]
struct WaitingJoin {
    connection: ConnectionId,
    request: JoinRequest,
    since: Instant,
    /// Whether it was sent in the present attachment.
    sent: bool,
    /// Whether its connection has had another token since.
    renewed: bool,
    /// Signals that came behind it on its connection, of a client that does not number.
    behind: Vec<(Signal, HeldBytes)>,
    behind_bytes: usize,
}

/// The relation of the edge to an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnerLink {
    /// No owner is known.
    Seeking,
    /// `Attach` was sent and not answered yet.
    Attaching(BootId, AttachmentId),
    /// The attachment stands.
    Attached(BootId, AttachmentId),
}

/// One room at one node.
#[derive(Debug)]
pub struct Edge {
    settings: Arc<ClusterSettings>,
    room: RoomId,
    link: OwnerLink,
    life: Option<Life>,
    room_type: Option<RoomType>,
    list: List,
    members: Members,
    joins: BTreeMap<JoinId, Box<WaitingJoin>>,
    /// The connections that are read no further until the owner has what they said.
    held_back: BTreeSet<ConnectionId>,
    viewers: Viewers,
    streams: EdgeStreams,
    /// The packet in which the last `Attach` went.
    attach_packet: Option<u64>,
    /// The time of the last `Attach`.
    attached_at: Instant,
    /// The time since which nobody needs the edge.
    idle_since: Option<Instant>,
    deadlines: Deadlines,
    /// Whether something was sent that the owner may not have seen.
    has_unseen: bool,
    tallies: Tallies,
}

impl Edge {
    /// The edge of a room of which nothing is known.
    #[must_use]
    pub fn new(settings: Arc<ClusterSettings>, room: RoomId) -> Self {
        Self {
            settings,
            room,
            link: OwnerLink::Seeking,
            life: None,
            room_type: None,
            list: List::default(),
            members: Members::default(),
            joins: BTreeMap::new(),
            held_back: BTreeSet::new(),
            viewers: Viewers::default(),
            streams: EdgeStreams::default(),
            attach_packet: None,
            attached_at: Instant(0),
            idle_since: None,
            deadlines: Deadlines::default(),
            has_unseen: false,
            tallies: Tallies::default(),
        }
    }

    /// Counts together with the other rooms of this node.
    pub fn set_tallies(&mut self, tallies: Tallies) {
        self.tallies = tallies;
    }

    /// The version of the list that members here are told.
    #[must_use]
    pub const fn list_version(&self) -> (u64, u64) {
        self.list.version
    }

    /// Whether the edge has members, those without a socket included.
    #[must_use]
    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// The first waiting JOIN that may create the room.
    #[must_use]
    pub fn creator(&self) -> Option<&JoinRequest> {
        self.joins.values().map(|join| &join.request).find(|request| request.creating)
    }

    /// The connection that speaks for a session here.
    #[must_use]
    pub fn connection_of(&self, key: &MemberKey) -> Option<ConnectionId> {
        self.members.connection_of(key)
    }

    /// Whether any JOIN waits for its answer.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.joins.is_empty()
    }

    /// Whether a JOIN waits for its answer.
    #[must_use]
    pub fn waits_for(&self, id: JoinId) -> bool {
        self.joins.contains_key(&id)
    }

    /// Whether no owner is known.
    #[must_use]
    pub fn is_seeking(&self) -> bool {
        self.link == OwnerLink::Seeking
    }

    /// Whether a JOIN or an upload waits, or members are here.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.has_members() || !self.joins.is_empty() || self.streams.has_uploads()
    }

    /// The owner and the attachment with it.
    #[must_use]
    pub const fn attachment(&self) -> Option<(BootId, AttachmentId)> {
        match self.link {
            OwnerLink::Seeking => None,
            OwnerLink::Attaching(owner, id) | OwnerLink::Attached(owner, id) => Some((owner, id)),
        }
    }

    /// Begins an attachment with an owner.
    pub fn attach_to(&mut self, now: Instant, owner: BootId, id: AttachmentId, out: &mut Vec<EdgeEffect>) {
        self.link = OwnerLink::Attaching(owner, id);
        (self.attach_packet, self.attached_at) = (None, now);
        let mut members: Vec<_> = self.members.known_mut().map(|(stay, member)| member.attached(now, stay)).collect();
        if self.settings.breaks(Mutation::TokensNamed) {
            members.iter_mut().for_each(|member| member.renewed = None);
        }
        let streams = self.streams_shown(owner);
        let viewers = self.note_viewers_told();
        let attach = Attach { life: self.life, list: self.list.version, members, streams, viewers };
        self.members.known_mut().for_each(|(_, member)| member.note_named());
        out.push(EdgeEffect::Send(owner, id, ToOwner::Attach(Box::new(attach))));
        // In the same packet: they need not wait for its answer, but where it may let the edge decide.
        for join in self.joins.values_mut() {
            let request = &join.request;
            join.sent = request.creating || request.room_type != RoomType::P2m;
            if join.sent {
                out.push(EdgeEffect::Send(owner, id, ToOwner::Join(Box::new(request.clone()))));
            }
        }
    }

    /// Notes that the owner is dead or does not own the room.
    pub fn seek(&mut self, out: &mut Vec<EdgeEffect>) {
        self.link = OwnerLink::Seeking;
        out.push(EdgeEffect::Seek);
    }

    /// Notes doubt about the packets of a node.
    pub fn on_doubt(&mut self, node: BootId, out: &mut Vec<EdgeEffect>) {
        if self.attachment().is_some_and(|(owner, _)| owner == node) {
            out.push(EdgeEffect::Reattach(node));
        }
    }

    /// Notes the counter of the packet in which all that was sent in this turn goes.
    pub fn on_packed(&mut self, counter: u64) {
        let Some((_, id)) = self.attachment() else { return };
        self.attach_packet.get_or_insert(counter);
        if self.has_unseen {
            self.members.values_mut().for_each(|member| member.note_packed(id, counter));
        }
    }

    /// Notes that an owner has seen the packets up to a counter: what was said in them need not be kept.
    ///
    /// The answer to `Attach` comes before the acknowledgement of its packet. Where it has not, the packet was lost,
    /// and acknowledged with one behind it.
    pub fn on_acked(&mut self, owner: BootId, counter: u64, out: &mut Vec<EdgeEffect>) {
        let Some((_, id)) = self.attachment().filter(|(node, _)| *node == owner) else { return };
        let any = self.settings.breaks(Mutation::AckByAttachment);
        if matches!(self.link, OwnerLink::Attaching(..)) && !any {
            let lost = self.attach_packet.is_some_and(|packet| packet <= counter);
            out.extend(lost.then_some(EdgeEffect::Reattach(owner)));
            return;
        }
        if std::mem::take(&mut self.has_unseen) {
            self.members.values_mut().for_each(|member| member.note_seen((!any).then_some(id), counter));
            self.members.drop_done();
            self.has_unseen = self.members.values_mut().any(|member| member.has_unseen());
        }
    }

    /// Notes that the owner beside this edge has taken all that was said by call.
    pub fn on_called(&mut self, out: &mut Vec<EdgeEffect>) {
        let OwnerLink::Attached(owner, _) = self.link else { return };
        self.on_packed(0);
        self.on_acked(owner, 0, out);
    }

    /// Does what is due by time. Without a fresh lease JOINs are refused at once.
    pub fn on_time(&mut self, now: Instant, fresh: bool, out: &mut Vec<EdgeEffect>) {
        let wait = self.settings.join_wait;
        let late = |join: &WaitingJoin| !fresh || now >= join.since + wait;
        self.refuse_joins(late, (AckCode::Unavailable, "the room has no owner at the moment; try again"), out);
        self.refuse_late_uploads(now, out);
        self.find_silent(now, fresh, out);
        if self.deadlines.report_due.is_some_and(|due| due <= now) {
            self.report_had(now, out);
        }
        self.attach_again(now, out);
        self.release_if_idle(now, out);
    }

    /// Repeats an `Attach` without an answer sooner than the doubt about its packet does: meanwhile its members count
    /// as absent.
    fn attach_again(&self, now: Instant, out: &mut Vec<EdgeEffect>) {
        if let OwnerLink::Attaching(owner, _) = self.link
            && now >= self.attached_at + self.settings.ack_timeout
        {
            out.push(EdgeEffect::Reattach(owner));
        }
    }

    /// Lets the edge go that nobody needs any more.
    pub fn release_if_idle(&mut self, now: Instant, out: &mut Vec<EdgeEffect>) {
        if self.is_needed() {
            self.idle_since = None;
            return;
        }
        let since = *self.idle_since.get_or_insert(now);
        match self.link {
            OwnerLink::Seeking if now < self.streams.players_until => {}
            OwnerLink::Seeking => out.push(EdgeEffect::Release),
            OwnerLink::Attached(owner, id) if now >= since + self.settings.edge_idle => {
                out.push(EdgeEffect::Send(owner, id, ToOwner::Detach));
                out.push(EdgeEffect::Release);
            }
            OwnerLink::Attaching(..) | OwnerLink::Attached(..) => {}
        }
    }

    /// Ends the room for everybody here: nothing stands after the settling, or its owner has closed it.
    pub fn close(&mut self, reason: RoomClosedReason, out: &mut Vec<EdgeEffect>) {
        for connection in self.members.take() {
            out.push(EdgeEffect::Tell(connection, ToClient::RoomClosed(reason)));
            self.forget(connection, out);
        }
        self.refuse_uploads(Instant(u64::MAX), (AckCode::RoomNotFound, "there is no such room"), out);
        self.forget_streams();
        self.streams.players_until = Instant(0);
        // A creator goes on: nothing but its creation is missing.
        self.refuse_joins(|join| !join.request.creating, (AckCode::RoomNotFound, "there is no such room"), out);
        (self.life, self.room_type, self.list) = (None, None, List::default());
    }

    /// Refuses some of the waiting JOINs.
    fn refuse_joins(
        &mut self,
        which: impl Fn(&WaitingJoin) -> bool,
        (code, reason): (AckCode, &str),
        out: &mut Vec<EdgeEffect>,
    ) {
        let refused: Vec<JoinId> = self.joins.iter().filter(|(_, join)| which(join)).map(|(id, _)| *id).collect();
        for id in refused {
            self.refuse_join(id, Refusal { code, reason: reason.to_owned() }, out);
        }
    }

    /// Takes a waiting JOIN out. An edge at rest holds no memory for what once waited.
    fn take_join(&mut self, id: JoinId) -> Option<Box<WaitingJoin>> {
        let join = self.joins.remove(&id);
        if self.joins.is_empty() {
            self.joins = BTreeMap::new();
        }
        join
    }

    fn refuse_join(&mut self, id: JoinId, refusal: Refusal, out: &mut Vec<EdgeEffect>) {
        if let Some(join) = self.take_join(id) {
            self.refuse(&join, refusal, out);
        }
    }

    fn refuse(&mut self, join: &WaitingJoin, refusal: Refusal, out: &mut Vec<EdgeEffect>) {
        out.push(EdgeEffect::Tell(join.connection, ToClient::JoinRefused(join.request.id, refusal)));
        self.forget(join.connection, out);
    }

    /// Lets a connection be forgotten, if it has no member here any more and no JOIN of it waits.
    fn forget(&mut self, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        let waits = self.joins.values().any(|join| join.connection == connection);
        if !waits && !self.members.has_connection(connection) {
            self.read_anew(connection, out);
            out.push(EdgeEffect::Forget(connection));
        }
    }

    /// Whether the owner is beside this edge: what it is told by call needs not be kept.
    fn is_local(&self) -> bool {
        matches!(self.link, OwnerLink::Attached(owner, id) if owner == id.edge)
    }

    fn send(&self, message: ToOwner, out: &mut Vec<EdgeEffect>) {
        if let OwnerLink::Attached(owner, id) = self.link {
            out.push(EdgeEffect::Send(owner, id, message));
        }
    }

    /// The life of the room, once an owner told it.
    #[must_use]
    pub const fn life(&self) -> Option<Life> {
        self.life
    }

    /// The room.
    #[must_use]
    pub const fn room(&self) -> &RoomId {
        &self.room
    }
}
