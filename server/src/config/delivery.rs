//! Settings of HTTP connections and of what is delivered over them.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use serde::Serialize;

use super::value::{bytes, cors_origin, count, count32, file, kernel_size, size, time};
use crate::units::duration;

/// Settings for delivery over HTTP: of playlists, media and everything else.
#[derive(Debug, Clone, Args, Serialize)]
pub struct DeliverySettings {
    /// Certificate chain in PEM: the address then speaks TLS, with HTTP/2 and HTTP/1.1. Read again on SIGHUP.
    #[arg(long, env = "ROOMCAST_TLS_CERT", value_parser = file, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM.
    #[arg(long, env = "ROOMCAST_TLS_KEY", value_parser = file, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Origin whose pages may read media and upload, such as https://rooms.example.com, or `*`; may be repeated.
    #[arg(long, env = "ROOMCAST_CORS_ORIGIN", default_value = "*", value_delimiter = ',', value_parser = cors_origin, value_name = "ORIGIN")]
    pub cors_origin: Vec<String>,
    /// Connections each worker thread takes; over it new ones wait to be accepted.
    #[arg(long, env = "ROOMCAST_MAX_CONNECTIONS", default_value_t = 25_000, value_parser = count, value_name = "COUNT")]
    pub max_connections: usize,
    /// Requests one HTTP/2 connection may have open at a time; more are refused for later (REFUSED_STREAM).
    #[arg(long, env = "ROOMCAST_MAX_STREAMS", default_value_t = 256, value_parser = count32, value_name = "COUNT")]
    pub max_streams: u32,
    /// Time for which a connection without a request stays open.
    #[arg(long, env = "ROOMCAST_KEEP_ALIVE", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub keep_alive: Duration,
    /// Time limit for the TLS or HTTP handshake of a new connection, and then for the headers of its first request.
    #[arg(long, env = "ROOMCAST_REQUEST_TIMEOUT", default_value = "5s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub request_timeout: Duration,
    /// Unsent bytes per connection in the kernel's buffer; data in flight is not counted.
    #[arg(long, env = "ROOMCAST_MAX_UNSENT", default_value_t = ByteSize::kib(128), value_parser = kernel_size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_unsent: ByteSize,
    /// Bytes still read from a client whose request was answered before its body had ended; then, or after 0.7 s, the
    /// connection is closed.
    #[arg(long, env = "ROOMCAST_MAX_LINGER", default_value_t = ByteSize::kib(64), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_linger: ByteSize,
}
