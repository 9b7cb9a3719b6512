//! The Redis protocol, version 2, as far as a test speaks it: one command, one answer.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
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

/// A connection to Redis.
#[derive(Debug)]
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a command and gives its answer.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn call(&mut self, words: &[&str]) -> io::Result<Reply> {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.0.write_all(text.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        let (kind, rest) = line.split_at_checked(1).ok_or(io::ErrorKind::InvalidData)?;
        let number = || rest.parse::<i64>().map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
        match kind {
            "+" => Ok(Reply::Text(rest.to_owned())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            ":" => number().map(Reply::Int),
            "$" => self.string(number()?).await,
            "*" => {
                let mut list = Vec::new();
                for _ in 0..number()?.max(0) {
                    list.push(Box::pin(self.answer()).await?);
                }
                Ok(Reply::List(list))
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    async fn string(&mut self, length: i64) -> io::Result<Reply> {
        let Ok(length) = usize::try_from(length) else { return Ok(Reply::Nil) };
        let mut bytes = vec![0; length + 2];
        self.0.read_exact(&mut bytes).await?;
        bytes.truncate(length);
        Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
    }
}
