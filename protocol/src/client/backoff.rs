//! Reconnect delays: exponential with full jitter, so that clients of a restarted server do not return at once.

use std::time::Duration;

use crate::limits::{RECONNECT_BASE, RECONNECT_MAX};

/// The delay before attempt number `attempt` (from 0). `random` is uniform in 0.0 to 1.0.
#[must_use]
pub fn reconnect_delay(attempt: u32, random: f64) -> Duration {
    let ceiling = RECONNECT_BASE.saturating_mul(1 << attempt.min(16)).min(RECONNECT_MAX);
    ceiling.mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_delay_is_between_nothing_and_the_maximum(attempt in any::<u32>(), random in any::<f64>()) {
            prop_assert!(reconnect_delay(attempt, random) <= RECONNECT_MAX);
            prop_assert!(reconnect_delay(attempt, 1.0) >= RECONNECT_BASE);
        }
    }
}
