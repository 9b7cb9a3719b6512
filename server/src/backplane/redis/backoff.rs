//! The delay before the next attempt. It grows with each attempt and is random, so that nodes do not retry
//! simultaneously.

use std::time::Duration;

const MIN_DELAY: Duration = Duration::from_millis(50);
const MAX_DELAY: Duration = Duration::from_secs(1);

/// The delays between attempts.
#[derive(Debug)]
pub struct Backoff(Duration);

impl Backoff {
    pub const fn new() -> Self {
        Self(MIN_DELAY)
    }

    /// Returns the next delay: at least 50 ms, at most twice the bound of the previous one, and never more than 1 s.
    pub fn pause(&mut self) -> Duration {
        self.0 = (self.0 * 2).min(MAX_DELAY);
        MIN_DELAY + jitter(self.0 - MIN_DELAY)
    }
}

/// Returns a random duration below a bound.
pub fn jitter(below: Duration) -> Duration {
    let mut bytes = [0_u8; 4];
    // Without randomness the pauses are merely in step.
    let _ = getrandom::fill(&mut bytes);
    below.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_second() {
        let mut backoff = Backoff::new();
        for bound in [100, 200, 400, 800, 1000, 1000] {
            let pause = backoff.pause();
            assert!(pause >= MIN_DELAY && pause <= Duration::from_millis(bound), "{pause:?} of {bound}");
        }
    }
}
