//! JOINs that wait for their answers, and the signals queued after them.

use std::collections::BTreeMap;

use roomcast_protocol::access::{Action as Grant, Permit};
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::{MemberKey, RoomType};

use super::link::Link;
use super::{EdgeEffect, OwnerLink};
use crate::room::message::{JoinId, JoinRequest, Signal, ToOwner};
use crate::room::tallies::{HeldBytes, Tallies};
use crate::room::{ConnectionId, Credentials};
use crate::time::Instant;

/// A JOIN that has not been answered yet.
#[derive(Debug, Clone)]
pub(super) struct WaitingJoin {
    pub connection: ConnectionId,
    pub request: JoinRequest,
    pub since: Instant,
    /// Whether it was sent in the present attachment.
    pub sent: bool,
    /// Whether its connection has received a new token since the JOIN.
    pub renewed: bool,
    /// Signals that arrived after it on its connection, from a client that does not number its signals.
    pub behind: Vec<(Signal, HeldBytes)>,
    behind_bytes: usize,
}

impl WaitingJoin {
    pub fn new(now: Instant, connection: ConnectionId, request: JoinRequest) -> Self {
        Self { connection, request, since: now, sent: false, renewed: false, behind: Vec::new(), behind_bytes: 0 }
    }

    /// Keeps a signal until the JOIN is answered.
    pub fn keep_behind(&mut self, signal: Signal, tallies: &Tallies) {
        let held = tallies.hold(signal.text.message.len());
        self.behind_bytes += held.bytes();
        self.behind.push((signal, held));
    }
}

/// The waiting JOINs.
#[derive(Debug, Default)]
pub(super) struct Joins(BTreeMap<JoinId, Box<WaitingJoin>>);

impl Joins {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, id: JoinId) -> bool {
        self.0.contains_key(&id)
    }

    pub fn get_mut(&mut self, id: JoinId) -> Option<&mut WaitingJoin> {
        self.0.get_mut(&id).map(|join| &mut **join)
    }

    pub fn values(&self) -> impl Iterator<Item = &WaitingJoin> {
        self.0.values().map(|join| &**join)
    }

    /// Returns the first JOIN that may create the room.
    pub fn creator(&self) -> Option<&JoinRequest> {
        self.values().map(|join| &join.request).find(|request| request.creating)
    }

    /// Returns the ids of the waiting JOINs for which the predicate holds.
    pub fn ids(&self, which: impl Fn(&WaitingJoin) -> bool) -> Vec<JoinId> {
        self.0.iter().filter(|(_, join)| which(join)).map(|(id, _)| *id).collect()
    }

    /// Returns the newest JOIN of a session on this connection.
    pub fn newest(&self, connection: ConnectionId, key: &MemberKey) -> Option<JoinId> {
        let own = |join: &WaitingJoin| join.connection == connection && join.request.session.key() == *key;
        self.0.iter().rev().find(|(_, join)| own(join)).map(|(id, _)| *id)
    }

    /// Keeps a JOIN until its answer, and sends it to the owner if the attachment is complete.
    pub fn insert(&mut self, mut join: Box<WaitingJoin>, link: &Link, out: &mut Vec<EdgeEffect>) {
        join.sent = link.stands();
        link.send(ToOwner::Join(Box::new(join.request.clone())), out);
        self.0.insert(join.request.id, join);
    }

    /// Sends JOINs in the packet of `Attach` without waiting for its answer, except for JOINs that the edge may be able
    /// to decide after the answer.
    pub fn send_with_attach(&mut self, link: &Link, out: &mut Vec<EdgeEffect>) {
        let OwnerLink::Attaching(owner, id) = link.owner else { return };
        for join in self.0.values_mut() {
            let request = &join.request;
            join.sent = request.creating || request.room_type != RoomType::P2m;
            if join.sent {
                out.push(EdgeEffect::Send(owner, id, ToOwner::Join(Box::new(request.clone()))));
            }
        }
    }

    /// Removes and returns a JOIN. The memory of the map is released when it becomes empty.
    pub fn take(&mut self, id: JoinId) -> Option<Box<WaitingJoin>> {
        let join = self.0.remove(&id);
        if self.0.is_empty() {
            self.0 = BTreeMap::new();
        }
        join
    }

    /// Drops the JOINs of a connection.
    pub fn drop_of(&mut self, connection: ConnectionId) {
        self.0.retain(|_, join| join.connection != connection);
    }

    /// Returns the number of bytes of signals queued after the JOINs of a connection.
    pub fn behind_on(&self, connection: ConnectionId) -> usize {
        let joins = self.values().filter(|join| join.connection == connection);
        joins.map(|join| join.behind_bytes).sum()
    }

    /// Handles a new token for a connection; returns the JOINs that it does not grant. For a JOIN that was already sent
    /// to the owner, the new credentials follow after its answer.
    pub fn renew(
        &mut self,
        connection: ConnectionId,
        (permit, room): (&Permit, &RoomId),
        credentials: &Credentials,
    ) -> Vec<JoinId> {
        let mut lost = Vec::new();
        for (id, join) in self.0.iter_mut().filter(|(_, join)| join.connection == connection) {
            let (room_type, creating) = (join.request.room_type, join.request.creating);
            let grant = if creating { Grant::Create(room_type) } else { Grant::Join(room_type) };
            if !permit.allows(grant, room) || permit.check_user(&join.request.session.user_id, true).is_err() {
                lost.push(*id);
            }
            (join.request.credentials, join.renewed) = (Some(Box::new(credentials.clone())), true);
        }
        lost
    }
}
