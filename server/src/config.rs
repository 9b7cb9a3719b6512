//! The command line: flags over environment over defaults. Every limit of the server is a setting here.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use roomcast_core::{hls, room};
use roomcast_protocol::id::{ObjectId, RoomId, UserId};
use roomcast_protocol::limits;

/// Live rooms over WebSocket and Low-Latency HLS, self-hosted.
#[derive(Debug, Parser)]
#[command(name = "roomcast", version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(Serve),
    /// Print the effective settings of `serve` as JSON.
    Config(Serve),
    /// Write the published schema into a folder.
    Schema {
        /// The folder; made when it does not exist.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Join a broadcast room as its publisher and upload fragmented MP4 in real time.
    Publish(Publish),
}

/// Settings of the server.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Serve {
    /// Address to listen on. Without authentication the server is open: keep it on loopback or behind a proxy.
    #[arg(long, env = "ROOMCAST_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// What clients put in front of paths, such as https://rooms.example.com; empty: paths only.
    #[arg(long, env = "ROOMCAST_PUBLIC_URL", default_value = "", value_parser = public_url, value_name = "URL")]
    pub public_url: String,
    /// Worker threads; 0: one per core.
    #[arg(long, env = "ROOMCAST_WORKERS", default_value_t = 0)]
    pub workers: usize,
    /// What is logged, such as `info` or `roomcast=debug`.
    #[arg(long, env = "ROOMCAST_LOG", default_value = "info,actix_server=warn", value_name = "FILTER")]
    pub log: String,
    /// Silence after which a member is removed.
    #[arg(long, env = "ROOMCAST_HEARTBEAT_TIMEOUT", default_value = "10s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub heartbeat_timeout: Duration,
    /// How long a room without publishers waits for one to come back.
    #[arg(long, env = "ROOMCAST_ROOM_LINGER", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub room_linger: Duration,
    /// How long a kicked user is refused.
    #[arg(long, env = "ROOMCAST_KICK_DURATION", default_value = "60s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub kick_duration: Duration,
    /// Time between two WebSocket pings; a peer silent for three of them is dropped.
    #[arg(long, env = "ROOMCAST_PING_INTERVAL", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ping_interval: Duration,
    /// How long requests may go on after SIGTERM.
    #[arg(long, env = "ROOMCAST_SHUTDOWN_TIMEOUT", default_value = "5s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub shutdown_timeout: Duration,
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
    /// Signals queued towards a room; over it they are refused with 503.
    #[arg(long, env = "ROOMCAST_MAX_ROOM_QUEUE", default_value_t = 1024, value_name = "COUNT")]
    pub max_room_queue: usize,
    /// Rooms on this node; over it none is created (503).
    #[arg(long, env = "ROOMCAST_MAX_ROOMS", default_value_t = 100_000, value_name = "COUNT")]
    pub max_rooms: usize,
    /// Rooms one connection may be in; over it: 4029.
    #[arg(long, env = "ROOMCAST_MAX_ROOMS_PER_CONNECTION", default_value_t = limits::ROOMS_PER_CONNECTION, value_name = "COUNT")]
    pub max_rooms_per_connection: usize,
    /// Decoded media bytes of one data signal; over it: 413.
    #[arg(long, env = "ROOMCAST_MAX_UPLOAD", default_value_t = ByteSize(limits::MAX_UPLOAD as u64), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_upload: ByteSize,
    /// Multivariant playlists one room may have; over it: 4025.
    #[arg(long, env = "ROOMCAST_MAX_PLAYLISTS", default_value_t = limits::PLAYLISTS_PER_ROOM, value_name = "COUNT")]
    pub max_playlists: usize,
    /// How long an ingest token is good.
    #[arg(long, env = "ROOMCAST_INGEST_TOKEN_TTL", default_value = "4h", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_token_ttl: Duration,
    /// How much media a playlist lists.
    #[arg(long, env = "ROOMCAST_HLS_WINDOW", default_value = "60s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub hls_window: Duration,
    /// STUN or TURN server told to clients, such as stun:stun.example.com:3478; may be repeated.
    #[arg(long, env = "ROOMCAST_ICE_SERVER", value_delimiter = ',', value_name = "URL")]
    pub ice_server: Vec<String>,
    /// Secret shared with the TURN servers; clients get credentials made with it.
    #[arg(long, env = "ROOMCAST_TURN_SECRET", hide_env_values = true, value_name = "SECRET")]
    #[serde(skip)]
    pub turn_secret: Option<String>,
}

