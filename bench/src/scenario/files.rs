//! Cost of a cached media object and of a plain media playlist, beside nginx with the same bytes as files: the same
//! generator, the same core, in turns. Requests per second of the server's processor time are compared; the number per
//! second of the clock depends on the generator.

mod nginx;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::error::Error;
use crate::http::{Http, get};
use crate::live::{Clip, PART_BYTES, Requests, Streamer, WINDOW};
use crate::metric::Metrics;
use crate::process::{Load, Meter};
use crate::scenario::Harness;
use crate::statistics::median;
use nginx::{COPIED, Nginx};

/// Connections with one request in flight each.
const CONNECTIONS: usize = 32;

/// Something that both serve.
struct Subject {
    name: &'static str,
    /// Request of a player to the server under test.
    request: Vec<u8>,
    /// The file that has the same.
    file: &'static str,
    gzip: bool,
    length: usize,
    /// Allowed CPU time as a multiple of nginx's.
    target: f64,
}

/// A server under load and the connections to it.
pub(super) struct Side {
    pid: u32,
    connections: Vec<Http>,
}

/// One turn of one side.
pub(super) struct Round {
    pub(super) requests: usize,
    pub(super) load: Load,
}

/// The window of the broadcast is full, so that the playlist is as long as it gets.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let server = harness.serve(&["--heartbeat-timeout", "1h"]).await?;
    let mut streamer = Streamer::start(server.address, 0, harness.upload).await?;
    streamer.upload(&Clip::new(PART_BYTES), WINDOW).await?;
    let nginx = match &harness.nginx {
        Some(program) => Some(Nginx::start(program, harness.cores).await?),
        None => {
            metrics.note("nginx is not installed, nothing stands beside the server: `scripts/tools.sh nginx`");
            None
        }
    };
    let mut subjects = Vec::new();
    for subject in subjects_of(&streamer) {
        subjects.extend(fetch(&server.address, nginx.as_ref(), subject, &mut metrics).await?);
    }
    let mut own = Side::open(server.address, server.pid).await?;
    let mut beside = match &nginx {
        Some(nginx) => Some((nginx.address(), Side::open(nginx.address(), nginx.pid()).await?)),
        None => None,
    };
    for subject in &subjects {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // The first turn of each warms up.
        for _ in 0..=harness.pick(5, 2) {
            ours.push(own.round(&[subject.request.clone()].into(), subject.length, harness).await?);
            if let Some((address, side)) = &mut beside {
                let request = get(*address, subject.file, subject.gzip);
                theirs.push(side.round(&[request].into(), subject.length, harness).await?);
            }
        }
        let cost = report(subject.name, "server", &ours[1..], &mut metrics);
        if !theirs.is_empty() {
            let name = format!("{}: CPU per request over nginx", subject.name);
            let nginx = report(subject.name, "nginx", &theirs[1..], &mut metrics);
            metrics.add_target(name, cost / nginx, "×", subject.target);
        }
    }
    if let (Some((address, side)), Some(media)) = (&mut beside, subjects.first()) {
        let mut copied = Vec::new();
        let request: Requests = [get(*address, &format!("{COPIED}{}", media.file), false)].into();
        for _ in 0..=harness.pick(5, 2) {
            copied.push(side.round(&request, media.length, harness).await?);
        }
        report("media", "nginx without sendfile", &copied[1..], &mut metrics);
    }
    drop((own, beside));
    if let Some(nginx) = nginx {
        nginx.stop().await?;
    }
    server.stop().await?;
    Ok(metrics)
}

fn subjects_of(streamer: &Streamer) -> [Subject; 3] {
    let (track, last) = (streamer.track(), streamer.next().before());
    let subject = |name, request, file, gzip, target| Subject { name, request, file, gzip, length: 0, target };
    [
        subject("media", track.object(last), "/part.m4s", false, 1.0),
        subject("playlist", track.playlist(false), "/playlist.m3u8", false, 2.0),
        subject("playlist, gzip", track.playlist(true), "/playlist.m3u8", true, 2.0),
    ]
}

/// Asks for it once, so that nginx has the very same bytes.
async fn fetch(
    server: &SocketAddr,
    nginx: Option<&Nginx>,
    subject: Subject,
    metrics: &mut Metrics,
) -> Result<Option<Subject>, Error> {
    let (answer, body) = Http::open(*server, 0).await?.fetch(&subject.request).await?;
    if subject.gzip && !answer.gzip {
        metrics.note("the server does not compress playlists: they are measured plain only");
        return Ok(None);
    }
    metrics.add(format!("{}: body", subject.name), body.len() as f64, "B");
    if let Some(nginx) = nginx {
        nginx.put(subject.file, subject.gzip, &body)?;
    }
    Ok(Some(Subject { length: body.len(), ..subject }))
}

impl Side {
    pub(super) async fn open(address: SocketAddr, pid: u32) -> Result<Self, Error> {
        let mut connections = Vec::new();
        for number in 0..CONNECTIONS {
            connections.push(Http::open(address, number).await?);
        }
        Ok(Self { pid, connections })
    }

    /// The connections take turns in the requests.
    pub(super) async fn round(
        &mut self,
        requests: &Requests,
        length: usize,
        harness: &Harness,
    ) -> Result<Round, Error> {
        let until = Instant::now() + harness.pick(Duration::from_millis(1000), Duration::from_millis(500));
        let meter = Meter::start(self.pid);
        let mut running = JoinSet::new();
        for (first, http) in self.connections.drain(..).enumerate() {
            running.spawn(ask(http, first, Requests::clone(requests), length, until));
        }
        let mut requests = 0;
        while let Some(ended) = running.join_next().await {
            let (http, answered) = ended.map_err(|_| Error::Task)??;
            self.connections.push(http);
            requests += answered;
        }
        Ok(Round { requests, load: meter.read() })
    }
}

/// One request after the other on one connection.
async fn ask(
    mut http: Http,
    first: usize,
    requests: Requests,
    length: usize,
    until: Instant,
) -> Result<(Http, usize), Error> {
    let mut answered = 0;
    while Instant::now() < until {
        http.send(&requests[(first + answered * CONNECTIONS) % requests.len()]).await?;
        let answer = http.receive().await?;
        if answer.length != length {
            return Err(Error::Http(format!("{} bytes where {length} were expected", answer.length)));
        }
        answered += 1;
    }
    Ok((http, answered))
}

/// Adds the figures of one side and gives its processor time per request.
fn report(subject: &str, side: &str, rounds: &[Round], metrics: &mut Metrics) -> f64 {
    metrics.heed(rounds.iter().map(|round| &round.load));
    let middle = |value: &dyn Fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    let cost = middle(&|round| round.load.server_micros_per(round.requests));
    let mut add = |what: &str, value: f64, unit| metrics.add(format!("{subject}: {side}, {what}"), value, unit);
    add("requests per CPU second", 1e6 / cost, "");
    add("requests per second", middle(&|round| round.load.rate(round.requests)), "/s");
    add("generator CPU", middle(&|round| round.load.generator_percent()), "%");
    cost
}
