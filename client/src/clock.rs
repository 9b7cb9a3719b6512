//! The clocks of the tasks; what decides gets the time as an argument.

use std::future::pending;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The readings of both clocks: the one for waits, and the one by which tokens end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    pub now: Instant,
    /// Time since 1970.
    pub unix: Duration,
}

/// Reads both clocks.
pub(crate) fn read() -> Clocks {
    Clocks { now: now(), unix: Duration::from_millis(unix_millis()) }
}

/// Now, by the runtime's clock.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Waits until then; for `None` for ever.
pub(crate) async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => pending().await,
    }
}

/// Returns the wall clock, in milliseconds since 1970.
pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
