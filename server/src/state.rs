//! State of one running server, put together of what its parts share.

mod revocation;

use std::sync::{Arc, Weak};
use std::time::Duration;

use actix_web::web::Data;
use metrics_exporter_prometheus::PrometheusHandle;

use roomcast_core::room::Refusal;
use roomcast_protocol::code::CloseCode;

use crate::access::{Access, Caches};
use crate::clock::Clock;
use crate::cluster::Transport;
use crate::config::Serve;
use crate::ice::Ice;
use crate::ingest::{IngestState, UploadSettings};
use crate::lifecycle::Lifecycle;
use crate::live::{LiveIndex, LiveState};
use crate::response::cors::Cors;
use crate::room::{Connections, HostSettings, Revoker, RoomHost, release_all};
use crate::socket::Sockets;
use crate::units::to_usize;
pub use revocation::follow_revocations;

/// The time for connections to close, and the interval at which that is examined.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// One running server.
pub struct AppState {
    pub settings: Serve,
    /// The keys of access tokens, and what they verified.
    pub access: Arc<Access>,
    /// The caches in front that check viewers by themselves.
    pub caches: Arc<Caches>,
    /// The ICE servers that are sent to members.
    pub ice: Arc<Ice>,
    pub clock: Clock,
    pub rooms: Arc<RoomHost>,
    pub live: Arc<LiveState>,
    pub ingest: Arc<IngestState>,
    pub sockets: Sockets,
    pub connections: Arc<Connections>,
    pub cors: Data<Cors>,
    pub lifecycle: Arc<Lifecycle>,
    /// Recorder of the metrics, if there are any.
    pub recorder: Option<PrometheusHandle>,
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppState")
    }
}

impl AppState {
    pub fn new(settings: Serve, recorder: Option<PrometheusHandle>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self::with_parts(settings, recorder, this))
    }

    fn with_parts(settings: Serve, recorder: Option<PrometheusHandle>, this: &Weak<Self>) -> Self {
        let (clock, lifecycle) = (Clock::start(), Arc::new(Lifecycle::default()));
        let access = Arc::new(Access::new(settings.access.token_policy()));
        let caches = Arc::new(Caches::new(settings.edge.cdn_secrets()));
        let cors = Data::new(Cors::new(&settings.delivery.cors_origin));
        let connections = Arc::new(Connections::default());
        let index = Arc::new(LiveIndex::default());
        let rooms = RoomHost::new(host_settings(&settings), clock, Arc::clone(&index), Arc::clone(&lifecycle));
        let rooms = Arc::new(rooms);
        rooms.set_revoker(revoker(Weak::clone(this)));
        let live = Arc::new(LiveState {
            index,
            remote_lookup: Default::default(),
            access: Arc::clone(&access),
            caches: Arc::clone(&caches),
            cors: cors.clone(),
            lifecycle: Arc::clone(&lifecycle),
            auth_grace: settings.access.auth_grace,
        });
        let uploads = upload_settings(&settings);
        let ingest = IngestState::new(uploads, access.clone(), rooms.clone(), connections.clone(), live.clone());
        Self {
            access,
            caches,
            ice: Arc::new(Ice::new(settings.ice())),
            clock,
            rooms,
            live,
            ingest: Arc::new(ingest),
            sockets: Sockets::new(settings.sockets()),
            connections,
            cors,
            lifecycle,
            recorder,
            settings,
        }
    }

    /// Returns the way of the rooms to those of other nodes, if there are any.
    pub fn transport(&self) -> Option<&Transport> {
        self.rooms.transport()
    }

    /// Returns whether joins are taken, as far as other nodes are needed for them.
    pub fn reaches_others(&self) -> bool {
        self.transport().is_none_or(|transport| transport.nodes().is_ready() && self.access.knows_revocations())
    }

    /// Begins to drain: the server accepts no more joins, claims no more rooms, and releases its rooms.
    pub fn begin_drain(&self) {
        self.lifecycle.begin_drain();
        self.live.index.wake_all();
        match self.transport() {
            Some(_) => release_all(&self.rooms),
            None => self.connections.close_all(CloseCode::ServiceRestart),
        }
    }

    /// Sends the connections away, among several nodes once others may take the rooms with all that is undelivered.
    pub async fn drain(&self) {
        if self.transport().is_some() {
            self.wait_for(self.settings.backplane.node_lease, || self.rooms.owned.is_empty()).await;
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
}

/// Returns the function with which rooms revoke tokens while the server runs.
fn revoker(state: Weak<AppState>) -> Revoker {
    Box::new(move |revoke| {
        let state = state.upgrade();
        Box::pin(async move {
            let Some(state) = state else { return Ok(()) };
            let revoked = state.revoke(revoke).await;
            revoked.map(drop).map_err(|failed| Refusal { code: failed.code(), reason: failed.to_string() })
        })
    })
}

fn host_settings(settings: &Serve) -> HostSettings {
    HostSettings {
        room: Arc::new(settings.room()),
        cluster: Arc::new(settings.cluster()),
        max_rooms: settings.max_rooms,
        max_room_queue: settings.max_room_queue,
        hls_window: settings.hls_window,
    }
}

fn upload_settings(settings: &Serve) -> UploadSettings {
    let ingest = &settings.ingest;
    UploadSettings {
        user: ingest.ingest_user.clone(),
        max_bytes: to_usize(settings.max_upload),
        timeout: ingest.upload_timeout,
        silence: ingest.ingest_silence,
        segment: ingest.ingest_segment,
        part: ingest.ingest_part,
        target_duration: ingest.ingest_target_duration,
        opening: ingest.ingest_opening,
        key_frame_wait: ingest.ingest_key_frame_wait,
        grace_period: ingest.ingest_linger,
        end_wait: ingest.ingest_end_wait,
        max_playlists: settings.max_playlists,
        hls_window: settings.hls_window,
        heartbeat_timeout: settings.heartbeat_timeout,
        token_ttl: settings.ingest_token_ttl,
        auth_grace: settings.access.auth_grace,
    }
}
