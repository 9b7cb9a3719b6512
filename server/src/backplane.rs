//! State that several nodes share, and their messages to each other, over one Redis.
//!
//! The backplane keeps the connections, leases, the directory of rooms and the channels of nodes. It knows no rule of
//! rooms. Only `backplane/redis` names Redis.
//! A call that may have run although nothing came back is [`Failure::Unknown`]: scripts are harmless when repeated,
//! also much later, because a Redis that stood still reads what it had been sent.

mod address;
mod complaint;
mod directory;
mod entries;
mod keeper;
mod nodes;
mod partition;
mod redis;
mod script;
mod settings;

use bytes::Bytes;

pub use address::{Credentials, RedisAddress, Server, Topology};
pub use directory::{Directory, Urgency};
pub use entries::{Brought, Exchanged, Progress};
pub use keeper::LeaseListener;
pub use nodes::{NodeListener, Nodes};
pub use partition::Partition;
pub use redis::{Inbox, Reached, reach};
pub use script::Script;
pub use settings::{BackplaneSettings, SettingNames};

/// Reasons why a call was not carried out, or why nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing was sent, or it certainly did not run: Redis is out of reach, loads, was demoted, or too much waits.
    #[error("redis is out of reach")]
    Unavailable,
    /// It may have run.
    #[error("redis did not answer")]
    Unknown,
    /// The script or the server refused: a bug, or no memory left.
    #[error("redis refused: {0}")]
    Refused(String),
}

/// Reply of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing; in Lua `false`.
    Nil,
    /// A number.
    Int(i64),
    /// A text or any bytes; a status such as `OK`, too.
    Bytes(Bytes),
    /// Several.
    Array(Vec<Reply>),
}
