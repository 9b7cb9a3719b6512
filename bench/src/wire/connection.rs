//! One connection: the opening handshake, sending, and reading what has come.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

use super::decoder::{Decoder, Event};
use super::frame::{Opcode, frame};
use crate::error::{Error, attempt};

/// The nonce and its answer are the example of RFC 6455, section 1.3.
const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Bytes read at once, from whichever connection: thousands of connections share one buffer.
const READ: usize = 64 * 1024;
/// The longest answer to the handshake.
const MAX_ANSWER: usize = 4096;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    decoder: Decoder,
}

impl Connection {
    /// Opens a WebSocket from an address of this machine.
    ///
    /// # Errors
    /// When there is no server, or it does not upgrade the connection.
    pub async fn open(server: SocketAddr, source: Ipv4Addr, path: &str) -> Result<Self, Error> {
        let socket = attempt("open a socket", TcpSocket::new_v4())?;
        attempt("bind a source address", socket.bind((source, 0).into()))?;
        let mut stream = attempt("connect", socket.connect(server).await)?;
        attempt("set TCP_NODELAY", stream.set_nodelay(true))?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {NONCE}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        attempt("send the handshake", stream.write_all(request.as_bytes()).await)?;
        let answer = answer(&mut stream).await?;
        if !answer.starts_with("HTTP/1.1 101") || !answer.contains(ACCEPT) {
            return Err(Error::Handshake(answer.lines().next().unwrap_or_default().to_owned()));
        }
        Ok(Self { stream, decoder: Decoder::default() })
    }

    /// Sends frames.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, frames: &[u8]) -> Result<(), Error> {
        attempt("send", self.stream.write_all(frames).await)
    }

    /// Waits for bytes and shows the messages they complete, which may be none. Pings are answered.
    ///
    /// Nothing is lost when this is dropped while it waits.
    ///
    /// # Errors
    /// When the connection ends.
    pub async fn read(&mut self, mut show: impl FnMut(&[u8])) -> Result<(), Error> {
        let mut pongs = Vec::new();
        let mut closed = None;
        let (stream, decoder) = (&mut self.stream, &mut self.decoder);
        poll_fn(|cx| {
            BUFFER.with_borrow_mut(|buffer| {
                let mut read = ReadBuf::new(buffer);
                let result = ready!(Pin::new(&mut *stream).poll_read(cx, &mut read));
                Poll::Ready(attempt("receive", result).and_then(|()| {
                    if read.filled().is_empty() {
                        return Err(Error::Ended);
                    }
                    let done = decoder.feed(read.filled(), |event| match event {
                        Event::Message(message) => show(message),
                        Event::Ping(payload) => pongs.extend(frame(Opcode::Pong, payload)),
                        Event::Close(code) => closed = Some(code),
                    });
                    done.map_err(Error::Frame)
                }))
            })
        })
        .await?;
        if let Some(code) = closed {
            return Err(Error::Closed(code));
        }
        if !pongs.is_empty() {
            // A pong that does not fit is left out: the next ping asks again.
            let _ = self.stream.try_write(&pongs);
        }
        Ok(())
    }

    /// Shows what has come already, without waiting.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn read_ready(&mut self, show: impl FnMut(&[u8])) -> Result<(), Error> {
        tokio::select! {
            biased;
            result = self.read(show) => result,
            () = std::future::ready(()) => Ok(()),
        }
    }
}

/// The head of the answer to the handshake. A server says nothing behind it before it is asked.
async fn answer(stream: &mut TcpStream) -> Result<String, Error> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if attempt("receive the handshake", stream.read_buf(&mut answer).await)? == 0 || answer.len() > MAX_ANSWER {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
