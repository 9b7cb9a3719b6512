//! One sender, one receiver, and a fixed number of messages between them: whenever some arrive, as many are sent.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::crowd::{join, source};
use crate::error::Error;
use crate::signal::{Member, accepted, name};
use crate::wire::Connection;

/// Bytes of the session description.
const SIZE: usize = 2048;

/// Two members of a call, or one connection that is its own receiver.
#[derive(Debug)]
pub struct Lane {
    sender: Connection,
    receiver: Option<Connection>,
    offer: Vec<u8>,
}

impl Lane {
    /// Two members of a call of their own.
    pub async fn relay(server: SocketAddr, number: usize) -> Result<Self, Error> {
        let member = |user: &str| Member { room_type: "p2p", room: format!("call-{number}"), user: user.into() };
        let ann = member("a");
        let sender = join(server, number, &ann, true).await?;
        let receiver = join(server, number, &member("b"), false).await?;
        Ok(Self { sender, receiver: Some(receiver), offer: ann.offer(SIZE) })
    }

    /// A connection to the echo.
    pub async fn echo(server: SocketAddr, number: usize) -> Result<Self, Error> {
        let ann = Member { room_type: "p2p", room: format!("call-{number}"), user: "a".into() };
        let sender = Connection::open(server, source(number), "/echo").await?;
        Ok(Self { sender, receiver: None, offer: ann.offer(SIZE) })
    }

    /// Keeps so many messages in flight for a time, waits for the last of them, and gives the latency of each in
    /// microseconds.
    pub async fn run(mut self, window: usize, time: Duration) -> Result<(Self, Vec<f64>), Error> {
        let batch = self.offer.repeat(window);
        let until = Instant::now() + time;
        let mut sent = VecDeque::with_capacity(window);
        let mut latencies = Vec::new();
        let mut free = window;
        while free > 0 || !sent.is_empty() {
            if free > 0 && Instant::now() < until {
                // The time stands before the system call: the answer may come within it.
                sent.extend(std::iter::repeat_n(Instant::now(), free));
                self.sender.send(&batch[..free * self.offer.len()]).await?;
            }
            if sent.is_empty() {
                break;
            }
            free = self.arrived().await?;
            let now = Instant::now();
            latencies.extend(sent.drain(..free).map(|sent| (now - sent).as_secs_f64() * 1e6));
        }
        Ok((self, latencies))
    }

    /// Waits for bytes and counts the offers that they complete.
    async fn arrived(&mut self) -> Result<usize, Error> {
        let mut count = 0;
        let mut refusal = Ok(());
        let mut show = |message: &[u8]| {
            if let Err(error) = accepted(message) {
                refusal = Err(error);
            } else if name(message) == b"OFFER" && message.len() >= SIZE {
                count += 1;
            }
        };
        if let Some(receiver) = &mut self.receiver {
            self.sender.read_ready(&mut show).await?;
            receiver.read(&mut show).await?;
        } else {
            self.sender.read(&mut show).await?;
        }
        refusal?;
        Ok(count)
    }
}
