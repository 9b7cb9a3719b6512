//! Many members: joined a few rooms at a time, then kept by one task each that sends its heartbeats and reads what
//! comes. Heartbeats are spread evenly over their interval however many members there are.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roomcast_protocol::limits::HEARTBEAT_INTERVAL;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};

use crate::error::Error;
use crate::signal::{SessionIdentity, accepted, name, number, refuses};
use crate::wire::Connection;

/// Rooms or viewers that are let in at the same time.
const DOORS: usize = 32;
/// Loopback addresses that connections come from, because one has ports for only 28,000.
const SOURCES: usize = 4;
/// Multiples of it, without their whole part, fill an interval evenly at any count.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// Arrangement of the members in rooms.
#[derive(Debug, Clone)]
pub enum Seating {
    /// Calls of two.
    Pairs,
    /// Viewers of one broadcast, which exists.
    Audience(String),
    /// Connections to the echo, which sends back what members of calls would send.
    Echoes,
}

/// Observations of all members together.
#[derive(Debug, Default)]
pub struct Sight {
    lists: AtomicUsize,
    goal: AtomicUsize,
    reached: Notify,
    lost: AtomicUsize,
    reason: Mutex<String>,
}

/// Members of rooms; all are gone when it is dropped.
#[derive(Debug)]
pub struct LoadClients {
    servers: Arc<[SocketAddr]>,
    seating: Seating,
    began: Instant,
    parties: usize,
    keepers: JoinSet<()>,
    sight: Arc<Sight>,
    tokens: Tokens,
}

/// The access token of each connection by its number; none where the server wants none.
pub type Tokens = Arc<[String]>;

type Client = (Connection, SessionIdentity);

/// An address for the connection with this number.
pub fn source(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, 1 + (number % SOURCES) as u8)
}

/// The address of the handshake, with an access token.
pub fn address(token: Option<&str>) -> String {
    token.map_or_else(|| "/ws".to_owned(), |token| format!("/ws?access_token={token}"))
}

/// Connects and joins.
///
/// # Errors
/// When the server refuses.
pub async fn join(
    server: SocketAddr,
    number: usize,
    member: &SessionIdentity,
    creating: bool,
) -> Result<Connection, Error> {
    join_with(server, number, member, creating, None).await
}

/// The same with an access token.
///
/// # Errors
/// When the server refuses.
pub async fn join_with(
    server: SocketAddr,
    number: usize,
    member: &SessionIdentity,
    creating: bool,
    token: Option<&str>,
) -> Result<Connection, Error> {
    let mut connection = Connection::open(server, source(number), &address(token)).await?;
    enter(&mut connection, member, creating).await?;
    Ok(connection)
}

/// Joins with a connection that is there.
///
/// # Errors
/// When the server refuses.
pub async fn enter(connection: &mut Connection, member: &SessionIdentity, creating: bool) -> Result<(), Error> {
    connection.send(&member.join(creating)).await?;
    hear(connection, b"JOIN").await
}

/// Reads until a message of this name comes.
///
/// # Errors
/// When it refuses something.
pub async fn hear(connection: &mut Connection, wanted: &[u8]) -> Result<(), Error> {
    let mut answer = None;
    while answer.is_none() {
        connection
            .read(|message| {
                if name(message) == wanted {
                    answer = Some(accepted(message));
                }
            })
            .await?;
    }
    answer.unwrap_or(Ok(()))
}

impl LoadClients {
    /// Nobody yet.
    pub fn new(server: SocketAddr, seating: Seating) -> Self {
        Self::over(&[server], seating)
    }

    /// Nobody yet; members who come together are on different servers, and all servers get as many.
    pub fn over(servers: &[SocketAddr], seating: Seating) -> Self {
        let sight = Arc::default();
        let (keepers, tokens) = (JoinSet::new(), Arc::default());
        Self { servers: servers.into(), seating, began: Instant::now(), parties: 0, keepers, sight, tokens }
    }

    /// The same, whose members of calls bring tokens.
    #[must_use]
    pub fn with_tokens(self, tokens: Tokens) -> Self {
        Self { tokens, ..self }
    }

    /// Lets members in until there are so many (of calls: an even number).
    ///
    /// # Errors
    /// When one does not get in.
    pub async fn grow(&mut self, size: usize) -> Result<(), Error> {
        let mut doors = JoinSet::new();
        loop {
            while doors.len() < DOORS && self.parties * self.party() < size {
                let (servers, tokens) = (Arc::clone(&self.servers), Arc::clone(&self.tokens));
                doors.spawn(party(servers, self.seating.clone(), self.parties, tokens));
                self.parties += 1;
            }
            let Some(seats) = doors.join_next().await else { return Ok(()) };
            for seat in seats.map_err(|_| Error::Task)?? {
                self.keep(seat);
            }
        }
    }

    /// Number of members.
    pub fn size(&self) -> usize {
        self.keepers.len()
    }

    /// Checks that nobody was lost or refused.
    ///
    /// # Errors
    /// The number of lost members, with the reason of the last one.
    pub fn is_whole(&self) -> Result<(), Error> {
        match self.sight.lost.load(Ordering::Relaxed) {
            0 => Ok(()),
            lost => Err(Error::Lost(lost, self.sight.reason.lock().unwrap_or_else(PoisonError::into_inner).clone())),
        }
    }

