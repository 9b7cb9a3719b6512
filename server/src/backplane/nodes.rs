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

/// Receives packets of other nodes, and what follows from leases and eras.
pub trait NodeListener: LeaseListener + Inbox {}

impl<L: LeaseListener + Inbox> NodeListener for L {}

/// The way of one node to the others. When it is dropped everything ends, without a farewell.
pub struct Nodes {
    masters: Arc<Masters>,
    keeper: Arc<Keeper>,
    channel: Arc<Channel>,
    directory: Directory,
}

impl Nodes {
    /// Starts in the background: a Redis out of reach is no error, it is tried for ever. `version` is the highest of
    /// packets that this node reads.
    ///
    /// # Errors
    /// A sentence when the address or the file of certificates is no good.
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

    /// Returns the boot id of this node, which changes when it was declared dead.
    #[must_use]
    pub fn boot(&self) -> watch::Receiver<BootId> {
        self.keeper.boot()
    }

    /// Returns the directory.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns the leases as known at present.
    #[must_use]
    pub fn lease(&self) -> Arc<Lease> {
        self.keeper.state()
    }

    /// Returns whether this node may decide.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.keeper.is_fresh()
    }

    /// Returns whether a node is named dead.
    #[must_use]
    pub fn is_dead(&self, node: BootId) -> bool {
        self.keeper.is_dead(node)
    }

    /// Returns whether all masters are connected, the lease is fresh, packets arrive, and the first settling is over.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.masters.are_connected() && self.keeper.is_fresh() && self.channel.is_fresh() && self.keeper.has_settled()
    }

    /// Publishes a packet, at once and in the order of the calls. One that cannot go is lost, as one on its way.
    pub fn publish(&self, to: BootId, packet: &[u8]) -> impl Future<Output = bool> + Send + use<> {
        let call = self.masters.publish(to, packet);
        async move {
            match call {
                Some(call) => call.await.is_ok(),
                None => false,
            }
        }
    }

    /// Keeps media under a key of a partition.
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

    /// Gets media; none where there are none under that key.
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

    /// Returns whether each of these keys of a partition stands.
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

    /// Brings entries that every node has, and gets those that are new.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn exchange(&self, progress: &Progress, brought: Brought) -> Result<Exchanged, Failure> {
        self.masters.exchange(progress, brought).await
    }

    /// Runs a task until the end at most.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.masters.spawn(work);
    }

    /// Gives the lease up and closes the connections, once the rooms are released.
    ///
    /// # Errors
    /// Where the lease was not certainly given up: it ends by itself.
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
