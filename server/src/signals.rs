//! Signals of the system by which a process is told to stop or to read its settings again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, and SIGHUP where that means to stop as well.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

impl StopSignals {
    /// Takes SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: None,
        })
    }

    /// Takes SIGHUP too, which a process gets when its terminal is closed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn with_hangup(self) -> io::Result<Self> {
        Ok(Self { hangup: Some(hangups()?), ..self })
    }

    /// Waits for the next of them.
    pub async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {}, _ = hangup => {} }
    }
}

/// Takes SIGHUP from now on: it ends the process no longer.
///
/// # Errors
/// When the system refuses.
pub fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}
