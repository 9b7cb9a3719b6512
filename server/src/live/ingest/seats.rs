//! The rooms into which encoders push on this node.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roomcast_protocol::id::RoomId;

use super::publisher::Publisher;
use super::seat::{Request, Seat};
use crate::node::Node;

/// One seat per room.
#[derive(Debug, Default)]
pub struct Seats(Mutex<HashMap<RoomId, Arc<Seat>>>);

impl Seats {
    /// The seat of a room, for one more request; a new one is this publisher's.
    pub(super) fn enter(&self, node: &Arc<Node>, room: &RoomId, publisher: &Publisher) -> Request {
        let mut seats = self.lock();
        let seat = || Arc::new(Seat::new(Arc::clone(node), room.clone(), publisher.clone()));
        let seat = seats.entry(room.clone()).or_insert_with(seat);
        Request::new(Arc::clone(seat))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Cli, Command};
    use clap::Parser;

    #[actix_web::test]
    async fn a_request_that_breaks_down_does_not_keep_its_seat() {
        let Command::Serve(settings) = Cli::parse_from(["roomcast", "serve"]).command else { panic!("not serve") };
        let (node, room) = (Node::new(settings, None), RoomId::parse("demo").unwrap());
        let publisher = Publisher::of_settings(&node);
        let enter = || node.seats.enter(&node, &room, &publisher);
        let (one, other) = (enter(), enter());
        let seat = Arc::clone(one.seat());
        let broken = actix_web::rt::spawn(async move {
            let _counts = one;
            panic!("on purpose");
        });
        assert!(broken.await.is_err());
        assert_eq!((*seat.requests.borrow(), node.seats.lock().len()), (1, 1));
        other.exit().await;
        assert_eq!((*seat.requests.borrow(), node.seats.lock().len()), (0, 0));
        drop(enter());
        assert!(node.seats.lock().is_empty());
    }
}
