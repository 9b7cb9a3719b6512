//! A fixed number of messages in flight between two members, to and fro: who gets some sends as many back.
//!
//! Both connections therefore carry data both ways, as a connection to the echo does, and acknowledgements of TCP
//! travel with it on either side of the comparison.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::error::Error;
use crate::load_clients::{join, join_with, source};
use crate::signal::{SessionIdentity, accepted, name};
use crate::wire::Connection;

/// Bytes of the session description.
const SIZE: usize = 2048;
/// Between two attempts to join.
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// One end of a lane.
#[derive(Debug)]
struct End {
    connection: Connection,
    offer: Vec<u8>,
}

/// Two members of a call, or one connection that is its own other end.
#[derive(Debug)]
pub struct Lane {
    one: End,
    other: Option<End>,
}

/// The messages in flight in a lane.
struct Flight {
    until: Instant,
    in_flight: usize,
    /// Times when each message was sent that comes to the one end, and to the other.
    sent: [VecDeque<Instant>; 2],
    /// Microseconds.
    latencies: Vec<f64>,
}

impl End {
    fn new(connection: Connection, member: &SessionIdentity) -> Self {
        Self { connection, offer: member.offer(SIZE) }
    }

    /// Waits for bytes and counts the offers that they complete.
    async fn arrived(&mut self) -> Result<usize, Error> {
        let mut count = 0;
        let mut refusal = Ok(());
        let show = |message: &[u8]| {
            if let Err(error) = accepted(message) {
                refusal = Err(error);
            } else if name(message) == b"OFFER" && message.len() >= SIZE {
                count += 1;
            }
        };
        self.connection.read(show).await?;
        refusal.map(|()| count)
    }

    async fn send(&mut self, count: usize) -> Result<(), Error> {
        self.connection.send(&self.offer.repeat(count)).await
    }
}

impl Lane {
    /// Two members of a call of their own, each connected there.
    pub async fn relay(here: SocketAddr, there: SocketAddr, number: usize) -> Result<Self, Error> {
        let member =
            |user: &str| SessionIdentity { room_type: "p2p", room: format!("call-{number}"), user: user.into() };
        let (ann, bob) = (member("a"), member("b"));
        let one = End::new(join(here, number, &ann, true).await?, &ann);
        let other = End::new(join(there, number, &bob, false).await?, &bob);
        Ok(Self { one, other: Some(other) })
    }

    /// Two members of a call of their own, who bring tokens.
    pub async fn with_tokens(server: SocketAddr, number: usize, tokens: &[String; 2]) -> Result<Self, Error> {
        let member =
            |user: &str| SessionIdentity { room_type: "p2p", room: format!("call-{number}"), user: user.into() };
        let (ann, bob, [first, second]) = (member("a"), member("b"), tokens);
        let one = End::new(join_with(server, number, &ann, true, Some(first)).await?, &ann);
        let other = End::new(join_with(server, number, &bob, false, Some(second)).await?, &bob);
        Ok(Self { one, other: Some(other) })
    }

    /// Two members of a call of their own, each connected there, whose creator has left it: it is owned by neither's
    /// node.
    pub async fn apart(owner: SocketAddr, [here, there]: [SocketAddr; 2], number: usize) -> Result<Self, Error> {
        let member =
            |user: &str| SessionIdentity { room_type: "p2p", room: format!("apart-{number}"), user: user.into() };
        let (ann, bob, creator) = (member("a"), member("b"), member("c"));
        let mut created = join(owner, number, &creator, true).await?;
        let other = End::new(join(there, number, &bob, false).await?, &bob);
        created.send(&creator.leave()).await?;
        // A third user gets in only once the creator is out.
        let one = loop {
            match join(here, number, &ann, false).await {
                Ok(joined) => break End::new(joined, &ann),
                Err(Error::Refused(_)) => sleep(RETRY_DELAY).await,
                Err(error) => return Err(error),
            }
        };
        Ok(Self { one, other: Some(other) })
    }

    /// A connection to the echo.
    pub async fn echo(server: SocketAddr, number: usize) -> Result<Self, Error> {
        let ann = SessionIdentity { room_type: "p2p", room: format!("call-{number}"), user: "a".into() };
        let connection = Connection::open(server, source(number), "/echo").await?;
        Ok(Self { one: End::new(connection, &ann), other: None })
    }

    /// Keeps so many messages in flight for a time, waits for the last of them, and gives the latency of each in
    /// microseconds.
    pub async fn run(mut self, window: usize, time: Duration) -> Result<(Self, Vec<f64>), Error> {
        let mut flight = Flight {
            until: Instant::now() + time,
            in_flight: window,
            sent: [VecDeque::with_capacity(window), VecDeque::with_capacity(window)],
            latencies: Vec::new(),
        };
        let towards = usize::from(self.other.is_some());
        flight.sent[towards].extend(std::iter::repeat_n(Instant::now(), window));
        self.one.send(window).await?;
        while flight.in_flight > 0 {
            let Some(other) = &mut self.other else {
                let count = self.one.arrived().await?;
                self.one.send(flight.landed(0, 0, count)).await?;
                continue;
            };
            tokio::select! {
                count = self.one.arrived() => self.one.send(flight.landed(0, 1, count?)).await?,
                count = other.arrived() => other.send(flight.landed(1, 0, count?)).await?,
            }
        }
        Ok((self, flight.latencies))
    }
}

impl Flight {
    /// Messages arrived at one end; says how many it sends back, to the end named last.
    fn landed(&mut self, at: usize, back: usize, count: usize) -> usize {
        let now = Instant::now();
        self.latencies.extend(self.sent[at].drain(..count).map(|sent| (now - sent).as_secs_f64() * 1e6));
        if now < self.until {
            self.sent[back].extend(std::iter::repeat_n(now, count));
            return count;
        }
        self.in_flight -= count;
        0
    }
}