    /// Observations of the members.
    pub fn sight(&self) -> &Arc<Sight> {
        &self.sight
    }

    /// Drops all connections at once, without a word.
    pub async fn vanish(&mut self) {
        self.keepers.shutdown().await;
    }

    fn party(&self) -> usize {
        if matches!(self.seating, Seating::Pairs) { 2 } else { 1 }
    }

    fn keep(&mut self, (connection, member): Client) {
        let first = self.began + first_beat(self.keepers.len(), self.began.elapsed());
        let sight = Arc::clone(&self.sight);
        self.keepers.spawn(async move {
            if let Err(error) = keep(connection, member, first, &sight).await {
                sight.lost(&error);
            }
        });
    }
}

/// Returns when the member with this number sends its first heartbeat, and when it comes, counted from the same moment.
fn first_beat(number: usize, comes: Duration) -> Duration {
    let phase = HEARTBEAT_INTERVAL.mul_f64((number as f64 * GOLDEN).fract());
    let passed = comes.saturating_sub(phase).as_secs_f64() / HEARTBEAT_INTERVAL.as_secs_f64();
    if comes < phase { phase } else { phase + HEARTBEAT_INTERVAL.mul_f64(passed.floor() + 1.0) }
}

/// Lets in who comes together.
async fn party(
    servers: Arc<[SocketAddr]>,
    seating: Seating,
    number: usize,
    tokens: Tokens,
) -> Result<Vec<Client>, Error> {
    let token = |number: usize| tokens.get(number).map(String::as_str);
    let (server, next) = (servers[number % servers.len()], servers[(number + 1) % servers.len()]);
    match seating {
        Seating::Pairs => {
            let member =
                |user: char| SessionIdentity { room_type: "p2p", room: format!("call-{number}"), user: user.into() };
            let (ann, bob) = (member('a'), member('b'));
            let first = join_with(server, number * 2, &ann, true, token(number * 2)).await?;
            let second = join_with(next, number * 2 + 1, &bob, false, token(number * 2 + 1)).await?;
            Ok(vec![(first, ann), (second, bob)])
        }
        Seating::Audience(room) => {
            let member = SessionIdentity { room_type: "p2m", room, user: format!("viewer-{number}") };
            Ok(vec![(join(server, number, &member, false).await?, member)])
        }
        Seating::Echoes => {
            let member = SessionIdentity { room_type: "p2p", room: format!("call-{number}"), user: "a".into() };
            Ok(vec![(Connection::open(server, source(number), "/echo").await?, member)])
        }
    }
}

async fn keep(mut connection: Connection, member: SessionIdentity, first: Instant, sight: &Sight) -> Result<(), Error> {
    let mut beats = interval_at(first, HEARTBEAT_INTERVAL);
    let (mut received, mut beat) = (0, member.heartbeat(0));
    loop {
        let before = received;
        let see = |message: &[u8]| {
            received = number(message).unwrap_or(received);
            sight.saw(message);
        };
        tokio::select! {
            read = connection.read(see) => read?,
            _ = beats.tick() => connection.send(&beat).await?,
        }
        if received != before {
            beat = member.heartbeat(received);
        }
    }
}

impl Sight {
    /// Waits until the members have seen so many more changed lists of publishers, counted from the call.
    pub fn lists(self: &Arc<Self>, more: usize) -> impl Future<Output = Result<Duration, Error>> + use<> {
        let sight = Arc::clone(self);
        let began = Instant::now();
        sight.goal.store(sight.lists.load(Ordering::Relaxed) + more, Ordering::Relaxed);
        async move {
            sight.reached.notified().await;
            Ok(began.elapsed())
        }
    }

    fn saw(&self, message: &[u8]) {
        if name(message) == b"PUBLISH_LIST_CHANGED" {
            let seen = self.lists.fetch_add(1, Ordering::Relaxed) + 1;
            if seen == self.goal.load(Ordering::Relaxed) {
                self.reached.notify_one();
            }
        } else if refuses(message) {
            self.lost(&accepted(message).err().unwrap_or(Error::Task));
        }
    }

    fn lost(&self, error: &Error) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = error.to_string();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_heartbeat_comes_within_one_interval() {
        for number in 0..100 {
            let comes = Duration::from_millis(137) * number;
            let wait = first_beat(number as usize, comes).saturating_sub(comes);
            assert!(!wait.is_zero() && wait <= HEARTBEAT_INTERVAL, "{number}: {wait:?}");
        }
    }

    #[test]
    fn heartbeats_are_spread_evenly_at_any_size() {
        for size in [100, 1000, 7000] {
            let mut tenths = [0; 10];
            for number in 0..size {
                let share = first_beat(number, Duration::ZERO).as_secs_f64() / HEARTBEAT_INTERVAL.as_secs_f64();
                tenths[(share * 10.0) as usize % 10] += 1;
            }
            assert!(tenths.iter().all(|count| (count - size as i64 / 10).abs() <= 3), "{tenths:?}");
        }
    }
}
