//! Many broadcasts at once, each with a part three times a second and a few viewers who wait for the next one.
//! Parts come evenly spread over the time, as those of streamers who know nothing of each other.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, sleep, sleep_until};

use crate::error::Error;
use crate::http::Http;
use crate::live::{Clip, Form, PART_BYTES, PART_MICROS, PartPosition, Streamer, Track, WINDOW};
use crate::metric::Metrics;
use crate::process::{Load, Meter};
use crate::scenario::Harness;
use crate::statistics::{median, quantile};

const STREAMS: usize = 50;
const VIEWERS: usize = 3;

/// Measurements of one stream, or of all; times in milliseconds.
#[derive(Debug, Default)]
struct Told {
    sent: Vec<std::time::Instant>,
    uploads: Vec<f64>,
    reloads: Vec<f64>,
}

/// Times when a stream sends its first part and its last.
#[derive(Debug, Clone, Copy)]
struct Time {
    first: Instant,
    until: Instant,
}

/// Streams begin with a full list of small parts, and go on with large ones.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let server = harness.serve(&["--heartbeat-timeout", "1h"]).await?;
    let (filling, clip) = (Arc::new(Clip::new(100)), Arc::new(Clip::new(PART_BYTES)));
    let mut starting = JoinSet::new();
    for number in 0..STREAMS {
        starting.spawn(start(server.address, number, harness.upload, Arc::clone(&filling)));
    }
    let mut streamers = Vec::new();
    while let Some(started) = starting.join_next().await {
        streamers.push(started.map_err(|_| Error::Task)??);
    }
    let (mut running, interval) = (JoinSet::new(), Duration::from_micros(PART_MICROS));
    let began = Instant::now() + interval;
    let until = began + harness.pick(Duration::from_secs(25), Duration::from_secs(6));
    for (number, streamer) in streamers.into_iter().enumerate() {
        let time = Time { first: began + interval.mul_f64(number as f64 / STREAMS as f64), until };
        running.spawn(broadcast(server.address, streamer, Arc::clone(&clip), time));
    }
    sleep_until(began).await;
    let meter = Meter::start(server.pid);
    sleep_until(until).await;
    let load = meter.read();
    let mut all = Told::default();
    while let Some(ended) = running.join_next().await {
        let ended = ended.map_err(|_| Error::Task)??;
        all.uploads.extend(ended.uploads);
        all.reloads.extend(ended.reloads);
    }
    server.stop().await?;
    let mut metrics = Metrics::default();
    report(&all, &load, &mut metrics);
    Ok(metrics)
}

/// All at the same time: a server keeps an idle connection for a few seconds only.
async fn start(server: SocketAddr, number: usize, form: Form, filling: Arc<Clip>) -> Result<Streamer, Error> {
    let mut streamer = Streamer::start(server, number, form).await?;
    streamer.upload(&filling, WINDOW).await?;
    Ok(streamer)
}

/// One stream with its viewers.
async fn broadcast(
    server: SocketAddr,
    mut streamer: Streamer,
    clip: Arc<Clip>,
    Time { first, until }: Time,
) -> Result<Told, Error> {
    let (told, mut viewers) = (Arc::<Mutex<Told>>::default(), JoinSet::new());
    for number in 0..VIEWERS {
        let http = Http::open(server, number).await?;
        viewers.spawn(view(http, streamer.track().clone(), streamer.next(), Arc::clone(&told)));
    }
    let interval = Duration::from_micros(PART_MICROS);
    let mut beat = interval_at(first, interval);
    while Instant::now() < until {
        tokio::select! {
            _ = beat.tick() => {}
            Some(ended) = viewers.join_next() => ended.map_err(|_| Error::Task)??,
        }
        let upload = streamer.request(&clip);
        let sent = streamer.send(&upload).await?;
        see(&told, |told| told.sent.push(sent));
        streamer.answered().await?;
        see(&told, |told| told.uploads.push(sent.elapsed().as_secs_f64() * 1e3));
    }
    // The last part reaches its viewers.
    sleep(interval).await;
    if let Some(ended) = viewers.try_join_next() {
        ended.map_err(|_| Error::Task)??;
    }
    let told = see(&told, std::mem::take);
    match (told.uploads.len() * VIEWERS).saturating_sub(told.reloads.len()) {
        0 => Ok(told),
        missing => Err(Error::Http(format!("{missing} reloads of a stream were not answered"))),
    }
}

/// A viewer asks for one part after the other and ends with an error only.
async fn view(mut http: Http, track: Track, mut next: PartPosition, told: Arc<Mutex<Told>>) -> Result<(), Error> {
    for number in 0.. {
        http.send(&track.reload(next)).await?;
        http.receive().await?;
        next = next.next();
        let now = std::time::Instant::now();
        see(&told, |told| {
            let early = || Error::Http("a reload was answered before its part was there".into());
            let sent = told.sent.get(number).ok_or_else(early)?;
            told.reloads.push((now - *sent).as_secs_f64() * 1e3);
            Ok(())
        })?;
    }
    Ok(())
}

fn see<T>(told: &Mutex<Told>, what: impl FnOnce(&mut Told) -> T) -> T {
    what(&mut told.lock().unwrap_or_else(PoisonError::into_inner))
}

fn report(all: &Told, load: &Load, metrics: &mut Metrics) {
    metrics.heed([load]);
    metrics.add("streams", STREAMS as f64, "");
    metrics.add("viewers of each", VIEWERS as f64, "");
    metrics.add("parts", load.rate(all.uploads.len()), "/s");
    metrics.add("media taken", load.rate(all.uploads.len() * PART_BYTES) * 8.0 / 1e6, "Mbit/s");
    metrics.add("server CPU", load.server_percent(), "%");
    metrics.add("server CPU per part with its reloads", load.server_micros_per(all.uploads.len()), "µs");
    metrics.add("generator CPU", load.generator_percent(), "%");
    metrics.add("upload to its answer p50", median(&all.uploads), "ms");
    metrics.add("upload to its answer p99", quantile(&all.uploads, 0.99), "ms");
    metrics.add("part to reload p50", median(&all.reloads), "ms");
    metrics.add("part to reload p99", quantile(&all.reloads, 0.99), "ms");
    metrics.add("reloads answered", all.reloads.len() as f64, "");
}
