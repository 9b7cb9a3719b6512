//! Start and stop of the server, in order.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use actix_web::{App, web};

use super::Failure;
use super::reread::{self, Running};
use crate::access::remote;
use crate::cluster::Transport;
use crate::config::{self, Serve};
use crate::fetch::Fetcher;
use crate::host::{ListenAddress, is_loopback, overlap};
use crate::listen::{self, CertificateFiles, Dates, Tls};
use crate::room::{RoomDispatcher, find_remote_broadcasts};
use crate::signals::{StopSignals, hangups};
use crate::state::{AppState, follow_revocations};
use crate::{http, metrics_server, open_files, telemetry};

/// The interval at which the entries of owned rooms are renewed: a tenth of the time that they are kept.
const RENEWAL: std::time::Duration = std::time::Duration::from_secs(60);

/// Everything the settings name outside this process, read and found good.
struct Prepared {
    tls: Option<Tls>,
    addresses: Vec<SocketAddr>,
    metrics: Vec<SocketAddr>,
}

pub fn run(settings: Serve, arguments: Vec<OsString>) -> Result<(), Failure> {
    // Before the runtime, which panics when it has no descriptors.
    let limit = open_files::raise_limit();
    if let Some(lack) = limit.and_then(|limit| open_files::lack(limit, settings.worker_threads())) {
        return Err(Failure::setting(lack));
    }
    actix_web::rt::System::new().block_on(serve(settings, arguments))
}

async fn serve(settings: Serve, arguments: Vec<OsString>) -> Result<(), Failure> {
    // Before all else: from here on SIGHUP ends nothing.
    let (stop, hangups) = (StopSignals::listen()?, hangups()?);
    // Before anything is logged: a setting that cannot work is one line.
    let prepared = prepare(&settings)?;
    let change_filter = telemetry::start(&settings.log).map_err(Failure::setting)?;
    for warning in config::unknown_variables() {
        tracing::warn!("{warning}");
    }
    warn_of_open_files(&settings);
    let (tls, certificate) = (prepared.tls.clone(), settings.certificate());
    certificate.iter().for_each(warn_of_dates);
    let state = AppState::new(settings.clone(), http::install_metrics());
    if let Some(source) = &settings.access.auth_jwks {
        let fetcher = Fetcher::new().map_err(Failure::Other)?;
        actix_web::rt::spawn(remote::follow(state.access.clone(), fetcher, source.clone()));
    }
    if state.ice.handed().is_some() {
        let (fetcher, ice) = (Fetcher::new().map_err(Failure::Other)?, state.ice.clone());
        actix_web::rt::spawn(async move {
            if let Some(handed) = ice.handed() {
                handed.follow(fetcher).await;
            }
        });
    }
    let running = Running { arguments, settings, state: Arc::downgrade(&state), tls, certificate, change_filter };
    actix_web::rt::spawn(reread::follow(running, hangups));
    listen(state, prepared, stop).await
}

fn prepare(settings: &Serve) -> Result<Prepared, Failure> {
    let (tls, reached) = (settings.tls(), addresses(settings));
    match (tls, reached) {
        (Ok(tls), Ok([addresses, metrics])) => Ok(Prepared { tls, addresses, metrics }),
        (tls, reached) => {
            let faults = tls.err().into_iter().chain(reached.err().into_iter().flatten());
            Err(Failure::setting(faults.collect::<Vec<_>>().join("; ")))
        }
    }
}

/// Returns the addresses of `--listen` and of `--metrics-listen`.
///
/// # Errors
/// A sentence for each name without an address, or one when both want the same address.
pub fn addresses(settings: &Serve) -> Result<[Vec<SocketAddr>; 2], Vec<String>> {
    let [name, metrics_name] = ["listen", "metrics_listen"].map(|id| settings.names.of(id));
    let metrics = settings.metrics_listen.as_ref().map(|address| resolve(&metrics_name, address));
    let (listen, metrics) = match (resolve(&name, &settings.listen), metrics.transpose()) {
        (Ok(listen), Ok(metrics)) => (listen, metrics.unwrap_or_default()),
        (listen, metrics) => return Err(listen.err().into_iter().chain(metrics.err()).collect()),
    };
    let is_taken = |address: &SocketAddr| metrics.iter().any(|other| overlap(address, other));
    match &settings.metrics_listen {
        Some(other) if listen.iter().any(is_taken) => Err(vec![format!(
            "{name} \"{}\" and {metrics_name} \"{other}\" must differ, such as 127.0.0.1:9090 for {metrics_name}",
            settings.listen
        )]),
        _ => Ok([listen, metrics]),
    }
}

