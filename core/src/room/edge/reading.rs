//! Sockets of members that say more than the edge may keep: which are read no further, and which are closed.
//!
//! Where an owner is known, what is kept goes away soon: the socket is read again once the owner has it, and nothing is
//! lost. Without an owner nobody knows when that will be, and the connection is closed instead.

use std::cmp::Reverse;

use roomcast_protocol::code::CloseCode;

use super::{Edge, EdgeEffect, OwnerLink};
use crate::cluster::Mutation;
use crate::room::ConnectionId;

impl Edge {
    /// Holds a connection back for which more is kept than may be, now that something has been added.
    pub(super) fn bound_kept(&mut self, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        if self.may_read(connection, self.settings.max_unseen) {
            return;
        }
        let has_owner = self.link != OwnerLink::Seeking;
        if has_owner && !self.settings.breaks(Mutation::HoldBack) {
            out.extend(self.held_back.insert(connection).then_some(EdgeEffect::Read(connection, false)));
            return;
        }
        let closed = if self.is_node_full() { self.fullest().unwrap_or(connection) } else { connection };
        out.push(EdgeEffect::Close(closed, CloseCode::SlowConsumer));
        self.joins.retain(|_, join| join.connection != closed);
    }

    /// Lets the connections be read again of which enough was seen.
    pub fn read_again(&mut self, out: &mut Vec<EdgeEffect>) {
        if self.held_back.is_empty() {
            return;
        }
        // At half of the bound, so that a socket is not stopped again at once.
        let most = self.settings.max_unseen / 2;
        let ready: Vec<_> =
            self.held_back.iter().copied().filter(|connection| self.may_read(*connection, most)).collect();
        ready.into_iter().for_each(|connection| self.read_anew(connection, out));
    }

    /// Lets a connection be read again, if it is held back.
    pub(super) fn read_anew(&mut self, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        out.extend(self.held_back.remove(&connection).then_some(EdgeEffect::Read(connection, true)));
    }

    /// Whether no more than this is kept for a connection, and the node has room for all.
    fn may_read(&self, connection: ConnectionId, most: usize) -> bool {
        let kept = self.kept_of(connection);
        kept == 0 || kept <= most && !self.is_node_full()
    }

    fn is_node_full(&self) -> bool {
        self.tallies.held() > self.settings.max_unseen_of_all
    }

    /// Bytes that are kept for a connection: of its members, and behind its JOINs.
    fn kept_of(&self, connection: ConnectionId) -> usize {
        let joins = self.joins.values().filter(|join| join.connection == connection);
        let behind: usize = joins.map(|join| join.behind_bytes).sum();
        self.members.unseen_on(connection) + behind
    }

    /// The connection for which most is kept in this room.
    fn fullest(&self) -> Option<ConnectionId> {
        let members = self.members.connections();
        let all = members.chain(self.joins.values().map(|join| join.connection));
        all.max_by_key(|connection| (self.kept_of(*connection), Reverse(*connection)))
    }
}