impl Serve {
    /// The settings of one room.
    pub fn room(&self) -> room::Settings {
        room::Settings {
            heartbeat_timeout: self.heartbeat_timeout,
            linger: self.room_linger,
            kick_duration: self.kick_duration,
            ingest_ttl: self.ingest_token_ttl,
            max_message: to_usize(self.max_message),
            max_playlists: self.max_playlists,
            public_url: self.public_url.clone(),
            hls: hls::Settings { window: self.hls_window, ..hls::Settings::default() },
        }
    }
}

/// Settings of `roomcast publish`.
#[derive(Debug, Clone, Args)]
pub struct Publish {
    /// The server.
    #[arg(long, env = "ROOMCAST_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub server: String,
    /// The room; created when it does not exist.
    #[arg(long)]
    pub room: RoomId,
    /// The user in whose name to publish.
    #[arg(long, default_value = "publisher")]
    pub user: UserId,
    /// Name of the multivariant playlist.
    #[arg(long, default_value = "main")]
    pub playlist: ObjectId,
    /// Name of the variant.
    #[arg(long, default_value = "v0")]
    pub variant: ObjectId,
    /// Length of segments; each begins at the first sync sample after it.
    #[arg(long, default_value = "1s", value_parser = duration, value_name = "TIME")]
    pub segment: Duration,
    /// Longest part.
    #[arg(long, default_value = "350ms", value_parser = duration, value_name = "TIME")]
    pub part: Duration,
    /// No segment may round to more: a whole number of seconds, at least the longest time between two key frames.
    #[arg(long, default_value = "2s", value_parser = duration, value_name = "TIME")]
    pub target_duration: Duration,
    /// What is logged besides the progress line.
    #[arg(long, env = "ROOMCAST_LOG", default_value = "warn", value_name = "FILTER")]
    pub log: String,
    /// A file of fragmented MP4, or `-` for standard input.
    #[arg(value_name = "FILE")]
    pub source: PathBuf,
}

/// A size as a number of bytes this machine can count.
pub fn to_usize(size: ByteSize) -> usize {
    usize::try_from(size.as_u64()).unwrap_or(usize::MAX)
}

fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("must be more than 0".into()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error} (durations read like 10s or 2h)")),
    }
}

fn size(text: &str) -> Result<ByteSize, String> {
    match text.parse::<ByteSize>() {
        Ok(size) if size.as_u64() == 0 => Err("must be more than 0".into()),
        Ok(size) => Ok(size),
        Err(error) => Err(format!("{error} (sizes read like 32KiB or 16MiB)")),
    }
}

fn public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    if url.is_empty() || url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url.to_owned());
    }
    Err("must start with http:// or https://".into())
}

fn time<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

fn bytes<S: serde::Serializer>(size: &ByteSize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(size.as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults_are_the_protocols() {
        let Command::Serve(serve) = Cli::parse_from(["roomcast", "serve"]).command else { panic!("not serve") };
        assert_eq!(serve.heartbeat_timeout, limits::HEARTBEAT_TIMEOUT);
        assert_eq!(serve.room_linger, limits::ROOM_LINGER);
        assert_eq!(serve.kick_duration, limits::KICK_DURATION);
        assert_eq!(serve.hls_window, limits::HLS_WINDOW);
        assert_eq!(serve.ingest_token_ttl, limits::INGEST_TTL);
        assert_eq!(to_usize(serve.max_frame), limits::MAX_FRAME);
        assert_eq!(to_usize(serve.max_upload), limits::MAX_UPLOAD);
    }

    #[test]
    fn bad_values_are_refused() {
        for bad in [["--max-frame", "much"], ["--room-linger", "0s"], ["--listen", "here"], ["--public-url", "ftp://x"]]
        {
            assert!(Cli::try_parse_from(["roomcast", "serve", bad[0], bad[1]]).is_err(), "{bad:?}");
        }
    }
}
