//! Standard error of a server.
//!
//! Either read by the test as it waits for words, or kept by a task, so that a server that says much never waits for
//! a reader; what was kept is shown when the test fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStderr;

use crate::with_timeout;

/// Maximum number of lines that are kept, the newest.
const MAX_LINES: usize = 4000;

/// A server's log.
#[derive(Debug)]
pub enum Log {
    /// Read when the test asks.
    Unread(Lines<BufReader<ChildStderr>>),
    /// Read all the time.
    Buffered(LogBuffer),
}

/// The newest lines.
#[derive(Debug, Default, Clone)]
pub struct LogBuffer(Arc<Mutex<VecDeque<String>>>);

impl LogBuffer {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == MAX_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

impl Log {
    pub(super) fn new(stderr: ChildStderr) -> Self {
        Self::Unread(BufReader::new(stderr).lines())
    }

    /// Reads until the server says where it listens.
    pub(super) async fn listening(&mut self) -> Result<(String, String), String> {
        let mut seen = String::new();
        while let Some(line) = self.next().await {
            if let Some((scheme, address)) = line.split_once("listening on ").and_then(|(_, url)| url.split_once("://"))
            {
                return Ok((scheme.to_owned(), address.trim().to_owned()));
            }
            seen.push_str(&line);
        }
        Err(seen)
    }

    async fn next(&mut self) -> Option<String> {
        match self {
            Self::Unread(lines) => lines.next_line().await.ok().flatten(),
            Self::Buffered(_) => None,
        }
    }

    /// From now on a task reads.
    pub(super) fn keep(&mut self) {
        let kept = LogBuffer::default();
        if let Self::Unread(mut lines) = std::mem::replace(self, Self::Buffered(kept.clone())) {
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    kept.push(line);
                }
            });
        }
    }

    pub(super) async fn wait_for(&mut self, words: &str) -> String {
        let found = async {
            while let Some(line) = self.next().await {
                if line.contains(words) {
                    return line;
                }
            }
            panic!("the log ended without {words}");
        };
        with_timeout(words, found).await
    }

    pub(super) async fn rest(&mut self) -> String {
        let mut text = String::new();
        while let Some(line) = self.next().await {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}
