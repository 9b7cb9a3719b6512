//! Decides when a part may go out: media in real time, whatever the speed of its source.
//!
//! A part is released no earlier than its media ends, counted from an anchor that the first part sets. The first part
//! of a live encoder comes late, though, so that all others would be held back: then the anchor may move earlier,
//! by [`LIVE_SLACK`] in total. Pure; time is an argument. Never drops or orders anything.

use std::time::{Duration, Instant};

/// Start-up delay of a live encoder that is made up for.
pub(super) const LIVE_SLACK: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Pace {
    anchor: Option<Anchor>,
    slack: Duration,
}

/// A moment and the media time that belongs to it.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    at: Instant,
    media: Duration,
}

impl Pace {
    /// `slack`: how far the anchor may move earlier in total.
    pub fn new(slack: Duration) -> Self {
        Self { anchor: None, slack }
    }

    /// Returns when the part may go out that is at hand at `now` and whose media ends at `end`. Never before `now`.
    pub fn release(&mut self, now: Instant, end: Duration) -> Instant {
        let anchor = self.anchor.get_or_insert(Anchor { at: now, media: end });
        let due = anchor.at + end.saturating_sub(anchor.media);
        let early = due.saturating_duration_since(now);
        let moved = early.min(self.slack);
        self.slack -= moved;
        anchor.media += moved;
        now + (early - moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_file_is_released_in_real_time() {
        let start = Instant::now();
        let mut pace = Pace::new(Duration::ZERO);
        let released: Vec<_> = (1..4).map(|part| pace.release(start, millis(350) * part) - start).collect();
        assert_eq!(released, [millis(0), millis(350), millis(700)]);
    }

    #[test]
    fn a_live_source_whose_first_part_came_late_is_not_held_back() {
        let start = Instant::now();
        let mut pace = Pace::new(LIVE_SLACK);
        pace.release(start, millis(350));
        for part in 2..100 {
            let comes = start + millis(350) * (part - 1) - millis(300);
            assert_eq!(pace.release(comes, millis(350) * part), comes);
        }
    }

    #[test]
    fn a_file_through_a_pipe_is_paced_after_the_slack() {
        let start = Instant::now();
        let mut pace = Pace::new(LIVE_SLACK);
        let last = (1..=100).map(|second| pace.release(start, Duration::from_secs(second))).last();
        assert_eq!(last, Some(start + Duration::from_secs(97)));
    }

    proptest! {
        #[test]
        fn never_early_by_more_than_the_slack_and_never_late(
            parts in prop::collection::vec((1_u64..2000, 0_u64..3000), 1..60),
            slack in 0_u64..3000,
        ) {
            let mut now = Instant::now();
            let mut pace = Pace::new(millis(slack));
            let (mut end, mut first) = (Duration::ZERO, None);
            for (duration, comes_after) in parts {
                now += millis(comes_after);
                end += millis(duration);
                let (began, media) = *first.get_or_insert((now, end));
                let strict = began + (end - media);
                let released = pace.release(now, end);
                prop_assert!(released >= now);
                prop_assert!(released <= now.max(strict));
                prop_assert!(released + millis(slack) >= strict);
            }
        }
    }
}
