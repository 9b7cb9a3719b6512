//! 10,000 bad tokens a second beside calls that relay: connections that are kept ask for a playlist, each time with
//! another token whose signature does not fit. In turns with it, as many requests a second on the same connections for
//! an address that is not there.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::access::pairs::{Pairs, Who};
use super::relay::lane::Lane;
use crate::error::Error;
use crate::http::{Http, get};
use crate::live::Requests;
use crate::metric::Metrics;
use crate::process::{Load, Meter};
use crate::scenario::Harness;
use crate::statistics::{median, quantile};
use crate::token::{SECRET, Signer, spoilt};

/// Calls with one offer in flight each.
const LANES: usize = 50;
/// Connections of the flood, and the requests of all in a second.
const CONNECTIONS: usize = 100;
const RATE: usize = 10_000;
/// Different bad tokens.
const TOKENS: usize = 5000;
/// Times the p99 beside 404s that the p99 beside bad tokens may be.
const LIMIT: f64 = 1.2;
/// Percent of [`RATE`] that must have come, so that turns compare.
const ENOUGH: f64 = 95.0;

/// Connections that ask at a steady rate for what they are refused.
struct Flood {
    requests: Requests,
    connections: Vec<Http>,
}

/// The relays of one turn, beside a flood.
struct Turn {
    /// Microseconds of 99 of 100 relays at most.
    p99: f64,
    refused: usize,
    load: Load,
}

/// One server; all floods take turns on it.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let mut flags = vec!["--heartbeat-timeout", "1h", "--auth-secret", SECRET];
    if harness.limits_rate {
        flags.extend(["--rate-limit", "off"]);
    }
    let (server, signer) = (harness.serve(&flags).await?, Signer::hs256());
    let mut lanes = Vec::new();
    for number in 0..LANES {
        let room = format!("call-{number}");
        let tokens = [signer.token("a", &room, number)?, signer.token("b", &room, number)?];
        lanes.push(Lane::with_tokens(server.address, number, &tokens).await?);
    }
    let path = |token: &str| get(server.address, &format!("/live/@{token}/none/main/v0/playlist.m3u8"), false);
    let tokens = (0..TOKENS).map(|number| signer.token("viewer", "none", number)).collect::<Result<Vec<_>, _>>()?;
    let missing = tokens.iter().map(|token| path(token)).collect::<Requests>();
    let bad = tokens.iter().map(|token| path(&spoilt(token))).collect::<Requests>();
    let mut floods = [
        Flood::open(server.address, Requests::clone(&missing), 404).await?,
        Flood::open(server.address, missing, 404).await?,
        Flood::open(server.address, bad, 401).await?,
    ];
    let (mut pairs, mut turns) = (Pairs::default(), Vec::new());
    // The first turn of each warms up.
    for (number, who) in Who::turns(1 + harness.pick(15, 9)).enumerate() {
        let turn = floods[who as usize].turn(&mut lanes, server.pid, harness).await?;
        if number >= Who::ALL.len() {
            pairs.note(who, turn.p99);
            turns.push(turn);
        }
    }
    report(&pairs, &turns, &mut metrics);
    drop((lanes, floods));
    server.stop().await?;
    Ok(metrics)
}

fn report(pairs: &Pairs, turns: &[Turn], metrics: &mut Metrics) {
    metrics.heed(turns.iter().map(|turn| &turn.load));
    let rates: Vec<_> = turns.iter().map(|turn| turn.load.rate(turn.refused)).collect();
    metrics.add("refused requests", median(&rates), "/s");
    let least = quantile(&rates, 0.0);
    if least < RATE as f64 * ENOUGH / 100.0 {
        metrics.note(format!("only {least:.0} requests a second were answered in one of the turns"));
    }
    metrics.add("relay p99 beside 404s", pairs.middle(Who::Open), "µs");
    metrics.add("relay p99 beside bad tokens", pairs.middle(Who::Keyed), "µs");
    pairs.compare("relay p99 beside 404s and another flood", LIMIT, metrics);
}

impl Flood {
    async fn open(server: SocketAddr, requests: Requests, status: u16) -> Result<Self, Error> {
        let mut connections = Vec::new();
        for number in 0..CONNECTIONS {
            let mut http = Http::open(server, number).await?.expecting(status);
            http.fetch(&requests[number]).await?;
            connections.push(http);
        }
        Ok(Self { requests, connections })
    }

    async fn turn(&mut self, lanes: &mut Vec<Lane>, pid: u32, harness: &Harness) -> Result<Turn, Error> {
        let time = harness.pick(Duration::from_millis(1500), Duration::from_millis(800));
        let (mut asking, mut relaying) = (JoinSet::new(), JoinSet::new());
        let (begin, meter) = (Instant::now(), Meter::start(pid));
        for (number, http) in self.connections.drain(..).enumerate() {
            asking.spawn(ask(http, number, Requests::clone(&self.requests), begin, time));
        }
        for lane in lanes.drain(..) {
            relaying.spawn(lane.run(1, time));
        }
        let (mut latencies, mut refused) = (Vec::new(), 0);
        while let Some(ended) = relaying.join_next().await {
            let (lane, measured) = ended.map_err(|_| Error::Task)??;
            lanes.push(lane);
            latencies.extend(measured);
        }
        while let Some(ended) = asking.join_next().await {
            let (http, answered) = ended.map_err(|_| Error::Task)??;
            self.connections.push(http);
            refused += answered;
        }
        Ok(Turn { p99: quantile(&latencies, 0.99), refused, load: meter.read() })
    }
}

/// One request after the other at the pace of one of the connections, all of which are spread evenly. An answer that is
/// late delays no more than it must: what was due meanwhile follows at once.
async fn ask(
    mut http: Http,
    number: usize,
    requests: Requests,
    begin: Instant,
    time: Duration,
) -> Result<(Http, usize), Error> {
    let pace = Duration::from_secs(1) * CONNECTIONS as u32 / RATE as u32;
    let mut ticks = interval_at(begin + pace * number as u32 / CONNECTIONS as u32, pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut answered = 0;
    while begin.elapsed() < time {
        ticks.tick().await;
        http.send(&requests[(number + answered * CONNECTIONS) % requests.len()]).await?;
        http.receive().await?;
        answered += 1;
    }
    Ok((http, answered))
}
