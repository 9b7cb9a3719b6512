//! Renewal of access tokens on an open connection; failures are retried with backoff.
//!
//! Another token is fetched some time before the one in use expires, and sent. The retries end with the connection: the
//! next one brings a token anyhow. Pure: times and randomness are arguments.

use std::time::{Duration, Instant};

use roomcast_protocol::limits::JOIN_ACK_TIMEOUT;

use crate::access::{Life, Token};
use crate::clock::Clocks;

/// The time before its end at which a token is replaced, unless less than twice that is left.
const LEAD: Duration = Duration::from_secs(30);
/// The first pause after an attempt that led to nothing; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, and the shortest time between two renewals where tokens last for more than twice that.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// No wait is longer, whatever a token says.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// There is no connection, nobody to be asked, or no end that is known.
    Idle,
    Waiting {
        until: Instant,
    },
    /// Another token is being fetched.
    Asking,
    /// It was sent, and has no ack yet.
    Sent {
        token: Token,
        until: Instant,
    },
}

/// The renewals of one connection after the other.
#[derive(Debug)]
pub(super) struct Renewal {
    /// Whether there is anybody to be asked.
    renews: bool,
    phase: Phase,
    /// The token that the connection has.
    held: Option<Token>,
    /// Attempts in a row that led to nothing.
    failures: u32,
}

impl Renewal {
    pub fn new(renews: bool) -> Self {
        Self { renews, phase: Phase::Idle, held: None, failures: 0 }
    }

    /// Records that a connection was established with this token.
    pub fn opened(&mut self, clocks: Clocks, token: Option<Token>) {
        self.failures = 0;
        let life = token.as_ref().filter(|_| self.renews).and_then(Token::life);
        self.phase = life.map_or(Phase::Idle, |life| wait(clocks, life, Duration::ZERO));
        self.held = token;
    }

    /// The connection is gone.
    pub fn lost(&mut self) {
        self.phase = Phase::Idle;
    }

    /// Returns when to look again.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Waiting { until } | Phase::Sent { until, .. } => Some(*until),
            Phase::Idle | Phase::Asking => None,
        }
    }

    /// Begins to fetch another token if it is time for that; returns whether it is. An attempt without an answer is
    /// given up when its time is over.
    pub fn begin_fetch_if_due(&mut self, now: Instant, random: f64) -> bool {
        match self.phase {
            Phase::Waiting { until } if now >= until => {
                self.phase = Phase::Asking;
                true
            }
            Phase::Sent { until, .. } if now >= until => {
                self.pause(now, random);
                false
            }
            _ => false,
        }
    }

    /// Takes the token that was fetched; returns the one to send, if any. What the connection has already is no other
    /// token, and what cannot be read, as a file that is just being written, is none.
    pub fn note_fetched(&mut self, now: Instant, random: f64, token: Option<Token>) -> Option<Token> {
        if self.phase != Phase::Asking {
            return None;
        }
        let Some(token) = token.filter(|token| token.life().is_some() && self.held.as_ref() != Some(token)) else {
            self.pause(now, random);
            return None;
        };
        self.phase = Phase::Sent { token: token.clone(), until: now + JOIN_ACK_TIMEOUT };
        Some(token)
    }

    /// Takes the end that the server names for the token that was sent; none where it refused it.
    pub fn note_answer(&mut self, clocks: Clocks, random: f64, expires: Option<u64>) {
        let Phase::Sent { token, .. } = &self.phase else { return };
        let Some(expires) = expires else { return self.pause(clocks.now, random) };
        let issued = token.life().map_or(0, |life| life.issued);
        let life = Life { issued, expires };
        self.held = Some(token.clone());
        self.failures = 0;
        // By a clock that is early every token seems to be over.
        let least = (life.length() / 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.phase = wait(clocks, life, least);
    }

    fn pause(&mut self, now: Instant, random: f64) {
        let longest = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Waiting { until: now + longest.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0) };
    }
}

