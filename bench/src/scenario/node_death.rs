//! A node with many members is killed (SIGKILL), and the time runs until the last of them is gone from what the other
//! nodes say. Half of them publish in calls, whose other member is on a second node and sees the list change; half view
//! groups, whose owners are on a third node and ask for one viewer after the other until all are unknown there.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use roomcast_protocol::limits::HEARTBEAT_INTERVAL;

use crate::error::Error;
use crate::load_clients::join;
use crate::metric::Metrics;
use crate::nodes::Nodes;
use crate::scenario::Harness;
use crate::signal::{SessionIdentity, name, refuses};
use crate::statistics::{largest, quantile};
use crate::wire::Connection;

const MEMBERS: usize = 10_000;
/// Viewers of one group.
const VIEWERS: usize = 50;
/// Seconds until the last is gone.
const GONE: f64 = 11.0;
/// For all to be gone before it is given up.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Rooms that are filled at the same time.
const DOORS: usize = 16;
/// Delay after a refusal before the same viewer is asked for again.
const ASK: Duration = Duration::from_millis(200);

/// Observer that sees that members of the dead node are gone: one for each room.
enum Observer {
    /// The other member of a call.
    Partner(Connection, SessionIdentity),
    /// The owner of a group.
    Owner(Connection, SessionIdentity),
}

/// A filled room: an observer, and the members on the node that dies.
type Room = (Observer, Vec<(Connection, SessionIdentity)>);

/// Three nodes, of which the first dies.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let wanted = harness.pick(MEMBERS, MEMBERS / 10);
    // Every member of a call needs a partner.
    let members = harness.client_count(wanted * 8 / 5, &mut metrics).min(wanted * 8 / 5) * 5 / 8;
    let Some(mut nodes) = Nodes::start(harness, 3, &[], &mut metrics).await? else { return Ok(metrics) };
    let addresses = nodes.addresses();
    let (calls, groups) = (members / 2, members / 2 / VIEWERS);
    let (mut doors, mut lost, mut observers) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    let mut waiting = (0..calls + groups).rev().collect::<Vec<_>>();
    let (killed, news) = tokio::sync::watch::channel(None::<Instant>);
    loop {
        while doors.len() < DOORS
            && let Some(number) = waiting.pop()
        {
            doors.spawn(fill(addresses.clone(), number, number < calls));
        }
        let Some(room) = doors.join_next().await else { break };
        let (observer, members) = room.map_err(|_| Error::Task)??;
        for (connection, member) in members {
            lost.spawn(keep(connection, member));
        }
        observers.spawn(observe(observer, news.clone()));
    }
    // All beat for a while.
    sleep(HEARTBEAT_INTERVAL).await;
    let count = lost.len();
    let early = lost.try_join_next().is_some() || observers.try_join_next().is_some();
    if early {
        return Err(Error::Lost(1, "before the node was killed".into()));
    }
    let gauge = nodes.gauge();
    let dead = nodes.nodes.remove(0);
    let at = Instant::now();
    dead.kill().await?;
    killed.send_replace(Some(at));
    let (mut partners, mut owners) = (Vec::new(), Vec::new());
    let all = async {
        while let Some(seen) = observers.join_next().await {
            let (call, after) = seen.map_err(|_| Error::Task)??;
            if call { &mut partners } else { &mut owners }.push(after.as_secs_f64());
        }
        Ok::<_, Error>(())
    };
    crate::error::within(TIMEOUT, "removing the members of a dead node", all).await?;
    let cost = gauge.read();
    lost.shutdown().await;
    nodes.stop().await?;
    let (first, last) = (quantile(&partners, 0.0), largest(&partners).max(largest(&owners)));
    metrics.add("members of the dead node", count as f64, "");
    metrics.add("rooms", (partners.len() + owners.len()) as f64, "");
    metrics.add("first gone after", first, "s");
    metrics.add("half of the publishers gone after", quantile(&partners, 0.5), "s");
    metrics.add("last publisher gone after", largest(&partners), "s");
    metrics.add("last viewer gone after", largest(&owners), "s");
    metrics.add_target("last member gone after", last, "s", GONE);
    metrics.add("CPU of Redis until then", cost.redis.as_secs_f64() * 1e3, "ms");
    metrics.add("CPU of the other nodes until then", cost.nodes.as_secs_f64() * 1e3, "ms");
    Ok(metrics)
}

/// Fills a room: a call, or a group.
async fn fill(servers: Vec<SocketAddr>, number: usize, call: bool) -> Result<Room, Error> {
    let (room_type, room) = if call { ("p2p", format!("call-{number}")) } else { ("m2m", format!("group-{number}")) };
    let member = |user: String| SessionIdentity { room_type, room: room.clone(), user };
    let ann = member("ann".into());
    let connection = join(servers[if call { 1 } else { 2 }], number, &ann, true).await?;
    let mut members = Vec::new();
    for place in 0..if call { 1 } else { VIEWERS } {
        let member = member(format!("m{place}"));
        members.push((join(servers[0], number + place, &member, false).await?, member));
    }
    let observer = if call { Observer::Partner(connection, ann) } else { Observer::Owner(connection, ann) };
    Ok((observer, members))
}

/// Sends heartbeats until the connection ends.
async fn keep(mut connection: Connection, member: SessionIdentity) {
    let mut beats = interval(HEARTBEAT_INTERVAL);
    let beat = member.heartbeat(0);
    loop {
        let done = tokio::select! {
            read = connection.read(|_| {}) => read,
            _ = beats.tick() => connection.send(&beat).await,
        };
        if done.is_err() {
            return;
        }
    }
}

/// Waits until it is told that all others are gone, and gives how long that took.
async fn observe(
    observer: Observer,
    mut killed: tokio::sync::watch::Receiver<Option<Instant>>,
) -> Result<(bool, Duration), Error> {
    let (mut connection, member, call) = match observer {
        Observer::Partner(connection, member) => (connection, member, true),
        Observer::Owner(connection, member) => (connection, member, false),
    };
    let mut beats = interval(HEARTBEAT_INTERVAL);
    let beat = member.heartbeat(0);
    while killed.borrow_and_update().is_none() {
        tokio::select! {
            read = connection.read(|_| {}) => read?,
            _ = beats.tick() => connection.send(&beat).await?,
            changed = killed.changed() => changed.map_err(|_| Error::Task)?,
        }
    }
    let at = killed.borrow().unwrap_or_else(Instant::now);
    let mut gone = 0;
    let all = if call { 1 } else { VIEWERS };
    let mut asks = interval(ASK);
    while gone < all {
        let question = member.candidate(&format!("m{gone}"));
        // The refusal has the question in it: one that comes late is about another.
        let about = format!(r#""to":"m{gone}""#);
        let mut answered = false;
        let see = |message: &[u8]| {
            answered |= if call {
                name(message) == b"PUBLISH_LIST_CHANGED" && memchr::memmem::find(message, b"\"m0\"").is_none()
            } else {
                name(message) == b"ICE" && refuses(message) && memchr::memmem::find(message, about.as_bytes()).is_some()
            };
        };
        tokio::select! {
            read = connection.read(see) => read?,
            _ = beats.tick() => connection.send(&beat).await?,
            _ = asks.tick(), if !call => connection.send(&question).await?,
        }
        if answered {
            gone += 1;
            asks.reset_immediately();
        }
    }
    Ok((call, at.elapsed()))
}
