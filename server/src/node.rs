//! What all parts of one running server share: its settings, its rooms, its broadcasts, its clock.

mod connections;

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use roomcast_protocol::code::CloseCode;

use crate::backplane::Backplane;
use crate::clock::Clock;
use crate::config::Serve;
use crate::http::Cors;
use crate::live::{LiveIndex, Seats};
use crate::room::Registry;
use crate::socket::Sockets;

use connections::Connections;

/// One running server.
#[derive(Debug)]
pub struct Node {
    pub settings: Serve,
    pub clock: Clock,
    pub rooms: Registry,
    pub live: Arc<LiveIndex>,
    pub seats: Seats,
    pub sockets: Sockets,
    pub connections: Connections,
    pub cors: Cors,
    /// The way to other nodes; none when this one is alone.
    pub backplane: OnceLock<Backplane>,
    draining: watch::Sender<bool>,
}

impl Node {
    pub fn new(settings: Serve) -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::start(),
            rooms: Registry::new(settings.max_rooms),
            live: Arc::new(LiveIndex::default()),
            seats: Seats::default(),
            sockets: Sockets::new(settings.sockets()),
            connections: Connections::default(),
            cors: Cors::new(&settings.delivery.cors_origin),
            backplane: OnceLock::new(),
            draining: watch::Sender::new(false),
            settings,
        })
    }

    /// Says to all that the server stops.
    pub fn drain(&self) {
        self.draining.send_replace(true);
        self.live.wake_all();
        self.connections.close_all(CloseCode::ServiceRestart);
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    pub fn watch_draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }
}
