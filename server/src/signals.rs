//! The system signals that request a process to stop or to read its settings again.

use std::{fs, io};

use nix::sys::signal::{SigSet, Signal as Number};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, and SIGHUP where that means to stop as well.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

impl StopSignals {
    /// Installs the handlers of SIGTERM and SIGINT.
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

    /// Takes SIGHUP too, which a process gets when its terminal is closed; unless it was started to ignore that (nohup).
    ///
    /// # Errors
    /// When the system refuses.
    pub fn with_hangup(self) -> io::Result<Self> {
        let hangup = if is_hangup_ignored() { None } else { Some(hangups()?) };
        Ok(Self { hangup, ..self })
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

/// Holds SIGHUP back until [`hangups`] takes it, so that it does not end a process that is still starting. To be
/// called before there are other threads, which inherit this.
pub fn hold_hangup() {
    // Without it, an early SIGHUP ends the process as it always has.
    let _ = hangup_alone().thread_block();
}

/// Takes SIGHUP from now on, with one that was held back: it ends the process no longer.
///
/// # Errors
/// When the system refuses.
pub fn hangups() -> io::Result<Signal> {
    let hangups = signal(SignalKind::hangup())?;
    hangup_alone().thread_unblock()?;
    Ok(hangups)
}

fn hangup_alone() -> SigSet {
    let mut set = SigSet::empty();
    set.add(Number::SIGHUP);
    set
}

/// Returns whether SIGHUP is ignored, as Linux tells it; elsewhere it counts as not ignored.
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (Number::SIGHUP as u32 - 1)) != 0)
}
