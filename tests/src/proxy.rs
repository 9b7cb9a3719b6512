//! A network between a node and Redis, or a client and a node, that fails on demand.
//!
//! Delays, cuts, refuses, holds back one direction as a black hole does, or loses what goes one way while the
//! connection seems well. Each connection holds at most 64 pieces of 16 KiB per direction; a proxy has at most 256.

mod pipe;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// Maximum number of connections at once.
const CONNECTIONS: usize = 256;
/// Stands in `SUBSCRIBE`, `SSUBSCRIBE` and `PSUBSCRIBE` alike.
const SUBSCRIBE: &[u8] = b"SUBSCRIBE";

/// Treatment of the bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// They pass.
    #[default]
    Passes,
    /// They stand still, and come when the fault is over: a black hole and a sender that repeats.
    Held,
    /// They are lost. Such a connection can never pass again: it ends when the fault does.
    Lost,
}

/// State of the simulated network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NetworkFaults {
    /// From the node to Redis.
    pub requests: Flow,
    /// From Redis to the node.
    pub replies: Flow,
    /// Delay of every piece, in both directions.
    pub delay: Duration,
    /// Only connections that have subscribed to something are held back or lose anything.
    pub subscribers_only: bool,
    /// New connections end at once.
    pub refuses: bool,
    /// Number of times that everything was cut; connections of an older count end.
    cuts: u64,
    /// Counts the times at which all connections were stranded: those of an older count carry nothing.
    strands: u64,
    /// The count up to which these faults are over.
    released: u64,
}

impl NetworkFaults {
    const fn is_stranded(&self, begun: u64) -> bool {
        begun < self.strands && self.released < self.strands
    }
}

/// A proxy; ends, with its connections, when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: String,
    faults: watch::Sender<NetworkFaults>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts one before this address.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let (faults, seen) = watch::channel(NetworkFaults::default());
        let accepting = tokio::spawn(accept(listener, target.to_owned(), seen));
        Self { address, faults, accepting }
    }

    /// `127.0.0.1:PORT`
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The address to configure in a node.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Changes the faults of all connections.
    pub fn set(&self, change: impl FnOnce(&mut NetworkFaults)) {
        self.faults.send_modify(change);
    }

    /// Ends all connections.
    pub fn cut(&self) {
        self.set(|faults| faults.cuts += 1);
    }

    /// Ends all connections and refuses new ones.
    pub fn close(&self) {
        self.set(|faults| (faults.refuses, faults.cuts) = (true, faults.cuts + 1));
    }

    /// Holds back both directions of all connections of now, as a dead line does; later ones pass.
    pub fn strand(&self) {
        self.set(|faults| faults.strands += 1);
    }

    /// Ends all faults. The bytes that were held back come.
    pub fn heal(&self) {
        self.set(|faults| {
            let NetworkFaults { cuts, strands, .. } = *faults;
            *faults = NetworkFaults { cuts, strands, released: strands, ..NetworkFaults::default() };
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: String, faults: watch::Receiver<NetworkFaults>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok((node, _)) = listener.accept().await {
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let (target, mut faults) = (target.clone(), faults.clone());
        if faults.borrow_and_update().refuses {
            continue;
        }
        tokio::spawn(async move {
            let _place = place;
            if let Ok(redis) = TcpStream::connect(target).await {
                carry(node, redis, faults).await;
            }
        });
    }
}

/// Carries both directions until one ends, the connection is cut, or the proxy is gone.
async fn carry(mut node: TcpStream, mut redis: TcpStream, faults: watch::Receiver<NetworkFaults>) {
    let (_, _) = (node.set_nodelay(true), redis.set_nodelay(true));
    let (cuts, strands) = (faults.borrow().cuts, faults.borrow().strands);
    let ((from_node, to_node), (from_redis, to_redis)) = (node.split(), redis.split());
    let mut cut = faults.clone();
    let subscriber = AtomicBool::new(false);
    let spared = |faults: &NetworkFaults| faults.subscribers_only && !subscriber.load(Ordering::Relaxed);
    let flow = |faults: &NetworkFaults, flow: Flow| match () {
        () if faults.is_stranded(strands) => Flow::Held,
        () if spared(faults) => Flow::Passes,
        () => flow,
    };
    let seen = |piece: &[u8]| {
        if piece.windows(SUBSCRIBE.len()).any(|words| words.eq_ignore_ascii_case(SUBSCRIBE)) {
            subscriber.store(true, Ordering::Relaxed);
        }
    };
    tokio::select! {
        () = pipe::run(from_node, to_redis, faults.clone(), |now| flow(now, now.requests), seen) => {}
        () = pipe::run(from_redis, to_node, faults, |now| flow(now, now.replies), |_| ()) => {}
        // Also when the proxy was dropped.
        _ = cut.wait_for(|now| now.cuts != cuts) => {}
    }
}
