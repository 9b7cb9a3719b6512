//! Connections of this node: the members and the JOINs that each has here, and which of them are read.
//!
//! A socket of which more is kept than may be is read no further, or closed. Where an owner is known, what is kept goes
//! away soon: the socket is read again once the owner has it, and nothing is lost. Without an owner nobody knows when
//! that will be, and the connection is closed instead.

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
    /// The connections that are read no further until the owner has what they said.
    held_back: BTreeSet<ConnectionId>,
}

impl Connections {
    /// Notes that a connection is gone: its JOINs are forgotten. Gives the stays that it has.
    pub fn remove(&mut self, connection: ConnectionId) -> Vec<StayRef> {
        self.joins.drop_of(connection);
        self.held_back.remove(&connection);
        self.members.stays_on(connection)
    }

    /// Lets a connection be forgotten, if it has no member here any more and no JOIN of it waits.
    pub fn forget(&mut self, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        let waits = self.joins.values().any(|join| join.connection == connection);
        if !waits && !self.members.has_connection(connection) {
            self.read_anew(connection, out);
            out.push(EdgeEffect::Forget(connection));
        }
    }

    /// Takes a member out, whose connection may be forgotten.
    pub fn remove_member(&mut self, stay: &StayRef, out: &mut Vec<EdgeEffect>) {
        let connection = self.members.remove(stay).and_then(|member| member.connection);
        connection.into_iter().for_each(|connection| self.forget(connection, out));
    }

    /// Refuses a JOIN that waits no more.
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

    /// Holds a connection back for which more is kept than may be, now that something has been added.
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

    /// Lets the connections be read again of which enough was seen.
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

    /// Lets a connection be read again, if it is held back.
    fn read_anew(&mut self, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        out.extend(self.held_back.remove(&connection).then_some(EdgeEffect::Read(connection, true)));
    }

    /// Whether no more than this is kept for a connection, and the node has room for all.
    fn may_read(&self, connection: ConnectionId, most: usize, is_node_full: bool) -> bool {
        let kept = self.kept_of(connection);
        kept == 0 || kept <= most && !is_node_full
    }

    /// Bytes that are kept for a connection: of its members, and behind its JOINs.
    fn kept_of(&self, connection: ConnectionId) -> usize {
        self.members.unseen_on(connection) + self.joins.behind_on(connection)
    }

    /// The connection for which most is kept in this room.
    fn fullest(&self) -> Option<ConnectionId> {
        let all = self.members.connections().chain(self.joins.values().map(|join| join.connection));
        all.max_by_key(|connection| (self.kept_of(*connection), Reverse(*connection)))
    }
}

fn is_node_full(settings: &ClusterSettings, tallies: &Tallies) -> bool {
    tallies.held() > settings.max_unseen_of_all
}
