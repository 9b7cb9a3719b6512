//! A server process, or several on one Redis that are used as if they were one.
//!
//! With `ROOMCAST_TEST_NODES=3` in the environment [`Server::start`] starts three nodes and a Redis of their own, and
//! whoever connects or asks comes to the next of them. One suite holds for a lone node and for several.
//!
//! With `ROOMCAST_TEST_KEY=1` such a server wants access tokens: clients bring one that grants everything, and
//! addresses below `/live` have one in their path. The suite holds with and without a key.

pub mod log;

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use crate::process::Process;
use crate::redis::Redis;
use crate::server::log::Log;
use crate::{token, with_timeout};

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
    /// `127.0.0.1:PORT`; of the first node, when there are several.
    pub address: String,
    scheme: String,
    log: Log,
    others: Option<Box<Others>>,
    wants_tokens: bool,
}

/// Processes beside the first node.
#[derive(Debug)]
struct Others {
    nodes: Vec<Server>,
    turn: AtomicUsize,
    _redis: Redis,
}

/// Number of nodes that a server of the suite consists of.
fn nodes() -> usize {
    let nodes = std::env::var("ROOMCAST_TEST_NODES").unwrap_or_else(|_| "1".to_owned());
    nodes.parse().unwrap_or_else(|_| panic!("ROOMCAST_TEST_NODES is a number, not {nodes}"))
}

/// Whether servers of the suite want tokens.
fn have_key() -> bool {
    std::env::var("ROOMCAST_TEST_KEY").is_ok_and(|value| value == "1")
}

/// The program under test.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn program() -> PathBuf {
    built("roomcast")
}

fn built(path: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.parent().and_then(std::path::Path::parent).expect("tests stand in target/PROFILE/deps");
    let program = folder.join(path);
    let build = "cargo build -p roomcast-server --bins --examples";
    assert!(program.is_file(), "{} is missing: run `{build}`", program.display());
    program
}

