//! Carries messages between the rooms of different nodes.
//!
//! Rooms on several threads put their messages into one packet for each node, which a task publishes. What comes is
//! handed over in order: doubt, then messages, then receipts. A packet is acknowledged once each room has dropped the
//! [`Handled`] that came with it, after it has sent what it made of it.

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

/// The interval at which timers are examined.
const TICK: Duration = Duration::from_millis(50);

/// The way of this node's rooms to those of others. Cheap to clone; when the last clone is dropped everything ends.
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
    /// The pairs that are to be flushed. Held while packets are handed to the connection, which keeps their order.
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
    /// Starts in the background, on the runtime that runs.
    ///
    /// # Errors
    /// A sentence when the address of Redis or the file of certificates is no good.
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

    /// Returns the boot id of this node at present.
    #[must_use]
    pub fn boot(&self) -> BootId {
        self.inner.boot()
    }

    /// Puts a message into the packet that is being assembled for a node. Gives the counter of that packet; none where
    /// the node is dead, or this one. It goes with the next [`publish_soon`](Self::publish_soon).
    pub fn send(&self, to: BootId, message: &Message, receipt: Receipt) -> Option<u64> {
        self.inner.send(to, message, receipt)
    }

    /// Has what was sent published.
    pub fn publish_soon(&self) {
        self.inner.wake.notify_one();
    }

    /// Returns the directory.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        self.nodes.directory()
    }

    /// Leases, and whether this node may decide.
    #[must_use]
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Publishes what is left, gives the lease up, and ends.
    ///
    /// # Errors
    /// Where the lease was not certainly given up: it ends by itself.
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

    /// Returns the pair with a node; none with this one, or a dead one.
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

    /// Hands all assembled packets to the connection, in order; returns whether each was published.
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

/// Publishes packets: all that came together while the last ones were handed over.
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
