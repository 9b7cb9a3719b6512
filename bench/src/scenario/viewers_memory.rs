//! Memory of waiting: viewers beside the same connections idle, and streams beside their media.
//!
//! Idle connections have had the playlist once, as a viewer's has, so that its buffers are as large as they get.

use std::time::Duration;

use tokio::time::sleep;

use crate::error::Error;
use crate::live::{Clip, PART_BYTES, Streamer, Viewers, WINDOW};
use crate::metric::Metrics;
use crate::process::{quiet, resident};
use crate::scenario::Harness;

const VIEWERS: usize = 5000;
/// KiB of resident memory per waiting viewer above its idle connection.
const WAITING: f64 = 8.0;
const STREAMS: usize = 8;
/// Windows of media that each stream uploads: what is kept behind the playlist is full as well then.
const WINDOWS: u64 = 3;
/// Longer than the allocator keeps what is free.
const DECAY: Duration = Duration::from_secs(12);

/// One server for the viewers, one for the streams.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    viewers(harness, &mut metrics).await?;
    streams(harness, &mut metrics).await?;
    Ok(metrics)
}

async fn viewers(harness: &Harness, metrics: &mut Metrics) -> Result<(), Error> {
    let server = harness.serve(&["--heartbeat-timeout", "1h"]).await?;
    let clip = Clip::new(100);
    let mut streamer = Streamer::start(server.address, 0, harness.upload).await?;
    streamer.upload(&clip, WINDOW).await?;
    sleep(Duration::from_secs(1)).await;
    let empty = resident(server.pid);
    let count = harness.client_count(VIEWERS, metrics);
    let viewers = Viewers::open(server.address, count, &streamer.track().playlist(true)).await?;
    let idle = resident(server.pid);
    viewers.ask(streamer.track().reload(streamer.next())).await?;
    quiet(server.pid).await?;
    let (waiting, early) = (resident(server.pid), viewers.answered());
    streamer.upload(&clip, 1).await?;
    viewers.answers().await?;
    if early > 0 {
        return Err(Error::Http("a reload was answered before its part was there".into()));
    }
    quiet(server.pid).await?;
    let served = resident(server.pid);
    drop(viewers);
    server.stop().await?;

    let each = |memory: f64, before: f64| (memory - before) / count as f64;
    metrics.add("memory per idle connection", each(idle, empty), "KiB");
    let name = format!("memory per waiting viewer above it, {count} viewers");
    metrics.add_target(name, each(waiting, idle), "KiB", WAITING);
    metrics.add("memory per viewer when all were answered", each(served, empty), "KiB");
    Ok(())
}

async fn streams(harness: &Harness, metrics: &mut Metrics) -> Result<(), Error> {
    let server = harness.serve(&["--heartbeat-timeout", "1h"]).await?;
    let clip = Clip::new(PART_BYTES);
    let count = harness.pick(STREAMS, STREAMS / 2);
    let mut streamers = Vec::new();
    for number in 0..count {
        streamers.push(Streamer::start(server.address, number, harness.upload).await?);
    }
    sleep(Duration::from_secs(1)).await;
    let empty = resident(server.pid);
    for _ in 0..WINDOW * WINDOWS {
        for streamer in &mut streamers {
            streamer.upload(&clip, 1).await?;
        }
    }
    let each = |memory: f64| (memory - empty) / count as f64 / 1024.0;
    let full = each(resident(server.pid));
    sleep(DECAY).await;
    let rested = each(resident(server.pid));
    drop(streamers);
    server.stop().await?;

    let media = (WINDOW as usize * PART_BYTES) as f64 / f64::from(1 << 20);
    metrics.add("media in the window of a stream", media, "MiB");
    metrics.add(format!("memory per stream, of {count}"), full, "MiB");
    metrics.add("the same when the allocator has given back what is free", rested, "MiB");
    metrics.add("memory of a stream over the media in its window", rested / media, "×");
    Ok(())
}
