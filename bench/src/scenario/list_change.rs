//! One broadcast with 5,000 viewers, who send heartbeats. The publisher switches its audio; the time runs until the
//! last viewer has the new list.
//!
//! A room tells changes at most once per 100 ms: each is made after a quiet time, so that none waits for that.

use std::time::Duration;

use tokio::time::sleep;

use crate::crowd::{Crowd, Seating, join};
use crate::error::{Error, within};
use crate::finding::Findings;
use crate::process::{Load, Meter};
use crate::scenario::Lab;
use crate::signal::Member;
use crate::statistics::{largest, median};
use crate::wire::Connection;

const VIEWERS: usize = 5000;
/// Viewers that are let in between two heartbeats of the publisher.
const DOOR: usize = 1000;
/// Between two changes; well over the 100 ms of the room.
const QUIET: Duration = Duration::from_millis(600);
/// For one change to reach everyone.
const PATIENCE: Duration = Duration::from_secs(10);
/// Milliseconds until the last viewer knows.
const TARGET: f64 = 100.0;

/// The audience fills, then the publisher mutes and unmutes.
pub async fn run(lab: &Lab) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let server = lab.serve(&[]).await?;
    let publisher = Member { room_type: "p2m", room: "show".into(), user: "publisher".into() };
    let mut stage = join(server.address, 0, &publisher, true).await?;
    let mut crowd = Crowd::new(server.address, Seating::Audience(publisher.room.clone()));
    let viewers = lab.crowd(VIEWERS, &mut findings);
    for size in (0..viewers).step_by(DOOR).map(|seated| viewers.min(seated + DOOR)) {
        stage.send(&publisher.heartbeat(0)).await?;
        crowd.grow(size).await?;
    }
    sleep(QUIET).await;

    let (mut times, mut loads) = (Vec::new(), Vec::new());
    for round in 0..lab.pick(20, 6) {
        let meter = Meter::start(server.pid);
        let time = change(&mut stage, &publisher.update(round % 2 == 1), &crowd).await?;
        loads.push(meter.read());
        times.push(time.as_secs_f64() * 1e3);
        crowd.is_whole()?;
        sleep(QUIET).await;
    }
    drop(crowd);
    server.stop().await?;
    report(&times, &loads, viewers, &mut findings);
    Ok(findings)
}

async fn change(stage: &mut Connection, update: &[u8], crowd: &Crowd) -> Result<Duration, Error> {
    let seen = crowd.sight().lists(crowd.size());
    stage.send(update).await?;
    let time = within(PATIENCE, "a changed list", seen).await?;
    // The publisher is told as well.
    stage.read(|_| {}).await?;
    Ok(time)
}

fn report(times: &[f64], loads: &[Load], viewers: usize, findings: &mut Findings) {
    let millis = |part: fn(&Load) -> Duration| {
        median(&loads.iter().map(|load| part(load).as_secs_f64() * 1e3).collect::<Vec<_>>())
    };
    findings.heed(loads);
    findings.add("viewers", viewers as f64, "");
    findings.add_target("until the last viewer knows, median", median(times), "ms", TARGET);
    findings.add("until the last viewer knows, worst", largest(times), "ms");
    findings.add("server CPU per change", millis(|load| load.server), "ms");
    findings.add("generator CPU per change", millis(|load| load.generator), "ms");
}
