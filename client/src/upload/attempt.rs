//! The end of each attempt at one data signal: done, tried again, given up or refused, as the table of codes says.
//!
//! Pure; time and randomness are arguments. Remembers of earlier attempts only what changes the meaning of an answer.

use std::time::{Duration, Instant};

use roomcast_protocol::client::reconnect_delay;
use roomcast_protocol::code::{AckCode, Asked, Reaction};
use roomcast_protocol::data::{DataAck, Payload};

/// Maximum number of fresh tokens in a row that may be refused.
const MAX_RENEWALS: u32 = 3;

/// Outcome of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// There was an answer, if only a status; with the pause that it asks for.
    Answered { status: u16, ack: Option<DataAck>, retry_after: Option<Duration> },
    /// None came; the signal may have arrived all the same.
    Lost { reason: String },
}

/// The next step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// It is accepted.
    Done { delay: Option<i64> },
    /// Try again at that time.
    Again { at: Instant },
    /// Try again with another token.
    Renew,
    /// Make the track again, then try again.
    Restore,
    /// It is too late for it.
    GiveUp { reason: String },
    /// It will never be accepted.
    Refused { code: u16, message: String },
}

/// The attempts of one data signal.
#[derive(Debug)]
pub(super) struct Attempt {
    /// One part: the broadcast goes on without it.
    spare: bool,
    deadline: Option<Instant>,
    failures: u32,
    renewals: u32,
    /// Whether an earlier attempt may have been carried out.
    unsure: bool,
    restored: bool,
}

impl Attempt {
    /// A part is worth nothing late, so its time runs from when it was queued. A whole segment fills the hole that
    /// lost parts leave, so it always has all its time. Without its map a track is nothing: it is tried for ever.
    pub fn new(payload: &Payload, queued: Instant, now: Instant, limit: Duration) -> Self {
        let deadline = match payload {
            Payload::Part(_) => Some(queued + limit),
            Payload::Segment(_) | Payload::End(_) => Some(now + limit),
            Payload::Variant(_) | Payload::Rendition(_) => None,
        };
        let spare = matches!(payload, Payload::Part(_));
        Self { spare, deadline, failures: 0, renewals: 0, unsure: false, restored: false }
    }

    /// Returns when it is too late; `None`: never.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Judges an attempt that ended at `now`. `random` is uniform in 0.0 to 1.0.
    pub fn judge(&mut self, now: Instant, random: f64, outcome: Outcome) -> Step {
        let (status, ack, pause) = match outcome {
            Outcome::Answered { status, ack, retry_after } => (status, ack, retry_after),
            Outcome::Lost { reason } => {
                self.unsure = true;
                return self.again(now, random, None, reason);
            }
        };
        let code = ack.as_ref().map_or(status, |ack| ack.code);
        let known = AckCode::from_number(code);
        match (known.map(|code| code.reaction(Asked::Upload)), status) {
            (_, 200..=299) => Step::Done { delay: ack.and_then(|ack| ack.body.delay) },
            _ if known == Some(AckCode::SequenceConflict) && self.unsure => Step::Done { delay: None },
            // A room that is gone comes back with the member, and so does the token.
            (Some(Reaction::Rejoin), _) | (None, 401) => self.renew(code, ack),
            (Some(Reaction::Restore), _) if !self.restored => {
                self.restored = true;
                Step::Restore
            }
            (Some(Reaction::Retry), _) | (None, 408 | 429 | 500..=599) => {
                let is_undone = matches!(known, Some(AckCode::RateLimited | AckCode::Unavailable));
                self.unsure |= status >= 500 && !is_undone;
                self.again(now, random, pause, sentence(code, ack))
            }
            // Frames too uneven for parts of the least length: the segment as a whole fills the hole.
            _ if known == Some(AckCode::InvalidSignal) && self.spare => Step::GiveUp { reason: sentence(code, ack) },
            _ => Step::Refused { code, message: sentence(code, ack) },
        }
    }

    /// Returns whether it is too late.
    pub fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    fn renew(&mut self, code: u16, ack: Option<DataAck>) -> Step {
        self.renewals += 1;
        if self.renewals > MAX_RENEWALS {
            return Step::Refused { code, message: sentence(code, ack) };
        }
        Step::Renew
    }

    /// Waits for the pause that the server asks for, else for the delay of a lost connection.
    fn again(&mut self, now: Instant, random: f64, pause: Option<Duration>, reason: String) -> Step {
        let at = now + pause.unwrap_or_else(|| reconnect_delay(self.failures, random));
        self.failures = self.failures.saturating_add(1);
        if self.is_late(at) {
            return Step::GiveUp { reason };
        }
        Step::Again { at }
    }
}

