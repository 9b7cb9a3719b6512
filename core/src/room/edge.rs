//! The edge: represents a room on a node. Sessions communicate only with the edge, on whichever node the owner is.
//!
//! It keeps the state that its members need across lost packets and takeovers: for each stay, the last sequence number
//! written to the socket and, if the client does not number its signals, the signals that no owner has seen yet.
//! `Attach` is the only way in which lost state is restored.
//!
//! Each rule has its own file and operates only on the parts it needs; [`Edge`] holds the parts and orders the effects.

mod connections;
mod deadlines;
mod effect;
mod joining;
mod joins;
mod link;
mod local_member;
mod members;
mod owner_messages;
mod renewal;
mod room;
mod sessions;
mod streams;
#[cfg(test)]
mod tests;
mod viewers;

use std::collections::BTreeMap;
use std::sync::Arc;

use roomcast_protocol::access::Permit;
use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, RoomId};
use roomcast_protocol::signal::{self, MemberKey};

use super::message::{Attach, Attached, AttachmentId, JoinId, JoinRequest, Signal, ToEdge, ToOwner};
use super::streams::{KnownStream, StreamCopy, Upload};
use crate::cluster::{BootId, ClusterSettings, Life, Mutation};
use crate::room::{ConnectionId, Tallies};
use crate::time::Instant;
use connections::Connections;
pub use effect::{EdgeEffect, JoinAnswer, ToClient};
use link::{Link, NO_OWNER, NO_ROOM, OwnerLink};
use members::Members;
use room::KnownRoom;
use sessions::Sessions;
pub use sessions::Speaker;
use streams::EdgeStreams;

/// One room on one node. Passes to each rule the parts it needs.
#[derive(Debug)]
pub struct Edge {
    settings: Arc<ClusterSettings>,
    room: KnownRoom,
    link: Link,
    connections: Connections,
    streams: EdgeStreams,
    tallies: Tallies,
}

impl Edge {
    /// Creates the edge of a room about which nothing is known yet.
    #[must_use]
    pub fn new(settings: Arc<ClusterSettings>, id: RoomId) -> Self {
        Self {
            settings,
            room: KnownRoom::of(id),
            link: Link::default(),
            connections: Connections::default(),
            streams: EdgeStreams::default(),
            tallies: Tallies::default(),
        }
    }

    /// Sets the counters that all rooms of this node share.
    pub fn set_tallies(&mut self, tallies: Tallies) {
        self.tallies = tallies;
    }

    /// Returns the life of the room; `None` until an owner has reported it.
    #[must_use]
    pub const fn life(&self) -> Option<Life> {
        self.room.life
    }

    /// Returns the version of the list that is sent to members here.
    #[must_use]
    pub const fn list_version(&self) -> (u64, u64) {
        self.room.list.version
    }

    /// Returns whether the edge has members, including those without a socket.
    #[must_use]
    pub fn has_members(&self) -> bool {
        !self.connections.members.is_empty()
    }

    /// Returns the first waiting JOIN that may create the room.
    #[must_use]
    pub fn creator(&self) -> Option<&JoinRequest> {
        self.connections.joins.creator()
    }

    /// Returns the connection of a session here.
    #[must_use]
    pub fn connection_of(&self, key: &MemberKey) -> Option<ConnectionId> {
        self.connections.members.connection_of(key)
    }

