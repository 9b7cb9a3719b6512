//! What all parts of one running server share: its settings, its rooms, its broadcasts, its clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use roomcast_core::room::ConnectionId;

use crate::clock::Clock;
use crate::config::Serve;
use crate::live::LiveIndex;
use crate::room::Registry;

/// One running server.
#[derive(Debug)]
pub struct Node {
    pub settings: Serve,
    pub clock: Clock,
    pub rooms: Registry,
    pub live: Arc<LiveIndex>,
    draining: watch::Sender<bool>,
    connections: AtomicU64,
}

impl Node {
    pub fn new(settings: Serve) -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::start(),
            rooms: Registry::new(settings.max_rooms),
            live: Arc::new(LiveIndex::default()),
            draining: watch::Sender::new(false),
            connections: AtomicU64::new(0),
            settings,
        })
    }

    pub fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed))
    }

    /// Says to all that the server stops.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    pub fn watch_draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }
}
