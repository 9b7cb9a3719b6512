//! Connections of this node: the members and JOINs of each, and flow control of their input.
//!
//! A socket whose kept signals exceed the limit is no longer read, or is closed. If an owner is known, the kept signals
//! are delivered soon: reading resumes once the owner has received them, and nothing is lost. Without an owner, the
//! duration of the wait is unknown, and the connection is closed instead.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use roomcast_protocol::code::{AckCode, CloseCode};

use super::joins::{Joins, WaitingJoin};
use super::viewers::Viewers;
use super::{EdgeEffect, Link, Members, ToClient};
use crate::cluster::{ClusterSettings, Mutation};
use crate::room::message::{JoinId, StayRef};
use crate::room::{ConnectionId, Refusal, Tallies};

/// The members and the JOINs of the connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    pub members: Members,
    pub joins: Joins,
    pub viewers: Viewers,
    /// The connections that are paused until the owner has received their signals.
    held_back: BTreeSet<ConnectionId>,
}

impl Connections {
    /// Removes a lost connection and its JOINs; returns its stays.
    pub fn remove(&mut self, connection: ConnectionId) -> Vec<StayRef> {
        self.joins.drop_of(connection);
        self.held_back.remove(&connection);
        self.members.stays_on(connection)
    }

    /// Forgets a connection, if it has neither members nor waiting JOINs here.
    pub fn forget(&mut self, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        let waits = self.joins.values().any(|join| join.connection == connection);
        if !waits && !self.members.has_connection(connection) {
            self.read_anew(connection, out);
            out.push(EdgeEffect::Forget(connection));
        }
    }

    /// Removes a member, and forgets its connection if that is not needed any more.
    pub fn remove_member(&mut self, stay: &StayRef, out: &mut Vec<EdgeEffect>) {
        let connection = self.members.remove(stay).and_then(|member| member.connection);
        connection.into_iter().for_each(|connection| self.forget(connection, out));
    }

    /// Refuses a JOIN that has already been removed from the waiting ones.
    pub fn refuse(&mut self, join: &WaitingJoin, refusal: Refusal, out: &mut Vec<EdgeEffect>) {
        out.push(EdgeEffect::Tell(join.connection, ToClient::JoinRefused(join.request.id, refusal)));
        self.forget(join.connection, out);
    }

    /// Refuses a waiting JOIN.
    pub fn refuse_join(&mut self, id: JoinId, refusal: Refusal, out: &mut Vec<EdgeEffect>) {
        if let Some(join) = self.joins.take(id) {
            self.refuse(&join, refusal, out);
        }
    }

    /// Refuses some waiting JOINs.
    pub fn refuse_joins(&mut self, ids: Vec<JoinId>, (code, reason): (AckCode, &str), out: &mut Vec<EdgeEffect>) {
        for id in ids {
            self.refuse_join(id, Refusal { code, reason: reason.to_owned() }, out);
        }
    }

    /// Pauses or closes a connection whose kept signals exceed the limit. Called after a signal has been added.
    pub fn bound_kept(
        &mut self,
        connection: ConnectionId,
        (settings, tallies, link): (&ClusterSettings, &Tallies, &Link),
        out: &mut Vec<EdgeEffect>,
    ) {
        let is_full = is_node_full(settings, tallies);
        if self.may_read(connection, settings.max_unseen, is_full) {
            return;
        }
        if !link.is_seeking() && !settings.breaks(Mutation::HoldBack) {
            out.extend(self.held_back.insert(connection).then_some(EdgeEffect::Read(connection, false)));
            return;
        }
        let closed = if is_full { self.fullest().unwrap_or(connection) } else { connection };
        out.push(EdgeEffect::Close(closed, CloseCode::SlowConsumer));
        self.joins.drop_of(closed);
    }

    /// Resumes reading from connections of which the owner has seen enough signals.
    pub fn read_again(&mut self, settings: &ClusterSettings, tallies: &Tallies, out: &mut Vec<EdgeEffect>) {
        if self.held_back.is_empty() {
            return;
        }
        // At half of the bound, so that a socket is not stopped again at once.
        let (most, is_full) = (settings.max_unseen / 2, is_node_full(settings, tallies));
        let held_back = self.held_back.iter().copied();
        let ready: Vec<_> = held_back.filter(|connection| self.may_read(*connection, most, is_full)).collect();
        ready.into_iter().for_each(|connection| self.read_anew(connection, out));
    }

    /// Resumes reading from a connection, if it is paused.
    fn read_anew(&mut self, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        out.extend(self.held_back.remove(&connection).then_some(EdgeEffect::Read(connection, true)));
    }

    /// Returns whether at most `most` bytes are kept for a connection and the node is below its total limit.
    fn may_read(&self, connection: ConnectionId, most: usize, is_node_full: bool) -> bool {
        let kept = self.kept_of(connection);
        kept == 0 || kept <= most && !is_node_full
    }

    /// Returns the number of bytes kept for a connection: signals of its members, and signals queued after its JOINs.
    fn kept_of(&self, connection: ConnectionId) -> usize {
        self.members.unseen_on(connection) + self.joins.behind_on(connection)
    }

    /// Returns the connection for which the most bytes are kept in this room.
    fn fullest(&self) -> Option<ConnectionId> {
        let all = self.members.connections().chain(self.joins.values().map(|join| join.connection));
        all.max_by_key(|connection| (self.kept_of(*connection), Reverse(*connection)))
    }
}

fn is_node_full(settings: &ClusterSettings, tallies: &Tallies) -> bool {
    tallies.held() > settings.max_unseen_of_all
}
