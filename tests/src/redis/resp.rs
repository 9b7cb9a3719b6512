//! A connection to Redis as a test uses it: one command, one answer (RESP, version 2).

use std::io;

use redis_protocol::resp2::decode::decode;
use redis_protocol::resp2::encode::encode;
use redis_protocol::resp2::types::{OwnedFrame, Resp2Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// There is nothing.
    Nil,
    /// A number.
    Int(i64),
    /// A status or a string.
    Text(String),
    /// The command was refused, for this reason.
    Error(String),
    /// Several.
    List(Vec<Reply>),
}

impl Reply {
    /// The text of a string.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("expected a string, got {other:?}"),
        }
    }

    /// The number.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    pub fn number(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            other => panic!("expected a number, got {other:?}"),
        }
    }

    /// The elements of a list.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            other => panic!("expected a list, got {other:?}"),
        }
    }
}

impl From<OwnedFrame> for Reply {
    fn from(frame: OwnedFrame) -> Self {
        match frame {
            OwnedFrame::Null => Self::Nil,
            OwnedFrame::Integer(number) => Self::Int(number),
            OwnedFrame::SimpleString(text) | OwnedFrame::BulkString(text) => {
                Self::Text(String::from_utf8_lossy(&text).into_owned())
            }
            OwnedFrame::Error(reason) => Self::Error(reason),
            OwnedFrame::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
        }
    }
}

/// A connection to Redis.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Sends a command and gives its answer.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn call(&mut self, words: &[&str]) -> io::Result<Reply> {
        let words = words.iter().map(|word| OwnedFrame::BulkString(word.as_bytes().to_vec()));
        let command = OwnedFrame::Array(words.collect());
        let mut bytes = vec![0; command.encode_len(false)];
        encode(&mut bytes, &command, false).map_err(io::Error::other)?;
        self.stream.write_all(&bytes).await?;
        loop {
            if let Some((reply, length)) = decode(&self.unread).map_err(io::Error::other)? {
                self.unread.drain(..length);
                return Ok(reply.into());
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
