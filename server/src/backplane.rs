//! Shared state of several nodes, and messages between them, over one Redis.
//!
//! The backplane manages the connections, leases, the directory of rooms and the channels of nodes. It contains no
//! rules of rooms. Only `backplane/redis` depends on Redis itself. A call without an answer that may have been executed
//! is [`Failure::Unknown`]. Scripts are idempotent, even if repeated much later, because a suspended Redis still reads
//! the commands sent to it before.

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

/// The reason why a call was not executed, or why this is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The call was not sent or certainly not executed: Redis is unreachable, loading or demoted, or too many calls are
    /// pending.
    #[error("redis is out of reach")]
    Unavailable,
    /// The call may have been executed.
    #[error("redis did not answer")]
    Unknown,
    /// The script or the server refused the call, because of a bug or lack of memory.
    #[error("redis refused: {0}")]
    Refused(String),
}

/// The reply of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// No value; `false` in Lua.
    Nil,
    /// A number.
    Int(i64),
    /// Text or other bytes, including a status such as `OK`.
    Bytes(Bytes),
    /// A list of replies.
    Array(Vec<Reply>),
}
