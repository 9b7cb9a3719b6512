//! Every step of start and stop, in order.

use std::error::Error as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::{App, web};
use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use tokio::signal::unix::{SignalKind, signal};

use roomcast_protocol::schema;

use crate::backplane::Backplane;
use crate::config::{Cli, Command, Serve};
use crate::node::Node;
use crate::room::Rooms;
use crate::{healthcheck, http, listen, metrics_server, publish, telemetry};

/// Reads the command line and carries it out.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let done = match cli.command {
        Command::Serve(settings) => serve(settings),
        Command::Config(settings) => print(&settings),
        Command::Schema { folder } => write_schema(&folder),
        Command::Healthcheck(options) => healthcheck::run(&options),
        Command::Publish(options) => publish::run(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("roomcast: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// A bad flag is told in one sentence; help and version are no errors.
fn refuse(error: &clap::Error) -> ExitCode {
    if !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) && error.use_stderr() {
        // What is wrong with this one is told without the value: it may have a password in it.
        if let (Some(ContextValue::String(flag)), Some(reason)) = (error.get(ContextKind::InvalidArg), error.source())
            && flag.starts_with("--redis-url")
        {
            eprintln!("roomcast: --redis-url {reason}");
            return ExitCode::from(2);
        }
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        eprintln!("roomcast: {}", first.trim_start_matches("error: "));
        return ExitCode::from(2);
    }
    let _ = error.print();
    ExitCode::SUCCESS
}

fn print(settings: &Serve) -> Result<(), String> {
    let text = serde_json::to_string_pretty(settings).map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "{text}").map_err(|error| error.to_string())
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

fn serve(settings: Serve) -> Result<(), String> {
    telemetry::start(&settings.log)?;
    actix_web::rt::System::new().block_on(listen(settings))
}

async fn listen(settings: Serve) -> Result<(), String> {
    let tls = settings.delivery.tls()?;
    let listener =
        listen::bind(settings.listen).map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = listener.local_addr().unwrap_or(settings.listen);
    let node = Node::new(settings);
    if let Some(settings) = node.settings.backplane.settings() {
        tracing::info!("shares its rooms over {}", settings.address);
        let backplane = Backplane::start(settings, Arc::new(Rooms(Arc::downgrade(&node)))).await?;
        let _ = node.backplane.set(backplane);
        node.look_elsewhere();
    }
    metrics_server::start(&web::Data::from(node.clone()))?;
    let routes = http::routes(&web::Data::from(node.clone()));
    let application = move || App::new().configure(routes.clone());
    let draining = node.watch_draining();
    let running = listen::serve(listener, tls.clone(), node.settings.listening(), draining, application);
    let running = running.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    tracing::info!("listening on {}://{address}", if tls.is_some() { "https" } else { "http" });
    if !address.ip().is_loopback() {
        tracing::warn!("anyone who reaches this address may open rooms: there is no authentication");
    }
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
