//! 50 pairs in calls send 2 KB offers to each other, to and fro; beside it, in turns, 50 connections have the same
//! bytes echoed by a program with the same socket layer and no rooms. The cost above the echo is the price of a room.

pub mod lane;

use std::time::Duration;

use tokio::task::JoinSet;

use crate::error::Error;
use crate::metric::Metrics;
use crate::process::{Load, Meter, Program};
use crate::scenario::Harness;
use crate::statistics::{median, quantile};
use lane::Lane;

const LANES: usize = 50;
/// Messages in flight in each lane, and how many times the processor time of an echo a relay may cost.
const WINDOWS: [(usize, f64); 2] = [(1, 1.5), (16, 1.8)];

/// A program under load and its lanes.
struct Side {
    name: &'static str,
    program: Program,
    lanes: Vec<Lane>,
}

/// One turn of one side.
struct Round {
    messages: usize,
    load: Load,
    /// Microseconds.
    latencies: Vec<f64>,
}

/// Echo and relay take turns; the first turn of each warms up, the figures are medians of the others.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let (mut relay, mut echo) = (relay(harness).await?, echo(harness).await?);
    if echo.is_none() {
        metrics.note("the echo is missing, nothing stands beside the relay: build it with `cargo build --release -p roomcast-server --example echo`");
    }
    for (window, target) in WINDOWS {
        let (mut relayed, mut echoed) = (Vec::new(), Vec::new());
        for _ in 0..=harness.pick(7, 3) {
            if let Some(echo) = &mut echo {
                echoed.push(echo.round(window, harness).await?);
            }
            relayed.push(relay.round(window, harness).await?);
        }
        let cost = report(relay.name, window, &relayed[1..], &mut metrics);
        if let Some(echo) = &echo {
            let beside = report(echo.name, window, &echoed[1..], &mut metrics);
            metrics.add_target(format!("{window} in flight: relay over echo, CPU"), cost / beside, "×", target);
        }
    }
    for side in [Some(relay), echo].into_iter().flatten() {
        // A server may wait for its connections.
        drop(side.lanes);
        side.program.stop().await?;
    }
    Ok(metrics)
}

async fn relay(harness: &Harness) -> Result<Side, Error> {
    // Nobody sends heartbeats: they would be part of what is measured.
    let mut flags = vec!["--heartbeat-timeout", "1h"];
    if harness.limits_rate {
        flags.extend(["--rate-limit", "off"]);
    }
    let program = harness.serve(&flags).await?;
    let mut lanes = Vec::new();
    for number in 0..LANES {
        lanes.push(Lane::relay(program.address, program.address, number).await?);
    }
    Ok(Side { name: "relay", program, lanes })
}

async fn echo(harness: &Harness) -> Result<Option<Side>, Error> {
    let Some(path) = &harness.echo else { return Ok(None) };
    let program = Program::start(path, &["--listen", "127.0.0.1:0"], harness.cores).await?;
    let mut lanes = Vec::new();
    for number in 0..LANES {
        lanes.push(Lane::echo(program.address, number).await?);
    }
    Ok(Some(Side { name: "echo", program, lanes }))
}

impl Side {
    async fn round(&mut self, window: usize, harness: &Harness) -> Result<Round, Error> {
        let time = harness.pick(Duration::from_secs(2), Duration::from_secs(1));
        let meter = Meter::start(self.program.pid);
        let mut running = JoinSet::new();
        for lane in self.lanes.drain(..) {
            running.spawn(lane.run(window, time));
        }
        let mut latencies = Vec::new();
        while let Some(ended) = running.join_next().await {
            let (lane, measured) = ended.map_err(|_| Error::Task)??;
            self.lanes.push(lane);
            latencies.extend(measured);
        }
        Ok(Round { messages: latencies.len(), load: meter.read(), latencies })
    }
}

/// Adds the figures of one side and gives its processor time per message.
fn report(side: &str, window: usize, rounds: &[Round], metrics: &mut Metrics) -> f64 {
    metrics.heed(rounds.iter().map(|round| &round.load));
    let middle = |value: &dyn Fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    let cost = middle(&|round| round.load.server_micros_per(round.messages));
    let mut add =
        |what: &str, value: f64, unit| metrics.add(format!("{window} in flight: {side}, {what}"), value, unit);
    add("server CPU per message", cost, "µs");
    add("messages", middle(&|round| round.load.rate(round.messages)), "/s");
    add("latency p50", middle(&|round| quantile(&round.latencies, 0.5)), "µs");
    add("latency p99", middle(&|round| quantile(&round.latencies, 0.99)), "µs");
    add("server CPU", middle(&|round| round.load.server_percent()), "%");
    add("generator CPU", middle(&|round| round.load.generator_percent()), "%");
    cost
}
