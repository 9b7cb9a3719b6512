//! Every step of start and stop, in order.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::{App, web};
use tokio::signal::unix::{SignalKind, signal};

use roomcast_protocol::schema;

use crate::backplane::Backplane;
use crate::config::{self, Command, ListenAddress, Serve};
use crate::node::Node;
use crate::room::Rooms;
use crate::{healthcheck, http, listen, metrics_server, open_files, publish, telemetry};

/// Why a command ended.
#[derive(Debug)]
enum Failure {
    /// A setting cannot work: exit code 2.
    Setting(String),
    /// Something else failed: exit code 1.
    Other(String),
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Other(reason)
    }
}

/// Reads the command line and carries it out.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match config::read(&arguments) {
        Ok(cli) => cli,
        Err(refusal) => return refusal.show(),
    };
    let done = match cli.command {
        Command::Serve(settings) => serve(settings),
        Command::Config(settings) => print(&settings).map_err(Failure::from),
        Command::Schema { folder } => write_schema(&folder).map_err(Failure::from),
        Command::Healthcheck(options) => healthcheck::run(&options).map_err(Failure::from),
        Command::Publish(options) => publish::run(options).map_err(Failure::from),
    };
    let (reason, code) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Setting(reason)) => (reason, ExitCode::from(2)),
        Err(Failure::Other(reason)) => (reason, ExitCode::FAILURE),
    };
    // Nobody need listen.
    let _ = writeln!(io::stderr(), "roomcast: {reason}");
    code
}

fn print(settings: &Serve) -> Result<(), String> {
    let text = serde_json::to_string_pretty(settings).map_err(|error| error.to_string())?;
    match writeln!(io::stdout(), "{text}") {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| error.to_string()),
    }
}

fn write_schema(folder: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    for file in schema::files() {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        fs::write(&path, file.text).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

fn serve(settings: Serve) -> Result<(), Failure> {
    // Before anything is logged: a setting that cannot work is one line.
    let tls = settings.delivery.tls().map_err(Failure::Setting)?;
    let addresses = resolve("--listen", &settings.listen)?;
    let metrics = match &settings.metrics_listen {
        Some(address) => resolve("--metrics-listen", address)?,
        None => Vec::new(),
    };
    telemetry::start(&settings.log).map_err(Failure::Setting)?;
    for warning in config::unknown_variables() {
        tracing::warn!("{warning}");
    }
    check_open_files(&settings);
    actix_web::rt::System::new().block_on(listen(settings, tls, &addresses, &metrics))
}

fn check_open_files(settings: &Serve) {
    let Some(limit) = open_files::raise_limit() else { return };
    if let Some(shortage) = open_files::shortage(limit, settings.worker_threads(), settings.delivery.max_connections) {
        tracing::warn!("{shortage}");
    }
}

fn resolve(name: &str, listen: &ListenAddress) -> Result<Vec<SocketAddr>, Failure> {
    listen.resolve().map_err(|reason| Failure::Setting(format!("{name} \"{listen}\": {reason}")))
}

async fn listen(
    settings: Serve,
    tls: Option<listen::Tls>,
    addresses: &[SocketAddr],
    metrics: &[SocketAddr],
) -> Result<(), Failure> {
    let listeners =
        listen::bind(addresses).map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let node = Node::new(settings);
    if let Some(settings) = node.settings.backplane.settings() {
        tracing::info!("shares its rooms over {}", settings.address);
        let backplane = Backplane::start(settings, Arc::new(Rooms(Arc::downgrade(&node)))).await;
        let _ = node.backplane.set(backplane.map_err(Failure::Setting)?);
        node.look_elsewhere();
    }
    metrics_server::start(&web::Data::from(node.clone()), metrics)?;
    let routes = http::routes(&web::Data::from(node.clone()));
    let application = move || App::new().configure(routes.clone());
    let draining = node.watch_draining();
    let running = listen::serve(listeners, tls.clone(), node.settings.listening(), draining, application);
    let running = running.map_err(|error| format!("cannot listen on {}: {error}", node.settings.listen))?;
    say_addresses(&addresses, if tls.is_some() { "https" } else { "http" });
    if let Some(tls) = tls {
        actix_web::rt::spawn(renew(tls));
    }
    let handle = running.handle();
    let stopping = node.clone();
    actix_web::rt::spawn(async move {
        stop_signal().await;
        // First what matters: nobody may read the log any more.
        stopping.drain();
        tracing::info!("stopping");
        stopping.settle().await;
        handle.stop(true).await;
    });
    running.await.map_err(|error| error.to_string())?;
    // With members still to come back elsewhere the lease is left to end by itself: until then nobody removes them.
    if let Some(backplane) = node.backplane().filter(|_| node.rooms.len() == 0) {
        backplane.leave().await;
    }
    tracing::info!("stopped");
    Ok(())
}

fn say_addresses(addresses: &[SocketAddr], scheme: &str) {
    for address in addresses {
        tracing::info!("listening on {scheme}://{address}");
    }
    if !addresses.iter().all(config::is_loopback) {
        tracing::warn!(
            "anyone who reaches this address may open rooms, take over broadcasts and read /metrics: there is no \
             authentication"
        );
    }
}

/// Takes the certificate anew with every SIGHUP.
async fn renew(tls: listen::Tls) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
    while hangups.recv().await.is_some() {
        match tls.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(reason) => tracing::error!("the old certificate stays: {reason}"),
        }
    }
}

async fn stop_signal() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        }
        _ => std::future::pending().await,
    }
}
