//! The rooms that this node owns, whose ownership it renews in the directory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use roomcast_core::cluster::Ownership;
use roomcast_protocol::id::RoomId;

/// The rooms that this node owns.
#[derive(Debug, Default)]
pub struct OwnedRooms(Mutex<HashMap<RoomId, Ownership>>);

impl OwnedRooms {
    /// Records the ownership under which a room runs here, or that it does not.
    pub fn set(&self, room: &RoomId, ownership: Option<Ownership>) {
        match ownership {
            Some(ownership) => _ = self.lock().insert(room.clone(), ownership),
            None => self.remove(room),
        }
    }

    /// Removes a room that does not run here any more.
    pub fn remove(&self, room: &RoomId) {
        self.lock().remove(room);
    }

    /// Returns all owned rooms.
    pub fn all(&self) -> Vec<(RoomId, Ownership)> {
        self.lock().iter().map(|(room, ownership)| (room.clone(), *ownership)).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Ownership>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
