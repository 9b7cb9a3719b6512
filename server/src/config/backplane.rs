//! Settings of the way to other nodes.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer};

use super::value::{bytes, count, file, size, time};
use crate::backplane::{BackplaneSettings, RedisAddress, SettingNames};
use crate::secret;
use crate::units::{duration, to_usize};

/// Reads the address of Redis, in which there may be a password.
fn redis_url(text: &str) -> Result<RedisAddress, String> {
    let address = secret::read(text)?.parse();
    address.map_err(|reason: String| match reason.contains("HOST:PORT") {
        true => reason,
        false => format!("{reason} (such as redis://127.0.0.1:6379)"),
    })
}

/// Meeting place of several nodes, and what they expect of each other. Nodes of one Redis have the same times.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Backplane {
    /// Redis over which several nodes share their rooms: redis://[user:password@]host:port[/db],
    /// redis+sentinel://host:port,host:port/service[/db] or redis+cluster://host:port,host:port; with `rediss` over
    /// TLS; or `file:PATH` of a file that holds it. Without it, this node is alone.
    #[arg(long, env = "ROOMCAST_REDIS_URL", hide_env_values = true, value_parser = redis_url, value_name = "URL")]
    #[serde(serialize_with = "address")]
    pub redis_url: Option<RedisAddress>,
    /// Certificates in PEM of the authorities (CA) that may have issued the certificate of Redis; without it, those
    /// that browsers trust.
    #[arg(long, env = "ROOMCAST_REDIS_CA", value_parser = file, value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,
    /// Time that Redis may take to answer; a connection with three such silences in a row is given up.
    #[arg(long, env = "ROOMCAST_REDIS_TIMEOUT", default_value = "1s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub redis_timeout: Duration,
    /// Time that Redis may take to store or fetch media.
    #[arg(long, env = "ROOMCAST_REDIS_MEDIA_TIMEOUT", default_value = "5s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub redis_media_timeout: Duration,
    /// Time that connecting to Redis may take, TLS and login included.
    #[arg(long, env = "ROOMCAST_REDIS_CONNECT_TIMEOUT", default_value = "2s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub redis_connect_timeout: Duration,
    /// Calls under way on one connection to Redis; over it they fail at once (503).
    #[arg(long, env = "ROOMCAST_REDIS_MAX_CALLS", default_value_t = 16_384, value_parser = count, value_name = "COUNT")]
    pub redis_max_calls: usize,
    /// Bytes of the calls under way on one connection to Redis; over it they fail at once (503).
    #[arg(long, env = "ROOMCAST_REDIS_MAX_CALL_BYTES", default_value_t = ByteSize::mib(64), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub redis_max_call_bytes: ByteSize,
    /// Bytes of messages from other nodes that wait here; over it they are dropped, and every room is attached to its
    /// owner anew.
    #[arg(long, env = "ROOMCAST_REDIS_MAX_PUSHED", default_value_t = ByteSize::mib(64), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub redis_max_pushed: ByteSize,
    /// Bytes of what one member says that a node keeps until the node that owns the room has it; over it the connection
    /// is read no further until then, or closed (1013) while nobody owns the room.
    #[arg(long, env = "ROOMCAST_MAX_UNSEEN", default_value_t = ByteSize::kib(256), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_unseen: ByteSize,
    /// The same of all members of a node; over it whoever says more is read no further, or the one of its room for
    /// which most is kept is closed (1013) while nobody owns the room.
    #[arg(long, env = "ROOMCAST_MAX_UNSEEN_OF_ALL", default_value_t = ByteSize::mib(256), value_parser = size, value_name = "SIZE")]
    #[serde(serialize_with = "bytes")]
    pub max_unseen_of_all: ByteSize,
    /// Time for which a node owns its rooms without word from Redis; after that others take them. It is renewed five
    /// times as often. Every node needs the same.
    #[arg(long, env = "ROOMCAST_NODE_LEASE", default_value = "5s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub node_lease: Duration,
    /// Time that a message which a node publishes to itself may take to come back; then it subscribes anew.
    #[arg(long, env = "ROOMCAST_BEAT_TIMEOUT", default_value = "2s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub beat_timeout: Duration,
}

impl Backplane {
    /// Returns whether the address of Redis has a login in it.
    pub fn has_login(&self) -> bool {
        self.redis_url.as_ref().is_some_and(|address| address.credentials.is_some())
    }

    /// Returns the address of Redis with the user of its login alone. Without the password it is refused when it is
    /// read again: a node must not start alone, or without a login, because a password was left out.
    pub fn without_password(&self) -> Option<String> {
        let address = self.redis_url.as_ref()?;
        let user = address.credentials.as_ref()?.user.as_deref().unwrap_or("default");
        let user = utf8_percent_encode(user, NON_ALPHANUMERIC);
        Some(address.to_string().replacen("://", &format!("://{user}@"), 1))
    }

    /// Returns the settings of the way to other nodes, when there is one, with the names of two of them.
    pub fn settings(&self, names: SettingNames) -> Option<BackplaneSettings> {
        Some(BackplaneSettings {
            address: self.redis_url.clone()?,
            ca: self.redis_ca.clone(),
            names,
            timeout: self.redis_timeout,
            media_timeout: self.redis_media_timeout,
            connect_timeout: self.redis_connect_timeout,
            lease: self.node_lease,
            beat_timeout: self.beat_timeout,
            max_calls: self.redis_max_calls,
            max_call_bytes: to_usize(self.redis_max_call_bytes),
            max_push_bytes: to_usize(self.redis_max_pushed),
        })
    }
}

/// Without its login.
fn address<S: Serializer>(address: &Option<RedisAddress>, serializer: S) -> Result<S::Ok, S::Error> {
    match address {
        Some(address) => serializer.collect_str(address),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::config::{Cli, Command};

    #[test]
    fn no_password_is_printed() {
        let url = "redis://me:geheim@example.com:7000/2";
        let Command::Config(serve) = Cli::parse_from(["roomcast", "config", "--redis-url", url]).command else {
            panic!("not config")
        };
        let serve = serve.serve;
        let printed = serde_json::to_string(&serve).expect("settings are printed");
        assert!(printed.contains("redis://example.com:7000/2"), "{printed}");
        let debugged = format!("{serve:?}");
        for text in [printed, debugged] {
            assert!(!text.contains("geheim"), "{text}");
        }
    }
}
