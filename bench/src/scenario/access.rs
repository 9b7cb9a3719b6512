//! Cost of access tokens: the same load on an open server and, in turns with it, on one with a key, where each of 5,000
//! clients brings a token of its own. A second open server takes its turns too: the distance of its figures from those
//! of the first is the uncertainty of the comparison.

pub(super) mod pairs;

use std::net::SocketAddr;
use std::sync::Arc;

use super::files::Side;
use super::joins::lone;
use super::reload::{Audience, parts};
use super::{Harness, Program};
use crate::error::{Error, attempt};
use crate::http::Http;
use crate::live::{Clip, PART_BYTES, Requests, Streamer, Track, WINDOW};
use crate::load_clients::Tokens;
use crate::metric::Metrics;
use crate::statistics::median;
use crate::token::{AUDIENCE, SECRET, Signer};
use pairs::{Pairs, Who};

/// Clients, each with a token of its own.
const CLIENTS: usize = 5000;
/// Turns of each server, and in a first look.
const TURNS: (usize, usize) = (9, 3);
/// Parts that all viewers wait for in one turn.
const PARTS: usize = 3;
/// The room of the broadcast, as [`Streamer`] names it.
const ROOM: &str = "live-0";
/// Nobody sends heartbeats to servers of broadcasts.
const QUIET: [&str; 2] = ["--heartbeat-timeout", "1h"];
const KEYED: [&str; 2] = ["--auth-secret", SECRET];

/// Joins, reloads and files, each on servers of their own.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let clients = harness.client_count(CLIENTS, &mut metrics);
    let signer = Signer::hs256();
    joins(harness, &signer, clients, &mut metrics).await?;
    for signer in [Signer::rs256()?, Signer::es256()?] {
        public_key(harness, &signer, clients, &mut metrics).await?;
    }
    let viewers = (0..CLIENTS).map(|number| signer.token("viewer", ROOM, number)).collect::<Result<Tokens, _>>()?;
    let publisher = signer.token("streamer", ROOM, CLIENTS)?;
    metrics.add("a token", viewers[0].len() as f64, "B");
    reload(
        harness,
        &Audience { count: clients, publisher: Some(publisher.clone()), tokens: Arc::clone(&viewers) },
        &mut metrics,
    )
    .await?;
    files(harness, &publisher, &viewers, &mut metrics).await?;
    Ok(metrics)
}

/// The tokens of members of calls, in the order in which `LoadClients` joins them.
fn of_members(signer: &Signer, members: usize) -> Result<Tokens, Error> {
    let user = |number: usize| if number.is_multiple_of(2) { "a" } else { "b" };
    (0..members).map(|number| signer.token(user(number), &format!("call-{}", number / 2), number)).collect()
}

async fn joins(harness: &Harness, signer: &Signer, members: usize, metrics: &mut Metrics) -> Result<(), Error> {
    let (tokens, mut pairs) = (of_members(signer, members)?, Pairs::default());
    for who in Who::turns(harness.pick(TURNS.0, TURNS.1)) {
        let load = match who {
            Who::Keyed => lone(harness, &KEYED, members, &tokens).await?,
            Who::Open | Who::Twin => lone(harness, &[], members, &Tokens::default()).await?,
        };
        pairs.note(who, load.server_micros_per(members));
        metrics.heed([&load]);
    }
    pairs.report("joins, HS256", metrics);
    Ok(())
}

/// Joins whose tokens are signed with a key of which the server has the public half. The bound for signatures in a
/// second would refuse most of them.
async fn public_key(harness: &Harness, signer: &Signer, members: usize, metrics: &mut Metrics) -> Result<(), Error> {
    let file = std::env::temp_dir().join(format!("roomcast-bench-{}.jwks", std::process::id()));
    attempt("write the key set", std::fs::write(&file, signer.key_set().to_string()))?;
    let (path, tokens) = (file.to_string_lossy().into_owned(), of_members(signer, members)?);
    let flags = ["--auth-jwks", &path, "--auth-audience", AUDIENCE, "--auth-max-checks", "1000000"];
    let mut costs = Vec::new();
    for _ in 0..harness.pick(5, 3) {
        let load = lone(harness, &flags, members, &tokens).await?;
        costs.push(load.server_micros_per(members));
        metrics.heed([&load]);
    }
    attempt("remove the key set", std::fs::remove_file(&file))?;
    metrics.add(format!("joins, {}: server CPU", signer.name()), median(&costs), "µs");
    Ok(())
}

