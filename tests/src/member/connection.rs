//! The connection of a member.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{State, Who};

/// Interval of its heartbeats: short enough that a missed one shows soon.
const BEAT: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    state: watch::Sender<State>,
    /// Signals to be said again before anything new.
    again: Vec<String>,
}

impl Connection {
    /// Connects, sends `JOIN` and reads on until it is answered; returns the code and the answer.
    pub async fn open(address: &str, join: &str, state: State) -> Result<(Self, u64, Value), String> {
        let url = format!("ws://{address}/ws");
        let (mut socket, _) = connect_async(url).await.map_err(|error| error.to_string())?;
        socket.send(Message::text(join)).await.map_err(|error| error.to_string())?;
        let mut line = Self {
            socket,
            state: watch::Sender::new(State { closed: None, closed_at: None, ..state }),
            again: Vec::new(),
        };
        loop {
            if !line.read().await {
                let code = line.state.borrow().closed.unwrap_or(1006);
                return Err(format!("the connection was closed with {code}"));
            }
            let newest = line.state.borrow().heard.last().map(|heard| heard.value.clone()).unwrap_or_default();
            if let (Some(code), true) = (newest["c"].as_u64(), newest["s"] == "JOIN") {
                return Ok((line, code, newest));
            }
        }
    }

    pub fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Reads and writes until the connection ends.
    pub async fn run(mut self, mut said: mpsc::Receiver<String>, who: Who) {
        let mut beats = tokio::time::interval(BEAT);
        let mut count = 0;
        loop {
            for text in std::mem::take(&mut self.again) {
                if self.socket.send(Message::text(text)).await.is_err() {
                    return self.end(1006);
                }
            }
            let text = tokio::select! {
                go_on = self.read() => {
                    if !go_on {
                        return;
                    }
                    continue;
                }
                text = said.recv() => {
                    count += 1;
                    text
                }
                _ = beats.tick() => {
                    let last = self.state.borrow().last_number();
                    Some(who.signal("heartbeat", "HEARTBEAT", json!({"bid": format!("said {count}"), "sq": last})))
                }
            };
            let Some(text) = text else { return };
            if self.socket.send(Message::text(text)).await.is_err() {
                return self.end(1006);
            }
        }
    }

    /// Takes in the next message; false when the connection has ended.
    async fn read(&mut self) -> bool {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let value = serde_json::from_str(&text).expect("the server speaks JSON");
                self.count(&value);
                self.state.send_modify(|state| state.push(value));
                true
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
            Some(Ok(Message::Close(Some(close)))) => {
                self.end(close.code.into());
                false
            }
            _ => {
                self.end(1006);
                false
            }
        }
    }

    /// Takes what the server confirms of a member that numbers, and notes what it is to say again.
    fn count(&mut self, value: &Value) {
        let Some(said) = self.state.borrow().said.clone() else { return };
        let name = value["s"].as_str().unwrap_or_default();
        if let ("JOIN" | "HEARTBEAT" | "RESEND", Some(200), Some(n)) =
            (name, value["c"].as_u64(), value["b"]["n"].as_u64())
        {
            said.confirm(n);
            if name != "HEARTBEAT" {
                self.again = said.again();
            }
        }
    }

    fn end(&self, code: u16) {
        self.state.send_modify(|state| {
            state.closed.get_or_insert(code);
            state.closed_at.get_or_insert_with(Instant::now);
        });
    }
}
