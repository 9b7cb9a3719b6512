//! Numbers of signals, for a member that numbers: what it said and is not confirmed, and whose signals it has had.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Signals that a client may have unconfirmed.
const KEPT: usize = 256;

/// The numbered signals of a member: one for all its connections.
#[derive(Debug, Clone)]
pub struct SentSignals(Arc<Mutex<Unconfirmed>>);

#[derive(Debug)]
struct Unconfirmed {
    last: u64,
    kept: VecDeque<(u64, String)>,
}

impl SentSignals {
    /// Nothing said yet; the numbers begin above all that this session ever used.
    #[must_use]
    pub fn new() -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let last = u64::try_from(time.as_millis()).unwrap_or_default();
        Self(Arc::new(Mutex::new(Unconfirmed { last, kept: VecDeque::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Unconfirmed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no more may be said until something is confirmed.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.lock().kept.len() >= KEPT
    }

    /// The number of the last signal that was said.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.lock().last
    }

    /// The number below the lowest that is kept: `op.n` of a JOIN, up to which everything is confirmed.
    #[must_use]
    pub fn above(&self) -> u64 {
        let said = self.lock();
        said.kept.front().map_or(said.last, |(first, _)| first - 1)
    }

    /// Forgets what is unconfirmed: the membership is over.
    pub fn forget(&self) {
        self.lock().kept.clear();
    }

    /// Gives the next number to a signal, and keeps it.
    pub(super) fn say(&self, write: impl FnOnce(u64) -> String) -> String {
        let mut said = self.lock();
        said.last += 1;
        let text = write(said.last);
        let n = said.last;
        said.kept.push_back((n, text.clone()));
        text
    }

    /// Drops what the server confirms.
    pub(super) fn confirm(&self, n: u64) {
        let mut said = self.lock();
        while said.kept.front().is_some_and(|(first, _)| *first <= n) {
            said.kept.pop_front();
        }
        said.last = said.last.max(n);
    }

    /// Everything that is to be said again.
    pub(super) fn again(&self) -> Vec<String> {
        self.lock().kept.iter().map(|(_, text)| text.clone()).collect()
    }
}

impl Default for SentSignals {
    fn default() -> Self {
        Self::new()
    }
}

/// The highest number that was had from each session.
#[derive(Debug, Clone, Default)]
pub(super) struct Had(BTreeMap<String, u64>);

impl Had {
    /// Notes a number of a session; returns whether it is new: `false` where it was had before.
    pub fn note(&mut self, session: &str, n: u64) -> bool {
        let highest = self.0.entry(session.to_owned()).or_default();
        let new = n > *highest;
        *highest = (*highest).max(n);
        new
    }
}
