//! Numbers of signals in both directions: the unconfirmed signals of a client, and the numbers received from each
//! sender.
//!
//! A signal gets its number when it is first written to a socket and is kept until the server confirms it; the kept
//! signals are sent again after every JOIN ack and whenever the server sends `RESEND`, so that nothing is lost with a
//! connection that was already dead. A recipient drops the signals that it has received before.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use crate::limits::{HURRYING_SIGNALS, REMEMBERED_SENDERS, UNCONFIRMED_SIGNALS};
use crate::signal::{MemberKey, with_number};

/// The error of a signal beyond [`UNCONFIRMED_SIGNALS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{UNCONFIRMED_SIGNALS} signals are not confirmed by the server yet")]
pub struct TooManyUnconfirmed;

/// The signals of a client that the server has not confirmed, oldest first. Their numbers have no holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unconfirmed {
    /// The number of the last signal that was said.
    last: u64,
    kept: VecDeque<String>,
    /// Whether the server numbers: one that knows no numbers confirms nothing, so that nothing is kept for it.
    counted: bool,
}

impl Unconfirmed {
    /// Nothing said yet; the first number will be the one after `last`. It must be above every number that this session
    /// id ever used: the time in milliseconds since 1970 is.
    #[must_use]
    pub const fn new(last: u64) -> Self {
        Self { last, kept: VecDeque::new(), counted: true }
    }

    /// The number below the lowest that is kept: `op.n` of a JOIN.
    #[must_use]
    pub fn above(&self) -> u64 {
        self.last - self.kept.len() as u64
    }

    /// The number of signals that may be said before that fails.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.counted { UNCONFIRMED_SIGNALS.saturating_sub(self.kept.len()) } else { usize::MAX }
    }

    /// Number of signals that are kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.kept.len()
    }

    /// Forgets what is kept. A JOIN has to follow before anything new: the server waits for those numbers.
    pub fn discard(&mut self) {
        self.kept.clear();
    }

    /// Whether saying more fails.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.kept.len() >= UNCONFIRMED_SIGNALS
    }

    /// Whether so much is unconfirmed that the client beats at once.
    #[must_use]
    pub fn hurries(&self) -> bool {
        self.kept.len() >= HURRYING_SIGNALS
    }

    /// Numbers and keeps a message that is written to a socket now; returns it as it is written.
    ///
    /// # Errors
    /// [`TooManyUnconfirmed`] when no more may be said.
    pub fn say(&mut self, message: &str) -> Result<String, TooManyUnconfirmed> {
        if !self.counted {
            return Ok(message.to_owned());
        }
        if self.is_full() {
            return Err(TooManyUnconfirmed);
        }
        self.last += 1;
        let numbered = with_number(message, self.last);
        self.kept.push_back(numbered.clone());
        Ok(numbered)
    }

    /// Takes `n` of a JOIN ack; returns the signals to send again before anything new.
    pub fn joined(&mut self, n: Option<u64>) -> Vec<String> {
        self.counted = n.is_some();
        match n {
            Some(n) => self.resend(n),
            None => self.kept.drain(..).collect(),
        }
    }

    /// Takes `n` of `RESEND`; returns the signals to send again before anything new.
    pub fn resend(&mut self, n: u64) -> Vec<String> {
        self.confirm(n);
        self.kept.iter().cloned().collect()
    }

    /// Drops what the server confirms.
    pub fn confirm(&mut self, n: u64) {
        while self.above() < n && self.kept.pop_front().is_some() {}
        // The server knows of more: an earlier program with this session id went further than the clock says.
        self.last = self.last.max(n);
    }
}

/// The highest number that was had from each session.
#[derive(Debug, Clone, Default)]
pub struct HeardNumbers {
    /// The number, and when it was heard, as a count of signals.
    highest: HashMap<MemberKey, (u64, u64)>,
    heard: u64,
}

impl HeardNumbers {
    /// Notes a signal of a session with a number; returns whether it is new: `false` where it was had before.
    pub fn note(&mut self, sender: MemberKey, n: u64) -> bool {
        self.heard += 1;
        if self.highest.len() >= REMEMBERED_SENDERS && !self.highest.contains_key(&sender) {
            self.forget_one();
        }
        let (highest, heard) = self.highest.entry(sender).or_default();
        let new = n > *highest;
        (*highest, *heard) = (n.max(*highest), self.heard);
        new
    }

    fn forget_one(&mut self) {
        let oldest = self.highest.iter().min_by_key(|(_, (_, heard))| *heard).map(|(sender, _)| sender.clone());
        oldest.and_then(|oldest| self.highest.remove(&oldest));
    }
}
