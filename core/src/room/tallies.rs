//! Sums over the rooms of one node of signals kept and dropped, for its bound and its operator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Sums over the rooms of one node. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Tallies {
    held: Arc<AtomicUsize>,
    forgotten: Arc<AtomicU64>,
}

impl Tallies {
    /// Bytes of signals that edges keep until an owner has them.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Signals that owners dropped because a member's backlog was full.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// Counts bytes for as long as the answer lives.
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

/// Bytes that are counted until this is dropped.
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
