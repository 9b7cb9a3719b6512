//! Connections: an outbox, a socket, and the loss of both.

use std::collections::{BTreeMap, VecDeque};

use roomcast_core::room::{Outgoing, Presence};
use roomcast_protocol::signal::MemberKey;

use crate::command::SLOTS;
use crate::model::Line;

#[derive(Debug, Default)]
struct Connection {
    outbox: VecDeque<(Outgoing, Line)>,
    socket: VecDeque<Line>,
    presences: Vec<Presence>,
}

/// All connections. A lost one never comes back; another takes its slot.
#[derive(Debug)]
pub struct Network {
    slots: [u64; SLOTS],
    next: u64,
    connections: BTreeMap<u64, Connection>,
}

impl Network {
    pub fn new() -> Self {
        let slots = std::array::from_fn(|slot| slot as u64);
        Self { slots, next: 100, connections: BTreeMap::new() }
    }

    pub const fn connection(&self, slot: usize) -> u64 {
        self.slots[slot]
    }

    /// A connection of its own, in no slot.
    pub const fn another(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub fn put(&mut self, message: Outgoing, line: Line) {
        self.connections.entry(line.connection).or_default().outbox.push_back((message, line));
    }

    /// Lets a connection answer heartbeats of a member by itself.
    pub fn present(&mut self, connection: u64, presence: Presence) {
        let presences = &mut self.connections.entry(connection).or_default().presences;
        presences.retain(|former| !former.is_like(&presence));
        presences.push(presence);
    }

    pub fn presence(&self, connection: u64, member: &MemberKey) -> Option<&Presence> {
        self.connections.get(&connection)?.presences.iter().find(|presence| presence.is_of(member))
    }

    /// Forgets a member that says that it leaves.
    pub fn drop_presence(&mut self, connection: u64, member: &MemberKey) {
        let connection = self.connections.entry(connection).or_default();
        connection.presences.retain(|presence| !presence.is_of(member));
    }

    /// Loses what was under way and gives the connection that is gone.
    pub fn lose(&mut self, slot: usize) -> u64 {
        let another = self.another();
        let gone = std::mem::replace(&mut self.slots[slot], another);
        self.connections.remove(&gone);
        gone
    }

    /// Writes the next message to the socket.
    pub fn write(&mut self, connection: u64) -> Option<Line> {
        let connection = self.connections.get_mut(&connection)?;
        let (message, line) = connection.outbox.pop_front()?;
        message.written();
        connection.socket.push_back(line.clone());
        Some(line)
    }

    /// The client reads the next message.
    pub fn read(&mut self, connection: u64) -> Option<Line> {
        self.connections.get_mut(&connection)?.socket.pop_front()
    }

    pub fn all(&self) -> Vec<u64> {
        self.connections.keys().copied().collect()
    }
}
