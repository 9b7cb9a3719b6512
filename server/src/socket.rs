//! A WebSocket connection, with all limits that protect other clients from a faulty one.
//!
//! ```text
//! handshake ─▶ HTTP ─▶ Switch: HTTP ends, its stream goes to the driver
//!
//! driver ─▶ Incoming ─▶ RateLimitedReader (FrameLimiter, Bucket) ─▶ codec ─▶ Connection (Reassembler, Timers)
//!                                                                                │ ConnectionHandle
//!                                                                                ▼
//! driver ◀── SendQueue ◀──────────────────────────────────────────── codec ◀── Application
//!                ▲
//!                └────── rooms of the same thread
//! ```
//!
//! Frames and messages have limits, input has a rate, output has a bound ([`SendBudget`]) that counts every byte from
//! where it is queued until the driver takes it. Nothing here waits for a peer. What messages mean is
//! the [`Application`]'s business. This folder alone names the WebSocket crate.

mod address;
mod application;
mod close;
mod connection;
mod driver;
mod frame_limiter;
mod handshake;
mod incoming;
mod outbound;
mod rate;
mod rate_limited_reader;
mod read_gate;
mod send_budget;
mod send_queue;
mod socket_handle;
mod switch;
mod timers;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::ws::Codec;
use actix_web::body::BodyStream;
use actix_web::http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{self, WebsocketContext};

pub use application::{Application, ConnectionHandle};
pub use handshake::Refused;
pub use rate::Rate;
pub use send_budget::SendBudget;
pub use send_queue::{SendQueue, SendQueueId};
pub use socket_handle::{SocketHandle, prepare, report};
pub use switch::{Switch, Switching};
pub use timers::Timeouts;

use address::ConnectionCounts;
use connection::{Connection, Ends, Wire};
use driver::Parts;
use incoming::{Chunks, Incoming};
use rate_limited_reader::{RateLimitedReader, Verdict};
use read_gate::ReadGate;

/// Settings of every connection.
#[derive(Debug, Clone)]
pub struct SocketSettings {
    /// Largest payload of a frame, either direction, in bytes.
    pub max_frame: usize,
    /// Largest message over all its frames, in bytes.
    pub max_message: usize,
    /// Most bytes on their way to a peer that does not read.
    pub max_outbox: usize,
    /// Rate at which a connection is read, and the time for which it may exceed it; absent: no limit.
    pub rate: Option<(Rate, Duration)>,
    /// Timeouts of a connection.
    pub timeouts: Timeouts,
    /// Time that a closed connection may take to read what is left, before its socket is shut down.
    pub close_timeout: Duration,
    /// Bytes that may wait in the kernel, which doubles the number for its bookkeeping.
    pub send_buffer: usize,
    /// Connections one address may have.
    pub max_per_address: usize,
    /// Origins whose pages may connect; empty: all.
    pub allowed_origins: Vec<String>,
    /// Subprotocols, echoed when offered.
    pub protocols: &'static [&'static str],
}

/// All connections of a server.
#[derive(Debug)]
pub struct Sockets {
    settings: Arc<SocketSettings>,
    connection_counts: Arc<ConnectionCounts>,
}

impl Sockets {
    /// No connections yet.
    #[must_use]
    pub fn new(settings: SocketSettings) -> Self {
        Self { connection_counts: ConnectionCounts::new(settings.max_per_address), settings: Arc::new(settings) }
    }

    /// Opens a connection. `make` gets the count of bytes on their way to the peer, which whoever queues messages
    /// for it has to keep to, and the name of the way there.
    ///
    /// # Errors
    /// When the request is no handshake or must not become a connection.
    pub fn upgrade<A: Application>(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        make: impl FnOnce(Arc<SendBudget>, SendQueueId) -> A,
    ) -> Result<HttpResponse, Refused> {
        let settings = &self.settings;
        handshake::check(request, &settings.allowed_origins)?;
        let mut response = ws::handshake(request).map_err(|_| Refused::NoUpgrade)?;
        if let Some(protocol) = handshake::protocol(request.headers(), settings.protocols) {
            response.insert_header((SEC_WEBSOCKET_PROTOCOL, protocol));
        }
        let switch = Switch::of(request).ok_or(Refused::NoUpgrade)?;
        let socket = SocketHandle::of(request);
        if let Some(address) = request.peer_addr() {
            let permit = self.connection_counts.enter(address.ip()).ok_or(Refused::TooMany)?;
            if let Some(socket) = socket.upgrade() {
                socket.keep(permit);
                socket.want_send_buffer(settings.send_buffer);
            }
        }
        let (budget, verdict) = (SendBudget::new(settings.max_outbox), Verdict::default());
        let id = SendQueueId::fresh();
        let send_queue = SendQueue::new(id, Arc::clone(&budget), settings.max_frame);
        let gate = ReadGate::open();
        let ends = Ends { budget: Arc::clone(&budget), send_queue: Rc::clone(&send_queue), gate: Rc::clone(&gate) };
        let wire = Wire::new(Arc::clone(settings), ends, &verdict, &socket);
        let incoming = Incoming::new();
        let chunks = Chunks(Rc::clone(&incoming));
        let reader = RateLimitedReader::new(chunks, settings.max_frame, settings.rate, (gate, verdict));
        let codec = Codec::new().max_size(settings.max_frame);
        let frames = Box::pin(WebsocketContext::with_codec(Connection::new(make(budget, id), wire), reader, codec));
        let early = (payload, Rc::clone(&incoming));
        let parts = Parts { frames, incoming, send_queue, socket, close_timeout: settings.close_timeout };
        let body = switch.to(Box::new(|stream| Box::pin(driver::serve(stream, parts))), early);
        Ok(response.body(BodyStream::new(body)))
    }
}

/// Sets the status and the headers of the answer to a refused request.
#[must_use]
pub fn refusal(refused: Refused, mut response: HttpResponse) -> HttpResponse {
    *response.status_mut() = refused.status();
    for (name, value) in refused.headers() {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
