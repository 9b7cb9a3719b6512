//! One WebSocket connection: the only place that knows the library.
//!
//! Messages go out in frames within the protocol's limits. Everything that ends a connection becomes a close code,
//! also what never was on the wire (1006). Never decides what follows from it.
//!
//! RFC 6455, 5.4 (fragmentation) and 7.4 (close codes).

use std::sync::Arc;
use std::time::Duration;

use crate::access::{self, Token, Verdict};
use crate::{AccessToken, ServerAddress, Trust, tls};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use roomcast_protocol::frame::fragments;
use roomcast_protocol::limits::{MAX_FRAME, MAX_MESSAGE};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

/// Timeout for writing a message: a peer that exceeds it has stopped reading.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout for the peer's answer to the close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest text of a refused handshake that is shown, in bytes.
const LONGEST_SENTENCE: usize = 300;
/// No close code came.
const NO_STATUS: u16 = 1005;
/// The connection just ended.
const ABNORMAL: u16 = 1006;

/// Parameters of a connection to the server.
#[derive(Clone)]
pub(super) struct Dial {
    pub server: ServerAddress,
    pub access_token: Option<AccessToken>,
    pub timeout: Duration,
    pub tls: Arc<rustls::ClientConfig>,
    pub trust: Trust,
}

/// Reason why there is no connection.
#[derive(Debug)]
pub(super) struct NotOpened {
    /// The HTTP status, where the server answered with one.
    pub status: Option<u16>,
    pub reason: String,
}

/// Data received from the connection.
#[derive(Debug)]
pub(super) enum Received {
    Text(String),
    Closed { code: u16, reason: String },
}

pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Dial {
    /// Opens a connection, with a token that is fetched for it.
    pub async fn open(self) -> Result<(Socket, Option<Token>), NotOpened> {
        let token = self.fetch().await.map_err(|reason| NotOpened { status: None, reason })?;
        let text = token.as_ref().map(Token::expose);
        match self.handshake(text).await {
            Err(refused @ NotOpened { status: Some(401 | 403), .. }) => Err(self.ask_why(text, refused).await),
            Err(error) => Err(error),
            Ok(socket) => Ok((socket, token)),
        }
    }

    /// Fetches a token within the time, where one is wanted.
    pub async fn fetch(&self) -> Result<Option<Token>, String> {
        let Some(token) = &self.access_token else { return Ok(None) };
        let fetched = timeout(self.timeout, token.fetch()).await;
        let fetched = fetched.unwrap_or_else(|_| Err("the access token does not come in time".to_owned()));
        fetched.map(|token| Some(Token::from(token)))
    }

    async fn handshake(&self, token: Option<&str>) -> Result<Socket, NotOpened> {
        let request = self.request(token).map_err(|error| NotOpened::from(&error))?;
        let limits = WebSocketConfig::default().max_frame_size(Some(MAX_FRAME)).max_message_size(Some(MAX_MESSAGE));
        let connector = Connector::Rustls(Arc::clone(&self.tls));
        let opening = connect_async_tls_with_config(request, Some(limits), true, Some(connector));
        match timeout(self.timeout, opening).await {
            Ok(Ok((stream, _))) => Ok(Socket(stream)),
            Ok(Err(error)) => Err(NotOpened::from(&error)),
            Err(_) => Err(NotOpened { status: None, reason: "connecting takes too long".to_owned() }),
        }
    }

    /// Asks the server about a token with which the handshake was refused: that answer need not have come from the
    /// server itself, and what a proxy puts in its place holds no sentence.
    async fn ask_why(&self, token: Option<&str>, refused: NotOpened) -> NotOpened {
        match access::check(&self.server, &self.trust, token).await {
            Ok(Verdict::Refused { message, .. }) => NotOpened { reason: message, ..refused },
            _ => refused,
        }
    }

    fn request(&self, token: Option<&str>) -> Result<Request, Error> {
        let mut request = self.server.signaling().as_str().into_client_request()?;
        if let Some(token) = token {
            let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))?;
            bearer.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        Ok(request)
    }
}

