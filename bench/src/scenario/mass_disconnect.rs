//! 10,000 members of calls drop their connections at once, as when a network fails.
//!
//! Their rooms wait for them until the heartbeat timeout, 10 s by default, and the allocator keeps what is free for
//! up to 10 s more: memory is read 15 s after the drop, and 30 s after it, when both are over.

use std::time::Duration;

use tokio::time::sleep;

use crate::crowd::{Crowd, Seating};
use crate::error::Error;
use crate::finding::{Curve, Findings};
use crate::process::{Meter, resident};
use crate::scenario::Lab;

const MEMBERS: usize = 10_000;
/// Percent of what the members took that may be held in the end.
const HELD: f64 = 10.0;

/// Memory is read once a second from before the members come.
pub async fn run(lab: &Lab) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let server = lab.serve(&[]).await?;
    sleep(Duration::from_secs(1)).await;
    let before = resident(server.pid);
    let mut crowd = Crowd::new(server.address, Seating::Pairs);
    crowd.grow(lab.crowd(MEMBERS, &mut findings)).await?;
    sleep(Duration::from_secs(4)).await;
    crowd.is_whole()?;
    let (members, full) = (crowd.size(), resident(server.pid));
    let meter = Meter::start(server.pid);
    crowd.vanish().await;
    let mut memory = vec![full];
    for _ in 0..30 {
        sleep(Duration::from_secs(1)).await;
        memory.push(resident(server.pid));
    }
    let load = meter.read();
    server.stop().await?;

    findings.heed([&load]);
    let held = |now: f64| (now - before) / (full - before) * 100.0;
    findings.add("memory before", before / 1024.0, "MiB");
    findings.add(format!("memory with {members} members"), full / 1024.0, "MiB");
    findings.add("memory 15 s after the drop", memory[15] / 1024.0, "MiB");
    findings.add("held of it 15 s after the drop", held(memory[15]), "%");
    findings.add("memory 30 s after the drop", memory[30] / 1024.0, "MiB");
    findings.add_target("held of it 30 s after the drop", held(memory[30]), "%", HELD);
    findings.add("server CPU per dropped member", load.server_micros_per(members), "µs");
    let points = memory.iter().enumerate().map(|(second, memory)| (second as f64, memory / 1024.0)).collect();
    findings.curves.push(Curve { name: "mass disconnect: resident memory".into(), x: "s", y: "MiB", points });
    Ok(findings)
}
