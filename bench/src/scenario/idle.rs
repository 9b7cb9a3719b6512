//! Members of calls of two that only send heartbeats, every 3 s, spread evenly: 1,000 to 10,000 of them.
//!
//! Beside them as many connections whose heartbeats are merely echoed: what the machine wants for that many wake-ups,
//! whatever a room does with them.

use std::time::Duration;

use tokio::time::sleep;

use crate::error::Error;
use crate::load_clients::{LoadClients, Seating};
use crate::metric::{Curve, Metrics};
use crate::process::{Load, Meter, Program, resident};
use crate::scenario::Harness;

const SIZES: [usize; 4] = [1000, 2000, 5000, 10_000];
/// KiB of resident memory per member.
const MEMORY: f64 = 16.0;
/// Percent of one core for the largest number of members.
const PROCESSOR: f64 = 6.0;
/// Percent that a member may cost more among the most than among the fewest.
const GROWTH: f64 = 20.0;
/// The CPU that a heartbeat may take, in multiples of an echo's.
const BEATS: f64 = 1.3;

/// One number of members.
struct Stage {
    members: usize,
    /// KiB per member above a server without members.
    memory: f64,
    load: Load,
}

impl Stage {
    fn micros(&self) -> f64 {
        self.load.server_micros_per(self.members) / self.load.wall.as_secs_f64()
    }
}

/// All stages with one server, which only grows.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let server = harness.serve(&[]).await?;
    sleep(Duration::from_secs(1)).await;
    let empty = resident(server.pid);
    let mut clients = LoadClients::new(server.address, Seating::Pairs);
    let mut stages = Vec::new();
    let most = harness.client_count(SIZES[SIZES.len() - 1], &mut metrics);
    for size in SIZES.map(|size| size.min(most)) {
        clients.grow(size).await?;
        // Every member has sent a heartbeat before it is measured.
        sleep(Duration::from_secs(4)).await;
        let meter = Meter::start(server.pid);
        sleep(harness.pick(Duration::from_secs(12), Duration::from_secs(6))).await;
        let (load, memory) = (meter.read(), (resident(server.pid) - empty) / size as f64);
        clients.is_whole()?;
        stages.push(Stage { members: size, memory, load });
    }
    drop(clients);
    server.stop().await?;
    report(&stages, empty, &mut metrics);
    if let Some(load) = echoed(harness, most).await? {
        metrics.heed([&load]);
        let last = stages.last().map_or(0.0, |stage| stage.load.server_percent());
        metrics.add(format!("{most} connections, heartbeats only echoed: server CPU"), load.server_percent(), "%");
        metrics.add_target("heartbeats over echoes, CPU", last / load.server_percent(), "×", BEATS);
    }
    Ok(metrics)
}

/// The same traffic with the echo in place of rooms.
async fn echoed(harness: &Harness, connections: usize) -> Result<Option<Load>, Error> {
    let Some(path) = &harness.echo else { return Ok(None) };
    let program = Program::start(path, &["--listen", "127.0.0.1:0"], harness.cores).await?;
    let mut clients = LoadClients::new(program.address, Seating::Echoes);
    clients.grow(connections).await?;
    sleep(Duration::from_secs(4)).await;
    let meter = Meter::start(program.pid);
    sleep(harness.pick(Duration::from_secs(12), Duration::from_secs(6))).await;
    let load = meter.read();
    clients.is_whole()?;
    drop(clients);
    program.stop().await?;
    Ok(Some(load))
}

fn report(stages: &[Stage], empty: f64, metrics: &mut Metrics) {
    let [first, .., last] = stages else { return };
    metrics.heed(stages.iter().map(|stage| &stage.load));
    metrics.add("memory without members", empty / 1024.0, "MiB");
    for Stage { members, memory, load } in &stages[..stages.len() - 1] {
        metrics.add(format!("{members} members: memory per member"), *memory, "KiB");
        metrics.add(format!("{members} members: server CPU"), load.server_percent(), "%");
    }
    let members = last.members;
    metrics.add_target(format!("{members} members: memory per member"), last.memory, "KiB", MEMORY);
    metrics.add_target(format!("{members} members: server CPU"), last.load.server_percent(), "%", PROCESSOR);
    metrics.add(format!("{members} members: generator CPU"), last.load.generator_percent(), "%");
    let growth = |first: f64, last: f64| (last / first - 1.0) * 100.0;
    let name = |what: &str| format!("growth of {what} per member, {} to {members}", first.members);
    metrics.add_target(name("CPU"), growth(first.micros(), last.micros()), "%", GROWTH);
    metrics.add_target(name("memory"), growth(first.memory, last.memory), "%", GROWTH);
    let curve = |name: &str, y, value: &dyn Fn(&Stage) -> f64| Curve {
        name: name.into(),
        x: "members",
        y,
        points: stages.iter().map(|stage| (stage.members as f64, value(stage))).collect(),
    };
    metrics.curves.push(curve("idle: server CPU per member and second", "µs", &Stage::micros));
    metrics.curves.push(curve("idle: resident memory per member", "KiB", &|stage| stage.memory));
}
