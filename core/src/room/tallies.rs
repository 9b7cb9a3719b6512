//! Counters of kept and dropped signals over all rooms of one node, for its limit and its metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counters over all rooms of one node. Cheap to clone; all clones share the same counters.
#[derive(Debug, Clone, Default)]
pub struct Tallies {
    held: Arc<AtomicUsize>,
    forgotten: Arc<AtomicU64>,
}

impl Tallies {
    /// Returns the number of bytes of signals that edges keep until an owner has received them.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Returns the number of signals that owners dropped because a member's backlog was full.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// Counts bytes until the returned value is dropped.
    pub(crate) fn hold(&self, bytes: usize) -> HeldBytes {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        HeldBytes { bytes, held: Arc::clone(&self.held) }
    }

    pub(crate) fn forget(&self, signals: usize) {
        if signals > 0 {
            self.forgotten.fetch_add(signals as u64, Ordering::Relaxed);
        }
    }
}

/// A number of bytes that is counted until this value is dropped.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    bytes: usize,
    held: Arc<AtomicUsize>,
}

impl HeldBytes {
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Clone for HeldBytes {
    fn clone(&self) -> Self {
        self.held.fetch_add(self.bytes, Ordering::Relaxed);
        Self { bytes: self.bytes, held: Arc::clone(&self.held) }
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