/// Returns the addresses behind the name in a setting.
fn resolve(name: &str, listen: &ListenAddress) -> Result<Vec<SocketAddr>, String> {
    listen.resolve().map_err(|reason| format!("{name} \"{listen}\": {reason}"))
}

/// Warns of a certificate that clients refuse, or will soon: the server runs all the same.
pub fn warn_of_dates(certificate: &CertificateFiles) {
    if let Dates::Invalid(said) | Dates::EndsSoon(said) = certificate.dates(SystemTime::now()) {
        tracing::warn!("{said}");
    }
}

fn warn_of_open_files(settings: &Serve) {
    let Some(limit) = open_files::raise_limit() else { return };
    if let Some(shortage) = open_files::shortage(limit, settings.worker_threads(), settings.delivery.max_connections) {
        tracing::warn!("{shortage}");
    }
}

async fn listen(state: Arc<AppState>, prepared: Prepared, stop: StopSignals) -> Result<(), Failure> {
    let Prepared { tls, addresses, metrics } = prepared;
    let settings = &state.settings;
    let name = format!("{} \"{}\"", settings.names.of("listen"), settings.listen);
    let failed = |error: io::Error| format!("{name}: cannot listen there: {error}");
    let listeners = listen::bind(&addresses).map_err(failed)?;
    let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    join_nodes(&state).await?;
    metrics_server::start(&web::Data::from(state.clone()), &metrics)?;
    let routes = http::routes(&web::Data::from(state.clone()));
    let application = move || App::new().configure(routes.clone());
    let draining = state.lifecycle.watch_draining();
    let judge = http::before_body(&state);
    let running = listen::serve(listeners, tls, state.settings.listening(), draining, judge, application);
    let running = running.map_err(failed)?;
    say_addresses(&state.settings, &addresses);
    actix_web::rt::spawn(stop_after(stop, state.clone(), running.handle()));
    actix_web::rt::spawn(exit_when_refused(state.clone(), running.handle()));
    running.await.map_err(|error| error.to_string())?;
    if let Some(reason) = state.lifecycle.failure() {
        return Err(Failure::Other(reason.to_owned()));
    }
    if let Some(transport) = state.transport() {
        let _ = transport.leave().await;
    }
    tracing::info!("stopped");
    Ok(())
}

async fn join_nodes(state: &Arc<AppState>) -> Result<(), Failure> {
    let Some(settings) = state.settings.nodes() else { return Ok(()) };
    tracing::info!("shares its rooms over {}", settings.address);
    let rooms = Arc::new(RoomDispatcher::new(&state.rooms));
    let transport =
        Transport::start(settings, state.settings.cluster(), state.clock, rooms).map_err(Failure::setting)?;
    state.live.index.media.share(transport.clone(), state.settings.hls_window);
    state.rooms.set_transport(transport);
    let looking = Arc::downgrade(&state.rooms);
    state.live.remote_lookup.set(Arc::new(move |room| {
        let rooms = looking.upgrade();
        Box::pin(async move {
            if let Some(rooms) = rooms {
                find_remote_broadcasts(rooms, room).await;
            }
        })
    }));
    actix_web::rt::spawn(renew_rooms(state.clone()));
    if !state.access.is_open() {
        actix_web::rt::spawn(follow_revocations(state.clone()));
    }
    Ok(())
}

async fn exit_when_refused(state: Arc<AppState>, server: actix_server::ServerHandle) {
    state.lifecycle.failed().await;
    server.stop(false).await;
}

/// Renews the entries of the rooms that this node owns.
async fn renew_rooms(state: Arc<AppState>) {
    let mut ticks = tokio::time::interval(RENEWAL);
    loop {
        ticks.tick().await;
        if let Some(transport) = state.transport() {
            let _ = transport.directory().renew(&state.rooms.owned.all()).await;
            state.live.index.media.renew_inits().await;
        }
    }
}

async fn stop_after(mut signals: StopSignals, state: Arc<AppState>, server: actix_server::ServerHandle) {
    signals.next().await;
    // First what matters: nobody may read the log any more.
    state.begin_drain();
    tracing::info!("stopping");
    state.drain().await;
    server.stop(true).await;
}

fn say_addresses(settings: &Serve, addresses: &[SocketAddr]) {
    let scheme = if settings.delivery.tls_cert.is_some() { "https" } else { "http" };
    for address in addresses {
        tracing::info!("listening on {scheme}://{address}");
    }
    if !settings.access.has_keys() && !addresses.iter().all(is_loopback) {
        let metrics = if settings.metrics_listen.is_some() { "" } else { ", read /metrics" };
        tracing::warn!(
            "anyone who reaches this address may open rooms{metrics} and take over broadcasts: there is neither --auth-secret nor --auth-jwks"
        );
    }
}