    /// Returns whether any JOIN waits for its answer.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.connections.joins.is_empty()
    }

    /// Returns whether the JOIN with this id waits for its answer.
    #[must_use]
    pub fn waits_for(&self, id: JoinId) -> bool {
        self.connections.joins.contains(id)
    }

    /// Returns whether no owner is known.
    #[must_use]
    pub fn is_seeking(&self) -> bool {
        self.link.is_seeking()
    }

    /// Returns whether the edge has members, waiting JOINs or waiting uploads.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.has_members() || self.has_waiting() || self.streams.has_uploads()
    }

    /// Returns the owner and the attachment with it.
    #[must_use]
    pub const fn attachment(&self) -> Option<(BootId, AttachmentId)> {
        self.link.attachment()
    }

    /// Begins an attachment with an owner.
    pub fn attach_to(&mut self, now: Instant, owner: BootId, id: AttachmentId, out: &mut Vec<EdgeEffect>) {
        self.link.begin(now, owner, id);
        let members = self.connections.members.name_all(now, !self.settings.breaks(Mutation::TokensNamed));
        let (streams, viewers) = (self.streams.shown(owner), self.sessions(now).note_viewers_told());
        let attach = Attach { life: self.room.life, list: self.room.list.version, members, streams, viewers };
        out.push(EdgeEffect::Send(owner, id, ToOwner::Attach(Box::new(attach))));
        self.connections.joins.send_with_attach(&self.link, out);
    }

    /// Records that the owner is dead or does not own the room, and looks up the room.
    pub fn seek(&mut self, out: &mut Vec<EdgeEffect>) {
        self.link.owner = OwnerLink::Seeking;
        self.link.seek(out);
    }

    /// Handles possible loss of packets from a node.
    pub fn on_doubt(&mut self, node: BootId, out: &mut Vec<EdgeEffect>) {
        if self.attachment().is_some_and(|(owner, _)| owner == node) {
            self.link.reattach(out);
        }
    }

    /// Records the counter of the packet that carries everything sent in this turn.
    pub fn on_packed(&mut self, counter: u64) {
        self.link.on_packed(&mut self.connections.members, counter);
    }

    /// Records that an owner has received the packets up to a counter.
    pub fn on_acked(&mut self, owner: BootId, counter: u64, out: &mut Vec<EdgeEffect>) {
        self.link.on_acked(&mut self.connections.members, &self.settings, (owner, counter), out);
    }

    /// Records that the owner on the same node, which is called directly, has processed everything sent to it.
    pub fn on_called(&mut self, out: &mut Vec<EdgeEffect>) {
        let OwnerLink::Attached(owner, _) = self.link.owner else { return };
        self.on_packed(0);
        self.on_acked(owner, 0, out);
    }

    /// Performs the actions that are due. Without a fresh lease, waiting JOINs are refused at once.
    pub fn on_time(&mut self, now: Instant, fresh: bool, out: &mut Vec<EdgeEffect>) {
        let late = self.connections.joins.ids(|join| !fresh || now >= join.since + self.settings.join_wait);
        self.connections.refuse_joins(late, NO_OWNER, out);
        self.streams.refuse_late_uploads(now, out);
        let silent = self.connections.members.silent(now, fresh, self.settings.heartbeat_timeout);
        self.sessions(now).let_go(silent, out);
        self.connections.members.report(now, self.settings.confirm_interval, &self.link, out);
        if self.link.due(&self.settings).is_some_and(|due| now >= due) {
            self.link.reattach(out);
        }
        self.release_if_idle(now, out);
    }

    /// Returns the time of the next call to [`on_time`](Self::on_time) if no other event occurs first.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let joins = self.connections.joins.values().map(|join| join.since + self.settings.join_wait).min();
        let members = self.connections.members.deadlines.due(&self.link);
        let idle = self.link.idle_due(self.is_needed(), &self.settings, self.streams.players_until);
        [joins, self.link.due(&self.settings), idle, self.streams.due(), members].into_iter().flatten().min()
    }

    /// Releases the edge if it is no longer needed.
    pub fn release_if_idle(&mut self, now: Instant, out: &mut Vec<EdgeEffect>) {
        let is_needed = self.is_needed();
        self.link.idle_since = if is_needed { None } else { self.link.idle_since.or(Some(now)) };
        let due = self.link.idle_due(is_needed, &self.settings, self.streams.players_until);
        if due.is_some_and(|due| now >= due) {
            self.link.send(ToOwner::Detach, out);
            out.push(EdgeEffect::Release);
        }
    }

    /// Ends the room for all sessions here, because the directory has no entry for it after settling or its owner has
    /// closed it.
    pub fn close(&mut self, reason: RoomClosedReason, out: &mut Vec<EdgeEffect>) {
        for connection in self.connections.members.take() {
            out.push(EdgeEffect::Tell(connection, ToClient::RoomClosed(reason)));
            self.connections.forget(connection, out);
        }
        self.streams.close(out);
        // A creator goes on: nothing but its creation is missing.
        let others = self.connections.joins.ids(|join| !join.request.creating);
        self.connections.refuse_joins(others, NO_ROOM, out);
        self.room.forget();
    }

    /// Handles a JOIN. `fresh` states whether the lease of this node is fresh.
    pub fn join(
        &mut self,
        (now, fresh): (Instant, bool),
        connection: ConnectionId,
        request: JoinRequest,
        out: &mut Vec<EdgeEffect>,
    ) {
        self.sessions(now).join(fresh, connection, request, out);
    }

    /// Handles a signal other than JOIN. `n` is the signal's number, if the client numbers its signals.
    ///
    /// A signal that does not exist in this type of room is refused here; its number counts as seen by the owner.
    pub fn signal(
        &mut self,
        now: Instant,
        from: ConnectionId,
        n: Option<u64>,
        signal: &signal::Signal,
        out: &mut Vec<EdgeEffect>,
    ) {
        self.sessions(now).signal(from, n, signal, out);
    }

    /// Handles a signal that exists in this type of room.
    pub fn take_signal(
        &mut self,
        now: Instant,
        from: Speaker<'_>,
        n: Option<u64>,
        signal: Signal,
        out: &mut Vec<EdgeEffect>,
    ) {
        self.sessions(now).take_signal(from, n, signal, out);
    }

    /// Handles a heartbeat. `sq` is the last sequence number that the client received, if it states one.
    pub fn heartbeat(&mut self, now: Instant, from: Speaker<'_>, sq: Option<u64>, out: &mut Vec<EdgeEffect>) {
        self.sessions(now).heartbeat(from, sq, out);
    }

    /// Handles the loss of a connection: drops its JOINs and marks its members absent.
    pub fn disconnected(&mut self, now: Instant, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        self.sessions(now).disconnected(connection, out);
    }

    /// Handles a new token for a connection.
    pub fn renew(&mut self, now: Instant, connection: ConnectionId, permit: &Permit, out: &mut Vec<EdgeEffect>) {
        self.sessions(now).renew(connection, permit, out);
    }

    /// Resumes reading from connections of which the owner has seen enough signals.
    pub fn read_again(&mut self, out: &mut Vec<EdgeEffect>) {
        self.connections.read_again(&self.settings, &self.tallies, out);
    }

    /// Handles a message from an owner.
    pub fn on_message(
        &mut self,
        now: Instant,
        (from, id): (BootId, AttachmentId),
        message: ToEdge,
        out: &mut Vec<EdgeEffect>,
    ) {
        if self.attachment() != Some((from, id)) {
            // The owner has an attachment that this edge has given up; a newer one with it speaks for itself.
            let elsewhere = self.attachment().is_none_or(|(owner, _)| owner != from);
            if elsewhere && !matches!(message, ToEdge::NotOwner | ToEdge::Closed(_)) {
                out.push(EdgeEffect::Send(from, id, ToOwner::Detach));
            }
            return;
        }
        match (self.link.owner, message) {
            (_, ToEdge::NotOwner) => self.seek(out),
            (_, ToEdge::Again) => self.link.reattach(out),
            (_, ToEdge::Closed(reason)) => {
                self.link.owner = OwnerLink::Seeking;
                self.close(reason, out);
                out.extend(self.is_needed().then_some(EdgeEffect::Seek));
            }
            (OwnerLink::Attaching(..), ToEdge::Attached(attached)) => self.on_attached(now, *attached, out),
            // The answer to `Attach` is the first that counts in an attachment.
            (OwnerLink::Attaching(..) | OwnerLink::Seeking, _) => {}
            (OwnerLink::Attached(..), message) => self.on_attached_message(now, message, out),
        }
    }

    fn on_attached_message(&mut self, now: Instant, message: ToEdge, out: &mut Vec<EdgeEffect>) {
        if matches!(message, ToEdge::Deliver(..) | ToEdge::List(..)) {
            self.connections.members.deadlines.schedule_report(now + self.settings.confirm_interval);
        }
        match message {
            ToEdge::Deliver(stay, delivery) => self.connections.deliver(&stay, delivery, &self.settings, out),
            ToEdge::Joined(joined) => self.sessions(now).on_joined(*joined, out),
            ToEdge::List(list, stays) => self.room.show_list(list, stays, &mut self.connections.members, out),
            ToEdge::Kicked(to, left, text) => self.sessions(now).on_kicked((&to, left), &text, out),
            ToEdge::Stream(update) => self.streams.on_stream(*update, &self.link, out),
            ToEdge::Uploaded(id, answer) => self.streams.on_uploaded(id, answer, out),
            message => self.connections.on_message(message, out),
        }
    }

    /// Completes the attachment: both sides repeat the messages that the other side may have missed.
    fn on_attached(&mut self, now: Instant, attached: Attached, out: &mut Vec<EdgeEffect>) {
        let OwnerLink::Attaching(owner, id) = self.link.owner else { return };
        self.link.owner = OwnerLink::Attached(owner, id);
        let is_same_life = self.room.note_attached(&attached);
        if !is_same_life {
            self.streams.forget();
        }
        self.connections.members.note_attached();
        self.sessions(now).note_kicks(attached.kicks, is_same_life, out);
        self.room.show_list(attached.list, Vec::new(), &mut self.connections.members, out);
        self.sessions(now).say_again(out);
        self.streams.on_streams(owner, attached.streams, &self.link, out);
        for id in self.connections.joins.ids(|join| !join.sent) {
            if let Some(join) = self.connections.joins.take(id) {
                self.sessions(now).decide_join(true, join, out);
            }
        }
        self.streams.send_uploads(&self.link, out);
    }

    /// Handles an upload whose media is already stored.
    pub fn upload(&mut self, now: Instant, upload: Upload, out: &mut Vec<EdgeEffect>) {
        self.streams.upload(now, upload, &self.link, out);
    }

    /// Refuses the uploads that arrived at or before this time.
    pub fn refuse_uploads(&mut self, before: Instant, refusal: (AckCode, &str), out: &mut Vec<EdgeEffect>) {
        self.streams.refuse_uploads(before, refusal, out);
    }

    /// Records that a player requested a broadcast here.
    pub fn play(&mut self, now: Instant, out: &mut Vec<EdgeEffect>) {
        self.streams.players_until = now + self.settings.edge_idle;
        self.link.idle_since = Some(now).filter(|_| !self.is_needed());
        self.link.seek(out);
    }

    /// Returns whether the edge has no completed attachment and players wait for one.
    #[must_use]
    pub fn is_sought_by_players(&self, now: Instant) -> bool {
        !self.link.stands() && now < self.streams.players_until
    }

    /// Returns whether requests of players may keep the edge: it has an owner, or players wait for one. A room that is
    /// known to have ended is not looked up again for players.
    #[must_use]
    pub fn can_be_played(&self, now: Instant) -> bool {
        self.attachment().is_some() || now < self.streams.players_until
    }

    /// Adopts the streams of the former owner on the same node.
    pub fn adopt_streams(
        &mut self,
        from: Option<BootId>,
        copies: BTreeMap<ObjectId, StreamCopy>,
        out: &mut Vec<EdgeEffect>,
    ) {
        self.streams.adopt(from, copies, out);
    }

    /// Removes and returns the copies, for the owner on the same node.
    pub fn give_streams(&mut self) -> Vec<KnownStream> {
        self.streams.give()
    }

    fn sessions(&mut self, now: Instant) -> Sessions<'_> {
        let (room, link, connections) = (&mut self.room, &mut self.link, &mut self.connections);
        Sessions { now, settings: &self.settings, tallies: &self.tallies, room, link, connections }
    }
}
