//! Reconnect delays: exponential with full jitter, so that clients of a restarted server do not return at once.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::limits::{RECONNECT_BASE, RECONNECT_MAX, RECONNECT_SETTLED};

/// The delay before attempt number `attempt` (from 0). `random` is uniform in 0.0 to 1.0.
#[must_use]
pub fn reconnect_delay(attempt: u32, random: f64) -> Duration {
    let ceiling = RECONNECT_BASE.saturating_mul(1 << attempt.min(16)).min(RECONNECT_MAX);
    ceiling.mul_f64(random.clamp(0.0, 1.0))
}

/// Counts the delays of a client: they grow until a connection has held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backoff {
    /// Dials since a connection held, the first at 0.
    attempt: u32,
}

impl Backoff {
    /// The delay of the next dial. `held`: how long the connection that is lost had held since the ack of `JOIN`, if it
    /// had one.
    pub fn delay(&mut self, held: Option<Duration>, random: f64) -> Duration {
        if held.is_some_and(|held| held >= RECONNECT_SETTLED) {
            self.forgive();
        }
        let delay = reconnect_delay(self.attempt, random);
        self.attempt = self.attempt.saturating_add(1);
        delay
    }

    /// Begins with the first delay again: the application joins anew, or the device says that it has a network again.
    pub const fn forgive(&mut self) {
        self.attempt = 0;
    }
}

/// One reconnect delay of the test vectors; successive delays share one counter of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Delay {
    /// Time that the lost connection had lasted since the ack of `JOIN`, in milliseconds; null: it had no ack.
    pub held: Option<u64>,
    /// The random number, from 0 to 1.
    pub random: f64,
    /// The delay in milliseconds.
    pub delay: f64,
}

/// Delays of one client, in order: growing, at their bound, and beginning anew only when a connection has held.
#[must_use]
pub fn delays() -> Vec<Delay> {
    let settled = RECONNECT_SETTLED.as_millis() as u64;
    let mut backoff = Backoff::default();
    let lost =
        [Some(settled), None, None, None, None, None, None, None, Some(settled - 1), Some(settled), None, Some(0)];
    let randoms = [1.0, 0.5, 0.25, 0.0, 1.0, 0.5, 1.0, 0.75, 0.5, 1.0, 1.0, 0.5];
    lost.into_iter()
        .zip(randoms)
        .map(|(held, random)| {
            let delay = backoff.delay(held.map(Duration::from_millis), random).as_secs_f64() * 1000.0;
            Delay { held, random, delay }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn delays_grow_until_a_connection_has_held() {
        let (mut backoff, held) = (Backoff::default(), |seconds| Some(Duration::from_secs(seconds)));
        let mut next = |held| backoff.delay(held, 1.0).as_millis();
        let delays = [held(9), None, held(4), None, None, None, None].map(&mut next);
        assert_eq!(delays, [250, 500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!([held(5), None].map(&mut next), [250, 500]);
    }

    proptest! {
        #[test]
        fn a_delay_is_between_nothing_and_the_maximum(attempt in any::<u32>(), random in any::<f64>()) {
            prop_assert!(reconnect_delay(attempt, random) <= RECONNECT_MAX);
            prop_assert!(reconnect_delay(attempt, 1.0) >= RECONNECT_BASE);
        }
    }
}
