//! Members of calls of two that only send heartbeats, every 3 s, spread evenly: 1,000 to 10,000 of them.
//!
//! Beside them as many connections whose heartbeats are merely echoed: what the machine wants for that many wake-ups,
//! whatever a room does with them.

use std::time::Duration;

use tokio::time::sleep;

use crate::crowd::{Crowd, Seating};
use crate::error::Error;
use crate::finding::{Curve, Findings};
use crate::process::{Load, Meter, Program, resident};
use crate::scenario::Lab;

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
pub async fn run(lab: &Lab) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let server = lab.serve(&[]).await?;
    sleep(Duration::from_secs(1)).await;
    let empty = resident(server.pid);
    let mut crowd = Crowd::new(server.address, Seating::Pairs);
    let mut stages = Vec::new();
    let most = lab.crowd(SIZES[SIZES.len() - 1], &mut findings);
    for size in SIZES.map(|size| size.min(most)) {
        crowd.grow(size).await?;
        // Every member has sent a heartbeat before it is measured.
        sleep(Duration::from_secs(4)).await;
        let meter = Meter::start(server.pid);
        sleep(lab.pick(Duration::from_secs(12), Duration::from_secs(6))).await;
        let (load, memory) = (meter.read(), (resident(server.pid) - empty) / size as f64);
        crowd.is_whole()?;
        stages.push(Stage { members: size, memory, load });
    }
    drop(crowd);
    server.stop().await?;
    report(&stages, empty, &mut findings);
    if let Some(load) = echoed(lab, most).await? {
        findings.heed([&load]);
        let last = stages.last().map_or(0.0, |stage| stage.load.server_percent());
        findings.add(format!("{most} connections, heartbeats only echoed: server CPU"), load.server_percent(), "%");
        findings.add_target("heartbeats over echoes, CPU", last / load.server_percent(), "×", BEATS);
    }
    Ok(findings)
}

/// The same traffic with the echo in place of rooms.
async fn echoed(lab: &Lab, connections: usize) -> Result<Option<Load>, Error> {
    let Some(path) = &lab.echo else { return Ok(None) };
    let program = Program::start(path, &["--listen", "127.0.0.1:0"], lab.cores).await?;
    let mut crowd = Crowd::new(program.address, Seating::Echoes);
    crowd.grow(connections).await?;
    sleep(Duration::from_secs(4)).await;
    let meter = Meter::start(program.pid);
    sleep(lab.pick(Duration::from_secs(12), Duration::from_secs(6))).await;
    let load = meter.read();
    crowd.is_whole()?;
    drop(crowd);
    program.stop().await?;
    Ok(Some(load))
}

fn report(stages: &[Stage], empty: f64, findings: &mut Findings) {
    let [first, .., last] = stages else { return };
    findings.heed(stages.iter().map(|stage| &stage.load));
    findings.add("memory without members", empty / 1024.0, "MiB");
    for Stage { members, memory, load } in &stages[..stages.len() - 1] {
        findings.add(format!("{members} members: memory per member"), *memory, "KiB");
        findings.add(format!("{members} members: server CPU"), load.server_percent(), "%");
    }
    let members = last.members;
    findings.add_target(format!("{members} members: memory per member"), last.memory, "KiB", MEMORY);
    findings.add_target(format!("{members} members: server CPU"), last.load.server_percent(), "%", PROCESSOR);
    findings.add(format!("{members} members: generator CPU"), last.load.generator_percent(), "%");
    let growth = |first: f64, last: f64| (last / first - 1.0) * 100.0;
    let name = |what: &str| format!("growth of {what} per member, {} to {members}", first.members);
    findings.add_target(name("CPU"), growth(first.micros(), last.micros()), "%", GROWTH);
    findings.add_target(name("memory"), growth(first.memory, last.memory), "%", GROWTH);
    let curve = |name: &str, y, value: &dyn Fn(&Stage) -> f64| Curve {
        name: name.into(),
        x: "members",
        y,
        points: stages.iter().map(|stage| (stage.members as f64, value(stage))).collect(),
    };
    findings.curves.push(curve("idle: server CPU per member and second", "µs", &Stage::micros));
    findings.curves.push(curve("idle: resident memory per member", "KiB", &|stage| stage.memory));
}
