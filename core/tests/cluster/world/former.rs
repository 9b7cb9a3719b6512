//! Connections that a newer one of their session has replaced, and that do not know it yet.

use roomcast_core::room::ConnectionId;
use roomcast_core::room::edge::ToClient;

use super::clients::{BEAT, DEAD_LINE};
use super::{FromClient, World};
use crate::client::State;
use roomcast_checker::{Event, Outcome};

/// A former connection: it only goes on with its heartbeats.
#[derive(Debug)]
pub(super) struct Former {
    client: usize,
    connection: ConnectionId,
    pub node: usize,
    /// The time of the newer connection's JOIN ack.
    replaced: Option<u64>,
    next_beat: u64,
    unanswered_since: Option<u64>,
}

impl World {
    /// Another connection takes the session over, while the first goes on.
    pub(super) fn double(&mut self, client: usize, node: usize) {
        let state = &mut self.clients[client];
        if state.state != State::In || state.gone {
            return;
        }
        let (former, at) = (state.connection.take(), state.node);
        let unanswered_since = state.unanswered_since;
        if let Some(connection) = former {
            let (replaced, next_beat) = (None, self.now);
            self.formers.push(Former { client, connection, node: at, replaced, next_beat, unanswered_since });
        }
        self.note(Event::Ended { client, outcome: Outcome::Lost });
        self.connect(client, node, false);
    }

    /// A newer connection was acknowledged.
    pub(super) fn replace_formers(&mut self, client: usize) {
        let now = self.now;
        for former in self.formers.iter_mut().filter(|former| former.client == client) {
            former.replaced.get_or_insert(now);
        }
    }

    pub(super) fn tick_formers(&mut self) {
        let now = self.now;
        let dead = |former: &Former| former.unanswered_since.is_some_and(|since| now >= since + DEAD_LINE);
        self.disconnect_formers(dead);
        for index in 0..self.formers.len() {
            let former = &mut self.formers[index];
            if former.next_beat <= now {
                former.next_beat = now + BEAT;
                former.unanswered_since.get_or_insert(now);
                let (node, connection) = (former.node, former.connection);
                self.tell_node(node, connection, FromClient::Heartbeat(None));
            }
        }
    }

    /// A client that vanishes says nothing on any connection.
    pub(super) fn silence_formers(&mut self, client: usize) {
        self.formers.retain(|former| former.client != client);
    }

    /// A client that is in no room any more has closed its windows.
    pub(super) fn give_up_formers(&mut self, client: usize) {
        self.disconnect_formers(|former| former.client == client);
    }

    fn disconnect_formers(&mut self, which: impl Fn(&Former) -> bool) {
        let (given_up, kept): (Vec<_>, _) = std::mem::take(&mut self.formers).into_iter().partition(which);
        self.formers = kept;
        for former in given_up {
            self.owners.remove(&former.connection);
            self.tell_node(former.node, former.connection, FromClient::Gone);
        }
    }

    pub(super) fn former_gets(&mut self, connection: ConnectionId, message: &ToClient) {
        let Some(former) = self.formers.iter_mut().find(|former| former.connection == connection) else { return };
        match message {
            ToClient::Heartbeat(..) => {
                former.unanswered_since = None;
                if let (client, Some(since)) = (former.client, former.replaced) {
                    self.note(Event::Doubled { client, since });
                }
            }
            ToClient::NotMember | ToClient::Kicked(..) | ToClient::RoomClosed(_) => {
                let node = former.node;
                self.end_former(connection);
                self.tell_node(node, connection, FromClient::Gone);
            }
            _ => {}
        }
    }

    pub(super) fn end_former(&mut self, connection: ConnectionId) {
        let before = self.formers.len();
        self.formers.retain(|former| former.connection != connection);
        if self.formers.len() < before {
            self.owners.remove(&connection);
        }
    }
}
