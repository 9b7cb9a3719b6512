//! One connection: the opening handshake, sending, and reading what has come.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Poll, ready};

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

use super::decoder::{Decoder, Event};
use super::frame::{Opcode, frame};
use crate::error::{Error, attempt};

/// The nonce and its answer are the example of RFC 6455, section 1.3.
const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The end of a head.
const END: &str = "\r\n\r\n";

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
        if !answer.starts_with("HTTP/1.1 101") || !answer.contains(ACCEPT) || !answer.ends_with(END) {
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
}

/// The answer to the handshake: a head alone, because a server says nothing before it is asked.
async fn answer(stream: &mut TcpStream) -> Result<String, Error> {
    let mut answer = Vec::new();
    while memmem::find(&answer, END.as_bytes()).is_none() {
        if attempt("receive the handshake", stream.read_buf(&mut answer).await)? == 0 || answer.len() > MAX_ANSWER {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// A server that answers one handshake, hears one byte, says this, and gives what it hears then.
    async fn server(listener: TcpListener, answer: &str, says: &[u8], hears: usize) -> Vec<u8> {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(END.as_bytes()) {
            stream.read_buf(&mut heard).await.unwrap();
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.read_u8().await;
        stream.write_all(says).await.unwrap();
        let mut heard = vec![0; hears];
        stream.read_exact(&mut heard).await.unwrap();
        heard
    }

    #[tokio::test]
    async fn messages_are_shown_and_pings_are_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n");
        let pong = frame(Opcode::Pong, b"!");
        let server = server(listener, &answer, b"\x81\x02hi\x89\x01!", pong.len());
        let client = async {
            let mut connection = Connection::open(address, Ipv4Addr::new(127, 0, 0, 2), "/ws").await.unwrap();
            connection.send(b"?").await.unwrap();
            let mut told = Vec::new();
            while told.is_empty() {
                connection.read(|message| told.extend_from_slice(message)).await.unwrap();
            }
            assert_eq!(told, b"hi");
            while connection.read(|_| {}).await.is_ok() {}
        };
        let (heard, ()) = tokio::join!(server, client);
        assert_eq!(heard, pong);
    }

    #[tokio::test]
    async fn a_server_that_does_not_upgrade_is_told_with_its_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = server(listener, "HTTP/1.1 503 Service Unavailable\r\n\r\n", b"", 0);
        let (_, opened) = tokio::join!(server, Connection::open(address, Ipv4Addr::LOCALHOST, "/ws"));
        assert_eq!(
            opened.unwrap_err().to_string(),
            "the server did not upgrade the connection: HTTP/1.1 503 Service Unavailable"
        );
    }
}
