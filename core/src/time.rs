//! Time as an argument: milliseconds of any clock that never runs back.

use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since a start that only the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Instant(pub u64);

impl Instant {
    /// Returns the time since an earlier moment; nothing when it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns the same moment on a clock that is this many milliseconds ahead.
    #[must_use]
    pub const fn ahead(self, millis: i64) -> Self {
        Self(self.0.saturating_add_signed(millis))
    }
}

/// A moment by the clock on the wall, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// Creates the time from milliseconds since 1970.
    #[must_use]
    pub fn from_millis(millis: u64) -> Self {
        Self(i64::try_from(millis.saturating_mul(1000)).unwrap_or(i64::MAX))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}
