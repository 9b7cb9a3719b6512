//! 100 connections create a room, leave it, and create the next: 1,000 rooms a second, for a minute.
//!
//! Memory is flat when its median in the last quarter is at most 2 % over that of the quarter before.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, interval_at};

use crate::error::Error;
use crate::load_clients::{enter, source};
use crate::metric::{Curve, Metrics};
use crate::process::{Load, Meter, resident};
use crate::scenario::Harness;
use crate::signal::SessionIdentity;
use crate::statistics::median;
use crate::wire::Connection;

const CONNECTIONS: usize = 100;
/// Between two rooms of one connection.
const PACE: Duration = Duration::from_millis(100);
const SAMPLE: Duration = Duration::from_millis(500);
/// Percent by which the last quarter may be over the one before.
const TARGET: f64 = 2.0;

/// Rooms come and go while memory is read twice a second.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let server = harness.serve(&[]).await?;
    let rooms = Arc::new(AtomicUsize::new(0));
    let mut visitors = JoinSet::new();
    for number in 0..CONNECTIONS {
        visitors.spawn(visit(server.address, number, Arc::clone(&rooms)));
    }
    let samples = harness.pick(60, 20) * 2;
    let (meter, mut ticks) = (Meter::start(server.pid), interval(SAMPLE));
    let mut memory = Vec::with_capacity(samples);
    while memory.len() < samples {
        tokio::select! {
            _ = ticks.tick() => memory.push(resident(server.pid) / 1024.0),
            Some(ended) = visitors.join_next() => ended.map_err(|_| Error::Task)??,
        }
    }
    let load = meter.read();
    drop(visitors);
    server.stop().await?;
    report(&memory, load, rooms.load(Ordering::Relaxed), &mut metrics);
    Ok(metrics)
}

async fn visit(server: SocketAddr, number: usize, rooms: Arc<AtomicUsize>) -> Result<(), Error> {
    let mut connection = Connection::open(server, source(number), "/ws").await?;
    let offset = PACE.mul_f64(number as f64 / CONNECTIONS as f64);
    let mut pace = interval_at(Instant::now() + offset, PACE);
    for visit in 0_usize.. {
        pace.tick().await;
        let member = SessionIdentity { room_type: "p2p", room: format!("room-{number}-{visit}"), user: "a".into() };
        enter(&mut connection, &member, true).await?;
        connection.send(&member.leave()).await?;
        rooms.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn report(memory: &[f64], load: Load, rooms: usize, metrics: &mut Metrics) {
    metrics.heed([&load]);
    let (quarter, half) = (memory.len() / 4, memory.len() / 2);
    let third = median(&memory[half..half + quarter]);
    let last = median(&memory[half + quarter..]);
    metrics.add("rooms created and left", load.rate(rooms), "/s");
    metrics.add("memory at the start", memory[0], "MiB");
    metrics.add("memory in the middle", memory[half], "MiB");
    metrics.add("memory at the end", memory[memory.len() - 1], "MiB");
    metrics.add_target(
        "growth of memory from the third quarter to the last",
        (last / third - 1.0) * 100.0,
        "%",
        TARGET,
    );
    metrics.add("server CPU per room", load.server_micros_per(rooms), "µs");
    metrics.add("server CPU", load.server_percent(), "%");
    metrics.add("generator CPU", load.generator_percent(), "%");
    let points = memory.iter().enumerate().map(|(place, memory)| (place as f64 * SAMPLE.as_secs_f64(), *memory));
    let name = "churn: resident memory".into();
    metrics.curves.push(Curve { name, x: "s", y: "MiB", points: points.collect() });
}
