//! A process that a test has started: stopped, woken and ended by its own id, and killed when dropped.
//!
//! Never touches a process that it did not start. A stopped process dies of SIGKILL like any other.

use std::process::ExitStatus;

use tokio::process::{Child, Command};

use crate::with_timeout;

/// A child process.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts it.
    ///
    /// # Panics
    /// When the program is missing.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let child = command.kill_on_drop(true).spawn();
        Self(child.unwrap_or_else(|error| panic!("{:?} starts: {error}", command.as_std())))
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it has ended.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id().expect("the process runs")
    }

    /// Whether it has not ended yet.
    #[must_use]
    pub fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Sends a signal, such as `-HUP`.
    ///
    /// # Panics
    /// When it is gone already.
    pub async fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status().await.expect("kill runs");
        assert!(sent.success());
    }

    /// Stops it (SIGSTOP): its sockets stay, and it answers nothing.
    pub async fn pause(&self) {
        self.signal("-STOP").await;
    }

    /// Lets it go on (SIGCONT).
    pub async fn resume(&self) {
        self.signal("-CONT").await;
    }

    /// Kills it (SIGKILL) and waits until it is gone; does nothing when it is.
    ///
    /// # Panics
    /// When it does not die.
    pub async fn kill(&mut self) {
        if self.runs() {
            with_timeout("a killed process to be gone", self.0.kill()).await.expect("the process was ours");
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn ended(&mut self) -> ExitStatus {
        with_timeout("the process to end", self.0.wait()).await.expect("the process was ours")
    }
}
