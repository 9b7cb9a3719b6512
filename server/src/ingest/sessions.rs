//! The rooms into which encoders push on this node.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roomcast_protocol::id::RoomId;

use super::publisher::Publisher;
use super::session::{IngestSession, PushRequest};
use super::state::IngestState;

/// One session per room.
#[derive(Debug, Default)]
pub struct IngestSessions(Mutex<HashMap<RoomId, Arc<IngestSession>>>);

impl IngestSessions {
    /// Returns the session of a room, for one more request; a new one is this publisher's.
    pub(super) fn enter(&self, ingest: &Arc<IngestState>, room: &RoomId, publisher: &Publisher) -> PushRequest {
        let mut sessions = self.lock();
        let session = || Arc::new(IngestSession::new(Arc::clone(ingest), room.clone(), publisher.clone()));
        let session = sessions.entry(room.clone()).or_insert_with(session);
        PushRequest::new(Arc::clone(session))
    }

    /// Removes a session, unless more than this number of requests use it. Later requests get a new session.
    pub(super) fn close(&self, session: &Arc<IngestSession>, requests: usize) -> bool {
        let mut sessions = self.lock();
        if *session.requests.borrow() > requests {
            return false;
        }
        if sessions.get(&session.room).is_some_and(|there| Arc::ptr_eq(there, session)) {
            sessions.remove(&session.room);
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<IngestSession>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Cli, Command};
    use crate::state::AppState;
    use clap::Parser;

    #[actix_web::test]
    async fn a_request_that_breaks_down_does_not_keep_its_seat() {
        let Command::Serve(settings) = Cli::parse_from(["roomcast", "serve"]).command else { panic!("not serve") };
        let ingest = Arc::clone(&AppState::new(settings, None).ingest);
        let room = RoomId::parse("demo").unwrap();
        let publisher = Publisher::of_settings(&ingest);
        let enter = || ingest.sessions.enter(&ingest, &room, &publisher);
        let (one, other) = (enter(), enter());
        let session = Arc::clone(one.session());
        let broken = actix_web::rt::spawn(async move {
            let _counts = one;
            panic!("on purpose");
        });
        assert!(broken.await.is_err());
        assert_eq!((*session.requests.borrow(), ingest.sessions.lock().len()), (1, 1));
        other.exit().await;
        assert_eq!((*session.requests.borrow(), ingest.sessions.lock().len()), (0, 0));
        drop(enter());
        assert!(ingest.sessions.lock().is_empty());
    }
}
