//! A server process.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::soon;

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
    scheme: String,
    log: Lines<BufReader<ChildStderr>>,
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
    /// Starts a server with these flags on a free port.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(flags: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--workers", "2"]).args(flags);
        Self::run(command).await
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

    async fn run(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("the server starts");
        let stderr = child.stderr.take().expect("its log is piped");
        let mut log = BufReader::new(stderr).lines();
        let (scheme, address) = soon("the server to listen", listening(&mut log)).await;
        Self { child, address, scheme, log }
    }

    /// Its resident memory, in KiB.
    ///
    /// # Panics
    /// When the system does not tell.
    #[must_use]
    pub fn memory(&self) -> usize {
        let status = format!("/proc/{}/status", self.child.id().expect("the server runs"));
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
        let stat = format!("/proc/{}/stat", self.child.id().expect("the server runs"));
        let stat = std::fs::read_to_string(stat).expect("the system tells of its processes");
        let (_, behind) = stat.rsplit_once(')').expect("a name in brackets");
        let ticks: u64 = behind.split_whitespace().skip(11).take(2).map(|text| text.parse().unwrap_or(0)).sum();
        // The unit is a hundredth of a second on every Linux.
        Duration::from_millis(ticks * 10)
    }

    /// An address on the server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
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
        let pid = self.child.id().expect("the server runs").to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await.expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for a line of the log.
    ///
    /// # Panics
    /// When the log ends before.
    pub async fn logged(&mut self, words: &str) {
        let found = async {
            while let Ok(Some(line)) = self.log.next_line().await {
                if line.contains(words) {
                    return;
                }
            }
            panic!("the log ended without {words}");
        };
        soon(words, found).await;
    }

    /// Waits for the process to end.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        soon("the server to end", self.child.wait()).await.expect("the server was ours")
    }

    /// The rest of the log, after the process has ended.
    pub async fn rest_of_log(&mut self) -> String {
        let mut text = String::new();
        while let Ok(Some(line)) = self.log.next_line().await {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

async fn listening(log: &mut Lines<BufReader<ChildStderr>>) -> (String, String) {
    let mut seen = String::new();
    while let Ok(Some(line)) = log.next_line().await {
        if let Some((scheme, address)) = line.split_once("listening on ").and_then(|(_, url)| url.split_once("://")) {
            return (scheme.to_owned(), address.trim().to_owned());
        }
        seen.push_str(&line);
    }
    panic!("the server ended before it listened: {seen}")
}
