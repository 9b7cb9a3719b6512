//! The two clocks: a monotonic clock for the rules, and the wall clock for times shown to users.

use std::time::{SystemTime, UNIX_EPOCH};

use roomcast_core::time::Instant;

/// The monotonic clock, counted from the start of the node.
#[derive(Debug, Clone, Copy)]
pub struct Clock(std::time::Instant);

impl Clock {
    /// Creates a clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Returns the time since it began.
    #[must_use]
    pub fn now(self) -> Instant {
        Instant(u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Milliseconds since 1970.
pub fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