impl From<&Error> for NotOpened {
    fn from(error: &Error) -> Self {
        let status = match error {
            Error::Http(response) => Some(response.status().as_u16()),
            _ => None,
        };
        let reason = match error {
            Error::Http(response) => sentence(response.body().as_deref()),
            error => tls::explain(error),
        };
        Self { status, reason: reason.unwrap_or_else(|| error.to_string()) }
    }
}

impl Socket {
    /// Returns the next message, or the end. Can be dropped and called again without loss.
    pub async fn receive(&mut self) -> Received {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Received::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => return closed(frame),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Received::Closed { code: code_of(&error), reason: error.to_string() },
                None => return Received::Closed { code: ABNORMAL, reason: String::new() },
            }
        }
    }

    /// Sends a text message. `Err` holds the reason why the connection is of no more use.
    pub async fn send(&mut self, text: &str) -> Result<(), String> {
        match timeout(WRITE_TIMEOUT, self.write(text)).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err("the server does not read".to_owned()),
        }
    }

    async fn write(&mut self, text: &str) -> Result<(), Error> {
        if text.len() <= MAX_FRAME {
            return self.0.send(Message::text(text)).await;
        }
        let mut frames = fragments(text, MAX_FRAME).peekable();
        let mut opcode = OpCode::Data(Data::Text);
        while let Some(payload) = frames.next() {
            let is_final = frames.peek().is_none();
            let frame = Frame::message(Bytes::copy_from_slice(payload), opcode, is_final);
            self.0.send(Message::Frame(frame)).await?;
            opcode = OpCode::Data(Data::Continue);
        }
        Ok(())
    }

    /// Closes the connection and waits for the peer's close frame. Dropping it earlier could lose the last messages
    /// sent.
    pub async fn close(mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let goodbye = async {
            if self.0.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.0.next().await {}
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }
}

/// Returns the server's text about a refused handshake, if it is one line.
fn sentence(body: Option<&[u8]>) -> Option<String> {
    let text = std::str::from_utf8(body?).ok()?.trim();
    let is_sentence = (1..=LONGEST_SENTENCE).contains(&text.len()) && !text.contains(|found: char| found.is_control());
    is_sentence.then(|| format!("the server says: {text}"))
}

fn closed(frame: Option<CloseFrame>) -> Received {
    match frame {
        Some(frame) => Received::Closed { code: frame.code.into(), reason: frame.reason.as_str().to_owned() },
        None => Received::Closed { code: NO_STATUS, reason: String::new() },
    }
}

fn code_of(error: &Error) -> u16 {
    match error {
        Error::Capacity(_) => CloseCode::Size.into(),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => ABNORMAL,
        Error::Protocol(_) => CloseCode::Protocol.into(),
        Error::Utf8(_) => CloseCode::Invalid.into(),
        _ => ABNORMAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_without_a_close_frame_is_abnormal_and_a_violation_is_not() {
        assert_eq!(code_of(&Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)), 1006);
        assert_eq!(code_of(&Error::Protocol(ProtocolError::NonZeroReservedBits)), 1002);
        assert_eq!(code_of(&Error::ConnectionClosed), 1006);
    }

    #[test]
    fn a_refused_handshake_has_the_servers_sentence() {
        assert_eq!(sentence(Some(b"speak TLS here\n")).as_deref(), Some("the server says: speak TLS here"));
        for none in [None, Some(&b""[..]), Some(b"<html>\n<p>"), Some(&[0xff]), Some(&[b'x'; 301])] {
            assert_eq!(sentence(none), None);
        }
    }

    #[test]
    fn the_access_token_is_a_header_and_shown_in_no_log() {
        let (server, trust) = (ServerAddress::parse("ws://127.0.0.1:1").unwrap(), Trust::default());
        let tls = Arc::new(trust.config());
        let dial = Dial { server, access_token: None, timeout: CLOSE_TIMEOUT, tls, trust };
        let request = dial.request(Some("secret")).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer secret");
        assert!(!format!("{request:?}").contains("secret"));
    }
}
