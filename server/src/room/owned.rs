//! The rooms that this node owns, which it renews in the directory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use roomcast_core::cluster::Ownership;
use roomcast_protocol::id::RoomId;

/// The rooms that this node owns.
#[derive(Debug, Default)]
pub struct OwnedRooms(Mutex<HashMap<RoomId, Ownership>>);

impl OwnedRooms {
    /// Notes under what ownership a room runs here, if it does.
    pub fn set(&self, room: &RoomId, ownership: Option<Ownership>) {
        match ownership {
            Some(ownership) => _ = self.lock().insert(room.clone(), ownership),
            None => self.remove(room),
        }
    }

    /// Notes that a room does not run here any more.
    pub fn remove(&self, room: &RoomId) {
        self.lock().remove(room);
    }

    /// Returns all of them.
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
