//! Connections: an outbox, a socket, and the loss of both.

use std::collections::{BTreeMap, VecDeque};

use roomcast_core::room::{HeartbeatResponder, OutboundMessage};
use roomcast_protocol::signal::MemberKey;

use crate::command::SLOTS;
use crate::model::Line;

#[derive(Debug, Default)]
struct Connection {
    outbox: VecDeque<(OutboundMessage, Line)>,
    socket: VecDeque<Line>,
    responders: Vec<HeartbeatResponder>,
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

    pub fn put(&mut self, message: OutboundMessage, line: Line) {
        self.connections.entry(line.connection).or_default().outbox.push_back((message, line));
    }

    /// Lets a connection answer heartbeats of a member by itself.
    pub fn present(&mut self, connection: u64, responder: HeartbeatResponder) {
        let responders = &mut self.connections.entry(connection).or_default().responders;
        responders.retain(|former| !former.is_like(&responder));
        responders.push(responder);
    }

    pub fn responder(&self, connection: u64, member: &MemberKey) -> Option<&HeartbeatResponder> {
        self.connections.get(&connection)?.responders.iter().find(|responder| responder.is_of(member))
    }

    /// Forgets a member that says that it leaves.
    pub fn drop_presence(&mut self, connection: u64, member: &MemberKey) {
        let connection = self.connections.entry(connection).or_default();
        connection.responders.retain(|responder| !responder.is_of(member));
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
