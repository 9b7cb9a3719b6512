//! The transport of messages between the rooms of different nodes.
//!
//! Rooms on several threads add their messages to one packet per node, which a task publishes. The contents of a
//! received packet are passed on in order: doubt, then messages, then receipts. A packet is acknowledged once each room
//! has dropped the [`Handled`] guard it received, which it does after sending all resulting messages.

mod receiving;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use metrics::{Counter, counter, describe_counter};
use tokio::sync::Notify;

use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::room::message::Message;

use super::Clock;
use super::listener::{Receipt, RoomListener};
use super::packet::{VERSION, encode_message};
use super::pair::Pair;
use crate::backplane::{BackplaneSettings, Directory, Failure, Nodes};
pub use receiving::Handled;

/// The interval at which timers are checked.
const TICK: Duration = Duration::from_millis(50);

/// The transport from this node's rooms to other nodes. Cheap to clone; its tasks end when the last clone is dropped.
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
    nodes: Arc<Nodes>,
}

struct Inner {
    boot: AtomicU64,
    settings: ClusterSettings,
    clock: Clock,
    listener: Arc<dyn RoomListener>,
    nodes: std::sync::OnceLock<Weak<Nodes>>,
    pairs: RwLock<HashMap<BootId, Arc<Pair>>>,
    /// The pairs to be flushed. The lock is held while packets are passed to the connection, which preserves their
    /// order.
    dirty: Mutex<Vec<Arc<Pair>>>,
    wake: Notify,
    counters: Counters,
}

struct Counters {
    packets: Counter,
    lost: Counter,
    doubts: Counter,
    unreadable: Counter,
}

impl Counters {
    fn describe() -> Self {
        describe_counter!("roomcast_cluster_packets_total", "Packets sent to other nodes");
        describe_counter!("roomcast_cluster_unsent_packets_total", "Packets that Redis did not take");
        describe_counter!("roomcast_cluster_doubts_total", "Times that packets to or from another node may be lost");
        describe_counter!("roomcast_cluster_unreadable_total", "Packets and messages that could not be read");
        Self {
            packets: counter!("roomcast_cluster_packets_total"),
            lost: counter!("roomcast_cluster_unsent_packets_total"),
            doubts: counter!("roomcast_cluster_doubts_total"),
            unreadable: counter!("roomcast_cluster_unreadable_total"),
        }
    }
}

impl Transport {
    /// Starts the transport in the background, on the current runtime.
    ///
    /// # Errors
    /// A sentence if the address of Redis or the certificate file is invalid.
    pub fn start(
        settings: BackplaneSettings,
        cluster: ClusterSettings,
        clock: Clock,
        listener: Arc<dyn RoomListener>,
    ) -> Result<Self, String> {
        let inner = Arc::new(Inner {
            boot: AtomicU64::new(0),
            settings: cluster,
            clock,
            listener,
            nodes: std::sync::OnceLock::new(),
            pairs: RwLock::default(),
            dirty: Mutex::default(),
            wake: Notify::new(),
            counters: Counters::describe(),
        });
        let nodes = Arc::new(Nodes::start(settings, cluster, VERSION.into(), clock, &inner)?);
        let boot = *nodes.boot().borrow();
        // Unless it was deposed meanwhile.
        let _ = inner.boot.compare_exchange(0, boot.0, Ordering::SeqCst, Ordering::SeqCst);
        let _ = inner.nodes.set(Arc::downgrade(&nodes));
        nodes.spawn(publish(Arc::clone(&inner)));
        Ok(Self { inner, nodes })
    }

    /// Returns the present boot id of this node.
    #[must_use]
    pub fn boot(&self) -> BootId {
        self.inner.boot()
    }

    /// Adds a message to the packet being assembled for a node; returns the counter of that packet, or `None` if the
    /// node is dead or is this node. The packet is sent after the next [`publish_soon`](Self::publish_soon).
    pub fn send(&self, to: BootId, message: &Message, receipt: Receipt) -> Option<u64> {
        self.inner.send(to, message, receipt)
    }

    /// Requests that the assembled packets are published.
    pub fn publish_soon(&self) {
        self.inner.wake.notify_one();
    }

    /// Returns the directory.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        self.nodes.directory()
    }

    /// Returns the leases and the connection to other nodes.
    #[must_use]
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Publishes the remaining packets, releases the lease, and stops.
    ///
    /// # Errors
    /// If the release of the lease was not confirmed. The lease then expires.
    pub async fn leave(&self) -> Result<(), Failure> {
        let publishing: FuturesUnordered<_> = self.inner.flush(&self.nodes).into_iter().collect();
        publishing.collect::<Vec<bool>>().await;
        self.nodes.leave().await
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Transport").field(&self.boot()).finish()
    }
}

impl Inner {
    fn boot(&self) -> BootId {
        BootId(self.boot.load(Ordering::SeqCst))
    }

    fn send(&self, to: BootId, message: &Message, receipt: Receipt) -> Option<u64> {
        let pair = self.pair(to)?;
        let receipt = (receipt == Receipt::Wanted).then_some(&message.room);
        let counter = pair.put(self.clock.now(), &encode_message(message), receipt);
        self.mark_dirty(&pair);
        Some(counter)
    }

    /// Returns the pair with a node; `None` for this node or a dead one.
    fn pair(&self, node: BootId) -> Option<Arc<Pair>> {
        if let Some(pair) = self.pairs.read().unwrap_or_else(PoisonError::into_inner).get(&node) {
            return Some(Arc::clone(pair));
        }
        if node == self.boot() || self.nodes.get()?.upgrade()?.is_dead(node) {
            return None;
        }
        let mut pairs = self.pairs.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Pair::new(self.boot(), node, self.settings));
        Some(Arc::clone(pairs.entry(node).or_insert_with(new)))
    }

    fn mark_dirty(&self, pair: &Arc<Pair>) {
        if pair.mark_dirty() {
            self.dirty.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(pair));
        }
    }

    /// Passes all assembled packets to the connection, in order; returns futures that state whether each was published.
    fn flush(&self, nodes: &Nodes) -> Vec<impl Future<Output = bool> + Send + use<>> {
        let (now, mut publishing) = (self.clock.now(), Vec::new());
        let mut dirty = self.dirty.lock().unwrap_or_else(PoisonError::into_inner);
        for pair in dirty.drain(..) {
            publishing.extend(pair.take(now).iter().map(|packet| nodes.publish(pair.node, packet)));
        }
        self.counters.packets.increment(publishing.len() as u64);
        publishing
    }

    /// Performs the actions that are due.
    fn on_time(self: &Arc<Self>) {
        let now = self.clock.now();
        let pairs: Vec<_> = self.pairs.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for pair in pairs {
            let due = pair.on_time(now);
            if due.doubt {
                self.counters.doubts.increment(1);
                self.listener.doubt(pair.node, Handled::default());
            }
            if due.ack {
                self.mark_dirty(&pair);
                self.wake.notify_one();
            }
        }
    }
}

/// Publishes packets in batches: all that were assembled while the previous batch was being passed on.
async fn publish(inner: Arc<Inner>) {
    let mut ticks = tokio::time::interval(TICK);
    let mut publishing = FuturesUnordered::new();
    loop {
        tokio::select! {
            () = inner.wake.notified() => {
                let Some(nodes) = inner.nodes.get().and_then(Weak::upgrade) else { return };
                publishing.extend(inner.flush(&nodes));
            }
            _ = ticks.tick() => inner.on_time(),
            Some(published) = publishing.next(), if !publishing.is_empty() => {
                inner.counters.lost.increment((!published).into());
            }
        }
    }
}
