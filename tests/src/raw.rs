//! A WebSocket client written frame by frame, for what a well-behaved library cannot send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::with_timeout;

/// First bytes of frames that are whole messages or controls.
pub const TEXT: u8 = 0x81;
/// A binary message in one frame.
pub const BINARY: u8 = 0x82;
/// A close frame.
pub const CLOSE: u8 = 0x88;
/// A ping.
pub const PING: u8 = 0x89;
/// A pong.
pub const PONG: u8 = 0x8a;

/// A frame as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Final bit, reserved bits and opcode.
    pub first: u8,
    /// The payload.
    pub payload: Vec<u8>,
}

/// One TCP connection.
#[derive(Debug)]
pub struct Raw {
    /// The connection itself.
    pub stream: TcpStream,
    unread: Vec<u8>,
}

/// The bytes of a masked frame.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, payload.len() as u64);
    let key = [7, 77, 177, 33];
    bytes.extend(key);
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// The beginning of a masked frame, up to its masking key.
#[must_use]
pub fn head(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..126), _) => bytes.push(0x80 | short),
        (_, Ok(medium)) => {
            bytes.push(0x80 | 126);
            bytes.extend(medium.to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes
}

/// The payload of a close frame.
#[must_use]
pub fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

impl Raw {
    /// Opens a TCP connection.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn dial(address: &str) -> Self {
        let stream = with_timeout("a TCP connection", TcpStream::connect(address)).await.expect("the server listens");
        Self { stream, unread: Vec::new() }
    }

    /// Opens a TCP connection whose receive buffer is small, and a WebSocket over it.
    ///
    /// # Panics
    /// When the server does not upgrade.
    pub async fn narrow(address: &str, path: &str) -> Self {
        Self::dial_narrow(address).await.upgraded(path).await
    }

    /// Opens a TCP connection whose receive buffer is small.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn dial_narrow(address: &str) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let address = address.parse().expect("an address");
        let stream = with_timeout("a TCP connection", socket.connect(address)).await.expect("the server listens");
        Self { stream, unread: Vec::new() }
    }

    /// Opens a WebSocket.
    ///
    /// # Panics
    /// When the server does not upgrade.
    pub async fn open(address: &str, path: &str) -> Self {
        Self::dial(address).await.upgraded(path).await
    }

    /// Begins a `PUT` whose body comes in chunks.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn put(address: &str, path: &str) -> Self {
        let mut raw = Self::dial(address).await;
        raw.begin("PUT", path, CHUNKED).await;
        raw
    }

    /// Sends a chunk of such a body.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn chunk(&mut self, bytes: &[u8]) {
        self.send(format!("{:x}\r\n", bytes.len()).as_bytes()).await;
        self.send(bytes).await;
        self.send(b"\r\n").await;
    }

    async fn upgraded(mut self, path: &str) -> Self {
        let (status, head) = self.request("GET", path, HANDSHAKE).await;
        assert_eq!(status, 101, "{head}");
        self
    }

    /// Sends a request and gives the status and head of the answer; what follows stays unread.
    ///
    /// # Panics
    /// When the answer is none of HTTP.
    pub async fn request(&mut self, method: &str, path: &str, headers: &str) -> (u16, String) {
        self.begin(method, path, headers).await;
        self.answer().await
    }

    /// Sends the head of a request; `headers` are whole lines.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn begin(&mut self, method: &str, path: &str, headers: &str) {
        self.send(format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n").as_bytes()).await;
    }

    /// The status and head of an answer; what follows stays unread.
    ///
    /// # Panics
    /// When it is none of HTTP.
    pub async fn answer(&mut self) -> (u16, String) {
        loop {
            if let Some(end) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = String::from_utf8(self.unread.drain(..end + 4).collect()).expect("heads are text");
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                return (status.expect("an HTTP answer"), head);
            }
            assert!(self.read().await, "the answer ended early");
        }
    }

    /// Reads the body of an answer with this head, which has a `Content-Length`.
    ///
    /// # Panics
    /// When the head has none, or the body ends early.
    pub async fn body(&mut self, head: &str) -> Vec<u8> {
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let length = length.unwrap_or_else(|| panic!("a length in {head}"));
        while self.unread.len() < length {
            assert!(self.read().await, "the body ended early");
        }
        self.unread.drain(..length).collect()
    }

    /// Reads to the end of the connection, whatever comes.
    pub async fn drain(&mut self) {
        while self.read().await {
            self.unread.clear();
        }
    }

    /// Reads until the end of the connection.
    pub async fn rest(&mut self) -> String {
        while self.read().await {}
        String::from_utf8_lossy(&self.unread).into_owned()
    }

    /// Reads to the end of the connection, and gives the number of bytes.
    pub async fn count_to_end(&mut self) -> usize {
        let mut count = self.unread.len();
        self.unread.clear();
        while self.read().await {
            count += self.unread.len();
            self.unread.clear();
        }
        count
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send(&mut self, bytes: &[u8]) {
        with_timeout("room to send", self.stream.write_all(bytes)).await.expect("the connection takes bytes");
    }

    /// Sends a masked frame.
    pub async fn frame(&mut self, first: u8, payload: &[u8]) {
        self.send(&frame(first, payload)).await;
    }

    /// Reads more; false at the end.
    async fn read(&mut self) -> bool {
        with_timeout("bytes", self.stream.read_buf(&mut self.unread)).await.is_ok_and(|count| count > 0)
    }

    /// The next frame; none when the connection has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.take() {
                return Some(frame);
            }
            if !self.read().await {
                return None;
            }
        }
    }

    fn take(&mut self) -> Option<Frame> {
        let bytes = &self.unread;
        let short = *bytes.get(1)?;
        assert!(short < 0x80, "servers do not mask");
        let extended = [0, 2, 8][usize::from(short >= 126) + usize::from(short == 127)];
        let number = bytes.get(2..2 + extended)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let length = if extended == 0 { usize::from(short) } else { number };
        let end = 2 + extended + length;
        if bytes.len() < end {
            return None;
        }
        let frame: Vec<u8> = self.unread.drain(..end).collect();
        Some(Frame { first: frame[0], payload: frame[2 + extended..].to_vec() })
    }

    /// The next message, fragments put together; pings are passed over.
    ///
    /// # Panics
    /// When something else comes.
    pub async fn message(&mut self) -> Vec<u8> {
        let mut whole = Vec::new();
        loop {
            let frame = self.next().await.expect("a message, not the end");
            match frame.first {
                PING | PONG => {}
                0x00..=0x02 | 0x80..=0x82 => {
                    whole.extend(frame.payload);
                    if frame.first >= 0x80 {
                        return whole;
                    }
                }
                _ => panic!("expected a message, got {frame:?}"),
            }
        }
    }

    /// The payload of the close frame; what comes before it is passed over, and nothing but the end of the
    /// connection may come behind it.
    ///
    /// # Panics
    /// When there is none, or more than one, or the connection stays open.
    pub async fn close_frame(&mut self) -> Vec<u8> {
        let payload = loop {
            let frame = self.next().await.expect("a close frame before the end");
            if frame.first == CLOSE {
                break frame.payload;
            }
        };
        self.ends().await;
        payload
    }

    /// Code and reason with which the server closes.
    ///
    /// # Panics
    /// As [`close_frame`](Self::close_frame), and when the close frame has no code.
    pub async fn closed(&mut self) -> (u16, String) {
        let payload = self.close_frame().await;
        let (code, reason) = payload.split_first_chunk::<2>().expect("a code");
        (u16::from_be_bytes(*code), String::from_utf8(reason.to_vec()).expect("a reason in UTF-8"))
    }

    /// Waits for the end of the connection, promptly and without another frame.
    ///
    /// # Panics
    /// When anything else happens.
    pub async fn ends(&mut self) {
        let next = tokio::time::timeout(Duration::from_secs(3), self.next()).await;
        assert_eq!(next.expect("the connection to end"), None);
    }

    /// Sends bytes for a while without reading an answer; then gives the code and reason of the close.
    ///
    /// # Panics
    /// When the connection ends without a close frame.
    pub async fn closed_after_sending(&mut self, bytes: &[u8], timeout: Duration) -> (u16, String) {
        let _ = tokio::time::timeout(timeout, self.stream.write_all(bytes)).await;
        loop {
            let frame = self.next().await.expect("a close frame before the end");
            if frame.first == CLOSE {
                let (code, reason) = frame.payload.split_first_chunk::<2>().expect("a code");
                return (u16::from_be_bytes(*code), String::from_utf8(reason.to_vec()).expect("a reason in UTF-8"));
            }
        }
    }

    /// Waits for the connection to be cut, by writing pongs and reading nothing.
    ///
    /// # Panics
    /// When it is not.
    pub async fn until_cut(&mut self) {
        let cut = async {
            while self.stream.write_all(&frame(PONG, b"still here")).await.is_ok() {
                tokio::task::yield_now().await
            }
        };
        with_timeout("the connection to be cut", cut).await;
    }
}

/// The headers of a proper handshake.
pub const HANDSHAKE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
/// The header of a body that comes in chunks.
pub const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
