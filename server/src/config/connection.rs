//! Settings of WebSocket connections.

use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use serde::Serialize;

use roomcast_protocol::limits;

use super::rate::RateLimit;
use super::value::{bytes, count, kernel_size, origin, size, time};
use crate::socket::{SocketSettings, Timeouts};
use crate::units::{duration, to_usize};

/// Limits and timeouts of one connection.
#[derive(Debug, Clone, Args, Serialize)]
pub struct ConnectionSettings {
    /// Largest payload of a WebSocket frame; over it: close 1009.
    #[arg(long, env = "ROOMCAST_MAX_FRAME", default_value_t = ByteSize(limits::MAX_FRAME as u64), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_frame: ByteSize,
    /// Largest message over all its frames; over it: close 1009.
    #[arg(long, env = "ROOMCAST_MAX_MESSAGE", default_value_t = ByteSize(limits::MAX_MESSAGE as u64), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_message: ByteSize,
    /// Bytes queued towards a connection that does not read; over it: close 1013.
    #[arg(long, env = "ROOMCAST_MAX_OUTBOX", default_value_t = ByteSize(limits::OUTBOX_BYTES as u64), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_outbox: ByteSize,
    /// Rooms one connection may be in; over it: 4029.
    #[arg(long, env = "ROOMCAST_MAX_ROOMS_PER_CONNECTION", default_value_t = limits::ROOMS_PER_CONNECTION, value_parser = count, value_name = "COUNT")]
    pub max_rooms_per_connection: usize,
    /// Time between two WebSocket pings; a peer silent for three of them is dropped.
    #[arg(long, env = "ROOMCAST_PING_INTERVAL", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ping_interval: Duration,
    /// Time without a message in either direction after which a connection is closed with 1001.
    #[arg(long, env = "ROOMCAST_IDLE_TIMEOUT", default_value = "10m", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub idle_timeout: Duration,
    /// Age at which a connection is closed with 1001.
    #[arg(long, env = "ROOMCAST_MAX_CONNECTION_AGE", default_value = "2h", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub max_connection_age: Duration,
    /// Time without a message to a client after which it is sent a KEEPALIVE.
    #[arg(long, env = "ROOMCAST_KEEPALIVE_INTERVAL", default_value = "4m", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub keepalive_interval: Duration,
    /// Time that a closed connection may take to read what is left for it, before it is cut.
    #[arg(long, env = "ROOMCAST_CLOSE_TIMEOUT", default_value = "5s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub close_timeout: Duration,
    /// Disconnect a client that accepts no data for this long (downloads, too).
    #[arg(long, env = "ROOMCAST_STALL_TIMEOUT", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub stall_timeout: Duration,
    /// Send buffer of one WebSocket connection in the kernel (SO_SNDBUF, which the kernel doubles for its bookkeeping).
    #[arg(long, env = "ROOMCAST_SEND_BUFFER", default_value_t = ByteSize(SEND_BUFFER), value_parser = kernel_size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub send_buffer: ByteSize,
    /// Messages and bytes a second at which a connection is read, or `off`. Bursts of five seconds are free.
    #[arg(long, env = "ROOMCAST_RATE_LIMIT", default_value_t = RateLimit::default(), value_name = "COUNT,SIZE")]
    pub rate_limit: RateLimit,
    /// Time for which a connection may be over its rate before it is closed with 1008.
    #[arg(long, env = "ROOMCAST_RATE_LIMIT_GRACE", default_value = "1m", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub rate_limit_grace: Duration,
    /// Connections one client address may have; over it: HTTP 429. Behind a proxy all have the proxy's address.
    #[arg(long, env = "ROOMCAST_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 10_000, value_parser = count, value_name = "COUNT")]
    pub max_connections_per_address: usize,
    /// Origin whose pages may connect, such as https://rooms.example.com; may be repeated. None: pages of all.
    #[arg(long, env = "ROOMCAST_ALLOW_ORIGIN", value_delimiter = ',', value_parser = origin, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,
}

/// The subprotocols, echoed when offered.
const SUBPROTOCOLS: &[&str] = &["roomcast.v1"];
/// Enough for 10 Mbit/s at 100 ms.
const SEND_BUFFER: u64 = 128 * 1024;

impl ConnectionSettings {
    /// Returns the settings of the socket layer.
    pub fn sockets(&self) -> SocketSettings {
        SocketSettings {
            max_frame: to_usize(self.max_frame),
            max_message: to_usize(self.max_message),
            max_outbox: to_usize(self.max_outbox),
            rate: self.rate_limit.0.map(|rate| (rate, self.rate_limit_grace)),
            timeouts: Timeouts {
                idle: self.idle_timeout,
                age: self.max_connection_age,
                keepalive: self.keepalive_interval,
                ping: self.ping_interval,
            },
            close_timeout: self.close_timeout,
            send_buffer: to_usize(self.send_buffer),
            max_per_address: self.max_connections_per_address,
            allowed_origins: self.allow_origin.clone(),
            protocols: SUBPROTOCOLS,
        }
    }
}
