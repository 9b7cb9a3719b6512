//! Cost of access tokens: the same load on an open server and, in turns with it, on one with a key, where each of 5,000
//! clients brings a token of its own. A second open server takes its turns too: the distance of its figures from those
//! of the first is the uncertainty of the comparison.

pub(super) mod pairs;

use std::net::SocketAddr;
use std::sync::Arc;

use super::files::Side;
use super::joins::lone;
use super::reload::{Audience, parts};
use super::{Lab, Program};
use crate::crowd::Tokens;
use crate::error::{Error, attempt};
use crate::finding::Findings;
use crate::http::Http;
use crate::live::{Clip, PART_BYTES, Requests, Streamer, Track, WINDOW};
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
pub async fn run(lab: &Lab) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let clients = lab.crowd(CLIENTS, &mut findings);
    let signer = Signer::hs256();
    joins(lab, &signer, clients, &mut findings).await?;
    for signer in [Signer::rs256()?, Signer::es256()?] {
        public_key(lab, &signer, clients, &mut findings).await?;
    }
    let viewers = (0..CLIENTS).map(|number| signer.token("viewer", ROOM, number)).collect::<Result<Tokens, _>>()?;
    let publisher = signer.token("streamer", ROOM, CLIENTS)?;
    findings.add("a token", viewers[0].len() as f64, "B");
    reload(
        lab,
        &Audience { count: clients, publisher: Some(publisher.clone()), tokens: Arc::clone(&viewers) },
        &mut findings,
    )
    .await?;
    files(lab, &publisher, &viewers, &mut findings).await?;
    Ok(findings)
}

/// The tokens of members of calls, as the crowd seats them.
fn of_members(signer: &Signer, members: usize) -> Result<Tokens, Error> {
    let user = |number: usize| if number.is_multiple_of(2) { "a" } else { "b" };
    (0..members).map(|number| signer.token(user(number), &format!("call-{}", number / 2), number)).collect()
}

async fn joins(lab: &Lab, signer: &Signer, members: usize, findings: &mut Findings) -> Result<(), Error> {
    let (tokens, mut pairs) = (of_members(signer, members)?, Pairs::default());
    for who in Who::turns(lab.pick(TURNS.0, TURNS.1)) {
        let load = match who {
            Who::Keyed => lone(lab, &KEYED, members, &tokens).await?,
            Who::Open | Who::Twin => lone(lab, &[], members, &Tokens::default()).await?,
        };
        pairs.note(who, load.server_micros_per(members));
        findings.heed([&load]);
    }
    pairs.report("joins, HS256", findings);
    Ok(())
}

/// Joins whose tokens are signed with a key of which the server has the public half. The bound for signatures in a
/// second would refuse most of them.
async fn public_key(lab: &Lab, signer: &Signer, members: usize, findings: &mut Findings) -> Result<(), Error> {
    let file = std::env::temp_dir().join(format!("roomcast-bench-{}.jwks", std::process::id()));
    attempt("write the key set", std::fs::write(&file, signer.key_set().to_string()))?;
    let (path, tokens) = (file.to_string_lossy().into_owned(), of_members(signer, members)?);
    let flags = ["--auth-jwks", &path, "--auth-audience", AUDIENCE, "--auth-max-checks", "1000000"];
    let mut costs = Vec::new();
    for _ in 0..lab.pick(5, 3) {
        let load = lone(lab, &flags, members, &tokens).await?;
        costs.push(load.server_micros_per(members));
        findings.heed([&load]);
    }
    attempt("remove the key set", std::fs::remove_file(&file))?;
    findings.add(format!("joins, {}: server CPU", signer.name()), median(&costs), "µs");
    Ok(())
}

/// A server that is open, or has a key.
async fn serve(lab: &Lab, who: Who) -> Result<Program, Error> {
    match who {
        Who::Keyed => lab.serve(&[QUIET, KEYED].concat()).await,
        Who::Open | Who::Twin => lab.serve(&QUIET).await,
    }
}

async fn reload(lab: &Lab, keyed: &Audience, findings: &mut Findings) -> Result<(), Error> {
    let (open, mut pairs) = (Audience { count: keyed.count, ..Audience::default() }, Pairs::default());
    for who in Who::turns(lab.pick(TURNS.0, TURNS.1)) {
        let server = serve(lab, who).await?;
        let audience = if who == Who::Keyed { keyed } else { &open };
        let rounds = parts(lab, &server, audience, PARTS, &mut Findings::default()).await?;
        server.stop().await?;
        let costs: Vec<_> = rounds.iter().map(|round| round.load.server_micros_per(keyed.count)).collect();
        pairs.note(who, median(&costs));
        findings.heed(rounds.iter().map(|round| &round.load));
    }
    pairs.report("reload, an answer", findings);
    Ok(())
}

/// A server with a full window, and the connections to it.
struct Shelf {
    server: Program,
    streamer: Streamer,
    side: Side,
}

impl Shelf {
    async fn open(lab: &Lab, who: Who, publisher: &str) -> Result<Self, Error> {
        let server = serve(lab, who).await?;
        let token = (who == Who::Keyed).then_some(publisher);
        let mut streamer = Streamer::start_with(server.address, 0, lab.upload, token).await?;
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

async fn files(lab: &Lab, publisher: &str, tokens: &Tokens, findings: &mut Findings) -> Result<(), Error> {
    let mut shelves = Vec::new();
    for who in Who::ALL {
        shelves.push(Shelf::open(lab, who, publisher).await?);
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
        for (number, who) in Who::turns(1 + lab.pick(TURNS.0, TURNS.1)).enumerate() {
            let (requests, length) = &asked[who as usize];
            let round = shelves[who as usize].side.round(requests, *length, lab).await?;
            if number >= Who::ALL.len() {
                pairs.note(who, round.load.server_micros_per(round.requests));
                findings.heed([&round.load]);
            }
        }
        pairs.report(&format!("files, {name}"), findings);
    }
    for Shelf { server, streamer, side } in shelves {
        drop((streamer, side));
        server.stop().await?;
    }
    Ok(())
}
