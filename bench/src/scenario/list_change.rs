//! One broadcast with 5,000 viewers, who send heartbeats. The publisher switches its audio; the time runs until the
//! last viewer has the new list.
//!
//! A room tells changes at most once per 100 ms: each is made after a quiet time, so that none waits for that.

use std::time::Duration;

use tokio::time::sleep;

use crate::error::{Error, within};
use crate::load_clients::{LoadClients, Seating, join};
use crate::metric::Metrics;
use crate::process::{Load, Meter};
use crate::scenario::Harness;
use crate::signal::SessionIdentity;
use crate::statistics::{largest, median};
use crate::wire::Connection;

const VIEWERS: usize = 5000;
/// Viewers that are let in between two heartbeats of the publisher.
const DOOR: usize = 1000;
/// Between two changes; well over the 100 ms of the room.
const QUIET: Duration = Duration::from_millis(600);
/// For one change to reach everyone.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Milliseconds until the last viewer knows.
const TARGET: f64 = 100.0;

/// The audience fills, then the publisher mutes and unmutes.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let server = harness.serve(&[]).await?;
    let publisher = SessionIdentity { room_type: "p2m", room: "show".into(), user: "publisher".into() };
    let mut stage = join(server.address, 0, &publisher, true).await?;
    let mut clients = LoadClients::new(server.address, Seating::Audience(publisher.room.clone()));
    let viewers = harness.client_count(VIEWERS, &mut metrics);
    for size in (0..viewers).step_by(DOOR).map(|seated| viewers.min(seated + DOOR)) {
        stage.send(&publisher.heartbeat(0)).await?;
        clients.grow(size).await?;
    }
    sleep(QUIET).await;

    let (mut times, mut loads) = (Vec::new(), Vec::new());
    for round in 0..harness.pick(20, 6) {
        let meter = Meter::start(server.pid);
        let time = change(&mut stage, &publisher.update(round % 2 == 1), &clients).await?;
        loads.push(meter.read());
        times.push(time.as_secs_f64() * 1e3);
        clients.is_whole()?;
        sleep(QUIET).await;
    }
    drop(clients);
    server.stop().await?;
    report(&times, &loads, viewers, &mut metrics);
    Ok(metrics)
}

async fn change(stage: &mut Connection, update: &[u8], clients: &LoadClients) -> Result<Duration, Error> {
    let seen = clients.sight().lists(clients.size());
    stage.send(update).await?;
    let time = within(TIMEOUT, "a changed list", seen).await?;
    // The publisher is told as well.
    stage.read(|_| {}).await?;
    Ok(time)
}

fn report(times: &[f64], loads: &[Load], viewers: usize, metrics: &mut Metrics) {
    let millis = |part: fn(&Load) -> Duration| {
        median(&loads.iter().map(|load| part(load).as_secs_f64() * 1e3).collect::<Vec<_>>())
    };
    metrics.heed(loads);
    metrics.add("viewers", viewers as f64, "");
    metrics.add_target("until the last viewer knows, median", median(times), "ms", TARGET);
    metrics.add("until the last viewer knows, worst", largest(times), "ms");
    metrics.add("server CPU per change", millis(|load| load.server), "ms");
    metrics.add("generator CPU per change", millis(|load| load.generator), "ms");
}
