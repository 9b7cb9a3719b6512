//! Answers every message in kind under `/echo`, through the socket layer of the server: for conformance suites
//! such as Autobahn. Without flags it has the server's limits, except that it reads as fast as its peer sends.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use bytesize::ByteSize;
use bytestring::ByteString;
use clap::Parser;

use roomcast_protocol::limits;
use roomcast_server::socket::{Application, ConnectionHandle, SocketSettings, Sockets, Timeouts, on_connect, refusal};

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
    /// Time that a peer may take to close: 0s, or 600ms to 900ms.
    #[arg(long, default_value = "700ms", value_parser = humantime::parse_duration)]
    linger: Duration,
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

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let flags = Flags::parse();
    let sockets = web::Data::new(Sockets::new(settings(&flags)));
    let server = HttpServer::new(move || App::new().app_data(sockets.clone()).route("/echo", web::to(echo)))
        .on_connect(on_connect(128 * 1024, Duration::from_secs(30)))
        .client_disconnect_timeout(flags.linger)
        .workers(flags.workers)
        .bind(flags.listen)?;
    for address in server.addrs() {
        eprintln!("listening on http://{address}");
    }
    server.run().await
}