fn wait(Clocks { now, unix }: Clocks, life: Life, least: Duration) -> Phase {
    let left = life.left(unix);
    let wait = left - LEAD.min(left / 2);
    Phase::Waiting { until: now + wait.clamp(least, LONGEST_WAIT) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    fn token(issued: u64, expires: u64) -> Token {
        let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"iat":{issued},"exp":{expires}}}"#));
        Token::from(format!("e30.{claims}.x"))
    }

    /// A renewal with both clocks; the one since 1970 shows 1000 s at first.
    struct Run {
        renewal: Renewal,
        start: Instant,
        passed: Duration,
    }

    impl Run {
        fn opened(renews: bool, token: Token) -> Self {
            let mut run = Self { renewal: Renewal::new(renews), start: Instant::now(), passed: Duration::ZERO };
            run.renewal.opened(run.clocks(), Some(token));
            run
        }

        fn clocks(&self) -> Clocks {
            Clocks { now: self.start + self.passed, unix: Duration::from_secs(1000) + self.passed }
        }

        /// Lets time pass until the deadline; whether a token is to be fetched then, and how long that took.
        fn wait(&mut self) -> (bool, Duration) {
            let until = self.renewal.deadline().expect("something is due") - self.start;
            let waited = until.saturating_sub(self.passed);
            self.passed = self.passed.max(until);
            (self.renewal.begin_fetch_if_due(self.clocks().now, 1.0), waited)
        }

        fn fetched(&mut self, token: Option<Token>) -> Option<Token> {
            self.renewal.note_fetched(self.clocks().now, 1.0, token)
        }

        fn answered(&mut self, expires: Option<u64>) {
            self.renewal.note_answer(self.clocks(), 1.0, expires);
        }
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_token_is_replaced_in_time() {
        for (issued, expires, expected) in [
            (1000, 4600, 3570.0),
            (1000, 1060, 30.0),
            (1000, 1059, 29.5),
            (1000, 1010, 5.0),
            // Fetched a while ago.
            (0, 1100, 70.0),
            (0, 1020, 10.0),
            // Over already, by this clock.
            (0, 1000, 0.0),
            (0, 900, 0.0),
            // By a clock that is late there is no more left than there ever was.
            (2000, 2100, 70.0),
            (0, u64::MAX, 24.0 * 3600.0),
        ] {
            let waited = Run::opened(true, token(issued, expires)).wait();
            assert_eq!(waited, (true, seconds(expected)), "{issued} {expires}");
        }
    }

    #[test]
    fn where_nobody_can_be_asked_or_no_end_is_known_nothing_is_due() {
        assert_eq!(Run::opened(false, token(1000, 1010)).renewal.deadline(), None);
        assert_eq!(Run::opened(true, Token::from("opaque".to_owned())).renewal.deadline(), None);
        let mut run = Run::opened(true, token(1000, 1010));
        run.renewal.lost();
        assert_eq!(run.renewal.deadline(), None);
    }

    #[test]
    fn the_ack_says_when_the_next_one_is_due() {
        let mut run = Run::opened(true, token(1000, 1100));
        assert_eq!(run.wait(), (true, seconds(70.0)));
        let next = token(1070, 1170);
        assert_eq!(run.fetched(Some(next.clone())), Some(next));
        run.answered(Some(1170));
        assert_eq!(run.wait(), (true, seconds(70.0)));
    }

    #[test]
    fn tokens_that_seem_to_be_over_are_replaced_every_ten_seconds_and_short_ones_after_half_their_life() {
        for (life, expected) in [(900, 10.0), (20, 10.0), (8, 4.0), (1, 1.0)] {
            let mut run = Run::opened(true, token(0, 10));
            assert_eq!(run.wait(), (true, Duration::ZERO));
            for issued in 0..5 {
                assert!(run.fetched(Some(token(issued, issued + life))).is_some());
                run.answered(Some(issued + life));
                assert_eq!(run.wait(), (true, seconds(expected)), "{life}");
            }
        }
    }

    #[test]
    fn what_leads_to_nothing_is_tried_again_after_longer_and_longer_pauses() {
        let held = token(1000, 1100);
        for reason in 0..5 {
            let mut run = Run::opened(true, held.clone());
            let mut waits = Vec::new();
            for _ in 0..7 {
                let (asks, waited) = run.wait();
                assert!(asks, "{reason}");
                waits.push(waited.as_secs());
                let other = token(1070, 1170);
                match reason {
                    0 => assert_eq!(run.fetched(None), None),
                    1 => assert_eq!(run.fetched(Some(held.clone())), None),
                    2 => assert_eq!(run.fetched(Some(Token::from(String::new()))), None),
                    3 => {
                        assert!(run.fetched(Some(other)).is_some());
                        run.answered(None);
                    }
                    _ => {
                        assert!(run.fetched(Some(other)).is_some());
                        assert_eq!(run.wait(), (false, JOIN_ACK_TIMEOUT));
                    }
                }
            }
            assert_eq!(waits, [70, 1, 2, 4, 8, 10, 10], "{reason}");
        }
    }

    #[test]
    fn what_comes_late_counts_for_nothing() {
        let mut run = Run::opened(true, token(1000, 1100));
        assert_eq!(run.fetched(Some(token(1, 2))), None);
        run.answered(Some(9000));
        assert_eq!(run.wait(), (true, seconds(70.0)));
        run.renewal.opened(run.clocks(), Some(token(1070, 1170)));
        assert_eq!(run.fetched(Some(token(1, 2))), None);
        assert_eq!(run.wait(), (true, seconds(70.0)));
    }

    #[derive(Debug, Clone)]
    enum Answer {
        Fails,
        Same,
        Refused,
        Silence,
        Takes { life: u64 },
    }

    fn any_answer() -> impl Strategy<Value = Answer> {
        prop_oneof![
            Just(Answer::Fails),
            Just(Answer::Same),
            Just(Answer::Refused),
            Just(Answer::Silence),
            (1_u64..200).prop_map(|life| Answer::Takes { life }),
        ]
    }

    proptest! {
        #[test]
        fn it_never_stands_still_and_never_hurries(
            answers in prop::collection::vec(any_answer(), 1..40),
            skew in -5000_i64..5000,
            random in 0.0..1.0,
        ) {
            let by_server = |run: &Run| (run.clocks().unix.as_secs() + 10_000).saturating_add_signed(skew);
            let mut run = Run::opened(true, token(0, 1000));
            let mut held = token(0, 1000);
            for (count, answer) in answers.into_iter().enumerate() {
                let (mut asks, mut waited) = run.wait();
                if !asks {
                    (asks, waited) = run.wait();
                }
                prop_assert!(asks);
                prop_assert!(count == 0 || waited >= FIRST_PAUSE / 2);
                let now = run.clocks().now;
                let other = token(by_server(&run), by_server(&run) + 60 + count as u64);
                match answer {
                    Answer::Fails => prop_assert_eq!(run.renewal.note_fetched(now, random, None), None),
                    Answer::Same => prop_assert_eq!(run.renewal.note_fetched(now, random, Some(held.clone())), None),
                    Answer::Silence => prop_assert!(run.renewal.note_fetched(now, random, Some(other)).is_some()),
                    Answer::Refused => {
                        prop_assert!(run.renewal.note_fetched(now, random, Some(other)).is_some());
                        run.renewal.note_answer(run.clocks(), random, None);
                    }
                    Answer::Takes { life } => {
                        let expires = by_server(&run) + life;
                        held = token(by_server(&run), expires);
                        prop_assert!(run.renewal.note_fetched(now, random, Some(held.clone())).is_some());
                        run.answered(Some(expires));
                        let until = run.renewal.deadline().expect("a token that was taken ends");
                        // Whatever the clock shows.
                        let latest = Duration::from_secs(life.max(1)).max(LONGEST_PAUSE);
                        prop_assert!(until <= run.clocks().now + latest);
                    }
                }
            }
        }
    }
}
