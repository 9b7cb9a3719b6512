//! What all parts of one running server share: its settings, its rooms, its broadcasts, its clock.

mod connections;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

use roomcast_protocol::code::CloseCode;

use crate::backplane::{Backplane, Partition};
use crate::clock::Clock;
use crate::config::Serve;
use crate::http::{self, Cors};
use crate::live::{LiveIndex, Refusals, Seats};
use crate::room::Registry;
use crate::socket::Sockets;

use connections::Connections;

/// How long to wait for the farewell of all.
const SETTLE_LOOKS: u32 = 25;
const SETTLE_LOOK: Duration = Duration::from_millis(20);

/// One running server.
pub struct Node {
    pub settings: Serve,
    pub clock: Clock,
    pub rooms: Registry,
    pub live: Arc<LiveIndex>,
    pub seats: Seats,
    pub refusals: Refusals,
    pub sockets: Sockets,
    pub connections: Connections,
    pub cors: Cors,
    /// The way to other nodes; none when this one is alone.
    pub backplane: OnceLock<Backplane>,
    /// What rooms have on its way to other nodes.
    pub errands: AtomicUsize,
    /// The partitions, a bit each, in which it has reached the others once.
    begun: AtomicU64,
    /// What is counted, when anything is.
    pub recorder: Option<PrometheusHandle>,
    draining: watch::Sender<bool>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node")
    }
}

impl Node {
    pub fn new(settings: Serve) -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::start(),
            rooms: Registry::new(settings.max_rooms),
            live: Arc::new(LiveIndex::default()),
            seats: Seats::default(),
            refusals: Refusals::default(),
            sockets: Sockets::new(settings.sockets()),
            connections: Connections::default(),
            cors: Cors::new(&settings.delivery.cors_origin),
            backplane: OnceLock::new(),
            errands: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            recorder: http::install_metrics(),
            draining: watch::Sender::new(false),
            settings,
        })
    }

    /// Has broadcasts that this node does not know looked for on others.
    pub fn look_elsewhere(self: &Arc<Self>) {
        let node = Arc::downgrade(self);
        self.live.look_with(Arc::new(move |room| {
            let node = node.clone();
            let looked = async move {
                if let Some(node) = node.upgrade() {
                    node.rooms.observe(&node, &room).await;
                }
            };
            looked.boxed()
        }));
    }

    /// It has reached the others in a partition.
    pub fn begin(&self, partition: Partition) {
        self.begun.fetch_or(1 << partition.index(), Ordering::Relaxed);
    }

    /// Whether it ever has.
    pub fn has_begun(&self, partition: Partition) -> bool {
        self.begun.load(Ordering::Relaxed) & (1 << partition.index()) != 0
    }

    /// Whether joins are taken, as far as other nodes are needed for them.
    pub fn reaches_others(&self) -> bool {
        let begun = self.begun.load(Ordering::Relaxed) == u64::MAX;
        self.backplane().is_none_or(|backplane| begun && backplane.is_ready())
    }

    /// The way to other nodes, if there are any.
    pub fn backplane(&self) -> Option<&Backplane> {
        self.backplane.get()
    }

    /// Says to all that the server stops.
    pub fn drain(&self) {
        self.draining.send_replace(true);
        self.live.wake_all();
        self.connections.close_all(CloseCode::ServiceRestart);
    }

    /// Waits a moment, after the drain, for the connections to close and for what their members have not got to be
    /// where other nodes find it.
    pub async fn settle(&self) {
        if self.backplane().is_none() {
            return;
        }
        for _ in 0..SETTLE_LOOKS {
            if self.connections.is_empty() && self.errands.load(Ordering::Relaxed) == 0 {
                return;
            }
            actix_web::rt::time::sleep(SETTLE_LOOK).await;
        }
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    pub fn watch_draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }
}