/// A server that is open, or has a key.
async fn serve(harness: &Harness, who: Who) -> Result<Program, Error> {
    match who {
        Who::Keyed => harness.serve(&[QUIET, KEYED].concat()).await,
        Who::Open | Who::Twin => harness.serve(&QUIET).await,
    }
}

async fn reload(harness: &Harness, keyed: &Audience, metrics: &mut Metrics) -> Result<(), Error> {
    let (open, mut pairs) = (Audience { count: keyed.count, ..Audience::default() }, Pairs::default());
    for who in Who::turns(harness.pick(TURNS.0, TURNS.1)) {
        let server = serve(harness, who).await?;
        let audience = if who == Who::Keyed { keyed } else { &open };
        let rounds = parts(harness, &server, audience, PARTS, &mut Metrics::default()).await?;
        server.stop().await?;
        let costs: Vec<_> = rounds.iter().map(|round| round.load.server_micros_per(keyed.count)).collect();
        pairs.note(who, median(&costs));
        metrics.heed(rounds.iter().map(|round| &round.load));
    }
    pairs.report("reload, an answer", metrics);
    Ok(())
}

/// A server with a full window, and the connections to it.
struct Shelf {
    server: Program,
    streamer: Streamer,
    side: Side,
}

impl Shelf {
    async fn open(harness: &Harness, who: Who, publisher: &str) -> Result<Self, Error> {
        let server = serve(harness, who).await?;
        let token = (who == Who::Keyed).then_some(publisher);
        let mut streamer = Streamer::start_with(server.address, 0, harness.upload, token).await?;
        streamer.upload(&Clip::new(PART_BYTES), WINDOW).await?;
        let side = Side::open(server.address, server.pid).await?;
        Ok(Self { server, streamer, side })
    }

    /// One request for each token, or one alone, and how long the answer is.
    async fn requests(&self, tokens: &Tokens, ask: &Ask) -> Result<(Requests, usize), Error> {
        let track = self.streamer.track();
        let ask = |track: &Track| ask(track, &self.streamer);
        let requests: Requests = match tokens.is_empty() {
            true => [ask(track)].into(),
            false => tokens.iter().map(|token| ask(&track.with_token(token))).collect(),
        };
        let length = length(self.server.address, &requests[0]).await?;
        Ok((requests, length))
    }
}

type Ask = dyn Fn(&Track, &Streamer) -> Vec<u8>;

async fn length(server: SocketAddr, request: &[u8]) -> Result<usize, Error> {
    Ok(Http::open(server, 0).await?.fetch(request).await?.1.len())
}

async fn files(harness: &Harness, publisher: &str, tokens: &Tokens, metrics: &mut Metrics) -> Result<(), Error> {
    let mut shelves = Vec::new();
    for who in Who::ALL {
        shelves.push(Shelf::open(harness, who, publisher).await?);
    }
    let subjects: [(&str, &Ask); 3] = [
        ("media", &|track, streamer| track.object(streamer.next().before())),
        ("playlist", &|track, _| track.playlist(false)),
        ("playlist, gzip", &|track, _| track.playlist(true)),
    ];
    for (name, ask) in subjects {
        let (mut asked, mut pairs) = (Vec::new(), Pairs::default());
        for (who, shelf) in Who::ALL.into_iter().zip(&shelves) {
            let brought = if who == Who::Keyed { Tokens::clone(tokens) } else { Tokens::default() };
            asked.push(shelf.requests(&brought, ask).await?);
        }
        // The first turn of each warms up.
        for (number, who) in Who::turns(1 + harness.pick(TURNS.0, TURNS.1)).enumerate() {
            let (requests, length) = &asked[who as usize];
            let round = shelves[who as usize].side.round(requests, *length, harness).await?;
            if number >= Who::ALL.len() {
                pairs.note(who, round.load.server_micros_per(round.requests));
                metrics.heed([&round.load]);
            }
        }
        pairs.report(&format!("files, {name}"), metrics);
    }
    for Shelf { server, streamer, side } in shelves {
        drop((streamer, side));
        server.stop().await?;
    }
    Ok(())
}
