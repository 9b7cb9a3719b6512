//! Two nodes take the rooms of a third, which is stopped (SIGTERM) in one run and killed (SIGKILL) in the other. Each room
//! has its creator there and five members at the other two; a connection is in sixteen rooms.
//!
//! Meanwhile the living have to renew their leases: how old they get is read from Redis.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::error::{Error, attempt, within};
use crate::load_clients::{enter, source};
use crate::metric::Metrics;
use crate::nodes::Nodes;
use crate::redis::{Reply, Resp};
use crate::scenario::Harness;
use crate::signal::SessionIdentity;
use crate::wire::Connection;

const ROOMS: usize = 10_000;
/// Rooms of one connection.
const SHARE: usize = 16;
/// Members of a room at the other nodes.
const OTHERS: usize = 5;
/// Connections that join at the same time.
const DOORS: usize = 16;
/// All processes share one core, so members are heard less often than elsewhere.
const FLAGS: [&str; 2] = ["--heartbeat-timeout", "60s"];
const BEAT: Duration = Duration::from_secs(15);
/// For all rooms to be owned again before it is given up.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Seconds until a node that is stopped has ended.
const DRAINED: f64 = 5.0;
/// Seconds: a lease is renewed each second, and answered no later than a second after it was due.
const LEASE_AGE: f64 = 2.0;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Stopped, then killed.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    for kills in [false, true] {
        if !once(harness, kills, &mut metrics).await? {
            break;
        }
    }
    Ok(metrics)
}

/// One run; false without Redis.
async fn once(harness: &Harness, kills: bool, metrics: &mut Metrics) -> Result<bool, Error> {
    let Some(mut nodes) = Nodes::start(harness, 3, &FLAGS, metrics).await? else { return Ok(false) };
    let rooms = harness.pick(ROOMS, ROOMS / 10);
    let addresses = nodes.addresses();
    let kept = fill(&addresses, rooms).await?;
    let before = owned(&addresses[..1]).await?;
    if before < rooms as f64 {
        return Err(Error::Http(format!("{before} of {rooms} rooms are owned by their creators' node")));
    }
    let (ended, over) = watch::channel(false);
    let ages = tokio::spawn(oldest_lease(nodes.redis.connect().await?, over));
    let gauge = nodes.gauge();
    let (gone, at) = (nodes.nodes.remove(0), Instant::now());
    if kills {
        gone.kill().await?
    } else {
        gone.stop().await?
    }
    let stopped = at.elapsed().as_secs_f64();
    let taken = async {
        while owned(&addresses[1..]).await? < rooms as f64 {
            sleep(LOOK).await;
        }
        Ok(at.elapsed().as_secs_f64())
    };
    let taken = within(TIMEOUT, "taking the rooms", taken).await?;
    let cost = gauge.read();
    ended.send_replace(true);
    let age = ages.await.map_err(|_| Error::Task)??;
    let lost = kept.elsewhere.borrow().clone();
    let way = if kills { "killed" } else { "stopped" };
    let mut add = |what: &str, value: f64, unit| metrics.add(format!("{way}: {what}"), value, unit);
    add("rooms", rooms as f64, "");
    add("members at other nodes", (rooms * OTHERS) as f64, "");
    add("all rooms are owned again after", taken, "s");
    add("CPU of Redis until then", cost.redis.as_secs_f64() * 1e3, "ms");
    add("CPU of the nodes until then", cost.nodes.as_secs_f64() * 1e3, "ms");
    if !kills {
        metrics.add_target("stopped: the node has ended after", stopped, "s", DRAINED);
    }
    metrics.add_target(format!("{way}: oldest lease of a living node"), age, "s", LEASE_AGE);
    if let Some(lost) = lost {
        return Err(Error::Lost(1, format!("{way}: at a node that lives: {lost}")));
    }
    nodes.stop().await?;
    Ok(true)
}

/// The members, who send heartbeats until this is dropped.
#[derive(Debug)]
struct HeldMembers {
    _members: JoinSet<()>,
    /// The reason why a connection to a node that lives was lost, if one was.
    elsewhere: watch::Receiver<Option<String>>,
}

