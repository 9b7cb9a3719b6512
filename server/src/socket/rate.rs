//! Rate limit for reading a connection. Pure: time is an argument.
//!
//! A token bucket for messages and one for bytes, each as the time until which what was read is paid for (the
//! generic cell rate algorithm, ITU-T I.371). A frame may begin while that time is less than the burst ahead.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// The time for which a burst may exceed the rate.
pub const BURST: Duration = roomcast_protocol::limits::RATE_BURST;
/// Bytes that a frame counts at least: a flood of empty continuations is work, too.
const MIN_FRAME: u64 = 64;
const NANOS: u64 = 1_000_000_000;

/// Rate at which a connection may send for any length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Messages a second. A control frame counts as a message.
    pub messages: NonZeroU64,
    /// Bytes of payload a second; a frame counts as 64 at least.
    pub bytes: NonZeroU64,
}

/// Token buckets of one connection.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    messages_paid: Instant,
    bytes_paid: Instant,
}

impl Bucket {
    /// Creates full token buckets.
    pub const fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, messages_paid: now, bytes_paid: now }
    }

    /// Returns the time until the next frame may begin; zero if it may begin now.
    pub fn wait(&self, now: Instant) -> Duration {
        self.messages_paid.max(self.bytes_paid).saturating_duration_since(now).saturating_sub(BURST)
    }

    /// Charges a frame to the buckets. The last frame before a wait may cost more than is left.
    pub fn pay(&mut self, now: Instant, bytes: u64, message: bool) {
        if message {
            self.messages_paid = self.messages_paid.max(now) + cost(1, self.rate.messages);
        }
        self.bytes_paid = self.bytes_paid.max(now) + cost(bytes.max(MIN_FRAME), self.rate.bytes);
    }
}

fn cost(count: u64, rate: NonZeroU64) -> Duration {
    let (seconds, rest) = (count / rate.get(), count % rate.get());
    let nanos = u128::from(rest) * u128::from(NANOS) / u128::from(rate.get());
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(nanos).unwrap_or(NANOS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(messages: u64, bytes: u64) -> Rate {
        Rate { messages: NonZeroU64::new(messages).unwrap(), bytes: NonZeroU64::new(bytes).unwrap() }
    }

    /// Sends each frame after its pause, as soon as the bucket lets it; returns the times at which they were read.
    fn read(bucket: &mut Bucket, start: Instant, frames: &[(u64, u64)]) -> Vec<Duration> {
        let mut now = start;
        let one = |&(pause, bytes): &(u64, u64)| {
            now += Duration::from_millis(pause);
            now += bucket.wait(now);
            bucket.pay(now, bytes, true);
            now - start
        };
        frames.iter().map(one).collect()
    }

    #[test]
    fn a_burst_of_five_seconds_is_free_and_then_the_rate_holds() {
        let start = Instant::now();
        let times = read(&mut Bucket::new(rate(10, 1 << 20), start), start, &[(0, 10); 71]);
        assert_eq!(times[49], Duration::ZERO);
        assert_eq!(times[70], Duration::from_secs(2));
    }

    #[test]
    fn a_frame_larger_than_the_burst_is_read_and_paid_for_afterwards() {
        let start = Instant::now();
        let mut bucket = Bucket::new(rate(10, 100), start);
        bucket.pay(start, 10_000, true);
        assert_eq!(bucket.wait(start), Duration::from_secs(95));
    }

    #[test]
    fn empty_continuations_are_not_free() {
        let start = Instant::now();
        let mut bucket = Bucket::new(rate(1, 64), start);
        (0..6).for_each(|_| bucket.pay(start, 0, false));
        assert_eq!(bucket.wait(start), Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_rate_and_burst(
            frames in prop::collection::vec((0_u64..300, 0_u64..2000), 1..300), messages in 1_u64..50, bytes in 100_u64..5000,
        ) {
            let start = Instant::now();
            let times = read(&mut Bucket::new(rate(messages, bytes), start), start, &frames);
            for first in 0..frames.len() {
                for last in first..frames.len() {
                    let window = (times[last] - times[first] + BURST).as_secs_f64() + 1e-3;
                    prop_assert!((last - first) as f64 <= window * messages as f64);
                    let sent: u64 = frames[first..last].iter().map(|frame| frame.1).sum();
                    prop_assert!(sent as f64 <= window * bytes as f64);
                }
            }
        }

        #[test]
        fn who_keeps_to_the_rate_never_waits(frames in prop::collection::vec(64_u64..1000, 1..200)) {
            let paced: Vec<_> = frames.iter().map(|bytes| (100 + bytes / 10, *bytes)).collect();
            let start = Instant::now();
            let times = read(&mut Bucket::new(rate(10, 10_000), start), start, &paced);
            let sent: u64 = paced.iter().map(|frame| frame.0).sum();
            prop_assert_eq!(*times.last().unwrap(), Duration::from_millis(sent));
        }
    }
}
