//! Settings of the backplane.

use std::time::Duration;

use super::RedisAddress;

/// The names of settings as they were given, for messages that state what to change.
#[derive(Debug, Clone)]
pub struct SettingNames {
    /// The setting with the address of Redis.
    pub url: String,
    /// The setting with the CA certificates.
    pub ca: String,
}

impl Default for SettingNames {
    fn default() -> Self {
        Self { url: "--redis-url".to_owned(), ca: "--redis-ca".to_owned() }
    }
}

/// The address of Redis, and all timeouts and limits of the connections.
#[derive(Debug, Clone)]
pub struct BackplaneSettings {
    /// The address of Redis.
    pub address: RedisAddress,
    /// The file with the CA certificates (PEM) for Redis; `None` for the public authorities.
    pub ca: Option<std::path::PathBuf>,
    /// The names of the settings for the address and the certificates.
    pub names: SettingNames,
    /// The timeout of a command.
    pub timeout: Duration,
    /// The timeout for storing or fetching media.
    pub media_timeout: Duration,
    /// The timeout for connecting, including TLS and login.
    pub connect_timeout: Duration,
    /// The lifetime of a lease without renewal. It is renewed five times in this period.
    pub lease: Duration,
    /// The time within which a beat must return before the subscription is created again.
    pub beat_timeout: Duration,
    /// The maximum number of calls in flight per connection. Further calls are refused as
    /// [`Unavailable`](super::Failure::Unavailable).
    pub max_calls: usize,
    /// The maximum number of bytes of the calls in flight per connection. Further calls are refused likewise.
    pub max_call_bytes: usize,
    /// The maximum number of bytes of received packets that wait to be handled. Above it, packets are dropped and count
    /// as lost.
    pub max_push_bytes: usize,
}

impl BackplaneSettings {
    /// Returns the interval of the beats.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.beat_timeout / 2
    }
}
