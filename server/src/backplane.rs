//! What several nodes share: one Redis, over which they write and tell each other.
//!
//! The backplane keeps the connections, the scripts, the subscription and the lease, and finds out who has died. It
//! knows nothing of rooms: who uses it brings scripts and a [`Listener`]. Only `backplane/redis` names Redis.
//! A call that may have run although nothing came back is [`Failure::Unknown`]: scripts are to be recognisable by a
//! nonce and harmless when repeated, also much later, because a Redis that stood still reads what it had been sent.

mod address;
mod counters;
mod partition;
mod redis;
mod script;
mod settings;

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use roomcast_core::time::UnixTime;

pub use address::{Address, Credentials, Place, Server};
pub use counters::Counters;
pub use partition::{BootId, Partition};
pub use script::Script;
pub use settings::{BackplaneSettings, SettingNames};

use redis::Fabric;
pub use redis::{Reached, reach};

/// Why a call was not carried out, or why nobody knows.
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

/// What a script answers.
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

/// Why state may be behind. Of two reasons at once the later one here is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reset {
    /// Messages may be missing, or Redis has lost its data while the connections stood.
    Gap,
    /// Redis was reached (again); it may be empty, or another one.
    Connected,
    /// Others took this node for dead: it has a new boot id.
    Fenced,
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gap => "messages of Redis may be missing",
            Self::Connected => "Redis connected",
            Self::Fenced => "other nodes took this one for dead",
        })
    }
}

/// Who is told what comes from other nodes.
///
/// For one partition, everything is called in order of arrival and by one task. Nothing here may block.
pub trait Listener: Send + Sync + 'static {
    /// A message published to this node.
    fn message(&self, partition: Partition, payload: Bytes);

    /// Whoever has state in these partitions must read it anew.
    fn reset(&self, partitions: &[Partition], reason: Reset);

    /// A node died, and may not write any more: remove its members. `Ok` with their number when all are gone; else it
    /// is called again with the next lease.
    fn reap(&self, dead: BootId) -> Reaping;
}

/// Removes the members of a dead node.
pub type Reaping = Pin<Box<dyn Future<Output = Result<u64, Failure>> + Send>>;

/// The way to the other nodes. Cheap to clone; when the last clone is dropped everything ends, without a farewell.
#[derive(Clone)]
pub struct Backplane(Arc<Handle>);

struct Handle(Arc<Fabric>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl std::fmt::Debug for Backplane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Backplane").field(&self.boot().as_str()).finish()
    }
}

impl Backplane {
    /// Starts on the runtime that runs, and returns at once: a Redis out of reach is no error, it is tried for ever.
    ///
    /// # Errors
    /// A sentence when the address or the file of certificates is no good.
    #[expect(clippy::unused_async, reason = "tasks are spawned: there must be a runtime")]
    pub async fn start(settings: BackplaneSettings, listener: Arc<dyn Listener>) -> Result<Self, String> {
        Ok(Self(Arc::new(Handle(Fabric::start(settings, listener)?))))
    }

    /// Who this node is at present. Changes when it was fenced, before [`Reset::Fenced`] is told.
    #[must_use]
    pub fn boot(&self) -> BootId {
        self.0.0.boot()
    }

    /// Commands are answered and the newest beat came back in time, on every shard.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.0.is_ready()
    }

    /// By the newest lease. A node that is not in it is dead, unless the lease was not read lately: then nobody is.
    #[must_use]
    pub fn is_alive(&self, node: &str) -> bool {
        self.0.0.is_alive(node)
    }

    /// The nodes of the newest lease, this one among them.
    #[must_use]
    pub fn nodes(&self) -> HashSet<String> {
        self.0.0.nodes()
    }

    /// The clock of Redis, estimated. It may step when Redis moves to a machine of another time.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.0.0.now()
    }

    /// When a call made now is certainly given up, by the clock of Redis in milliseconds: it is to do nothing any more.
    #[must_use]
    pub fn patience(&self) -> i64 {
        self.now().0 / 1000 + i64::try_from(self.0.0.patience().as_millis()).unwrap_or(i64::MAX)
    }

    /// Who this process is, whatever it is called at present.
    #[must_use]
    pub fn origin(&self) -> &BootId {
        self.0.0.origin()
    }

    /// Calls a script. What is called on one partition runs in the order of the calls (not of the first `await`s).
    /// Out of order come calls that are repeated: those under way while Redis forgets its scripts (`SCRIPT FLUSH`) or
    /// a slot moves.
    /// All keys must be of that partition. To be called within a Tokio runtime.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn run(
        &self,
        partition: Partition,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<Bytes>,
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        Fabric::run(&self.0.0, partition, script, keys, args)
    }

    /// The channel of a node: what a script publishes to in order to tell it something in that partition.
    #[must_use]
    pub fn channel(&self, partition: Partition, node: &str) -> String {
        partition.channel(node)
    }

    /// The command that publishes: `PUBLISH`, or `SPUBLISH` in a cluster.
    #[must_use]
    pub fn publish_command(&self) -> &'static str {
        self.0.0.publish_command()
    }

    /// Keeps media bytes, on a connection of their own.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn store(
        &self,
        partition: Partition,
        key: String,
        bytes: Bytes,
        expires: Duration,
    ) -> impl Future<Output = Result<(), Failure>> + Send + use<> {
        Fabric::store(&self.0.0, partition, &key, &bytes, expires)
    }

    /// Gets media bytes; `None` when there are none under that key.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn fetch(
        &self,
        partition: Partition,
        key: String,
    ) -> impl Future<Output = Result<Option<Bytes>, Failure>> + Send + use<> {
        Fabric::fetch(&self.0.0, partition, &key)
    }

    /// A script said that this boot id is fenced: the node takes another one, unless it already has.
    pub fn fenced(&self, boot: &BootId) {
        self.0.0.fence_self(boot);
    }

    /// What is counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.0.counters
    }

    /// The orderly end, once the rooms have left: gives the lease back and closes the connections.
    pub async fn leave(&self) {
        self.0.0.leave().await;
    }
}
