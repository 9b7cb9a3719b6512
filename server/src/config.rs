//! The settings: flags over environment over the file of settings over defaults. Every limit of the server is one.

mod access;
mod backplane;
mod bounds;
mod connection;
mod contradictions;
mod delivery;
mod edge;
mod filter;
mod given;
mod groups;
mod ingest;
mod names;
mod print;
mod publish;
#[cfg(test)]
mod published;
mod rate;
mod read;
mod refusal;
mod rules;
mod settings_file;
mod token;
mod turn;
mod value;
mod variables;

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use roomcast_core::cluster::ClusterSettings;
use roomcast_core::{hls, room};
use roomcast_protocol::limits;

pub use access::AccessTokens;
pub use backplane::Backplane;
pub use connection::ConnectionSettings;
pub use delivery::DeliverySettings;
pub use edge::EdgeSettings;
pub use ingest::IngestSettings;
pub use names::Names;
pub use print::{as_toml, effective};
pub use publish::{Publish, TokenSetting};
pub use read::read;
pub use token::{Key, Token, TokenCheck, UrlKind};
pub use turn::TurnSettings;
pub use variables::unknown_variables;

use crate::backplane::{BackplaneSettings, SettingNames};
use crate::healthcheck::Healthcheck;
use crate::host::{ListenAddress, ice_server};
use crate::ice::IceSettings;
use crate::units::{duration, to_usize};
use crate::{listen, socket};
use filter::filter;
use value::{bytes, count, file, percent, public_url, size, time, workers};

/// The version, and the profile of the build: what was built for a look is slower than a release.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("ROOMCAST_PROFILE"), ")");

/// Live rooms over WebSocket and Low-Latency HLS, self-hosted.
#[derive(Debug, Parser)]
#[command(name = "roomcast", version = VERSION, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(Serve),
    /// Print the effective settings of `serve` as a file of settings.
    Config(Config),
    /// Judge the settings of `serve`, its certificate, the way to Redis and the limit of open files.
    Check(Serve),
    /// Allocate a relay at each TURN server of the settings of `serve`, and say which work; exit code 0 or 1.
    #[command(name = "check turn")]
    CheckTurn(Serve),
    /// Write the published schema into a folder.
    Schema {
        /// The folder; made when it does not exist.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// A folder for the same as TypeScript modules: types, codes, limits, the state table and its interpreter.
        #[arg(long, value_name = "DIR")]
        typescript: Option<PathBuf>,
    },
    /// Ask a running server whether it is ready; exit code 0 or 1.
    Healthcheck(Healthcheck),
    /// Join a broadcast room as its publisher and upload fragmented MP4 in real time.
    Publish(Publish),
    /// Sign an access token with the secret of a server, and print it, an address with it or a whole command.
    Token(Token),
    /// Say what an access token allows, or why it is refused; exit code 0 or 1.
    #[command(name = "token check")]
    TokenCheck(TokenCheck),
    /// Make a secret for --auth-secret, or a key pair with its JWKS.
    Key(Key),
}

/// Settings of `roomcast config`.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Print JSON instead of TOML.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub serve: Serve,
}

