//! A connection to Redis for a load generator: commands are encoded once, and answers that are only counted are not
//! copied. The protocol (RESP, version 2) is read and written by the crate `redis-protocol`.

use std::net::SocketAddr;

use redis_protocol::resp2::decode::{decode, decode_range};
use redis_protocol::resp2::encode::encode;
use redis_protocol::resp2::types::{OwnedFrame, Resp2Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::{Error, attempt};

/// Bytes read at once.
const READ: usize = 64 * 1024;

/// An answer.
pub type Reply = OwnedFrame;

/// A connection.
#[derive(Debug)]
pub struct Resp {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// The bytes of a command.
pub fn command<T: AsRef<[u8]>>(words: &[T]) -> Vec<u8> {
    let words = words.iter().map(|word| OwnedFrame::BulkString(word.as_ref().to_vec()));
    let command = OwnedFrame::Array(words.collect());
    let mut bytes = vec![0; command.encode_len(false)];
    encode(&mut bytes, &command, false).expect("the buffer is as long as the command");
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
            if let Some((reply, length)) = decode(&self.buffer).map_err(unreadable)? {
                self.buffer.drain(..length);
                return match reply {
                    OwnedFrame::Error(reason) => Err(Error::Refused(reason)),
                    reply => Ok(reply),
                };
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
        while let Some((_, length)) = decode_range(&self.buffer[end..]).map_err(unreadable)? {
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

fn unreadable(error: redis_protocol::error::RedisProtocolError) -> Error {
    Error::Refused(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn answers_are_counted_when_all_of_one_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut resp = Resp::open(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let message = b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n\r\n:1\r\n";
        server.write_all(&[&message[..], &message[..20]].concat()).await.unwrap();
        assert_eq!(resp.arrived().await.unwrap(), 1);
        server.write_all(&message[20..]).await.unwrap();
        assert_eq!(resp.arrived().await.unwrap(), 1);
        server.write_all(b"-ERR no\r\n").await.unwrap();
        assert!(resp.call(&["GET", "ab"]).await.is_err());
        assert_eq!(command(&["GET", "ab"]), b"*2\r\n$3\r\nGET\r\n$2\r\nab\r\n");
    }
}
