//! The rooms of one connection, and the detection of its removal from a room.
//!
//! A connection may leave and join again before it is notified that it has left. For this reason, every `JOIN` has a
//! number, the room returns the newest number it has handled, and a notice counts only if it contains the newest number
//! that was sent.

use std::collections::HashMap;

use actix::Addr;
use foldhash::fast::RandomState;

use roomcast_core::room::HeartbeatResponder;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::MemberKey;

use super::actor::RoomActor;

/// The number of a `JOIN` on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinSequence(u64);

/// A notice that a room has no members on a connection any more, after the JOINs up to `sequence`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomLeft {
    pub room: RoomId,
    pub sequence: JoinSequence,
}

/// A room that a connection has joined or asks to join.
#[derive(Debug)]
struct JoinedRoom {
    room: Addr<RoomActor>,
    sequence: JoinSequence,
    /// Whether the newest JOIN stated that the client numbers its signals.
    numbers: bool,
    /// The members whose heartbeats the connection answers without the room.
    responders: Vec<HeartbeatResponder>,
    /// Whether the room has paused reading from the connection.
    held_back: bool,
}

/// The rooms that a connection has joined or asks to join.
#[derive(Debug, Default)]
pub struct JoinedRooms {
    rooms: HashMap<RoomId, JoinedRoom, RandomState>,
    last_sequence: u64,
}

impl JoinedRooms {
    pub fn get(&self, id: &RoomId) -> Option<&Addr<RoomActor>> {
        self.rooms.get(id).map(|joined| &joined.room)
    }

    /// Records whether the newest JOIN stated that the client numbers its signals.
    pub fn note_numbers(&mut self, id: &RoomId, numbers: bool) {
        self.rooms.get_mut(id).into_iter().for_each(|joined| joined.numbers = numbers);
    }

    /// Returns whether the client numbers its signals in a room.
    pub fn numbers(&self, id: &RoomId) -> bool {
        self.rooms.get(id).is_some_and(|joined| joined.numbers)
    }

    pub fn contains_key(&self, id: &RoomId) -> bool {
        self.rooms.contains_key(id)
    }

    /// Removes rooms that have ended, and returns the number of the others.
    pub fn count_live(&mut self) -> usize {
        self.rooms.retain(|_, joined| joined.room.connected());
        self.rooms.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&RoomId, &Addr<RoomActor>)> {
        self.rooms.iter().map(|(id, joined)| (id, &joined.room))
    }

    pub fn values(&self) -> impl Iterator<Item = &Addr<RoomActor>> {
        self.rooms.values().map(|joined| &joined.room)
    }

    /// Records that a `JOIN` is sent to a room; returns its number.
    pub fn insert(&mut self, id: RoomId, room: Addr<RoomActor>) -> JoinSequence {
        self.last_sequence += 1;
        let sequence = JoinSequence(self.last_sequence);
        let before = self.rooms.remove(&id).filter(|before| before.room == room);
        let (responders, held_back) = before.map(|before| (before.responders, before.held_back)).unwrap_or_default();
        self.rooms.insert(id, JoinedRoom { room, sequence, numbers: false, responders, held_back });
        sequence
    }

    /// Returns the heartbeat responder of a member.
    pub fn responder(&self, id: &RoomId, member: &MemberKey) -> Option<&HeartbeatResponder> {
        self.rooms.get(id)?.responders.iter().find(|responder| responder.is_of(member))
    }

    /// Sets the heartbeat responder of a member, replacing the former one.
    pub fn add_responder(&mut self, id: &RoomId, responder: HeartbeatResponder) {
        let Some(joined) = self.rooms.get_mut(id) else { return };
        joined.responders.retain(|former| !former.is_like(&responder));
        // Most connections have one member in a room.
        joined.responders.reserve_exact(1);
        joined.responders.push(responder);
    }

    /// Drops the heartbeat responder of a member, since answers to later heartbeats may depend on signals that the room
    /// has not handled yet.
    pub fn drop_responder(&mut self, id: &RoomId, member: &MemberKey) {
        let Some(joined) = self.rooms.get_mut(id) else { return };
        joined.responders.retain(|responder| !responder.is_of(member));
    }

    /// Records whether a room permits reading from the connection.
    pub fn note_reads(&mut self, id: &RoomId, reads: bool) {
        self.rooms.get_mut(id).into_iter().for_each(|joined| joined.held_back = !reads);
    }

    /// Returns whether all rooms permit reading.
    pub fn may_read(&self) -> bool {
        !self.rooms.values().any(|joined| joined.held_back)
    }

    pub fn remove(&mut self, id: &RoomId) {
        self.rooms.remove(id);
    }

    /// Removes a room, unless a newer `JOIN` to it is in transit.
    pub fn forget(&mut self, left: &RoomLeft) {
        if self.rooms.get(&left.room).is_some_and(|joined| joined.sequence == left.sequence) {
            self.remove(&left.room);
        }
    }
}
