//! Settings of the backplane.

use std::time::Duration;

use super::RedisAddress;

/// Names of settings as they were given, for messages that say what to change.
#[derive(Debug, Clone)]
pub struct SettingNames {
    /// The setting with the address of Redis.
    pub url: String,
    /// The setting with the certificates of authorities.
    pub ca: String,
}

impl Default for SettingNames {
    fn default() -> Self {
        Self { url: "--redis-url".to_owned(), ca: "--redis-ca".to_owned() }
    }
}

/// Address of Redis, and every time and bound of the way there.
#[derive(Debug, Clone)]
pub struct BackplaneSettings {
    /// Address of Redis.
    pub address: RedisAddress,
    /// Certificates (PEM) of those who vouch for Redis; without them the web's.
    pub ca: Option<std::path::PathBuf>,
    /// The names of the settings of both.
    pub names: SettingNames,
    /// Timeout of a command.
    pub timeout: Duration,
    /// Timeout for storing or fetching media.
    pub media_timeout: Duration,
    /// Timeout for connecting, TLS and login included.
    pub connect_timeout: Duration,
    /// The time for which a node lives without renewing its lease; it is renewed five times as often.
    pub lease: Duration,
    /// Time that a beat may take to come back before the subscription is made anew.
    pub beat_timeout: Duration,
    /// Calls under way per connection; over it they are refused as [`Unavailable`](super::Failure::Unavailable).
    pub max_calls: usize,
    /// Bytes of the calls under way per connection; likewise.
    pub max_call_bytes: usize,
    /// Bytes of packets that wait to be handed over; over it they are dropped, which is doubt.
    pub max_push_bytes: usize,
}

impl BackplaneSettings {
    /// Returns the interval of the beats.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.beat_timeout / 2
    }
}
