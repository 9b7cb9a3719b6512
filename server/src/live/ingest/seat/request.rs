//! A request of an encoder, as its room's seat counts it.

use std::sync::Arc;

use roomcast_media::package::Packager;

use super::Seat;

/// A request that counts at its seat until it is dropped, whatever becomes of it.
#[derive(Debug)]
pub struct Request(Arc<Seat>);

impl Request {
    pub fn new(seat: Arc<Seat>) -> Self {
        seat.requests.send_modify(|requests| *requests += 1);
        Self(seat)
    }

    pub fn seat(&self) -> &Arc<Seat> {
        &self.0
    }

    /// The request is over. With the last one the seat is given up, if all tracks have ended.
    pub async fn exit(self) {
        let seat = Arc::clone(&self.0);
        let mut state = seat.state.lock().await;
        drop(self);
        state.idle_since = (*seat.requests.borrow() == 0).then(|| seat.node.clock.now());
        let ended = state.member.is_none() || state.playlists.values().all(Packager::has_ended);
        if ended && seat.node.seats.close(&seat, 0) {
            seat.leave(&mut state).await;
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let Self(seat) = self;
        seat.requests.send_modify(|requests| *requests -= 1);
        // If a request failed before anything was published, nothing else removes the seat.
        if seat.state.try_lock().is_ok_and(|state| state.member.is_none()) {
            seat.node.seats.close(seat, 0);
        }
    }
}
