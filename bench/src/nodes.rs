//! Several servers on one Redis, and what they cost together. All are on the server's core, Redis too: what is
//! measured is what they take, not how many cores there are.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::error::{Error, within};
use crate::http::{Http, get};
use crate::metric::Metrics;
use crate::process::{Meter, Program};
use crate::redis::Redis;
use crate::scenario::Harness;

/// Time that nodes may take to become ready.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Redis and its nodes; all are killed when dropped.
#[derive(Debug)]
pub struct Nodes {
    pub redis: Redis,
    pub nodes: Vec<Program>,
}

/// A beginning.
#[derive(Debug)]
pub struct Gauge {
    began: Instant,
    nodes: Vec<Meter>,
    redis: Meter,
}

/// Processor time between two moments.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub wall: Duration,
    /// Processor time of all nodes.
    pub nodes: Duration,
    pub redis: Duration,
    pub generator: Duration,
}

impl Nodes {
    /// Starts so many with these flags and waits until all are ready. Without a Redis it says so instead.
    ///
    /// # Errors
    /// When one does not come up.
    pub async fn start(
        harness: &Harness,
        count: usize,
        flags: &[&str],
        metrics: &mut Metrics,
    ) -> Result<Option<Self>, Error> {
        let Some(path) = &harness.redis else {
            metrics.note("redis-server is missing, nothing was measured");
            return Ok(None);
        };
        let redis = Redis::start(path, harness.cores).await?;
        let url = format!("redis://{}", redis.address());
        let mut all = vec!["--redis-url", &url];
        all.extend(flags);
        if harness.limits_rate {
            all.extend(["--rate-limit", "off"]);
        }
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(harness.serve(&all).await?);
        }
        let nodes = Self { redis, nodes };
        for node in &nodes.nodes {
            within(TIMEOUT, "the nodes' becoming ready", ready(node.address)).await?;
        }
        Ok(Some(nodes))
    }

    /// Returns the addresses on which they listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// Begins to measure.
    pub fn gauge(&self) -> Gauge {
        let nodes = self.nodes.iter().map(|node| Meter::start(node.pid)).collect();
        Gauge { nodes, redis: Meter::start(self.redis.program.pid), began: Instant::now() }
    }

    /// Stops the nodes, then Redis.
    ///
    /// # Errors
    /// When the system does not let one end.
    pub async fn stop(self) -> Result<(), Error> {
        for node in self.nodes {
            node.stop().await?;
        }
        self.redis.program.stop().await
    }
}

async fn ready(address: SocketAddr) -> Result<(), Error> {
    let request = get(address, "/readyz", false);
    while Http::open(address, 0).await?.fetch(&request).await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

impl Gauge {
    /// Returns the cost until now.
    pub fn read(&self) -> Cost {
        let redis = self.redis.read();
        let nodes = self.nodes.iter().map(|meter| meter.read().server).sum();
        Cost { wall: self.began.elapsed(), nodes, redis: redis.server, generator: redis.generator }
    }
}

impl Cost {
    /// Microseconds for each of so many.
    pub fn micros_per(time: Duration, count: usize) -> f64 {
        time.as_secs_f64() * 1e6 / count.max(1) as f64
    }

    /// Percent of one core.
    pub fn percent(&self, time: Duration) -> f64 {
        100.0 * time.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// Rate per second of `count` operations.
    pub fn rate(&self, count: usize) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }
}
