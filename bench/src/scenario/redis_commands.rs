//! Every operation is done some times, one after the other, and what Redis was asked is counted: by the nodes (round
//! trips) and by their scripts. Then all is done again without counting, for what it costs Redis.
//!
//! The calls that nodes make by themselves, lease calls above all, are known from a time in which nothing is done.

mod probe;

use crate::error::Error;
use crate::http::Http;
use crate::live::{Clip, PART_BYTES, Streamer, Track, Viewers};
use crate::load_clients::{hear, join};
use crate::metric::Metrics;
use crate::nodes::Nodes;
use crate::scenario::Harness;
use crate::signal::SessionIdentity;
use crate::wire::Connection;
use probe::Probe;

/// Bytes of the session description.
const SIZE: usize = 2048;
/// Parts that are uploaded and fetched at most: all that a playlist has at once.
const PARTS: usize = 18;
/// Parts of a segment, and one.
const SEGMENT: u64 = crate::live::PARTS + 1;

/// Members of calls of their own.
type Seats = Vec<(Connection, SessionIdentity)>;

/// Counted, then measured.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    // Nobody sends heartbeats but when they are counted.
    let flags = ["--heartbeat-timeout", "1h"];
    // Both begin with nothing: the streams of one are looked after by the nodes while the other goes on.
    for counts in [true, false] {
        let Some(nodes) = Nodes::start(harness, 2, &flags, &mut metrics).await? else { return Ok(metrics) };
        let mut probe = match counts {
            true => Probe::counting(&nodes.redis, harness.pick(20, 5)).await?,
            false => Probe::measuring(&nodes.redis, harness.pick(200, 50)),
        };
        operations(&nodes, &mut probe, harness).await?;
        probe.report(&mut metrics);
        nodes.stop().await?;
    }
    Ok(metrics)
}

async fn operations(nodes: &Nodes, probe: &mut Probe, harness: &Harness) -> Result<(), Error> {
    probe.begin().await?;
    probe.end("nothing", 0).await?;
    calls(nodes, probe).await?;
    groups(nodes, probe).await?;
    broadcast(nodes, probe, harness).await
}

/// Members of calls, one on either node.
async fn calls(nodes: &Nodes, probe: &mut Probe) -> Result<(), Error> {
    let [here, there] = [nodes.nodes[0].address, nodes.nodes[1].address];
    let numbers = probe.numbers();
    let member = |number: usize, user: &str| SessionIdentity {
        room_type: "p2p",
        room: format!("call-{number}"),
        user: user.into(),
    };
    let (mut anns, mut bobs) = (Seats::new(), Seats::new());
    probe.begin().await?;
    for number in numbers.clone() {
        let ann = member(number, "a");
        anns.push((join(here, number, &ann, true).await?, ann));
    }
    probe.end("create", 1).await?;
    probe.begin().await?;
    for number in numbers.clone() {
        let bob = member(number, "b");
        bobs.push((join(there, number, &bob, false).await?, bob));
    }
    probe.end("join on another node", 5).await?;
    probe.begin().await?;
    for (ann, member) in &mut anns {
        ann.send(&member.heartbeat(0)).await?;
        hear(ann, b"HEARTBEAT").await?;
    }
    probe.end("heartbeat", 0).await?;
    probe.begin().await?;
    relay(&mut anns, &mut bobs).await?;
    probe.end("relay to another node", 1).await?;
    probe.begin().await?;
    for (ann, member) in &mut anns {
        ann.send(&member.update(false)).await?;
    }
    probe.end("update", 2).await?;
    let mut moved = Seats::new();
    let bobs: Vec<_> = bobs.into_iter().map(|(_, bob)| bob).collect();
    // Their node notes what the lost connections have not got.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    probe.begin().await?;
    for (bob, number) in bobs.iter().zip(numbers.clone()) {
        let mut connection = Connection::open(here, crate::load_clients::source(number), "/ws").await?;
        connection.send(&bob.resume(0)).await?;
        hear(&mut connection, b"JOIN").await?;
        moved.push((connection, bob.clone()));
    }
    probe.end("resume on another node", 2).await?;
    probe.begin().await?;
    relay(&mut anns, &mut moved).await?;
    probe.end("relay on the same node", 0).await?;
    probe.begin().await?;
    for (connection, bob) in &mut moved {
        connection.send(&bob.leave()).await?;
    }
    probe.end("leave", 2).await?;
    let mut back = Seats::new();
    probe.begin().await?;
    for ((_, bob), number) in moved.iter().zip(numbers) {
        back.push((join(here, number, bob, false).await?, bob.clone()));
    }
    probe.end("join on the room's only node", 2).await
}

