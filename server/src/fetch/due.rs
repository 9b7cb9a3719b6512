//! Decides when something is fetched again. Pure but for [`wait`]: time is an argument.

use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The time after the first failed fetch; it doubles with each further one.
const RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);

/// Time of the next fetch. There is one at a time.
#[derive(Debug)]
pub struct Due {
    at: Instant,
    /// Whether another fetch is wanted behind the one that runs.
    again: bool,
    failing_since: Option<Instant>,
    failures: u32,
}

impl Due {
    /// A fetch is due at once.
    pub const fn new(now: Instant) -> Self {
        Self { at: now, again: false, failing_since: None, failures: 0 }
    }

    /// Returns the time of the next fetch.
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// Notes that a fetch begins.
    pub const fn begin(&mut self) {
        self.again = false;
    }

    /// Asks for a fetch in any case: one that runs already may bring what is old by now.
    pub const fn hurry(&mut self, now: Instant) {
        (self.at, self.again) = (now, true);
    }

    /// Notes that a fetch went well; the next one is due after `delay`. Whether fetches had failed before.
    pub fn succeed(&mut self, now: Instant, delay: Duration) -> bool {
        self.end(now, delay);
        self.failures = 0;
        self.failing_since.take().is_some()
    }

    /// Notes a failed fetch. Whether it is the first one in a row.
    pub fn fail(&mut self, now: Instant) -> bool {
        let delay = RETRY_DELAY * 2_u32.saturating_pow(self.failures.min(16));
        self.end(now, delay.min(MAX_RETRY_DELAY));
        self.failures = self.failures.saturating_add(1);
        let is_first = self.failing_since.is_none();
        self.failing_since.get_or_insert(now);
        is_first
    }

    /// Time of the first of the current failures; `None` if the last fetch succeeded.
    pub const fn failing_since(&self) -> Option<Instant> {
        self.failing_since
    }

    fn end(&mut self, now: Instant, delay: Duration) {
        self.at = if self.again { now } else { now + delay };
    }
}

/// Waits until a fetch is due. `wake` says that it may be earlier than it was.
pub async fn wait(due: impl Fn() -> Instant, wake: &Notify) {
    loop {
        let at = due();
        if at <= Instant::now() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep_until(at.into()) => return,
            () = wake.notified() => {}
        }
    }
}

/// Returns the age that `Cache-Control` allows (RFC 9111, section 5.2.2).
pub fn max_age(cache_control: &str) -> Option<Duration> {
    let mut directives = cache_control.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    directives.find_map(|directive| match directive.as_str() {
        "no-store" | "no-cache" => Some(Duration::ZERO),
        directive => {
            let seconds = directive.strip_prefix("max-age=")?.trim_matches('"');
            seconds.parse().ok().map(Duration::from_secs)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn failures_are_tried_again_with_growing_delays() {
        let now = Instant::now();
        let mut due = Due::new(now);
        assert!(due.at() == now && !due.succeed(now, MINUTE) && due.at() == now + MINUTE);
        let delays: Vec<u64> = (0..8)
            .map(|turn| {
                assert_eq!(due.fail(now), turn == 0);
                (due.at() - now).as_secs()
            })
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(due.failing_since(), Some(now));
        assert!(due.succeed(now, MINUTE) && due.failing_since().is_none());
        due.fail(now);
        assert_eq!(due.at(), now + Duration::from_secs(1), "it begins anew");
    }

    #[test]
    fn what_is_asked_for_during_a_fetch_is_fetched_behind_it() {
        let now = Instant::now();
        let mut due = Due::new(now);
        due.begin();
        due.hurry(now);
        due.succeed(now, MINUTE);
        assert_eq!(due.at(), now);
        due.begin();
        due.succeed(now, MINUTE);
        assert_eq!(due.at(), now + MINUTE);
    }

    #[test]
    fn an_age_is_read_from_the_header() {
        let seconds = |header: &str| max_age(header).map(|age| age.as_secs());
        assert_eq!(seconds("public, max-age=3600"), Some(3600));
        assert_eq!(seconds("Max-Age=\"3600\""), Some(3600));
        assert_eq!(seconds("no-store"), Some(0));
        for none in ["", "public", "max-age=soon", "max-age=99999999999999999999"] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }
}
