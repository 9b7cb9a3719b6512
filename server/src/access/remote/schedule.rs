//! Decides when a key set is fetched, and how long the last one counts. Pure: time is an argument.

use std::time::{Duration, Instant};

use crate::fetch::Due;

/// The bounds of the age that a set may have, and the age where its server names none.
const LEAST_AGE: Duration = Duration::from_secs(5 * 60);
const LONGEST_AGE: Duration = Duration::from_secs(24 * 3600);
const USUAL_AGE: Duration = Duration::from_secs(10 * 60);
/// The time between two fetches for tokens of unknown keys.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// The time for which old keys count while none can be fetched.
const KEEP: Duration = Duration::from_secs(24 * 3600);

/// The times of the fetches of one key set.
#[derive(Debug)]
pub struct Schedule {
    due: Due,
    running: bool,
    asked: Option<Instant>,
    fetched: Option<Instant>,
}

impl Schedule {
    /// A fetch is due at once.
    pub const fn new(now: Instant) -> Self {
        Self { due: Due::new(now), running: false, asked: None, fetched: None }
    }

    /// Returns when the next fetch is due.
    pub const fn due(&self) -> Instant {
        self.due.at()
    }

    /// Notes that a fetch begins.
    pub const fn begin(&mut self) {
        self.running = true;
        self.due.begin();
    }

    /// Asks for a fetch because of a token whose key is unknown: whether one is running, or may begin.
    pub fn ask(&mut self, now: Instant) -> bool {
        if self.running {
            return true;
        }
        if self.asked.is_some_and(|asked| now < asked + ASK_EVERY) {
            return false;
        }
        (self.asked, self.running) = (Some(now), true);
        self.due.hurry(now);
        true
    }

    /// Asks for a fetch in any case: one that runs already may bring what is old by now.
    pub const fn hurry(&mut self, now: Instant) {
        self.due.hurry(now);
    }

    /// Notes a set, which may be used for `age`. Whether fetches had failed before.
    pub fn succeed(&mut self, now: Instant, age: Option<Duration>) -> bool {
        (self.running, self.fetched) = (false, Some(now));
        self.due.succeed(now, age.unwrap_or(USUAL_AGE).clamp(LEAST_AGE, LONGEST_AGE))
    }

    /// Notes a failed fetch. Whether it is the first one in a row.
    pub fn fail(&mut self, now: Instant) -> bool {
        self.running = false;
        self.due.fail(now)
    }

    /// Returns whether the old keys count no more.
    pub fn is_over(&self, now: Instant) -> bool {
        self.due.failing_since().is_some_and(|since| now >= since + KEEP)
    }

    /// Returns whether there was a set ever.
    pub const fn was_fetched(&self) -> bool {
        self.fetched.is_some()
    }

    /// Returns the time since the last set.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        self.fetched.map(|fetched| now.saturating_duration_since(fetched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::max_age;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_set_is_fetched_again_by_its_age_within_bounds() {
        let now = Instant::now();
        let next = |header: &str| {
            let mut schedule = Schedule::new(now);
            assert!(!schedule.succeed(now, max_age(header)));
            schedule.due() - now
        };
        assert_eq!(next(""), 10 * MINUTE);
        assert_eq!(next("public, max-age=3600"), 60 * MINUTE);
        assert_eq!(next("Max-Age=\"3600\""), 60 * MINUTE);
        assert_eq!(next("max-age=1"), 5 * MINUTE);
        assert_eq!(next("max-age=99999999"), 24 * 60 * MINUTE);
        assert_eq!(next("no-store"), 5 * MINUTE);
        assert_eq!(next("max-age=soon"), 10 * MINUTE);
        assert_eq!(next("max-age=99999999999999999999"), 10 * MINUTE);
    }

    #[test]
    fn unknown_keys_ask_once_in_thirty_seconds_and_join_a_fetch_that_runs() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        schedule.begin();
        assert!(schedule.ask(now), "it waits for the fetch of the start");
        schedule.succeed(now, None);
        assert!(schedule.ask(now) && schedule.due() == now);
        schedule.begin();
        assert!(schedule.ask(now), "it waits for the same");
        schedule.succeed(now, None);
        assert!(!schedule.ask(now + Duration::from_secs(29)));
        assert!(schedule.ask(now + Duration::from_secs(30)));
        schedule.fail(now + Duration::from_secs(30));
        assert!(!schedule.ask(now + Duration::from_secs(59)));
    }

    #[test]
    fn failures_are_tried_again_with_growing_delays_and_keep_the_old_keys_for_a_day() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        assert!(!schedule.was_fetched() && schedule.age(now).is_none());
        schedule.succeed(now, None);
        let begin = schedule.due();
        let delays: Vec<u64> = (0..8)
            .map(|turn| {
                assert_eq!(schedule.fail(begin), turn == 0);
                (schedule.due() - begin).as_secs()
            })
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60]);
        let day = Duration::from_secs(24 * 3600);
        assert!(!schedule.is_over(begin + day - MINUTE) && schedule.is_over(begin + day));
        assert_eq!(schedule.age(begin), Some(10 * MINUTE));
        assert!(schedule.succeed(begin + day, None) && !schedule.is_over(begin + day * 9));
        schedule.begin();
        schedule.hurry(begin);
        schedule.succeed(begin, None);
        assert_eq!(schedule.due(), begin, "once more, behind the fetch that ran");
        schedule.begin();
        schedule.succeed(begin, None);
        assert_eq!(schedule.due(), begin + 10 * MINUTE);
    }
}