/// Settings of the server.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Serve {
    /// The names of the settings as they were given.
    #[arg(skip)]
    #[serde(skip)]
    pub names: Names,
    /// File of settings in TOML, as `roomcast config` prints it. Flags and variables win over it.
    #[arg(long, env = "ROOMCAST_CONFIG", value_parser = file, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address to listen on, by number or by name; of a name, every address it has. Without --auth-secret the server is
    /// open: keep it on loopback then.
    #[arg(long, env = "ROOMCAST_LISTEN", default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    pub listen: ListenAddress,
    /// Address of its own for /metrics, by number or by name, over plain HTTP; /metrics is then 404 on the address of
    /// --listen.
    #[arg(long, env = "ROOMCAST_METRICS_LISTEN", value_name = "HOST:PORT")]
    pub metrics_listen: Option<ListenAddress>,
    /// Base URL of the addresses sent to clients, such as https://rooms.example.com; empty: relative addresses.
    #[arg(long, env = "ROOMCAST_PUBLIC_URL", default_value = "", value_parser = public_url, value_name = "URL")]
    pub public_url: String,
    /// Worker threads, at most 512; 0: one per core.
    #[arg(long, env = "ROOMCAST_WORKERS", default_value_t = 0, value_parser = workers, value_name = "COUNT")]
    pub workers: usize,
    /// Levels of the log, such as `info` or `info,roomcast=debug`.
    #[arg(long, env = "ROOMCAST_LOG", default_value = "info,actix_server=warn", value_parser = filter, value_name = "FILTER")]
    pub log: String,
    /// Silence after which a member is removed.
    #[arg(long, env = "ROOMCAST_HEARTBEAT_TIMEOUT", default_value = "10s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub heartbeat_timeout: Duration,
    /// Time for which a room without publishers waits for one to come back.
    #[arg(long, env = "ROOMCAST_ROOM_LINGER", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub room_linger: Duration,
    /// Time for which a kicked user is refused.
    #[arg(long, env = "ROOMCAST_KICK_DURATION", default_value = "60s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub kick_duration: Duration,
    /// Time for which requests may go on after SIGTERM.
    #[arg(long, env = "ROOMCAST_SHUTDOWN_TIMEOUT", default_value = "5s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub shutdown_timeout: Duration,
    #[command(flatten)]
    #[serde(flatten)]
    pub access: AccessTokens,
    #[command(flatten)]
    #[serde(flatten)]
    pub edge: EdgeSettings,
    #[command(flatten)]
    #[serde(flatten)]
    pub connection: ConnectionSettings,
    #[command(flatten)]
    #[serde(flatten)]
    pub delivery: DeliverySettings,
    #[command(flatten)]
    #[serde(flatten)]
    pub backplane: Backplane,
    /// Signals queued towards a room; over it they are refused with 503.
    #[arg(long, env = "ROOMCAST_MAX_ROOM_QUEUE", default_value_t = 1024, value_parser = count, value_name = "COUNT")]
    pub max_room_queue: usize,
    /// Rooms on this node; over it none is created (503).
    #[arg(long, env = "ROOMCAST_MAX_ROOMS", default_value_t = 100_000, value_parser = count, value_name = "COUNT")]
    pub max_rooms: usize,
    /// Decoded media bytes of one data signal; over it: 413.
    #[arg(long, env = "ROOMCAST_MAX_UPLOAD", default_value_t = ByteSize(limits::MAX_UPLOAD as u64), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_upload: ByteSize,
    /// Multivariant playlists one room may have; over it: 4025.
    #[arg(long, env = "ROOMCAST_MAX_PLAYLISTS", default_value_t = limits::PLAYLISTS_PER_ROOM, value_parser = count, value_name = "COUNT")]
    pub max_playlists: usize,
    /// Validity of an ingest token.
    #[arg(long, env = "ROOMCAST_INGEST_TOKEN_TTL", default_value = "4h", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_token_ttl: Duration,
    #[command(flatten)]
    #[serde(flatten)]
    pub ingest: IngestSettings,
    /// Duration of the media that a playlist lists.
    #[arg(long, env = "ROOMCAST_HLS_WINDOW", default_value = "60s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub hls_window: Duration,
    /// Parts or segments that wait after a missing one before the missing one is listed as a gap.
    #[arg(long, env = "ROOMCAST_HLS_PARTS_BEFORE_GAP", default_value_t = limits::PARTS_BEFORE_GAP, value_parser = count, value_name = "COUNT")]
    pub hls_parts_before_gap: usize,
    /// Minimum duration of a part that another follows, in per cent of the part target, unless it is independent or a
    /// gap; a shorter one is not followed (2001). With 0, encoders with few and uneven frames are taken.
    #[arg(long, env = "ROOMCAST_HLS_LEAST_PART", default_value_t = limits::LEAST_PART, value_parser = percent, value_name = "PERCENT")]
    pub hls_least_part: u8,
    /// STUN or TURN server told to clients, such as stun:stun.example.com:3478; may be repeated.
    #[arg(long, env = "ROOMCAST_ICE_SERVER", value_delimiter = ',', value_parser = ice_server, value_name = "URL")]
    pub ice_server: Vec<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub turn: TurnSettings,
}

impl Serve {
    /// Returns the settings that differ in another reading of them.
    pub fn changed(&self, other: &Self) -> Vec<String> {
        let (ours, theirs) = (effective(self), effective(other));
        let mut changed: Vec<_> = ours.keys().filter(|id| ours.get(*id) != theirs.get(*id)).cloned().collect();
        let is_login_changed = self.backplane.redis_url != other.backplane.redis_url;
        if is_login_changed && !changed.iter().any(|id| id == "redis_url") {
            changed.push("redis_url".to_owned());
        }
        if self.turn.turn_secret != other.turn.turn_secret {
            changed.push("turn_secret".to_owned());
        }
        if self.turn.ice_token != other.turn.ice_token {
            changed.push("ice_token".to_owned());
        }
        if self.access.auth_secret != other.access.auth_secret {
            changed.push("auth_secret".to_owned());
        }
        if self.edge.cdn_secret != other.edge.cdn_secret {
            changed.push("cdn_secret".to_owned());
        }
        changed
    }

