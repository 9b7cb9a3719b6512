//! The number of bytes in transit to one peer, from queuing until they are passed to its socket.
//!
//! All queues in between share one count, so that the bound applies to their sum.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count and its bound.
#[derive(Debug)]
pub struct SendBudget {
    bytes: AtomicUsize,
    bound: usize,
    /// The number of bytes that may be in transit in addition to the bound.
    allowance: AtomicUsize,
}

impl SendBudget {
    /// Creates an empty budget of at most `bound` bytes.
    pub fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(0), bound, allowance: AtomicUsize::new(0) })
    }

    /// Reserves bytes to be queued. Returns `false` if they exceed the bound and must not be queued.
    #[must_use]
    pub fn claim(&self, bytes: usize) -> bool {
        let bound = self.bound.saturating_add(self.allowance.load(Ordering::Relaxed));
        let fits = |before: usize| before.checked_add(bytes).filter(|sum| *sum <= bound);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Permits this many bytes in addition to the bound. The largest allowance counts, not the sum.
    pub fn allow(&self, bytes: usize) {
        self.allowance.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Adjusts the count for queued data whose length has changed, in a single atomic step.
    pub fn exchange(&self, before: usize, after: usize) {
        if after > before {
            self.bytes.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.release(before - after);
        }
    }

    /// Releases bytes that have been passed to the socket.
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
