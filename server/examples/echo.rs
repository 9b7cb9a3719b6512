//! Answers every message in kind under `/echo`, through the socket layer of the server: for conformance suites
//! such as Autobahn. Without flags it has the server's limits, except that it reads as fast as its peer sends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use bytesize::ByteSize;
use bytestring::ByteString;
use clap::Parser;

use roomcast_protocol::limits;
use roomcast_server::listen;
use roomcast_server::socket::{Application, ConnectionHandle, SocketSettings, Sockets, Timeouts, refusal};
use tokio::sync::watch;

#[derive(Parser)]
struct Flags {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:9071")]
    listen: SocketAddr,
    /// Largest payload of a frame.
    #[arg(long, default_value_t = ByteSize(limits::MAX_FRAME as u64))]
    max_frame: ByteSize,
    /// Largest message.
    #[arg(long, default_value_t = ByteSize(limits::MAX_MESSAGE as u64))]
    max_message: ByteSize,
    /// Bytes queued towards a peer that does not read; default: four messages, but at least the server's.
    #[arg(long)]
    max_outbox: Option<ByteSize>,
    /// Time between two pings.
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
    ping_interval: Duration,
    /// Worker threads.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

struct Echo;

impl Application for Echo {
    const BINARY: bool = true;

    fn text(&mut self, text: ByteString, handle: &mut ConnectionHandle<'_, Self>) {
        handle.send_text(text);
    }

    fn binary(&mut self, bytes: Bytes, handle: &mut ConnectionHandle<'_, Self>) {
        handle.send_binary(bytes);
    }
}

async fn echo(request: HttpRequest, payload: web::Payload, sockets: web::Data<Sockets>) -> HttpResponse {
    let made = sockets.upgrade(&request, payload, |_, _| Echo);
    made.unwrap_or_else(|refused| refusal(refused, HttpResponse::BadRequest().body(refused.to_string())))
}

fn settings(flags: &Flags) -> SocketSettings {
    let bytes = |size: ByteSize| usize::try_from(size.as_u64()).unwrap_or(usize::MAX);
    let max_message = bytes(flags.max_message);
    SocketSettings {
        max_frame: bytes(flags.max_frame),
        max_message,
        max_outbox: flags.max_outbox.map_or_else(|| limits::OUTBOX_BYTES.max(max_message.saturating_mul(4)), bytes),
        rate: None,
        timeouts: Timeouts {
            idle: limits::IDLE_TIMEOUT,
            age: limits::CONNECTION_AGE,
            keepalive: limits::KEEPALIVE_INTERVAL,
            ping: flags.ping_interval,
        },
        close_timeout: Duration::from_secs(5),
        send_buffer: 128 * 1024,
        max_per_address: limits::CONNECTIONS_PER_ADDRESS,
        allowed_origins: Vec::new(),
        protocols: &[],
    }
}

fn listening(workers: usize) -> listen::ListenSettings {
    listen::ListenSettings {
        workers,
        max_connections: 100_000,
        shutdown_timeout: Duration::from_secs(1),
        keep_alive: Duration::from_secs(5),
        request_timeout: Duration::from_secs(5),
        stall_timeout: Duration::from_secs(30),
        max_unsent: 128 * 1024,
        max_linger: 64 * 1024,
        max_streams: 1,
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let flags = Flags::parse();
    let sockets = web::Data::new(Sockets::new(settings(&flags)));
    let listeners = listen::bind(&[flags.listen])?;
    let address = listeners[0].local_addr()?;
    let application = move || App::new().app_data(sockets.clone()).route("/echo", web::to(echo));
    let (_stop, draining) = watch::channel(false);
    let server = listen::serve(listeners, None, listening(flags.workers), draining, Arc::new(|_| None), application)?;
    eprintln!("listening on http://{address}");
    server.await
}
