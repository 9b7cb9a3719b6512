//! The rooms of one connection, and when it is out of one.
//!
//! A connection may leave and join again before it hears that it was out. So every `JOIN` has a number, the
//! room gives back the newest it has handled, and only the answer to the newest that was sent counts.

use std::collections::HashMap;

use actix::Addr;

use roomcast_protocol::id::RoomId;

use super::actor::RoomActor;

/// Which `JOIN` of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt(u64);

/// That a room has no member of a connection any more, as far as that connection had asked until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    pub room: RoomId,
    pub attempt: Attempt,
}

/// The rooms that a connection is in or asks to join.
#[derive(Debug, Default)]
pub struct JoinedRooms {
    rooms: HashMap<RoomId, (Addr<RoomActor>, Attempt)>,
    attempts: u64,
}

impl JoinedRooms {
    pub fn get(&self, id: &RoomId) -> Option<&Addr<RoomActor>> {
        self.rooms.get(id).map(|(room, _)| room)
    }

    pub fn contains_key(&self, id: &RoomId) -> bool {
        self.rooms.contains_key(id)
    }

    /// How many there are; rooms that have ended meanwhile do not count.
    pub fn len(&mut self) -> usize {
        self.rooms.retain(|_, (room, _)| room.connected());
        self.rooms.len()
    }

    pub fn values(&self) -> impl Iterator<Item = &Addr<RoomActor>> {
        self.rooms.values().map(|(room, _)| room)
    }

    /// Notes that a `JOIN` is sent to a room, and numbers it.
    pub fn insert(&mut self, id: RoomId, room: Addr<RoomActor>) -> Attempt {
        self.attempts += 1;
        let attempt = Attempt(self.attempts);
        self.rooms.insert(id, (room, attempt));
        attempt
    }

    pub fn remove(&mut self, id: &RoomId) {
        self.rooms.remove(id);
    }

    /// Drops a room unless a newer `JOIN` is on its way there.
    pub fn forget(&mut self, departure: &Departure) {
        if self.rooms.get(&departure.room).is_some_and(|(_, attempt)| *attempt == departure.attempt) {
            self.remove(&departure.room);
        }
    }
}
