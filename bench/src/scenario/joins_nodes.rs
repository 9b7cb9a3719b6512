//! Members connect, upgrade and join calls of two whose members are on different nodes, 32 calls at a time, and stay;
//! beside it on a lone server without Redis. All processes share one core, so it is the processor time that tells.

use std::time::Duration;

use tokio::time::sleep;

use super::joins::lone;
use crate::error::Error;
use crate::load_clients::{LoadClients, Seating, Tokens};
use crate::metric::{Curve, Metrics};
use crate::nodes::{Cost, Nodes};
use crate::process::Load;
use crate::scenario::Harness;
use crate::statistics::median;

const MEMBERS: usize = 5000;
const NODES: [usize; 3] = [1, 2, 4];
/// The joins that one node may take, in multiples of those that several on the same core do.
const SLOWER: f64 = 1.25;
/// Time for which idle nodes are watched, which only renew their leases.
const IDLE: Duration = Duration::from_secs(4);

/// Every round has new servers; the figures are medians.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let members = harness.client_count(harness.pick(MEMBERS, MEMBERS / 5), &mut metrics);
    let turns = harness.pick(3, 1);
    let mut alone = Vec::new();
    for _ in 0..turns {
        alone.push(lone(harness, &[], members, &Tokens::default()).await?);
    }
    let middle = |value: &dyn Fn(&Load) -> f64| median(&alone.iter().map(value).collect::<Vec<_>>());
    metrics.add("without Redis: joins", middle(&|load| load.rate(members)), "/s");
    metrics.add("without Redis: server CPU per join", middle(&|load| load.server_micros_per(members)), "µs");
    let mut points = Vec::new();
    for count in NODES {
        let mut rounds = Vec::new();
        for turn in 0..turns {
            let Some(round) = together(harness, count, members, turn == 0, &mut metrics).await? else {
                return Ok(metrics);
            };
            rounds.push(round);
        }
        let middle = |value: &dyn Fn(&Cost) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
        let mut add = |what: &str, value: f64, unit| metrics.add(format!("{}: {what}", named(count)), value, unit);
        add("joins", middle(&|cost| cost.rate(members)), "/s");
        add("CPU of the nodes per join", middle(&|cost| Cost::micros_per(cost.nodes, members)), "µs");
        add("CPU of Redis per join", middle(&|cost| Cost::micros_per(cost.redis, members)), "µs");
        add("generator CPU", middle(&|cost| cost.percent(cost.generator)), "%");
        let rate = middle(&|cost| cost.rate(members));
        points.push((count as f64, rate));
        if count > 1 {
            let one = points[0].1;
            metrics.add_target(format!("{}: joins on one node over theirs", named(count)), one / rate, "×", SLOWER);
        }
    }
    metrics.curves.push(Curve { name: "joins on several nodes".into(), x: "nodes", y: "joins/s", points });
    Ok(metrics)
}

fn named(count: usize) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
}

/// With `looks`, what the members take in Redis and what idle nodes cost it are looked at, too.
async fn together(
    harness: &Harness,
    count: usize,
    members: usize,
    looks: bool,
    metrics: &mut Metrics,
) -> Result<Option<Cost>, Error> {
    let Some(nodes) = Nodes::start(harness, count, &[], metrics).await? else { return Ok(None) };
    let name = named(count);
    if looks {
        let gauge = nodes.gauge();
        sleep(IDLE).await;
        let cost = gauge.read();
        metrics.add(format!("{name}, idle: CPU of Redis"), cost.percent(cost.redis), "%");
    }
    let before = nodes.redis.info("memory", "used_memory").await?;
    let mut clients = LoadClients::over(&nodes.addresses(), Seating::Pairs);
    let gauge = nodes.gauge();
    clients.grow(members).await?;
    let cost = gauge.read();
    clients.is_whole()?;
    if looks {
        let after = nodes.redis.info("memory", "used_memory").await?;
        metrics.add(format!("{name}: memory of Redis per member"), (after - before) / members as f64, "B");
    }
    if looks && count == NODES[NODES.len() - 1] {
        for (kind, keys, bytes) in nodes.redis.memory().await? {
            let (keys, bytes) = (keys as f64 / members as f64, bytes / members as f64);
            metrics.note(format!("per member {keys:.2} keys of kind {kind:?}: {bytes:.0} B (MEMORY USAGE)"));
        }
    }
    clients.vanish().await;
    nodes.stop().await?;
    Ok(Some(cost))
}
