//! The rooms into which encoders push on this node.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roomcast_protocol::id::RoomId;

use super::seat::Seat;
use crate::node::Node;

/// One seat per room.
#[derive(Debug, Default)]
pub struct Seats(Mutex<HashMap<RoomId, Arc<Seat>>>);

impl Seats {
    /// The seat of a room, for one more request.
    pub(super) fn enter(&self, node: &Arc<Node>, room: &RoomId) -> Arc<Seat> {
        let mut seats = self.lock();
        let seat = seats.entry(room.clone()).or_insert_with(|| Arc::new(Seat::new(Arc::clone(node), room.clone())));
        seat.requests.send_modify(|requests| *requests += 1);
        Arc::clone(seat)
    }

    /// Forgets a seat, unless more than so many requests want it. Whoever comes now gets a new one.
    pub(super) fn close(&self, seat: &Arc<Seat>, requests: usize) -> bool {
        let mut seats = self.lock();
        if *seat.requests.borrow() > requests {
            return false;
        }
        if seats.get(&seat.room).is_some_and(|there| Arc::ptr_eq(there, seat)) {
            seats.remove(&seat.room);
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<Seat>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
