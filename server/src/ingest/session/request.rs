//! A request of an encoder, as its room's session counts it.

use std::sync::Arc;

use roomcast_media::package::Packager;

use super::IngestSession;

/// A request that counts at its session until it is dropped, whatever becomes of it.
#[derive(Debug)]
pub struct PushRequest(Arc<IngestSession>);

impl PushRequest {
    pub fn new(session: Arc<IngestSession>) -> Self {
        session.requests.send_modify(|requests| *requests += 1);
        Self(session)
    }

    pub fn session(&self) -> &Arc<IngestSession> {
        &self.0
    }

    /// The request is over. With the last one the session is given up, if all tracks have ended.
    pub async fn exit(self) {
        let session = Arc::clone(&self.0);
        let mut state = session.state.lock().await;
        drop(self);
        state.idle_since = (*session.requests.borrow() == 0).then(|| session.ingest.rooms.clock.now());
        let ended = state.participant.is_none() || state.playlists.values().all(Packager::has_ended);
        if ended && session.ingest.sessions.close(&session, 0) {
            session.leave(&mut state).await;
        }
    }
}

impl Drop for PushRequest {
    fn drop(&mut self) {
        let Self(session) = self;
        session.requests.send_modify(|requests| *requests -= 1);
        // If a request failed before anything was published, nothing else removes the session.
        if session.state.try_lock().is_ok_and(|state| state.participant.is_none()) {
            session.ingest.sessions.close(session, 0);
        }
    }
}
