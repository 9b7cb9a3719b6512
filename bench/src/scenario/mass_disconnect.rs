//! 10,000 members of calls drop their connections at once, as when a network fails.
//!
//! Their rooms wait for them until the heartbeat timeout, 10 s by default, and the allocator keeps what is free for
//! up to 10 s more: memory is read 15 s after the drop, and 30 s after it, when both are over.

use std::time::Duration;

use tokio::time::sleep;

use crate::error::Error;
use crate::load_clients::{LoadClients, Seating};
use crate::metric::{Curve, Metrics};
use crate::process::{Meter, resident};
use crate::scenario::Harness;

const MEMBERS: usize = 10_000;
/// Percent of what the members took that may be held in the end.
const HELD: f64 = 10.0;

/// Memory is read once a second from before the members come.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let server = harness.serve(&[]).await?;
    sleep(Duration::from_secs(1)).await;
    let before = resident(server.pid);
    let mut clients = LoadClients::new(server.address, Seating::Pairs);
    clients.grow(harness.client_count(MEMBERS, &mut metrics)).await?;
    sleep(Duration::from_secs(4)).await;
    clients.is_whole()?;
    let (members, full) = (clients.size(), resident(server.pid));
    let meter = Meter::start(server.pid);
    clients.vanish().await;
    let mut memory = vec![full];
    for _ in 0..30 {
        sleep(Duration::from_secs(1)).await;
        memory.push(resident(server.pid));
    }
    let load = meter.read();
    server.stop().await?;

    metrics.heed([&load]);
    let held = |now: f64| (now - before) / (full - before) * 100.0;
    metrics.add("memory before", before / 1024.0, "MiB");
    metrics.add(format!("memory with {members} members"), full / 1024.0, "MiB");
    metrics.add("memory 15 s after the drop", memory[15] / 1024.0, "MiB");
    metrics.add("held of it 15 s after the drop", held(memory[15]), "%");
    metrics.add("memory 30 s after the drop", memory[30] / 1024.0, "MiB");
    metrics.add_target("held of it 30 s after the drop", held(memory[30]), "%", HELD);
    metrics.add("server CPU per dropped member", load.server_micros_per(members), "µs");
    let points = memory.iter().enumerate().map(|(second, memory)| (second as f64, memory / 1024.0)).collect();
    metrics.curves.push(Curve { name: "mass disconnect: resident memory".into(), x: "s", y: "MiB", points });
    Ok(metrics)
}