fn sentence(code: u16, ack: Option<DataAck>) -> String {
    let said = ack.and_then(|ack| ack.body.msg);
    let meaning = || AckCode::from_number(code).map_or("no reason given", AckCode::meaning).to_owned();
    said.unwrap_or_else(meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use roomcast_protocol::data::{DataAckBody, EndStream, PlaylistRef};
    use roomcast_protocol::id::ObjectId;
    use serde_json::json;

    const LIMIT: Duration = Duration::from_secs(10);

    fn attempt(now: Instant) -> Attempt {
        let playlist = PlaylistRef { id: ObjectId::parse("main").unwrap(), version: None };
        Attempt::new(&Payload::End(EndStream { playlist }), now, now, LIMIT)
    }

    fn answer(code: AckCode) -> Outcome {
        let body = DataAckBody { delay: Some(12), msg: Some("because".into()), ..DataAckBody::default() };
        Outcome::Answered {
            status: code.http(),
            ack: Some(DataAck { code: code.number(), name: "UPDATE_PART".into(), body }),
            retry_after: None,
        }
    }

    fn lost() -> Outcome {
        Outcome::Lost { reason: "reset".into() }
    }

    #[test]
    fn a_conflict_after_an_unknown_outcome_means_that_it_had_arrived() {
        let now = Instant::now();
        let mut attempt = attempt(now);
        assert!(matches!(attempt.judge(now, 0.5, lost()), Step::Again { .. }));
        assert_eq!(attempt.judge(now, 0.5, answer(AckCode::SequenceConflict)), Step::Done { delay: None });
    }

    #[test]
    fn a_conflict_on_the_first_attempt_is_refused_with_the_servers_sentence() {
        let now = Instant::now();
        let step = attempt(now).judge(now, 0.5, answer(AckCode::SequenceConflict));
        assert_eq!(step, Step::Refused { code: 4026, message: "because".into() });
    }

    #[test]
    fn being_told_to_wait_leaves_no_doubt_about_the_outcome() {
        let now = Instant::now();
        let mut attempt = attempt(now);
        assert!(matches!(attempt.judge(now, 0.5, answer(AckCode::RateLimited)), Step::Again { .. }));
        assert!(matches!(attempt.judge(now, 0.5, answer(AckCode::SequenceConflict)), Step::Refused { .. }));
    }

    #[test]
    fn tokens_and_tracks_are_renewed_but_not_for_ever() {
        let now = Instant::now();
        let mut attempt = attempt(now);
        for _ in 0..3 {
            assert_eq!(attempt.judge(now, 0.5, answer(AckCode::Unauthenticated)), Step::Renew);
        }
        assert!(matches!(attempt.judge(now, 0.5, answer(AckCode::Unauthenticated)), Step::Refused { .. }));
        assert_eq!(attempt.judge(now, 0.5, answer(AckCode::TrackNotFound)), Step::Restore);
        assert!(matches!(attempt.judge(now, 0.5, answer(AckCode::TrackNotFound)), Step::Refused { .. }));
    }

    #[test]
    fn one_part_that_is_not_taken_does_not_end_a_broadcast() {
        let now = Instant::now();
        let part = json!({"playlist": {"id": "main"}, "variant": {"id": "v0"}, "segment": {"id": "s1", "sequence": 1},
            "part": {"id": "p1", "sequence": 0, "duration": 0.3, "data": ""}});
        let part = Payload::Part(serde_json::from_value(part).unwrap());
        let step = Attempt::new(&part, now, now, LIMIT).judge(now, 0.5, answer(AckCode::InvalidSignal));
        assert_eq!(step, Step::GiveUp { reason: "because".into() });
        assert!(matches!(attempt(now).judge(now, 0.5, answer(AckCode::InvalidSignal)), Step::Refused { .. }));
    }

    #[test]
    fn the_answer_of_a_proxy_counts_by_its_status() {
        let now = Instant::now();
        let status = |status| Outcome::Answered { status, ack: None, retry_after: None };
        assert!(matches!(attempt(now).judge(now, 0.5, status(502)), Step::Again { .. }));
        assert!(matches!(attempt(now).judge(now, 0.5, status(401)), Step::Renew));
        assert!(matches!(attempt(now).judge(now, 0.5, status(413)), Step::Refused { code: 413, .. }));
    }

    #[test]
    fn the_pause_is_the_servers_where_it_names_one_and_grows_else() {
        let now = Instant::now();
        let busy = |retry_after| match answer(AckCode::Unavailable) {
            Outcome::Answered { status, ack, .. } => Outcome::Answered { status, ack, retry_after },
            lost => lost,
        };
        let mut attempt = attempt(now);
        let asked = Some(Duration::from_secs(3));
        for (pause, millis) in [(None, 250), (asked, 3000), (None, 1000), (None, 2000), (None, 4000)] {
            let at = now + Duration::from_millis(millis);
            assert_eq!(attempt.judge(now, 1.0, busy(pause)), Step::Again { at });
        }
        let late = Some(LIMIT);
        assert!(matches!(attempt.judge(now, 1.0, busy(late)), Step::GiveUp { .. }));
    }

    proptest! {
        #[test]
        fn a_signal_with_a_deadline_is_given_up_in_time(random in 0.0..1.0, takes in 1_u64..3000) {
            let start = Instant::now();
            let (mut now, mut attempt) = (start, attempt(start));
            loop {
                now += Duration::from_millis(takes);
                match attempt.judge(now, random, lost()) {
                    Step::Again { at } => now = at,
                    step => {
                        prop_assert!(matches!(step, Step::GiveUp { .. }), "gave {step:?}");
                        break;
                    }
                }
            }
            prop_assert!(now < start + LIMIT + Duration::from_secs(4));
        }
    }
}