/// Every offer is heard before the next is sent: none go together.
async fn relay(from: &mut Seats, to: &mut Seats) -> Result<(), Error> {
    for ((from, member), (to, _)) in from.iter_mut().zip(to) {
        from.send(&member.offer(SIZE)).await?;
        hear(to, b"OFFER").await?;
    }
    Ok(())
}

/// An owner on one node, a viewer on the other.
async fn groups(nodes: &Nodes, probe: &mut Probe) -> Result<(), Error> {
    let [here, there] = [nodes.nodes[0].address, nodes.nodes[1].address];
    let member = |number: usize, user: &str| SessionIdentity {
        room_type: "m2m",
        room: format!("group-{number}"),
        user: user.into(),
    };
    let (mut owners, mut viewers) = (Seats::new(), Seats::new());
    for number in probe.numbers() {
        let (owner, viewer) = (member(number, "owner"), member(number, "viewer"));
        owners.push((join(here, number, &owner, true).await?, owner));
        viewers.push((join(there, number, &viewer, false).await?, viewer));
    }
    probe.begin().await?;
    for ((owner, member), (viewer, _)) in owners.iter_mut().zip(&mut viewers) {
        owner.send(&member.accept("viewer")).await?;
        hear(viewer, b"PUBLISH_ACCEPT").await?;
    }
    probe.end("promote", 3).await?;
    probe.begin().await?;
    for ((owner, member), (viewer, _)) in owners.iter_mut().zip(&mut viewers) {
        owner.send(&member.kick("viewer")).await?;
        hear(viewer, b"KICK").await?;
    }
    probe.end("kick", 3).await
}

/// Uploads to one node, viewers on the other.
async fn broadcast(nodes: &Nodes, probe: &mut Probe, harness: &Harness) -> Result<(), Error> {
    let [here, there] = [nodes.nodes[0].address, nodes.nodes[1].address];
    // A part stays only for a while beside its segment.
    let (number, count) = (probe.numbers().start, probe.numbers().len().min(PARTS));
    let clip = Clip::new(PART_BYTES);
    let mut streamer = Streamer::start(here, number, harness.upload).await?;
    // With the first segment the room has a broadcast that plays, which it notes.
    streamer.upload(&clip, SEGMENT).await?;
    // Before anybody looks on the other node, which then has to fetch them.
    let first = streamer.next();
    probe.begin().await?;
    streamer.upload(&clip, count as u64).await?;
    probe.end_of("part upload", 2, count).await?;
    let track = Track::new(there, &format!("live-{number}"));
    let mut http = Http::open(there, number).await?;
    http.fetch(&track.playlist(true)).await?;
    for (name, limit) in [("part fetch on another node", 1), ("the same again", 0)] {
        let mut place = first;
        probe.begin().await?;
        for _ in 0..count {
            http.fetch(&track.object(place)).await?;
            place = place.next();
        }
        probe.end_of(name, limit, count).await?;
    }
    probe.begin().await?;
    for _ in 0..count {
        http.fetch(&track.playlist(true)).await?;
    }
    probe.end_of("playlist on another node", 0, count).await?;
    let viewers = Viewers::open(there, 10, &track.playlist(true)).await?;
    probe.begin().await?;
    for _ in 0..count {
        viewers.ask(track.reload(streamer.next())).await?;
        streamer.upload(&clip, 1).await?;
        viewers.answers().await?;
    }
    // The upload, and the part for the node of the viewers.
    probe.end_of("part upload, awaited by 10 viewers elsewhere", 4, count).await
}
