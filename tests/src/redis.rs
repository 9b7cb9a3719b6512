//! Real Redis servers: each on a free port with a folder of its own, nothing saved, killed when dropped.
//!
//! All faults of one are here: it is killed and comes back empty, stops and goes on, hangs, forgets everything, or
//! closes the connections of its subscribers.

pub mod cluster;
pub mod port;
pub mod resp;
pub mod sentinel;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::process::Process;
use crate::redis::resp::{Connection, Reply};
use crate::{TIMEOUT, with_timeout};

/// A Redis server.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
    flags: Vec<String>,
    folder: Folder,
}

/// A folder that goes with its owner.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let target =
            crate::server::program().ancestors().nth(2).expect("the program stands in target/PROFILE").join("tmp");
        let path = target.join(format!("test-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&path).expect("what the build made can be written to");
        Self(path)
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Redis {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one with these flags.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_with(flags: &[&str]) -> Self {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        for _ in 0..5 {
            let (port, folder) = (port::free(), Folder::new());
            let process = run(port, &folder, &flags);
            let mut redis = Self { process, port, flags: flags.clone(), folder };
            if redis.up().await {
                return redis;
            }
        }
        panic!("redis-server does not come up with {flags:?}");
    }

    /// Waits until it answers; false when it has ended instead, as when another has taken the port.
    async fn up(&mut self) -> bool {
        let answers = async {
            while self.process.runs() {
                if self.try_call(&["PING"]).await == Some(Reply::Text("PONG".to_owned())) {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            false
        };
        tokio::time::timeout(TIMEOUT, answers).await.unwrap_or(false)
    }

    /// `127.0.0.1:PORT`
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address to configure in a node.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Its process: to stop it, to let it go on, to kill it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Starts it again on the same port, after it was killed: it knows nothing any more.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self) {
        self.process.kill().await;
        self.process = run(self.port, &self.folder, &self.flags);
        assert!(self.up().await, "redis-server comes back on its port");
    }

    /// Asks over a connection of its own.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn call(&self, words: &[&str]) -> Reply {
        let answer = with_timeout("an answer of Redis", async {
            let mut connection = Connection::open(&self.address()).await?;
            connection.call(words).await
        });
        answer.await.unwrap_or_else(|error| panic!("Redis answers {words:?}: {error}"))
    }

    async fn try_call(&self, words: &[&str]) -> Option<Reply> {
        Connection::open(&self.address()).await.ok()?.call(words).await.ok()
    }

    /// Closes the connections of all subscribers, and gives how many they were.
    pub async fn kill_subscribers(&self) -> i64 {
        self.call(&["CLIENT", "KILL", "TYPE", "pubsub"]).await.number()
    }

    /// Answers nobody for this long (`DEBUG SLEEP`), and waits for the end of that.
    pub async fn hang(&self, time: Duration) {
        self.call(&["DEBUG", "SLEEP", &time.as_secs_f64().to_string()]).await;
    }

    /// Forgets everything.
    pub async fn flush(&self) {
        assert_eq!(self.call(&["FLUSHALL"]).await.text(), "OK");
    }

    /// Number of calls of each command, in lower case.
    ///
    /// # Panics
    /// When the statistics cannot be read.
    pub async fn commands(&self) -> BTreeMap<String, u64> {
        let text = self.call(&["INFO", "commandstats"]).await;
        let lines = text.text().lines().filter_map(|line| line.strip_prefix("cmdstat_"));
        let read = |line: &str| {
            let (name, rest) = line.split_once(":calls=")?;
            Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
        };
        lines.map(|line| read(line).unwrap_or_else(|| panic!("{line} tells a number of calls"))).collect()
    }
}

fn run(port: u16, folder: &Folder, flags: &[String]) -> Process {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(&folder.0);
    command.args(["--save", "", "--appendonly", "no", "--enable-debug-command", "local", "--daemonize", "no"]);
    command.args(flags).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Process::start(&mut command)
}
