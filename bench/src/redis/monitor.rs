//! Counts what Redis is asked, with `MONITOR`: it tells what a client sends from what a script does, which the counts of
//! `INFO commandstats` put together. The lease of the nodes is counted apart; that a connection loads a script when it
//! first needs it does not count.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::resp::command;
use super::{Redis, Resp};
use crate::error::{Error, attempt};

/// The end of a stretch, as the monitor sees it.
const MARK: &[u8] = br#""PING" "roomcast-bench""#;
/// A command that a connection sends once.
const LOAD: &[u8] = br#"] "SCRIPT" "LOAD""#;
/// The key of the lease, which every node renews by itself.
const LEASE: &[u8] = b"rc:{L}:";

/// Number of calls to Redis.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// By a node.
    pub round_trips: usize,
    /// By a script.
    pub inner: usize,
    /// To renew a lease; not among the others.
    pub leases: usize,
}

/// Counts while it lives.
#[derive(Debug)]
pub struct Monitor {
    marker: Resp,
    stretches: mpsc::Receiver<Calls>,
    _task: JoinSet<()>,
}

/// Counts a stretch.
#[derive(Debug, Default)]
struct Counter {
    calls: Calls,
    in_lease: bool,
}

impl Monitor {
    /// Begins to count.
    ///
    /// # Errors
    /// When Redis refuses.
    pub async fn start(redis: &Redis) -> Result<Self, Error> {
        let stream = attempt("connect to Redis", TcpStream::connect(redis.address()).await)?;
        let mut lines = BufReader::new(stream);
        attempt("ask Redis", lines.write_all(&command(&["MONITOR"])).await)?;
        let mut line = Vec::new();
        attempt("hear from Redis", lines.read_until(b'\n', &mut line).await)?;
        let (tell, stretches) = mpsc::channel(1);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut counter = Counter::default();
            loop {
                line.clear();
                if lines.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                if memchr::memmem::find(&line, MARK).is_some() {
                    let _ = tell.send(std::mem::take(&mut counter).calls).await;
                } else {
                    counter.count(&line);
                }
            }
        });
        Ok(Self { marker: redis.connect().await?, stretches, _task: task })
    }

    /// Returns the calls since the last time.
    ///
    /// # Errors
    /// When Redis is gone.
    pub async fn read(&mut self) -> Result<Calls, Error> {
        self.marker.call(&["PING", "roomcast-bench"]).await?;
        self.stretches.recv().await.ok_or(Error::Ended)
    }
}

impl Counter {
    /// `+TIME [DATABASE CLIENT] "COMMAND" …`, where the client of what a script does is `lua`.
    fn count(&mut self, line: &[u8]) {
        let Some(end) = memchr::memchr(b']', line) else { return };
        if line[..end].ends_with(b" lua") {
            self.calls.inner += usize::from(!self.in_lease);
            return;
        }
        if line[end..].starts_with(LOAD) {
            return;
        }
        self.in_lease = memchr::memmem::find(&line[..line.len().min(200)], LEASE).is_some();
        if self.in_lease {
            self.calls.leases += 1;
        } else {
            self.calls.round_trips += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_from_clients_and_leases_from_both() {
        let mut counter = Counter::default();
        for line in [
            &br#"+1.2 [0 127.0.0.1:1] "EVALSHA" "abc" "4" "rc:{L}:lease""#[..],
            br#"+1.2 [0 lua] "TIME""#,
            br#"+1.2 [0 127.0.0.1:1] "SCRIPT" "LOAD" "return 1""#,
            br#"+1.2 [0 127.0.0.1:1] "EVALSHA" "abc" "1" "rc:{07}:r:demo""#,
            br#"+1.2 [0 lua] "HGET" "rc:{07}:r:demo" "v""#,
            br#"+1.2 [0 lua] "PUBLISH" "rc:{07}:n:x" "y""#,
            br#"+1.2 [0 127.0.0.1:1] "GET" "rc:{07}:m""#,
        ] {
            counter.count(line);
        }
        assert_eq!(counter.calls, Calls { round_trips: 2, inner: 2, leases: 1 });
    }
}
