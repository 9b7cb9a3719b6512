//! The Redis protocol, version 2, as far as a load generator speaks it. Commands are made once; answers that are
//! only counted are not copied.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::{Error, attempt};

/// Bytes read at once.
const READ: usize = 64 * 1024;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// There is nothing.
    Nil,
    /// A number.
    Int(i64),
    /// A string.
    Bulk(Vec<u8>),
    /// A status.
    Status(String),
    /// Several.
    List(Vec<Self>),
}

/// A connection.
#[derive(Debug)]
pub struct Resp {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// The bytes of a command.
pub fn command<T: AsRef<[u8]>>(words: &[T]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.as_ref().len()).bytes());
        bytes.extend(word.as_ref());
        bytes.extend(b"\r\n");
    }
    bytes
}

impl Resp {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> Result<Self, Error> {
        let stream = attempt("connect to Redis", TcpStream::connect(address).await)?;
        attempt("set TCP_NODELAY", stream.set_nodelay(true))?;
        Ok(Self { stream, buffer: Vec::with_capacity(READ) })
    }

    /// Sends commands.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, commands: &[u8]) -> Result<(), Error> {
        attempt("send to Redis", self.stream.write_all(commands).await)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// When the connection is gone, or the command was refused.
    pub async fn call(&mut self, words: &[&str]) -> Result<Reply, Error> {
        self.send(&command(words)).await?;
        loop {
            if let Some(length) = length(&self.buffer) {
                let reply = read(&mut &self.buffer[..length]);
                self.buffer.drain(..length);
                return reply;
            }
            self.more().await?;
        }
    }

    /// Waits for bytes and counts the answers that they complete. Nothing is lost when this is dropped while it waits.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn arrived(&mut self) -> Result<usize, Error> {
        self.more().await?;
        let (mut count, mut end) = (0, 0);
        while let Some(length) = length(&self.buffer[end..]) {
            end += length;
            count += 1;
        }
        self.buffer.drain(..end);
        Ok(count)
    }

    async fn more(&mut self) -> Result<(), Error> {
        self.buffer.reserve(READ);
        match attempt("hear from Redis", self.stream.read_buf(&mut self.buffer).await)? {
            0 => Err(Error::Ended),
            _ => Ok(()),
        }
    }
}

/// The first line without its end, and how many bytes it took with it.
fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = memchr::memchr(b'\n', bytes)?;
    Some((bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]), end + 1))
}

fn number(digits: &[u8]) -> i64 {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Length of the first answer, when all of it is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let (head, mut end) = line(bytes)?;
    let (kind, rest) = head.split_first()?;
    match (kind, usize::try_from(number(rest))) {
        (b'$', Ok(length)) => end += length + 2,
        (b'*', Ok(count)) => {
            for _ in 0..count {
                end += length(bytes.get(end..)?)?;
            }
        }
        _ => {}
    }
    (end <= bytes.len()).then_some(end)
}

/// Reads an answer of which all is there.
fn read(bytes: &mut &[u8]) -> Result<Reply, Error> {
    let (head, end) = line(bytes).ok_or(Error::Ended)?;
    *bytes = &bytes[end..];
    let (kind, rest) = head.split_first().ok_or(Error::Ended)?;
    let text = || String::from_utf8_lossy(rest).into_owned();
    match (kind, usize::try_from(number(rest))) {
        (b':', _) => Ok(Reply::Int(number(rest))),
        (b'-', _) => Err(Error::Refused(text())),
        (b'$', Ok(length)) => {
            let string = bytes[..length].to_vec();
            *bytes = &bytes[length + 2..];
            Ok(Reply::Bulk(string))
        }
        (b'*', Ok(count)) => (0..count).map(|_| read(bytes)).collect::<Result<_, _>>().map(Reply::List),
        (b'$' | b'*', Err(_)) => Ok(Reply::Nil),
        _ => Ok(Reply::Status(text())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_measured_only_when_all_of_it_is_there() {
        let said = b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n\r\n:1\r\n";
        for end in 0..said.len() {
            assert_eq!(length(&said[..end]), None, "{end}");
        }
        assert_eq!(length(said), Some(said.len()));
        let bulk = |text: &[u8]| Reply::Bulk(text.to_vec());
        assert_eq!(read(&mut &said[..]).unwrap(), Reply::List(vec![bulk(b"message"), bulk(b"c"), bulk(b"\r\n:1")]));
        assert_eq!(read(&mut &b"$-1\r\n"[..]).unwrap(), Reply::Nil);
        assert!(read(&mut &b"-ERR no\r\n"[..]).is_err());
        assert_eq!(command(&["GET", "ab"]), b"*2\r\n$3\r\nGET\r\n$2\r\nab\r\n");
    }
}
