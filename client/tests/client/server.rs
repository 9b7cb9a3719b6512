//! The server: WebSocket and HTTP on one port of the loopback interface.
//!
//! Everything that arrives is handed to the test, which answers. Every wait is bounded, so that a test fails and
//! never hangs.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use roomcast_protocol::data::decode_multipart;
use roomcast_protocol::limits::MAX_FRAME;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

/// Waits for something that must happen.
pub async fn with_timeout<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it happens in time")
}

/// An HTTP request.
#[derive(Debug)]
pub struct Request {
    pub path: String,
    pub bearer: String,
    pub content_type: String,
    pub body: Vec<u8>,
    answer: oneshot::Sender<(u16, String)>,
}

impl Request {
    pub fn answer(self, status: u16, body: impl Into<String>) {
        let _ = self.answer.send((status, body.into()));
    }

    /// A data signal without its media.
    pub fn json(&self) -> Value {
        let Some(boundary) = self.content_type.strip_prefix("multipart/form-data; boundary=") else {
            return serde_json::from_slice(&self.body).expect("the body is JSON");
        };
        let delimiter = format!("--{boundary}");
        let (json, rest) = part(&self.body, &delimiter, "signal").expect("the signal comes first");
        let media = |name| part(rest, &delimiter, name).map(|(bytes, _)| Bytes::copy_from_slice(bytes));
        let signal = decode_multipart(json, media("data"), media("map"));
        signal.expect("the media is beside it");
        serde_json::from_slice(json).expect("the signal is JSON")
    }

    /// Answers a data signal.
    pub fn acknowledge(self, code: u16, http: u16) {
        let body = json!({"c": code, "s": "X", "b": {"id": self.json()["id"], "delay": 1, "msg": "said the server"}});
        self.answer(http, body.to_string());
    }

    /// Accepts a data signal that took so long.
    pub fn acknowledge_after(self, delay: Duration) {
        let body = json!({"c": 200, "s": "X", "b": {"id": self.json()["id"], "delay": delay.as_millis() as u64}});
        self.answer(200, body.to_string());
    }
}

/// The bytes of a part of this name, if it comes next, and what stands behind them.
fn part<'a>(body: &'a [u8], delimiter: &str, name: &str) -> Option<(&'a [u8], &'a [u8])> {
    let find = |bytes: &[u8], what: &str| bytes.windows(what.len()).position(|window| window == what.as_bytes());
    let part = body.strip_prefix(delimiter.as_bytes())?;
    let (head, content) = part.split_at(find(part, "\r\n\r\n")?);
    find(head, &format!("name=\"{name}\""))?;
    let content = &content[4..];
    let end = find(content, &format!("\r\n{delimiter}"))?;
    Some((&content[..end], &content[end + 2..]))
}

/// A session as a publisher in a list.
fn participant(session: &Value) -> Value {
    let mut participant =
        json!({"id": session["sessionId"], "role": "admin", "video": true, "audio": true, "publish": true});
    let members = session.as_object().expect("a session").clone();
    participant.as_object_mut().expect("it is one").extend(members);
    participant
}

/// A WebSocket connection. When it is dropped it ends without a close frame.
pub struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    /// The next signal.
    pub async fn signal(&mut self) -> Value {
        match with_timeout(self.0.next()).await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("signals are JSON"),
            other => panic!("no signal: {other:?}"),
        }
    }

    /// The next signal that is no heartbeat; heartbeats are acknowledged.
    pub async fn busy_signal(&mut self) -> Value {
        loop {
            let signal = self.signal().await;
            if signal["action"] != "heartbeat" {
                return signal;
            }
            let (bid, list) = (&signal["data"]["bid"], [participant(&signal["data"]["ss"])]);
            self.say(json!({"c": 200, "s": "HEARTBEAT", "b": {"pps": list, "rid": "demo", "bid": bid}})).await;
        }
    }

    pub async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("the client listens");
    }

    /// Accepts the `JOIN` that came.
    pub async fn welcome(&mut self, more: Value) {
        let mut body = json!({
            "rid": "demo", "pps": [], "pt": "admin", "eg": "native", "resumed": false, "sq": 0, "rt": "resume-1",
            "hb": {"interval": 3000, "timeout": 10000}, "es": {"icfg": {"is": [], "iceServers": []}},
        });
        for (key, value) in more.as_object().expect("members") {
            body[key] = value.clone();
        }
        self.say(json!({"c": 200, "s": "JOIN", "b": body})).await;
    }

    pub async fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.to_owned().into() };
        self.0.close(Some(frame)).await.expect("the client listens");
    }

    /// The close code with which the client goes.
    pub async fn goodbye(mut self) -> u16 {
        loop {
            match with_timeout(self.0.next()).await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Text(_))) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }
}

pub struct Server {
    pub url: String,
    sockets: mpsc::UnboundedReceiver<Peer>,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (to_sockets, sockets) = mpsc::unbounded_channel();
        let (to_requests, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, to_sockets.clone(), to_requests.clone()));
            }
        });
        Self { url, sockets, requests }
    }

    /// The next WebSocket connection.
    pub async fn socket(&mut self) -> Peer {
        with_timeout(self.sockets.recv()).await.expect("the listener runs")
    }

    /// The next HTTP request.
    pub async fn request(&mut self) -> Request {
        with_timeout(self.requests.recv()).await.expect("the listener runs")
    }

    /// Takes another WebSocket connection; returns whether one has come.
    pub fn take_socket(&mut self) -> bool {
        self.sockets.try_recv().is_ok()
    }
}

async fn serve(mut stream: TcpStream, sockets: mpsc::UnboundedSender<Peer>, requests: mpsc::UnboundedSender<Request>) {
    if is_upgrade(&stream).await {
        let limits = WebSocketConfig::default().max_frame_size(Some(MAX_FRAME));
        if let Ok(socket) = accept_async_with_config(stream, Some(limits)).await {
            let _ = sockets.send(Peer(socket));
        }
        return;
    }
    while let Some((request, answer)) = read(&mut stream).await {
        let _ = requests.send(request);
        let Ok((status, body)) = answer.await else { return };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.is_err() {
            return;
        }
    }
}

/// Paths with `refused` in them are no WebSocket, whatever is asked.
async fn is_upgrade(stream: &TcpStream) -> bool {
    let mut head = vec![0; 4096];
    let count = stream.peek(&mut head).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..count]).to_lowercase();
    head.contains("upgrade: websocket") && !head.contains("/refused/")
}

async fn read(stream: &mut TcpStream) -> Option<(Request, oneshot::Receiver<(u16, String)>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8(bytes).ok()?;
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let length = header("content-length").parse().unwrap_or(0);
    while body.len() < length {
        stream.read_buf(&mut body).await.ok().filter(|count| *count > 0)?;
    }
    let path = head.split(' ').nth(1)?.to_owned();
    let bearer = header("authorization").trim_start_matches("Bearer ").to_owned();
    let (answer, answered) = oneshot::channel();
    let content_type = header("content-type");
    Some((Request { path, bearer, content_type, body, answer }, answered))
}
