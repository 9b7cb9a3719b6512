//! Leases, the directory and the packets of nodes, over one Redis.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use roomcast_core::cluster::lease::Lease;
use roomcast_core::cluster::{BootId, ClusterSettings};

use super::directory::Directory;
use super::entries::{Brought, Exchanged, Progress};
use super::keeper::{Keeper, LeaseListener};
use super::redis::{Channel, Inbox, Masters};
use super::{BackplaneSettings, Failure, Partition};
use crate::clock::Clock;

/// A receiver of packets from other nodes and of events of leases and eras.
pub trait NodeListener: LeaseListener + Inbox {}

impl<L: LeaseListener + Inbox> NodeListener for L {}

/// The connection of one node to the others. Dropping it ends its tasks without releasing the lease.
pub struct Nodes {
    masters: Arc<Masters>,
    keeper: Arc<Keeper>,
    channel: Arc<Channel>,
    directory: Directory,
}

impl Nodes {
    /// Starts the connections in the background. An unreachable Redis is no error; attempts continue indefinitely.
    /// `version` is the highest packet version that this node reads.
    ///
    /// # Errors
    /// A sentence if the address or the certificate file is invalid.
    pub fn start<L: NodeListener>(
        settings: BackplaneSettings,
        cluster: ClusterSettings,
        version: u16,
        clock: Clock,
        listener: &Arc<L>,
    ) -> Result<Self, String> {
        let masters = Masters::start(settings)?;
        let keeper = Keeper::start(&masters, cluster, version, clock, Arc::clone(listener) as Arc<dyn LeaseListener>);
        let channel = Channel::start(&masters, keeper.boot(), Arc::clone(listener) as Arc<dyn Inbox>);
        let directory = Directory::new(Arc::clone(&masters), Arc::clone(&keeper));
        Ok(Self { masters, keeper, channel, directory })
    }

    /// Returns the boot id of this node, which changes when the node was declared dead.
    #[must_use]
    pub fn boot(&self) -> watch::Receiver<BootId> {
        self.keeper.boot()
    }

    /// Returns the directory.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns the present state of the leases.
    #[must_use]
    pub fn lease(&self) -> Arc<Lease> {
        self.keeper.state()
    }

    /// Returns whether this node may decide.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.keeper.is_fresh()
    }

    /// Returns whether a node was declared dead.
    #[must_use]
    pub fn is_dead(&self, node: BootId) -> bool {
        self.keeper.is_dead(node)
    }

    /// Returns whether all masters are connected, the lease is fresh, packets arrive, and the first settling period has
    /// ended.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.masters.are_connected() && self.keeper.is_fresh() && self.channel.is_fresh() && self.keeper.has_settled()
    }

    /// Publishes a packet at once, in the order of the calls. A packet that cannot be sent is lost, like one lost in
    /// transit.
    pub fn publish(&self, to: BootId, packet: &[u8]) -> impl Future<Output = bool> + Send + use<> {
        let call = self.masters.publish(to, packet);
        async move {
            match call {
                Some(call) => call.await.is_ok(),
                None => false,
            }
        }
    }

    /// Stores media under a key of a partition.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn store(
        &self,
        partition: Partition,
        key: &str,
        media: &[u8],
        expires: Duration,
    ) -> impl Future<Output = Result<(), Failure>> + Send + use<> {
        self.masters.store(partition, key, media, expires)
    }

    /// Returns the media under a key; `None` if the key does not exist.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn fetch(
        &self,
        partition: Partition,
        key: &str,
    ) -> impl Future<Output = Result<Option<Bytes>, Failure>> + Send + use<> {
        self.masters.fetch(partition, key)
    }

    /// Returns for each of these keys of a partition whether it exists.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn exist(
        &self,
        partition: Partition,
        keys: Vec<String>,
    ) -> impl Future<Output = Result<Vec<bool>, Failure>> + Send + use<> {
        self.masters.exist(partition, keys)
    }

    /// Contributes entries that all nodes share, and returns the new ones.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn exchange(&self, progress: &Progress, brought: Brought) -> Result<Exchanged, Failure> {
        self.masters.exchange(progress, brought).await
    }

    /// Spawns a task that is aborted when the connections end.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.masters.spawn(work);
    }

    /// Releases the lease and closes the connections. Must be called after the rooms have been released.
    ///
    /// # Errors
    /// If the release of the lease was not confirmed. The lease then expires.
    pub async fn leave(&self) -> Result<(), Failure> {
        let left = self.keeper.leave().await;
        self.masters.stop();
        left
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.masters.stop();
    }
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Nodes").field(&*self.keeper.boot().borrow()).finish()
    }
}
