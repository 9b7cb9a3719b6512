//! Random faults, one after the other.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use roomcast_checker::{Event, Fault};
use roomcast_tests::nodes::Nodes;
use roomcast_tests::proxy::{Flow, Proxy};
use roomcast_tests::redis::Redis;

use super::record::Record;
use super::rng::Rng;

/// Addresses on which the nodes listen.
pub type Addresses = Arc<Mutex<Vec<String>>>;

pub const NODES: u64 = 3;
/// For how many seconds a kick holds.
pub const KICK: u64 = 3;

pub struct FaultInjector {
    rng: Rng,
    redis: Redis,
    proxies: Vec<Proxy>,
    nodes: Nodes,
    addresses: Addresses,
    /// Number of faults.
    pub faults: usize,
}

impl FaultInjector {
    pub async fn start(rng: Rng) -> Self {
        let redis = Redis::start().await;
        let mut proxies = Vec::new();
        for _ in 0..NODES {
            proxies.push(Proxy::start(&redis.address()).await);
        }
        let kick = format!("{KICK}s");
        let flags = ["--rate-limit", "off", "--kick-duration", &kick];
        let nodes = Nodes::start_each(proxies.iter().map(Proxy::url).collect(), &flags).await;
        let addresses = (0..nodes.count()).map(|node| nodes[node].address.clone()).collect();
        Self { rng, redis, proxies, nodes, addresses: Arc::new(Mutex::new(addresses)), faults: 0 }
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// Breaks something again and again for this long, and heals everything.
    pub async fn run(&mut self, record: &Record, time: Duration) {
        let end = Instant::now() + time;
        tokio::time::sleep(Duration::from_secs(1)).await;
        while Instant::now() < end {
            let kind = self.rng.within(0..10);
            let place = self.rng.within(0..NODES) as usize;
            let begun = record.now();
            self.fault(record, kind, place).await;
            println!(
                "{:6.2}..{:6.2} s: {} {place}",
                begun.as_secs_f64(),
                record.now().as_secs_f64(),
                NAMES[kind as usize]
            );
            self.faults += 1;
            tokio::time::sleep(self.rng.time(300..2500)).await;
        }
        self.nodes.become_ready(true).await;
    }

    async fn fault(&mut self, record: &Record, kind: u64, place: usize) {
        match kind {
            0 => self.kill_node(record, place).await,
            1 => self.pause_node(record, place).await,
            2 | 3 => {
                record.note(Event::Begins(Fault::Away));
                self.stop_redis(record, kind == 2).await;
                record.note(Event::Ends(Fault::Away));
                record.note(Event::Begins(Fault::Recovering));
                self.nodes.become_ready(true).await;
                record.note(Event::Ends(Fault::Recovering));
            }
            4 | 6 | 7 => {
                record.note(Event::Begins(Fault::Lossy));
                self.disturb(kind, place).await;
                record.note(Event::Ends(Fault::Lossy));
            }
            5 => {
                record.note(Event::Begins(Fault::Data));
                self.redis.flush().await;
            }
            _ => self.cut_off(record, place).await,
        }
    }

    /// Redis is killed and comes back empty, or stands still.
    async fn stop_redis(&mut self, record: &Record, kill: bool) {
        let away = self.rng.time(100..4000);
        if kill {
            self.redis.process().kill().await;
            tokio::time::sleep(away).await;
            record.note(Event::Begins(Fault::Data));
            self.redis.restart().await;
        } else {
            self.redis.process().pause().await;
            tokio::time::sleep(away).await;
            self.redis.process().resume().await;
        }
    }

    /// Subscriptions or connections end, or everything of a node is late.
    async fn disturb(&mut self, kind: u64, place: usize) {
        match kind {
            4 => _ = self.redis.kill_subscribers().await,
            6 => self.proxies[place].cut(),
            _ => {
                let delay = self.rng.time(20..300);
                self.proxies[place].set(|faults| faults.delay = delay);
                tokio::time::sleep(self.rng.time(300..2000)).await;
                self.proxies[place].heal();
            }
        }
    }

    async fn kill_node(&mut self, record: &Record, place: usize) {
        record.note(Event::Begins(Fault::Killed(place)));
        self.nodes.kill(place).await;
        tokio::time::sleep(self.rng.time(0..3000)).await;
        self.nodes.restart(place).await;
        self.addresses.lock().expect("nobody panics with it")[place] = self.nodes[place].address.clone();
    }

    async fn pause_node(&mut self, record: &Record, place: usize) {
        record.note(Event::Begins(Fault::Apart(place)));
        self.nodes[place].process().pause().await;
        tokio::time::sleep(self.rng.time(100..7000)).await;
        self.nodes[place].process().resume().await;
        self.nodes[place].becomes_ready(true).await;
        record.note(Event::Ends(Fault::Apart(place)));
    }

    async fn cut_off(&mut self, record: &Record, place: usize) {
        record.note(Event::Begins(Fault::Apart(place)));
        let kind = self.rng.within(0..4);
        self.proxies[place].set(|faults| match kind {
            0 => faults.requests = Flow::Held,
            1 => faults.replies = Flow::Held,
            2 => faults.replies = Flow::Lost,
            _ => (faults.subscribers_only, faults.replies) = (true, Flow::Lost),
        });
        tokio::time::sleep(self.rng.time(100..7000)).await;
        self.proxies[place].heal();
        self.nodes[place].becomes_ready(true).await;
        record.note(Event::Ends(Fault::Apart(place)));
    }
}

const NAMES: [&str; 10] = [
    "node killed",
    "node stood still",
    "Redis killed",
    "Redis stood still",
    "subscribers killed",
    "Redis flushed",
    "connections cut",
    "delay",
    "cut off",
    "cut off",
];
