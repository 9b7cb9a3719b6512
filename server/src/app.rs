//! Every step of start and stop, in order.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use actix_web::{App, HttpServer, web};
use clap::Parser;
use clap::error::ErrorKind;
use tokio::signal::unix::{SignalKind, signal};

use roomcast_protocol::schema;

use crate::config::{Cli, Command, Serve, to_usize};
use crate::node::Node;
use crate::{http, publish, socket, telemetry};

/// How long a lost peer may take to close; the library's clock makes shorter times hang.
const CLIENT_DISCONNECT: std::time::Duration = std::time::Duration::from_millis(700);

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
    let node = Node::new(settings);
    let settings = &node.settings;
    let data = web::Data::from(node.clone());
    let routes = http::routes(&data);
    let mut server = HttpServer::new(move || App::new().configure(routes.clone()))
        .on_connect(socket::on_connect(to_usize(settings.connection.send_buffer), settings.connection.stall_timeout))
        .client_disconnect_timeout(CLIENT_DISCONNECT)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals();
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    let server =
        server.bind(settings.listen).map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = server.addrs().first().copied().unwrap_or(settings.listen);
    tracing::info!("listening on http://{address}");
    if !address.ip().is_loopback() {
        tracing::warn!("anyone who reaches this address may open rooms: there is no authentication");
    }
    let running = server.run();
    let handle = running.handle();
    let stopping = node.clone();
    actix_web::rt::spawn(async move {
        stop_signal().await;
        tracing::info!("stopping");
        stopping.drain();
        handle.stop(true).await;
    });
    running.await.map_err(|error| error.to_string())?;
    tracing::info!("stopped");
    Ok(())
}

async fn stop_signal() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        }
        _ => std::future::pending().await,
    }
}
