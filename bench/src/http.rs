//! The client's side of HTTP/1.1, no richer than a load generator needs: one request at a time over a connection that
//! is kept, requests made once as bytes, answers measured by their `Content-Length` and thrown away unread.
//!
//! It does not follow, decode, cache or pipeline, and it refuses chunked answers (RFC 9112): the server knows the
//! length of everything that is measured here. A client library would build each request anew and keep bodies: 5,000
//! viewers that are answered at the same moment are only seen in time because nothing is done but reading.

mod answer;

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

use crate::error::{Error, attempt};
use crate::load_clients::source;

pub use answer::Answer;
use answer::MAX_HEAD;

/// Bytes read at once, from whichever connection: thousands of connections share one buffer.
const READ: usize = 128 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// A connection that is kept.
#[derive(Debug)]
pub struct Http {
    stream: TcpStream,
    expected: u16,
}

/// A GET of a path, as a player sends it.
pub fn get(server: SocketAddr, path: &str, gzip: bool) -> Vec<u8> {
    let accept = if gzip { "Accept-Encoding: gzip\r\n" } else { "" };
    format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nUser-Agent: roomcast-bench\r\nAccept: */*\r\n{accept}\r\n").into()
}

impl Http {
    /// Connects, from an address that goes by the number of the connection.
    ///
    /// # Errors
    /// When there is no server.
    pub async fn open(server: SocketAddr, number: usize) -> Result<Self, Error> {
        let socket = attempt("open a socket", TcpSocket::new_v4())?;
        attempt("bind a source address", socket.bind((source(number), 0).into()))?;
        let stream = attempt("connect", socket.connect(server).await)?;
        attempt("set TCP_NODELAY", stream.set_nodelay(true))?;
        Ok(Self { stream, expected: 200 })
    }

    /// The same, for answers of another status than 200.
    #[must_use]
    pub fn expecting(self, expected: u16) -> Self {
        Self { expected, ..self }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, request: &[u8]) -> Result<(), Error> {
        attempt("send a request", self.stream.write_all(request).await)
    }

    /// Waits for the whole answer and throws its body away.
    ///
    /// # Errors
    /// When the connection ends, or the status is another than expected.
    pub async fn receive(&mut self) -> Result<Answer, Error> {
        self.read(|_| {}).await
    }

    /// Sends a request and waits for the whole answer and its body.
    ///
    /// # Errors
    /// When the connection ends, or the status is another than expected.
    pub async fn fetch(&mut self, request: &[u8]) -> Result<(Answer, Vec<u8>), Error> {
        self.send(request).await?;
        let mut body = Vec::new();
        let answer = self.read(|bytes| body.extend_from_slice(bytes)).await?;
        Ok((answer, body))
    }

    /// Nothing is remembered but a head that came in pieces.
    async fn read(&mut self, mut show: impl FnMut(&[u8])) -> Result<Answer, Error> {
        let (mut pieces, mut answer, mut missing, expected) = (Vec::new(), None, 0, self.expected);
        loop {
            self.bytes(|bytes| {
                if answer.is_some() {
                    show(bytes);
                    return take(&mut missing, bytes.len());
                }
                let whole = join(&mut pieces, bytes);
                let Some(read) = Answer::read(whole)? else {
                    pieces = whole.to_vec();
                    return if pieces.len() > MAX_HEAD {
                        Err(Error::Http("a head without end".into()))
                    } else {
                        Ok(())
                    };
                };
                missing = read.length;
                let body = &whole[read.head..];
                show(body);
                let status = read.status;
                answer = Some(read);
                if status != expected {
                    return Err(Error::Http(String::from_utf8_lossy(&whole[..whole.len().min(600)]).into_owned()));
                }
                take(&mut missing, body.len())
            })
            .await?;
            if let (Some(answer), 0) = (answer, missing) {
                return Ok(answer);
            }
        }
    }

    /// Shows what comes next.
    async fn bytes(&mut self, mut show: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let stream = &mut self.stream;
        poll_fn(|cx| {
            BUFFER.with_borrow_mut(|buffer| {
                let mut read = ReadBuf::new(buffer);
                let result = ready!(Pin::new(&mut *stream).poll_read(cx, &mut read));
                Poll::Ready(attempt("receive an answer", result).and_then(|()| match read.filled() {
                    [] => Err(Error::Ended),
                    bytes => show(bytes),
                }))
            })
        })
        .await
    }
}

/// Joins the bytes received before with the new ones; nothing is copied when nothing came before.
fn join<'a>(pieces: &'a mut Vec<u8>, bytes: &'a [u8]) -> &'a [u8] {
    if pieces.is_empty() {
        return bytes;
    }
    pieces.extend_from_slice(bytes);
    pieces
}

/// More than is missing belongs to no request.
fn take(missing: &mut usize, came: usize) -> Result<(), Error> {
    *missing = missing.checked_sub(came).ok_or_else(|| Error::Http("more than one answer to one request".into()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    /// Reads the answer of a server that sends it in these pieces.
    async fn hear(pieces: &[&[u8]]) -> Result<(Answer, Vec<u8>), Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            while !heard.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut heard).await.unwrap();
            }
            stream.set_nodelay(true).unwrap();
            for piece in pieces {
                stream.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            heard
        };
        let client = async { Http::open(address, 1).await?.fetch(&get(address, "/a", true)).await };
        let (heard, got) = tokio::join!(server, client);
        assert!(heard.starts_with(b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:"));
        got
    }

    #[tokio::test]
    async fn an_answer_is_read_to_its_end_however_it_comes() {
        let said = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello";
        for at in [0, 1, 20, said.len() - 5, said.len() - 1] {
            let (answer, body) = hear(&[&said[..at], &said[at..]]).await.unwrap();
            assert_eq!((answer.status, answer.length, answer.gzip, &body[..]), (200, 5, true, &b"hello"[..]), "{at}");
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told() {
        let refused = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}";
        assert!(hear(&[refused]).await.unwrap_err().to_string().contains("404 Not Found"));
        let more = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc";
        assert!(hear(&[more]).await.unwrap_err().to_string().contains("more than one"));
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab";
        assert!(matches!(hear(&[cut]).await, Err(Error::Ended)));
    }
}
