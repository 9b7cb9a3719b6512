//! State that all parts of one running server share: its settings, its rooms, its broadcasts, its clock.

mod connections;
mod owned;
mod revoking;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web::Data;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::room;
use roomcast_core::room::Tallies;
use roomcast_protocol::code::CloseCode;

use crate::access::{Access, Caches};
use crate::clock::Clock;
use crate::cluster::Transport;
use crate::config::Serve;
use crate::ice::Ice;
use crate::live::{IngestSessions, LiveIndex, Refusals, RemoteLookup};
use crate::response::cors::Cors;
use crate::room::{Registry, release_all};
use crate::socket::Sockets;

use connections::Connections;
use owned::Owned;
pub use revoking::follow_revocations;

/// Attachments and JOINs that one room may number.
const IDS: u64 = 1 << 24;
/// The time for connections to close, and the interval at which that is examined.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// One running server.
pub struct Node {
    pub settings: Serve,
    /// The keys of access tokens, and what they verified.
    pub access: Arc<Access>,
    /// The caches in front that check viewers by themselves.
    pub caches: Caches,
    /// The ICE servers that members are told.
    pub ice: Arc<Ice>,
    /// Those of them that every room has.
    pub room_settings: Arc<room::RoomSettings>,
    pub cluster_settings: Arc<ClusterSettings>,
    pub clock: Clock,
    pub rooms: Registry,
    pub live: Arc<LiveIndex>,
    /// Broadcasts that other nodes have.
    pub remote_lookup: RemoteLookup,
    pub ingest_sessions: IngestSessions,
    pub refusals: Refusals,
    pub sockets: Sockets,
    pub connections: Connections,
    pub cors: Data<Cors>,
    /// The way of the rooms to those of other nodes; none when this node is alone.
    pub transport: OnceLock<Transport>,
    /// The rooms that this node owns among several.
    pub owned: Owned,
    /// Sums of signals kept and dropped by all rooms.
    pub tallies: Tallies,
    refused: watch::Sender<Option<&'static str>>,
    ids: AtomicU64,
    /// Recorder of the metrics, if there are any.
    pub recorder: Option<PrometheusHandle>,
    draining: watch::Sender<bool>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node")
    }
}

impl Node {
    pub fn new(settings: Serve, recorder: Option<PrometheusHandle>) -> Arc<Self> {
        Arc::new(Self {
            access: Arc::new(Access::new(settings.access.demands())),
            caches: Caches::new(settings.edge.cdn_secrets()),
            ice: Arc::new(Ice::new(&settings.ice_server, &settings.turn)),
            clock: Clock::start(),
            rooms: Registry::new(settings.max_rooms),
            live: Arc::new(LiveIndex::default()),
            remote_lookup: RemoteLookup::default(),
            ingest_sessions: IngestSessions::default(),
            refusals: Refusals::default(),
            sockets: Sockets::new(settings.sockets()),
            connections: Connections::default(),
            cors: Data::new(Cors::new(&settings.delivery.cors_origin)),
            transport: OnceLock::new(),
            owned: Owned::default(),
            tallies: Tallies::default(),
            refused: watch::Sender::new(None),
            ids: AtomicU64::new(0),
            recorder,
            draining: watch::Sender::new(false),
            room_settings: Arc::new(settings.room()),
            cluster_settings: Arc::new(settings.cluster()),
            settings,
        })
    }

    /// The number below those of a new room's attachments and JOINs.
    pub fn next_ids(&self) -> u64 {
        self.ids.fetch_add(IDS, Ordering::Relaxed)
    }

    /// The boot id of this node among others.
    pub fn boot(&self) -> BootId {
        self.transport().map_or(BootId(1), Transport::boot)
    }

    /// The way of the rooms to those of other nodes, if there are any.
    pub fn transport(&self) -> Option<&Transport> {
        self.transport.get()
    }

    /// Lets the server exit, for this reason.
    pub fn refuse(&self, reason: &'static str) {
        self.refused.send_replace(Some(reason));
    }

    /// Waits until the server has to exit.
    pub async fn refused(&self) {
        // The sender lives as long as the node.
        let _ = self.refused.subscribe().wait_for(Option::is_some).await;
    }

    /// The reason why the server has to exit, if it has.
    pub fn refusal(&self) -> Option<&'static str> {
        *self.refused.borrow()
    }

    /// Whether joins are taken, as far as other nodes are needed for them.
    pub fn reaches_others(&self) -> bool {
        self.transport().is_none_or(|transport| transport.nodes().is_ready() && self.access.knows_revocations())
    }

    /// Takes no joins and claims no room from now on, and releases the rooms.
    pub fn begin_drain(self: &Arc<Self>) {
        self.draining.send_replace(true);
        self.live.wake_all();
        match self.transport() {
            Some(_) => release_all(self),
            None => self.connections.close_all(CloseCode::ServiceRestart),
        }
    }

    /// Sends the connections away, among several nodes once others may take the rooms with all that is undelivered.
    pub async fn drain(&self) {
        if self.transport().is_some() {
            self.wait_for(self.settings.backplane.node_lease, || self.owned.is_empty()).await;
            self.connections.close_all(CloseCode::ServiceRestart);
            self.wait_for(CLOSE_TIMEOUT, || self.connections.is_empty()).await;
        }
    }

    async fn wait_for(&self, most: Duration, done: impl Fn() -> bool) {
        let waiting = async {
            while !done() {
                actix_web::rt::time::sleep(CHECK_INTERVAL).await;
            }
        };
        let _ = tokio::time::timeout(most, waiting).await;
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    pub fn watch_draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }
}
