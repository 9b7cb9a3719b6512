//! A client that says exactly what it is told to and shows exactly what it hears.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::Server;
use crate::soon;

/// One connection.
#[derive(Debug)]
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    user: String,
    room_type: &'static str,
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// When the server does not upgrade the connection.
    pub async fn connect(server: &Server, user: &str, room_type: &'static str) -> Self {
        let url = format!("ws://{}/ws", server.address);
        let (socket, _) = soon("the upgrade", connect_async(url)).await.expect("the server upgrades");
        Self { socket, user: user.to_owned(), room_type }
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

    /// Sends `JOIN` for room `demo` and gives the answer.
    pub async fn ask_to_join(&mut self, creating: bool) -> Value {
        self.signal("join", "JOIN", json!({"ve": true, "ae": true, "op": {"roomCreating": creating}})).await;
        self.hear("JOIN").await
    }

    /// The text of a signal in room `demo`.
    ///
    /// # Panics
    /// When `more` is no object.
    #[must_use]
    pub fn text(&self, action: &str, name: &str, more: Value) -> String {
        let mut data = json!({"s": name, "ch": self.room_type, "rid": "demo", "ss": {"userId": self.user,
            "sessionId": format!("{}-1", self.user), "category": "stream", "host": "Web", "deviceId": "test"}});
        let Value::Object(more) = more else { panic!("members come as an object") };
        data.as_object_mut().expect("it is an object").extend(more);
        json!({"action": action, "data": data}).to_string()
    }

    /// Sends a signal in room `demo`.
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
            soon("room to send", self.socket.feed(Message::text(*text))).await.expect("the connection takes a message");
        }
        soon("room to send", self.socket.flush()).await.expect("the connection takes messages");
    }

    /// Sends any message.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send(&mut self, message: Message) {
        soon("room to send", self.socket.send(message)).await.expect("the connection takes a message");
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
            match soon("a message", self.socket.next()).await {
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
            match soon("the close frame", self.socket.next()).await {
                Some(Ok(Message::Close(Some(close)))) => return (close.code.into(), close.reason.to_string()),
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a close frame, got {other:?}"),
            }
        }
    }
}
