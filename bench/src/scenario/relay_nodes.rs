//! Members of calls on two nodes send 2 KB offers to each other, to and fro; beside it, in turns, the same bytes go
//! from one connection through `PUBLISH` of the same Redis to a subscriber of the generator's own.
//!
//! A relay is dearer than the bare round trip by the way through two nodes. The creator's node owns a call; in the last of the
//! measurements neither member is there, so that each offer takes two packets.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::relay::lane::Lane;
use crate::error::Error;
use crate::metric::Metrics;
use crate::nodes::{Cost, Nodes};
use crate::redis::{Redis, Resp, command};
use crate::scenario::Harness;
use crate::signal::SessionIdentity;
use crate::statistics::{median, quantile};

/// Numbers of calls, and of offers in flight in each.
const WAYS: [(usize, usize); 3] = [(1, 1), (16, 1), (1, 16)];
/// The latency that a relay may have, in multiples of a bare round trip's: with one end at the room's owner, with none.
const LATENCY: f64 = 2.0;
const LATENCY_APART: f64 = 4.0;
/// The same of Redis' time: with one in flight, with sixteen.
const REDIS: f64 = 1.5;
const REDIS_LOADED: f64 = 2.0;
const CHANNEL: &str = "roomcast-bench";
/// Bytes of the session description.
const SIZE: usize = 2048;

/// One turn.
struct Round {
    cost: Cost,
    /// Microseconds.
    latencies: Vec<f64>,
}

/// A publisher and a subscriber.
struct Bare {
    publisher: Resp,
    subscriber: Resp,
    publish: Vec<u8>,
}

/// Both take turns; the first turn of each warms up, the figures are medians of the others.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    // Nobody sends heartbeats: they would be part of what is measured.
    let flags = ["--heartbeat-timeout", "1h"];
    let Some(nodes) = Nodes::start(harness, 3, &flags, &mut metrics).await? else { return Ok(metrics) };
    let mut bare = Bare::open(&nodes.redis).await?;
    let mut lanes = Vec::new();
    let [here, there, third] = [0, 1, 2].map(|place: usize| nodes.nodes[place].address);
    for number in 0..WAYS.iter().map(|way| way.0).max().unwrap_or(1) {
        lanes.push(Lane::relay(here, there, number).await?);
    }
    let time = harness.pick(Duration::from_secs(2), Duration::from_millis(700));
    for (calls, window) in WAYS {
        let (mut relayed, mut published) = (Vec::new(), Vec::new());
        for _ in 0..=harness.pick(7, 3) {
            published.push(bare.round(&nodes, calls * window, time).await?);
            relayed.push(round(&nodes, &mut lanes, calls, window, time).await?);
        }
        let (way, redis) = match (calls, window) {
            (1, 1) => ("1 in flight".to_owned(), REDIS),
            (1, window) => (format!("{window} in flight in one call"), REDIS_LOADED),
            (calls, window) => (format!("{} in flight in {calls} calls", calls * window), REDIS_LOADED),
        };
        report(&way, LATENCY, redis, [&published[1..], &relayed[1..]], &mut metrics);
    }
    drop(lanes);
    let mut apart = vec![Lane::apart(third, [here, there], 0).await?];
    let (mut relayed, mut published) = (Vec::new(), Vec::new());
    for _ in 0..=harness.pick(7, 3) {
        published.push(bare.round(&nodes, 1, time).await?);
        relayed.push(round(&nodes, &mut apart, 1, 1, time).await?);
    }
    report(
        "1 in flight between two edges",
        LATENCY_APART,
        REDIS_LOADED,
        [&published[1..], &relayed[1..]],
        &mut metrics,
    );
    drop(apart);
    nodes.stop().await?;
    Ok(metrics)
}

async fn round(
    nodes: &Nodes,
    lanes: &mut Vec<Lane>,
    calls: usize,
    window: usize,
    time: Duration,
) -> Result<Round, Error> {
    let gauge = nodes.gauge();
    let mut running = JoinSet::new();
    for lane in lanes.drain(..calls) {
        running.spawn(lane.run(window, time));
    }
    let mut latencies = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (lane, measured) = ended.map_err(|_| Error::Task)??;
        lanes.push(lane);
        latencies.extend(measured);
    }
    Ok(Round { cost: gauge.read(), latencies })
}

impl Bare {
    async fn open(redis: &Redis) -> Result<Self, Error> {
        let (publisher, mut subscriber) = (redis.connect().await?, redis.connect().await?);
        subscriber.call(&["SUBSCRIBE", CHANNEL]).await?;
        let member = SessionIdentity { room_type: "p2p", room: "call-0".into(), user: "a".into() };
        let offer = member.offer(SIZE);
        Ok(Self { publisher, subscriber, publish: command(&[b"PUBLISH".as_slice(), CHANNEL.as_bytes(), &offer]) })
    }

    async fn round(&mut self, nodes: &Nodes, window: usize, time: Duration) -> Result<Round, Error> {
        let gauge = nodes.gauge();
        let until = Instant::now() + time;
        let (mut latencies, mut answers) = (Vec::new(), window);
        let mut sent: VecDeque<_> = std::iter::repeat_n(Instant::now(), window).collect();
        self.publisher.send(&self.publish.repeat(window)).await?;
        while !sent.is_empty() || answers > 0 {
            tokio::select! {
                count = self.publisher.arrived(), if answers > 0 => answers -= count?,
                count = self.subscriber.arrived(), if !sent.is_empty() => {
                    let (count, now) = (count?, Instant::now());
                    latencies.extend(sent.drain(..count).map(|sent| (now - sent).as_secs_f64() * 1e6));
                    if now < until {
                        sent.extend(std::iter::repeat_n(now, count));
                        answers += count;
                        self.publisher.send(&self.publish.repeat(count)).await?;
                    }
                }
            }
        }
        Ok(Round { cost: gauge.read(), latencies })
    }
}

/// Adds the figures of both, and what one is to the other.
fn report(way: &str, latency: f64, redis: f64, sides: [&[Round]; 2], metrics: &mut Metrics) {
    let [bare, relay] = sides.map(|rounds| {
        let middle = |value: &dyn Fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
        let each =
            |part: fn(&Cost) -> Duration| middle(&|round| Cost::micros_per(part(&round.cost), round.latencies.len()));
        let quantile = |share| middle(&|round| quantile(&round.latencies, share));
        (
            [quantile(0.5), quantile(0.99), each(|cost| cost.redis), each(|cost| cost.nodes)],
            middle(&|round| round.cost.rate(round.latencies.len())),
            middle(&|round| round.cost.percent(round.cost.generator)),
        )
    });
    for (name, (figures, rate, generator)) in [("PUBLISH", bare), ("relay", relay)] {
        let mut add = |what: &str, value: f64, unit| metrics.add(format!("{way}: {name}, {what}"), value, unit);
        add("latency p50", figures[0], "µs");
        add("latency p99", figures[1], "µs");
        add("messages", rate, "/s");
        add("CPU of Redis per message", figures[2], "µs");
        if name == "relay" {
            add("CPU of both nodes per message", figures[3], "µs");
        }
        add("generator CPU", generator, "%");
    }
    metrics.add_target(format!("{way}: relay over PUBLISH, latency p50"), relay.0[0] / bare.0[0], "×", latency);
    metrics.add(format!("{way}: relay over PUBLISH, latency p99"), relay.0[1] / bare.0[1], "×");
    metrics.add_target(format!("{way}: relay over PUBLISH, CPU of Redis"), relay.0[2] / bare.0[2], "×", redis);
}