    /// Reads the certificate, if there is one.
    ///
    /// # Errors
    /// A sentence that names the setting and its file.
    pub fn tls(&self) -> Result<Option<listen::Tls>, String> {
        self.certificate().map(|certificate| listen::Tls::load(&certificate)).transpose()
    }

    /// Returns the files of the certificate, if there is one.
    pub fn certificate(&self) -> Option<listen::CertificateFiles> {
        let (chain, key) = self.delivery.tls_cert.clone().zip(self.delivery.tls_key.clone())?;
        let file = |id, path| listen::NamedFile { setting: self.names.of(id), path };
        Some(listen::CertificateFiles { chain: file("tls_cert", chain), key: file("tls_key", key) })
    }

    /// Returns the settings of the way to other nodes, when there is one.
    pub fn nodes(&self) -> Option<BackplaneSettings> {
        let names = SettingNames { url: self.names.of("redis_url"), ca: self.names.of("redis_ca") };
        self.backplane.settings(names)
    }

    /// Returns the settings of all connections.
    pub fn sockets(&self) -> socket::SocketSettings {
        self.connection.sockets()
    }

    /// Returns the settings of the ICE servers that members are told.
    pub fn ice(&self) -> IceSettings {
        let (urls, secret) = (self.ice_server.clone(), self.turn.turn_secret.first().cloned());
        IceSettings { urls, secret, life: self.turn.turn_ttl, service: self.turn.service() }
    }

    /// Number of worker threads.
    pub fn worker_threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if self.workers == 0 { cores() } else { self.workers }
    }

    /// Returns the settings of the layer below HTTP.
    pub fn listening(&self) -> listen::ListenSettings {
        listen::ListenSettings {
            workers: self.workers,
            max_connections: self.delivery.max_connections,
            shutdown_timeout: self.shutdown_timeout,
            keep_alive: self.delivery.keep_alive,
            request_timeout: self.delivery.request_timeout,
            stall_timeout: self.connection.stall_timeout,
            max_unsent: u32::try_from(self.delivery.max_unsent.as_u64()).unwrap_or(u32::MAX),
            max_linger: to_usize(self.delivery.max_linger),
            max_streams: self.delivery.max_streams,
        }
    }

    /// Returns the settings of rooms, on one or several nodes.
    pub fn cluster(&self) -> ClusterSettings {
        ClusterSettings {
            lease: self.backplane.node_lease,
            heartbeat_timeout: self.heartbeat_timeout,
            grace_period: self.room_linger,
            kick_duration: self.kick_duration,
            max_unseen: to_usize(self.backplane.max_unseen),
            max_unseen_of_all: to_usize(self.backplane.max_unseen_of_all),
            ..ClusterSettings::default()
        }
    }

    /// Returns the settings of one room.
    pub fn room(&self) -> room::RoomSettings {
        room::RoomSettings {
            heartbeat_timeout: self.heartbeat_timeout,
            grace_period: self.room_linger,
            kick_duration: self.kick_duration,
            max_frame: to_usize(self.connection.max_frame),
            max_message: to_usize(self.connection.max_message),
            max_playlists: self.max_playlists,
            public_url: self.public_url.clone(),
            hls: hls::HlsSettings {
                window: self.hls_window,
                parts_before_gap: self.hls_parts_before_gap,
                least_part: self.hls_least_part,
            },
        }
    }
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
        assert_eq!(to_usize(serve.connection.max_frame), limits::MAX_FRAME);
        assert_eq!(serve.connection.idle_timeout, limits::IDLE_TIMEOUT);
        assert_eq!(serve.connection.max_connection_age, limits::CONNECTION_AGE);
        assert_eq!(serve.connection.keepalive_interval, limits::KEEPALIVE_INTERVAL);
        assert_eq!(serve.connection.ping_interval, limits::PING_INTERVAL);
        assert_eq!(serve.connection.rate_limit_grace, limits::RATE_GRACE);
        assert_eq!(serve.connection.max_connections_per_address, limits::CONNECTIONS_PER_ADDRESS);
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
