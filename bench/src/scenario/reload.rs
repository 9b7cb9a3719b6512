//! Viewers wait for the next part of a broadcast, as Low-Latency HLS players do; the part is uploaded, and all are
//! answered. The time runs from the last byte of the upload, so that the server's reading of it counts.
//!
//! The next part is uploaded when the server has come to rest: all requests wait then, and nothing else is measured.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::live::{Clip, PART_BYTES, Requests, Streamer, Track, Viewers, WINDOW};
use crate::load_clients::Tokens;
use crate::metric::Metrics;
use crate::process::{Load, Meter, Program, quiet};
use crate::scenario::Harness;
use crate::statistics::{median, quantile};

/// Number of waiting viewers, number of parts, and number of parts in a first look.
const CROWDS: [(usize, usize, usize); 3] = [(1, 200, 40), (100, 100, 20), (5000, 15, 5)];
/// Milliseconds until a single viewer has its answer.
const ALONE: f64 = 2.0;
/// Milliseconds until the last of the largest number of viewers has its answer, and of processor time for all of them.
const ALL: f64 = 400.0;

/// One part.
pub(super) struct Round {
    /// Milliseconds until the first viewer has its answer, and until the last has.
    first: f64,
    last: f64,
    pub(super) load: Load,
}

/// Those who watch, and what they bring.
#[derive(Debug, Default)]
pub(super) struct Audience {
    pub count: usize,
    /// The streamer's access token.
    pub publisher: Option<String>,
    /// One access token after the other for the viewers; none where the server wants none.
    pub tokens: Tokens,
}

impl Audience {
    /// The requests of all viewers, given how one asks.
    fn requests(&self, track: &Track, ask: impl Fn(&Track) -> Vec<u8>) -> Requests {
        if self.tokens.is_empty() {
            return [ask(track)].into();
        }
        self.tokens.iter().map(|token| ask(&track.with_token(token))).collect()
    }
}

/// Each number of viewers has a server of its own, with a full window.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    for (wanted, whole, quick) in CROWDS {
        let count = if wanted == 1 { 1 } else { harness.client_count(wanted, &mut metrics) };
        let server = harness.serve(&["--heartbeat-timeout", "1h"]).await?;
        let audience = Audience { count, ..Audience::default() };
        let rounds = parts(harness, &server, &audience, harness.pick(whole, quick), &mut metrics).await?;
        server.stop().await?;
        report(count, &rounds, &mut metrics);
    }
    Ok(metrics)
}

/// Measures `rounds` parts with a streamer and viewers of their own.
pub(super) async fn parts(
    harness: &Harness,
    server: &Program,
    audience: &Audience,
    rounds: usize,
    metrics: &mut Metrics,
) -> Result<Vec<Round>, Error> {
    let (filling, clip) = (Clip::new(100), Clip::new(PART_BYTES));
    let (count, publisher) = (audience.count, audience.publisher.as_deref());
    let mut streamer = Streamer::start_with(server.address, 0, harness.upload, publisher).await?;
    streamer.upload(&filling, WINDOW).await?;
    let first = audience.requests(streamer.track(), |track| track.playlist(true));
    let viewers = Viewers::open_each(server.address, count, first).await?;
    let mut measured = Vec::new();
    // The first part warms up.
    for _ in 0..=rounds {
        let next = streamer.next();
        viewers.ask_each(audience.requests(streamer.track(), |track| track.reload(next))).await?;
        let upload = streamer.request(&clip);
        quiet(server.pid).await?;
        if viewers.answered() > 0 {
            return Err(Error::Http("a reload was answered before its part was there".into()));
        }
        let meter = Meter::start(server.pid);
        let sent = streamer.send(&upload).await?;
        let (answers, last) = viewers.answers().await?;
        let load = meter.read();
        streamer.answered().await?;
        let millis = |at: Option<&Instant>| at.map_or(0.0, |at| (*at - sent).as_secs_f64() * 1e3);
        measured.push(Round { first: millis(answers.first()), last: millis(answers.last()), load });
        if let (Some(answer), true) = (last, measured.len() == rounds) {
            let coding = if answer.gzip { "gzip" } else { "not compressed" };
            metrics.add(format!("{count} waiting: playlist as sent, {coding}"), answer.length as f64, "B");
        }
    }
    Ok(measured.split_off(1))
}

fn report(count: usize, rounds: &[Round], metrics: &mut Metrics) {
    metrics.heed(rounds.iter().map(|round| &round.load));
    let values = |value: &dyn Fn(&Round) -> f64| rounds.iter().map(value).collect::<Vec<_>>();
    let (first, last) = (values(&|round| round.first), values(&|round| round.last));
    let millis = |part: fn(&Load) -> Duration| median(&values(&|round| part(&round.load).as_secs_f64() * 1e3));
    let (server, generator) = (millis(|load| load.server), millis(|load| load.generator));
    let name = |what: &str| format!("{count} waiting: {what}");
    if count == 1 {
        metrics.add_target(name("part to answer p50"), median(&last), "ms", ALONE);
        metrics.add(name("part to answer p99"), quantile(&last, 0.99), "ms");
        metrics.add(name("server CPU per part"), server, "ms");
        return metrics.add(name("generator CPU per part"), generator, "ms");
    }
    metrics.add(name("part to first answer p50"), median(&first), "ms");
    metrics.add(name("part to first answer p99"), quantile(&first, 0.99), "ms");
    metrics.add(name("part to last answer p50"), median(&last), "ms");
    if count < CROWDS[CROWDS.len() - 1].0 {
        metrics.add(name("part to last answer p99"), quantile(&last, 0.99), "ms");
        metrics.add(name("server CPU per part"), server, "ms");
    } else {
        metrics.add_target(name("part to last answer p99"), quantile(&last, 0.99), "ms", ALL);
        metrics.add_target(name("server CPU per part"), server, "ms", ALL);
    }
    metrics.add(name("server CPU per answer"), server * 1e3 / count as f64, "µs");
    metrics.add(name("generator CPU per answer"), generator * 1e3 / count as f64, "µs");
    metrics.add(name("generator CPU"), median(&values(&|round| round.load.generator_percent())), "%");
}
