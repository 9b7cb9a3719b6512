//! A program under load: started on its own core on a free port, measured by its process id, stopped by it.

mod load;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::sleep;

use crate::error::{Error, attempt, within};
use crate::machine::{Cores, pin};

pub use load::{Load, Meter, quiet, resident};

/// Time that a program may take to listen, or to end.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Between two attempts to reach a program that starts.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Its process id.
    pub pid: u32,
    /// Address on which it listens.
    pub address: SocketAddr,
}

impl Program {
    /// Starts a program that tells where it listens, on the server's core.
    ///
    /// # Errors
    /// When it does not start, or ends before it listens.
    pub async fn start(path: &Path, arguments: &[&str], cores: Cores) -> Result<Self, Error> {
        let (child, pid, mut log) = spawn(path, arguments, cores)?;
        let gone = || Error::NotListening(path.display().to_string());
        let address =
            within(TIMEOUT, "starting a server", async { listening(&mut log).await.ok_or_else(gone) }).await?;
        // A log that nobody reads would stop the program one day.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Ok(Self { child, pid, address })
    }

    /// Starts a program that was told where to listen, on the server's core.
    ///
    /// # Errors
    /// When it does not start, or ends before it listens: what it said then.
    pub async fn start_at(path: &Path, arguments: &[&str], cores: Cores, address: SocketAddr) -> Result<Self, Error> {
        let (mut child, pid, mut log) = spawn(path, arguments, cores)?;
        let opened = async {
            while TcpStream::connect(address).await.is_err() {
                if matches!(child.try_wait(), Ok(Some(_))) {
                    let said = log.next_line().await.ok().flatten().unwrap_or_default();
                    return Err(Error::NotListening(format!("{} ({said})", path.display())));
                }
                sleep(BETWEEN_ATTEMPTS).await;
            }
            Ok(())
        };
        within(TIMEOUT, "starting a server", opened).await?;
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Ok(Self { child, pid, address })
    }

    /// Kills the program, as when its machine fails.
    ///
    /// # Errors
    /// When the system does not let it end.
    pub async fn kill(mut self) -> Result<(), Error> {
        attempt("kill the server", self.child.kill().await)
    }

    /// Asks the program to stop and waits for its end; who does not stop in time is killed.
    ///
    /// # Errors
    /// When the system does not let it end.
    pub async fn stop(mut self) -> Result<(), Error> {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            attempt("stop the server", kill_process(pid, Signal::TERM).map_err(Into::into))?;
        }
        if tokio::time::timeout(TIMEOUT, self.child.wait()).await.is_err() {
            attempt("kill the server", self.child.kill().await)?;
        }
        Ok(())
    }
}

type Log = Lines<BufReader<ChildStderr>>;

fn spawn(path: &Path, arguments: &[&str], cores: Cores) -> Result<(Child, u32, Log), Error> {
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    // A child stays on the core of the thread that starts it.
    pin(cores.server)?;
    let started = command.spawn();
    pin(cores.generator)?;
    let mut child = attempt("start the program under load", started)?;
    let gone = || Error::NotListening(path.display().to_string());
    let pid = child.id().ok_or_else(gone)?;
    let log = BufReader::new(child.stderr.take().ok_or_else(gone)?).lines();
    Ok((child, pid, log))
}

async fn listening(log: &mut Log) -> Option<SocketAddr> {
    while let Ok(Some(line)) = log.next_line().await {
        if let Some(address) = address(&line) {
            return Some(address);
        }
    }
    None
}

/// The address in a line with which a program says that it listens, with or without a scheme and a path.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, place) = line.split_once("listening on ")?;
    let place = place.split_once("://").map_or(place, |(_, place)| place);
    place.split(['/', ' ']).next()?.trim().parse().ok()
}

/// Returns the path of a program under load, built beside this one.
pub fn built(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let program = own.parent()?.join(name);
    program.is_file().then_some(program)
}

/// Finds a program of the system: servers are often kept out of the path of ordinary users.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Returns the output of a program, such as its version; empty when it does not run.
pub fn output(program: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program).args(arguments).stdin(Stdio::null()).output();
    // Some say it to their error output.
    let said = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&said).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_log() {
        let expected = Some(SocketAddr::from(([127, 0, 0, 1], 4711)));
        assert_eq!(address("INFO roomcast::app: listening on http://127.0.0.1:4711"), expected);
        assert_eq!(address("listening on ws://127.0.0.1:4711/echo"), expected);
        assert_eq!(address("listening on 127.0.0.1:4711"), expected);
        assert_eq!(address("starting"), None);
    }
}
