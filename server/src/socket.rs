//! A WebSocket connection, whole: one bad client harms nobody.
//!
//! ```text
//! handshake ─▶ HTTP ─▶ Switch: HTTP ends, its stream goes to the driver
//!
//! driver ─▶ Incoming ─▶ Intake (Guard, Bucket) ─▶ codec ─▶ Connection (Reassembler, Ages) ─▶ Application
//!                                                                                                │ Port
//! driver ◀── Lane ◀────────────────────────────────────── codec ◀────────────────────────────────┘
//!             ▲
//!             └────── rooms of the same thread
//! ```
//!
//! Frames and messages have limits, input has a rate, output has a bound ([`Fill`]) that counts every byte from
//! where it is queued until the driver takes it. Nothing here waits for a peer. What messages mean is
//! the [`Application`]'s business. This folder alone names the WebSocket crate.

mod address;
mod ages;
mod application;
mod close;
mod connection;
mod descriptor;
mod driver;
mod fill;
mod gate;
mod guard;
mod handshake;
mod incoming;
mod intake;
mod lane;
mod outbound;
mod rate;
mod switch;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::ws::Codec;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{WebsocketContext, handshake_with_protocols};

pub use ages::Spans;
pub use application::{Application, Port};
pub use descriptor::{Descriptor, prepare, report};
pub use fill::Fill;
pub use handshake::Refused;
pub use lane::{Lane, LaneId};
pub use rate::Rate;
pub use switch::{Switch, Switching};

use address::Addresses;
use connection::{Connection, Ends, Wire};
use driver::Parts;
use gate::Gate;
use incoming::{Chunks, Incoming};
use intake::{Intake, Verdict};

/// Settings of every connection.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Largest payload of a frame, either direction, in bytes.
    pub max_frame: usize,
    /// Largest message over all its frames, in bytes.
    pub max_message: usize,
    /// Most bytes on their way to a peer that does not read.
    pub max_outbox: usize,
    /// Rate at which a connection is read, and the time for which it may exceed it; absent: no limit.
    pub rate: Option<(Rate, Duration)>,
    /// Timeouts of a connection.
    pub spans: Spans,
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
    settings: Arc<Settings>,
    addresses: Arc<Addresses>,
}

impl Sockets {
    /// No connections yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { addresses: Addresses::new(settings.max_per_address), settings: Arc::new(settings) }
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
        make: impl FnOnce(Arc<Fill>, LaneId) -> A,
    ) -> Result<HttpResponse, Refused> {
        let settings = &self.settings;
        handshake::check(request, &settings.allowed_origins)?;
        let mut response = handshake_with_protocols(request, settings.protocols).map_err(|_| Refused::NoUpgrade)?;
        let switch = Switch::of(request).ok_or(Refused::NoUpgrade)?;
        let socket = Descriptor::of(request);
        if let Some(address) = request.peer_addr() {
            let permit = self.addresses.enter(address.ip()).ok_or(Refused::TooMany)?;
            if let Some(socket) = socket.upgrade() {
                socket.keep(permit);
                socket.want_send_buffer(settings.send_buffer);
            }
        }
        let (fill, verdict) = (Fill::new(settings.max_outbox), Verdict::default());
        let id = LaneId::fresh();
        let lane = Lane::new(id, Arc::clone(&fill), settings.max_frame);
        let gate = Gate::open();
        let ends = Ends { fill: Arc::clone(&fill), lane: Rc::clone(&lane), gate: Rc::clone(&gate) };
        let wire = Wire::new(Arc::clone(settings), ends, &verdict, &socket);
        let incoming = Incoming::new();
        let chunks = Chunks(Rc::clone(&incoming));
        let intake = Intake::new(chunks, settings.max_frame, settings.rate, (gate, verdict));
        let codec = Codec::new().max_size(settings.max_frame);
        let frames = Box::pin(WebsocketContext::with_codec(Connection::new(make(fill, id), wire), intake, codec));
        let early = (payload, Rc::clone(&incoming));
        let parts = Parts { frames, incoming, lane, socket, patience: settings.close_timeout };
        let body = switch.to(Box::new(|stream| Box::pin(driver::serve(stream, parts))), early);
        Ok(response.streaming(body))
    }
}

/// Gives the answer to a refused request its status and headers.
#[must_use]
pub fn refusal(refused: Refused, mut response: HttpResponse) -> HttpResponse {
    *response.status_mut() = refused.status();
    for (name, value) in refused.headers() {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
