//! Number of bytes on their way to one peer, from where they are queued until they are handed to its socket.
//!
//! One count for all queues in between, so that the bound holds over their sum. Never a queue itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count and its bound.
#[derive(Debug)]
pub struct SendBudget {
    bytes: AtomicUsize,
    bound: usize,
    /// Bytes that may be on their way on top of the bound.
    allowance: AtomicUsize,
}

impl SendBudget {
    /// Nothing on its way, and at most `bound` bytes ever.
    pub fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(0), bound, allowance: AtomicUsize::new(0) })
    }

    /// Counts bytes that are to be queued; false when they do not fit and must not be.
    #[must_use]
    pub fn claim(&self, bytes: usize) -> bool {
        let bound = self.bound.saturating_add(self.allowance.load(Ordering::Relaxed));
        let fits = |before: usize| before.checked_add(bytes).filter(|sum| *sum <= bound);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Lets so many bytes be on their way on top of the bound. The largest allowance counts, not the sum.
    pub fn allow(&self, bytes: usize) {
        self.allowance.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Something queued has become longer or shorter, in a single step: others may be claiming.
    pub fn exchange(&self, before: usize, after: usize) {
        if after > before {
            self.bytes.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.release(before - after);
        }
    }

    /// Bytes have left.
    pub fn release(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_exact() {
        let budget = SendBudget::new(10);
        assert!(budget.claim(6));
        assert!(!budget.claim(5));
        assert!(budget.claim(4));
        budget.exchange(4, 2);
        assert!(!budget.claim(3));
        budget.release(8);
        assert!(budget.claim(10));
        assert!(!budget.claim(usize::MAX));
    }
}