/// Lets all in: the creators first.
async fn fill(servers: &[SocketAddr], rooms: usize) -> Result<HeldMembers, Error> {
    let (sender, elsewhere) = watch::channel(None::<String>);
    let mut members = JoinSet::new();
    let shares = rooms.div_ceil(SHARE);
    let mut doors = JoinSet::new();
    let mut waiting = (0..=OTHERS).flat_map(|place| (0..shares).map(move |share| (place, share)));
    loop {
        while doors.len() < DOORS
            && let Some((place, share)) = waiting.next()
        {
            if (place, share) == (1, 0) {
                // Nobody joins a room that is not there yet.
                while let Some(opened) = doors.join_next().await {
                    members.spawn(keep(opened.map_err(|_| Error::Task)??, sender.clone()));
                }
            }
            let server = if place == 0 { servers[0] } else { servers[1 + place % 2] };
            let own = share * SHARE..rooms.min((share + 1) * SHARE);
            doors.spawn(open(server, place, share, own));
        }
        let Some(opened) = doors.join_next().await else { break };
        members.spawn(keep(opened.map_err(|_| Error::Task)??, sender.clone()));
    }
    Ok(HeldMembers { _members: members, elsewhere })
}

/// A connection, what it says to be heard, and whether its node lives on.
type RoomShare = (Connection, Vec<u8>, bool);

/// Joins a share of the rooms with one connection.
async fn open(
    server: SocketAddr,
    place: usize,
    share: usize,
    rooms: std::ops::Range<usize>,
) -> Result<RoomShare, Error> {
    let mut connection = Connection::open(server, source(share + place), "/ws").await?;
    let mut beats = Vec::new();
    for room in rooms {
        let member = SessionIdentity { room_type: "m2m", room: format!("room-{room}"), user: format!("m{place}") };
        enter(&mut connection, &member, place == 0).await?;
        beats.extend(member.heartbeat(0));
    }
    Ok((connection, beats, place > 0))
}

/// Sends heartbeats until the connection ends.
async fn keep((mut connection, beats, lives): RoomShare, lost: watch::Sender<Option<String>>) {
    let mut ticks = interval(BEAT);
    loop {
        let done = tokio::select! {
            read = connection.read(|_| {}) => read,
            _ = ticks.tick() => connection.send(&beats).await,
        };
        if let Err(error) = done {
            if lives {
                lost.send_replace(Some(error.to_string()));
            }
            return;
        }
    }
}

/// The number of rooms that these nodes own together.
async fn owned(nodes: &[SocketAddr]) -> Result<f64, Error> {
    let mut sum = 0.0;
    for node in nodes {
        let mut stream = attempt("connect", TcpStream::connect(node).await)?;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {node}\r\nConnection: close\r\n\r\n");
        attempt("ask for the metrics", stream.write_all(request.as_bytes()).await)?;
        let mut text = String::new();
        attempt("read the metrics", stream.read_to_string(&mut text).await)?;
        let value =
            text.lines().find_map(|line| line.strip_prefix("roomcast_cluster_rooms_owned ")?.trim().parse().ok());
        sum += value.unwrap_or(0.0);
    }
    Ok(sum)
}

/// The greatest age that a lease of a node that is not dead reaches, in seconds, until it is over. Leases that ran out
/// are those of the node that was lost.
async fn oldest_lease(mut redis: Resp, mut over: watch::Receiver<bool>) -> Result<f64, Error> {
    let mut oldest = 0.0_f64;
    while !*over.borrow_and_update() {
        let now = time(&mut redis).await?;
        let mut ages: Vec<f64> = leases(&mut redis).await?.into_iter().map(|at| now - at).collect();
        ages.sort_by(f64::total_cmp);
        // Two live on, and are the two that renewed last.
        oldest = ages.into_iter().take(2).fold(oldest, f64::max);
        sleep(LOOK).await;
    }
    Ok(oldest)
}

/// The time of Redis, in seconds.
async fn time(redis: &mut Resp) -> Result<f64, Error> {
    let Reply::Array(words) = redis.call(&["TIME"]).await? else { return Ok(0.0) };
    let [seconds, micros] = [0, 1].map(|place| words.get(place).and_then(number).unwrap_or(0.0));
    Ok(seconds + micros / 1e6)
}

/// The times of the last renewals, in seconds.
async fn leases(redis: &mut Resp) -> Result<Vec<f64>, Error> {
    let Reply::Array(keys) = redis.call(&["KEYS", "rc:{*}:nodes"]).await? else { return Ok(Vec::new()) };
    let Some(Reply::BulkString(key)) = keys.first() else { return Ok(Vec::new()) };
    let key = String::from_utf8_lossy(key).into_owned();
    let Reply::Array(fields) = redis.call(&["HGETALL", &key]).await? else { return Ok(Vec::new()) };
    let lease = |pair: &[Reply]| match pair {
        [Reply::BulkString(name), time] if name.starts_with(b"l:") => Some(number(time)? / 1e3),
        _ => None,
    };
    Ok(fields.chunks(2).filter_map(lease).collect())
}

fn number(reply: &Reply) -> Option<f64> {
    match reply {
        Reply::BulkString(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}
