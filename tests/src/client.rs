//! A client that says exactly what it is told to and shows exactly what it hears.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::Server;
use crate::with_timeout;

/// One connection, which speaks for one session: of user `ann` session `ann-1`, of `ann/2` session `ann-2`, of
/// `ann/screen` session `ann-screen`, a screenshare.
#[derive(Debug)]
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    user: String,
    /// The room its signals are for.
    pub room: String,
    room_type: &'static str,
    beats: u64,
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// When the server does not upgrade the connection.
    pub async fn connect(server: &Server, user: &str, room_type: &'static str) -> Self {
        let subject = user.split_once('/').map_or(user, |(subject, _)| subject);
        if let Some(token) = server.token_of(subject) {
            return Self::connect_with_token(server, user, room_type, &token).await;
        }
        let url = format!("ws://{}/ws", server.next_address());
        let (socket, _) = with_timeout("the upgrade", connect_async(url)).await.expect("the server upgrades");
        Self { socket, user: user.to_owned(), room: "demo".to_owned(), room_type, beats: 0 }
    }

    /// Connects with an access token.
    ///
    /// # Panics
    /// When the server does not upgrade the connection.
    pub async fn connect_with_token(server: &Server, user: &str, room_type: &'static str, token: &str) -> Self {
        let url = format!("ws://{}/ws", server.next_address());
        let mut request = url.into_client_request().expect("it is an address");
        let bearer = format!("Bearer {token}").try_into().expect("a token is ASCII");
        request.headers_mut().insert("authorization", bearer);
        let (socket, _) = with_timeout("the upgrade", connect_async(request)).await.expect("the server upgrades");
        Self { socket, user: user.to_owned(), room: "demo".to_owned(), room_type, beats: 0 }
    }

    /// Connects and joins room `demo`.
    ///
    /// # Panics
    /// When the answer is not a join ack.
    pub async fn join(server: &Server, user: &str, room_type: &'static str, creating: bool) -> (Self, Value) {
        let mut client = Self::connect(server, user, room_type).await;
        let ack = client.ask_to_join(creating).await;
        assert_eq!(ack["c"], 200, "{ack}");
        (client, ack)
    }

    /// Sends `JOIN` and gives the answer.
    pub async fn ask_to_join(&mut self, creating: bool) -> Value {
        self.signal("join", "JOIN", json!({"ve": true, "ae": true, "op": {"roomCreating": creating}})).await;
        self.hear("JOIN").await
    }

    /// Sends `JOIN` with these options and gives the answer.
    pub async fn join_with(&mut self, options: Value) -> Value {
        self.signal("join", "JOIN", json!({"ve": true, "ae": true, "op": options})).await;
        self.hear("JOIN").await
    }

    /// Sends a signal and gives the code of the ack with its name.
    pub async fn refused(&mut self, action: &str, name: &str, more: Value) -> Value {
        self.signal(action, name, more).await;
        loop {
            let message = self.next().await;
            if message["s"] == name && message.get("c").is_some() {
                return message["c"].clone();
            }
        }
    }

    /// Everything the server said until now, made sure of by a heartbeat, whose ack is the last.
    pub async fn heard(&mut self) -> Vec<Value> {
        self.beats += 1;
        let beat = format!("fence {}", self.beats);
        self.signal("heartbeat", "HEARTBEAT", json!({"bid": beat})).await;
        let mut heard = Vec::new();
        loop {
            let message = self.next().await;
            if message["b"]["bid"] == beat.as_str() {
                return heard;
            }
            heard.push(message);
        }
    }

    /// Everything the server says until it sends the offer with this description, which is the last.
    ///
    /// A heartbeat shows the end of what comes from one node only.
    pub async fn heard_until_offer(&mut self, sdp: &str) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            heard.push(self.next().await);
            if heard.last().is_some_and(|message| message["sdp"] == sdp && message.get("c").is_none()) {
                return heard;
            }
        }
    }

    /// Waits for a list of exactly these sessions, oldest first.
    pub async fn hear_list(&mut self, sessions: &[&str]) -> Value {
        loop {
            let message = self.hear("PUBLISH_LIST_CHANGED").await;
            let there: Vec<_> =
                message["b"]["pps"].as_array().into_iter().flatten().map(|entry| &entry["id"]).collect();
            if there == sessions {
                return message;
            }
        }
    }

    /// The text of a signal in its room, which is `demo` from the start.
    ///
    /// # Panics
    /// When `more` is no object.
    #[must_use]
    pub fn text(&self, action: &str, name: &str, more: Value) -> String {
        let (user, session) = self.user.split_once('/').unwrap_or((&self.user, "1"));
        let category = if session == "screen" { "screenshare" } else { "stream" };
        let mut data = json!({"s": name, "ch": self.room_type, "rid": self.room, "ss": {"userId": user,
            "sessionId": format!("{user}-{session}"), "category": category, "host": "Web", "deviceId": "test"}});
        let Value::Object(more) = more else { panic!("members come as an object") };
        data.as_object_mut().expect("it is an object").extend(more);
        json!({"action": action, "data": data}).to_string()
    }

    /// Sends a signal in its room.
    pub async fn signal(&mut self, action: &str, name: &str, more: Value) {
        let text = self.text(action, name, more);
        self.say(&text).await;
    }

    /// Sends a text message in one frame.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// Sends text messages in one go, so that the server reads them together.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn say_at_once(&mut self, texts: &[&str]) {
        for text in texts {
            with_timeout("room to send", self.socket.feed(Message::text(*text)))
                .await
                .expect("the connection takes a message");
        }
        with_timeout("room to send", self.socket.flush()).await.expect("the connection takes messages");
    }

    /// Sends any message.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send(&mut self, message: Message) {
        with_timeout("room to send", self.socket.send(message)).await.expect("the connection takes a message");
    }

    /// Sends one text frame of a message, which may be its first, a further one or its last.
    pub async fn fragment(&mut self, bytes: &[u8], first: bool, last: bool) {
        let data = if first { Data::Text } else { Data::Continue };
        self.send(Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(data), last))).await;
    }

    /// The next message, in JSON.
    ///
    /// # Panics
    /// When the connection ends instead.
    pub async fn next(&mut self) -> Value {
        let text = self.next_text().await;
        serde_json::from_str(&text).expect("the server speaks JSON")
    }

    /// The text of the next message with this name.
    pub async fn raw(&mut self, name: &str) -> String {
        let name = format!(r#""s":"{name}""#);
        loop {
            let text = self.next_text().await;
            if text.contains(&name) {
                return text;
            }
        }
    }

    async fn next_text(&mut self) -> String {
        loop {
            match with_timeout("a message", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return text.to_string(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a message, got {other:?}"),
            }
        }
    }

    /// The next message with this name; others are passed over.
    pub async fn hear(&mut self, name: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["s"] == name {
                return message;
            }
        }
    }

    /// The code and reason with which the server closes; messages before it are passed over.
    ///
    /// # Panics
    /// When the connection ends without a close frame.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match with_timeout("the close frame", self.socket.next()).await {
                Some(Ok(Message::Close(Some(close)))) => return (close.code.into(), close.reason.to_string()),
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a close frame, got {other:?}"),
            }
        }
    }
}
