//! Lookup of broadcasts of rooms that this node does not know but another node may have.
//!
//! The first request for such a room starts a lookup, and further requests wait for the same one. Its result holds for
//! a second, so that requests for unknown rooms and for ended broadcasts cost next to nothing. A node without others
//! has nowhere to look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use roomcast_protocol::id::RoomId;

/// The time for which the result of a lookup is valid.
const RESULT_TTL: Duration = Duration::from_secs(1);
/// The maximum number of results that are kept and of simultaneous lookups.
const MAX_ROOMS: usize = 4096;

/// A function that looks for a room, and opens its broadcasts on this node if there is one.
pub type LookupFn = Arc<dyn Fn(RoomId) -> BoxFuture<'static, ()> + Send + Sync>;

/// Looks for rooms on other nodes.
#[derive(Default)]
pub struct RemoteLookup {
    look: OnceLock<LookupFn>,
    rooms: Mutex<HashMap<RoomId, State>>,
}

#[derive(Clone)]
enum State {
    Looking(Shared<BoxFuture<'static, ()>>),
    /// At this time.
    Looked(Instant),
}

impl std::fmt::Debug for RemoteLookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteLookup").field("rooms", &self.lock().len()).finish()
    }
}

impl RemoteLookup {
    /// Sets the lookup function. Later calls have no effect.
    pub fn set(&self, look: LookupFn) {
        let _ = self.look.set(look);
    }

    /// Looks up a room, unless a recent result is known.
    pub async fn look_up(&self, room: &RoomId) {
        let Some(look) = self.look.get() else { return };
        let Some(looking) = self.looking(room, look) else { return };
        looking.await;
        if let Some(state @ State::Looking(_)) = self.lock().get_mut(room) {
            *state = State::Looked(Instant::now());
        }
    }

    fn looking(&self, room: &RoomId, look: &LookupFn) -> Option<Shared<BoxFuture<'static, ()>>> {
        let mut rooms = self.lock();
        match rooms.get(room) {
            Some(State::Looking(looking)) => return Some(looking.clone()),
            Some(State::Looked(when)) if when.elapsed() < RESULT_TTL => return None,
            _ => {}
        }
        if rooms.len() >= MAX_ROOMS {
            rooms.retain(|_, state| matches!(state, State::Looking(_)));
        }
        if rooms.len() >= MAX_ROOMS {
            return None;
        }
        let looking = look(room.clone()).shared();
        rooms.insert(room.clone(), State::Looking(looking.clone()));
        Some(looking)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, State>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn room(name: &str) -> RoomId {
        RoomId::parse(name).unwrap()
    }

    #[actix_web::test]
    async fn all_who_ask_at_once_look_once_and_so_do_those_who_ask_a_moment_later() {
        let lookup = RemoteLookup::default();
        lookup.look_up(&room("alone")).await;
        let (looks, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Notify::new()));
        let (counted, opened) = (Arc::clone(&looks), Arc::clone(&gate));
        lookup.set(Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            let opened = Arc::clone(&opened);
            async move { opened.notified().await }.boxed()
        }));
        let demo = room("demo");
        let many = futures_util::future::join_all((0..100).map(|_| lookup.look_up(&demo)));
        let open = async { gate.notify_one() };
        futures_util::future::join(many, open).await;
        lookup.look_up(&demo).await;
        assert_eq!(looks.load(Ordering::SeqCst), 1);
        for number in 0..MAX_ROOMS + 10 {
            gate.notify_one();
            lookup.look_up(&room(&format!("none-{number}"))).await;
        }
        assert!(lookup.lock().len() <= MAX_ROOMS);
    }
}
