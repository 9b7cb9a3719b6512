//! A viewer of one node waits for the next part of a broadcast that is uploaded to another; beside it, in turns, a
//! viewer of the node that gets the upload. The time runs from the last byte of the upload, as in `reload`.

use std::net::SocketAddr;
use std::time::Instant;

use crate::error::Error;
use crate::live::{Clip, PART_BYTES, Streamer, Track, Viewers, WINDOW};
use crate::metric::Metrics;
use crate::nodes::{Cost, Nodes};
use crate::process::quiet;
use crate::scenario::Harness;
use crate::statistics::{median, quantile};

/// Milliseconds from the upload on one node until a viewer of another has its answer.
const ELSEWHERE: f64 = 5.0;

/// One viewer, and what was measured of it.
struct Side {
    viewers: Viewers,
    track: Track,
    /// Milliseconds, and what it cost.
    rounds: Vec<(f64, Cost)>,
}

/// The first part of each warms up.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let flags = ["--heartbeat-timeout", "1h"];
    let Some(nodes) = Nodes::start(harness, 2, &flags, &mut metrics).await? else { return Ok(metrics) };
    let [here, there] = [nodes.nodes[0].address, nodes.nodes[1].address];
    let before = nodes.redis.info("memory", "used_memory").await?;
    let clip = Clip::new(PART_BYTES);
    let mut streamer = Streamer::start(here, 0, harness.upload).await?;
    streamer.upload(&clip, WINDOW).await?;
    let full = nodes.redis.info("memory", "used_memory").await?;
    let mut sides = [Side::open(here).await?, Side::open(there).await?];
    for _ in 0..=harness.pick(200, 40) {
        for side in &mut sides {
            side.round(&nodes, &mut streamer, &clip).await?;
        }
    }
    for (name, side) in ["the upload's node", "another node"].into_iter().zip(&sides) {
        let times: Vec<f64> = side.rounds[1..].iter().map(|round| round.0).collect();
        let each =
            |part: fn(&Cost) -> f64| median(&side.rounds[1..].iter().map(|round| part(&round.1)).collect::<Vec<_>>());
        let name = |what: &str| format!("viewer on {name}: {what}");
        let target = if name("").contains("another") { Some(ELSEWHERE) } else { None };
        match target {
            Some(most) => metrics.add_target(name("part to answer p50"), median(&times), "ms", most),
            None => metrics.add(name("part to answer p50"), median(&times), "ms"),
        }
        metrics.add(name("part to answer p99"), quantile(&times, 0.99), "ms");
        metrics.add(name("CPU of both nodes per part"), each(|cost| cost.nodes.as_secs_f64() * 1e3), "ms");
        metrics.add(name("CPU of Redis per part"), each(|cost| cost.redis.as_secs_f64() * 1e3), "ms");
    }
    let media = (WINDOW as usize * PART_BYTES) as f64;
    metrics.add("memory of Redis for the first window of a stream", (full - before) / 1024.0 / 1024.0, "MiB");
    metrics.add("the same over its media", (full - before) / media, "×");
    drop((sides, streamer));
    nodes.stop().await?;
    Ok(metrics)
}

impl Side {
    async fn open(server: SocketAddr) -> Result<Self, Error> {
        let track = Track::new(server, "live-0");
        let viewers = Viewers::open(server, 1, &track.playlist(true)).await?;
        Ok(Self { viewers, track, rounds: Vec::new() })
    }

    async fn round(&mut self, nodes: &Nodes, streamer: &mut Streamer, clip: &Clip) -> Result<(), Error> {
        self.viewers.ask(self.track.reload(streamer.next())).await?;
        let upload = streamer.request(clip);
        for node in &nodes.nodes {
            quiet(node.pid).await?;
        }
        if self.viewers.answered() > 0 {
            return Err(Error::Http("a reload was answered before its part was there".into()));
        }
        let gauge = nodes.gauge();
        let sent = streamer.send(&upload).await?;
        let (answers, _) = self.viewers.answers().await?;
        streamer.answered().await?;
        let last: Option<&Instant> = answers.last();
        let millis = last.map_or(0.0, |at| (*at - sent).as_secs_f64() * 1e3);
        self.rounds.push((millis, gauge.read()));
        Ok(())
    }
}