impl Server {
    /// Starts a server with these flags on a free port: a lone node, or as many as the environment says.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(flags: &[&str]) -> Self {
        let key: &[&str] = if have_key() { &["--auth-secret", token::SECRET] } else { &[] };
        let flags = &[flags, key].concat()[..];
        let mut server = match nodes() {
            1 => Self::alone(flags).await,
            count => Self::together(count, flags).await,
        };
        server.wants_tokens = have_key();
        for other in server.others.iter_mut().flat_map(|others| &mut others.nodes) {
            other.wants_tokens = have_key();
        }
        server
    }

    /// A token of this user that grants everything, where the server wants one.
    #[must_use]
    pub fn token_of(&self, user: &str) -> Option<String> {
        let grant = json!({"join": true, "create": true, "publish": true, "play": true, "fake": true});
        self.wants_tokens.then(|| token::token(user, grant))
    }

    /// Starts a lone node with these flags, for what is said of one process: its memory, its log, its limits.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn alone(flags: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--workers", "2"]).args(flags);
        Self::run(command).await
    }

    /// Starts a node of several with these flags, which is ready and whose log is kept and shown with [`Self::told`].
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn node(redis_url: &str, flags: &[&str]) -> Self {
        let mut server = Self::alone(&[&["--redis-url", redis_url][..], flags].concat()).await;
        server.log.keep();
        server
    }

    async fn together(count: usize, flags: &[&str]) -> Self {
        let redis = Redis::start().await;
        let url = redis.url();
        let mut nodes = futures_util::future::join_all((0..count).map(|_| Self::node(&url, flags))).await;
        for node in &nodes {
            node.becomes_ready(true).await;
        }
        let mut first = nodes.remove(0);
        first.others = Some(Box::new(Others { nodes, turn: AtomicUsize::new(0), _redis: redis }));
        first
    }

    /// Starts the example `echo`, which answers under `/echo`.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn echo(flags: &[&str]) -> Self {
        let mut command = Command::new(built("examples/echo"));
        command.args(["--listen", "127.0.0.1:0"]).args(flags);
        Self::run(command).await
    }

    /// Starts a command that is a server, and waits until it listens.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn run(command: Command) -> Self {
        let mut server = Self::run_unread(command);
        let listens = with_timeout("the server to listen", server.log.listening()).await;
        let listens = listens.unwrap_or_else(|seen| panic!("the server ended before it listened: {seen}"));
        (server.scheme, server.address) = listens;
        server
    }

    /// Starts a command that is a server and reads nothing of its log yet: where it listens is not known then.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn run_unread(mut command: Command) -> Self {
        let mut process = Process::start(command.stderr(Stdio::piped()));
        let log = Log::new(process.child().stderr.take().expect("its log is piped"));
        Self { process, address: String::new(), scheme: String::new(), log, others: None, wants_tokens: false }
    }

    /// The node whose turn it is, of several.
    fn next(&self) -> &Self {
        let Some(others) = &self.others else { return self };
        match others.turn.fetch_add(1, Ordering::Relaxed) % (others.nodes.len() + 1) {
            0 => self,
            place => &others.nodes[place - 1],
        }
    }

    /// All nodes.
    fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.others.iter().flat_map(|others| &others.nodes))
    }

    /// Whether this is a lone node.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.others.is_none()
    }

    /// Returns the address to which the next client connects.
    #[must_use]
    pub fn next_address(&self) -> &str {
        &self.next().address
    }

    /// The text under a path, which is to be had. With several nodes: once all give the same, as they do soon after a
    /// change, of which the one that has carried it out knows at once.
    ///
    /// # Panics
    /// When the server does not answer, or the nodes do not come to agree.
    pub async fn text(&self, path: &str) -> String {
        let agreed = async {
            loop {
                let texts = self.all().map(|node| async {
                    let response = reqwest::get(node.at(path)).await.expect("the server answers");
                    (response.status(), response.text().await.expect("it is text"))
                });
                let mut texts = futures_util::future::join_all(texts).await;
                if texts.iter().all(|text| *text == texts[0]) {
                    return texts.remove(0);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let (status, text) = with_timeout("all nodes to agree", agreed).await;
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// Waits until `/readyz` says that it is ready, or that it is not.
    ///
    /// # Panics
    /// When it does not.
    pub async fn becomes_ready(&self, ready: bool) {
        let status = if ready { reqwest::StatusCode::OK } else { reqwest::StatusCode::SERVICE_UNAVAILABLE };
        // A request may be cut off with the connection it came on, as at a machine that stood still: it is repeated.
        let turns = async {
            while reqwest::get(self.at("/readyz")).await.map(|answer| answer.status()).ok() != Some(status) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        with_timeout(&format!("/readyz to answer {status}"), turns).await;
    }

    /// A number of `/metrics`; a series is named as it stands there.
    ///
    /// # Panics
    /// When it is not there.
    pub async fn metric(&self, name: &str) -> f64 {
        let response =
            with_timeout("the metrics", reqwest::get(self.at("/metrics"))).await.expect("the server answers");
        let text = response.text().await.expect("metrics are text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("{name} in\n{text}"))
    }

    /// Log of a node of several.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.log {
            Log::Buffered(kept) => kept.text(),
            Log::Unread(_) => String::new(),
        }
    }

    /// The process: to stop it, to let it go on, to kill it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn at(&self, path: &str) -> String {
        let below = ["/live/", "/%6cive/"].into_iter().find_map(|live| Some((live, path.strip_prefix(live)?)));
        let with_token = below.and_then(|(live, below)| Some(format!("{live}@{}/{below}", self.token_of("viewer")?)));
        let path = with_token.unwrap_or_else(|| path.to_owned());
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Its resident memory, in KiB.
    ///
    /// # Panics
    /// When the system does not tell.
    #[must_use]
    pub fn memory(&self) -> usize {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).expect("the system tells of its processes");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
    }

    /// The processor time it has used.
    ///
    /// # Panics
    /// When the system does not tell.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let stat = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(stat).expect("the system tells of its processes");
        let (_, behind) = stat.rsplit_once(')').expect("a name in brackets");
        let ticks: u64 = behind.split_whitespace().skip(11).take(2).map(|text| text.parse().unwrap_or(0)).sum();
        // The unit is a hundredth of a second on every Linux.
        Duration::from_millis(ticks * 10)
    }

    /// An address on the server; of several nodes, on the next.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        self.next().at(path)
    }

    /// Sends SIGTERM.
    ///
    /// # Panics
    /// When the process is gone already.
    pub async fn terminate(&self) {
        self.signal("-TERM").await;
    }

    /// Sends a signal, such as `-HUP`.
    ///
    /// # Panics
    /// When the process is gone already.
    pub async fn signal(&self, signal: &str) {
        self.process.signal(signal).await;
    }

    /// Waits for a line of the log that has these words, and gives it.
    ///
    /// # Panics
    /// When the log ends before.
    pub async fn logged(&mut self, words: &str) -> String {
        self.log.wait_for(words).await
    }

    /// Waits for the process to end.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// The rest of the log, after the process has ended.
    pub async fn rest_of_log(&mut self) -> String {
        self.log.rest().await
    }
}
