//! Repetition of signals that the server refused temporarily (503), as the table of codes says.
//!
//! Each repetition has a number of its own, behind the signals sent meanwhile. Pure: times and randomness are
//! arguments.

use std::time::{Duration, Instant};

use roomcast_protocol::client::{Outgoing, reconnect_delay};
use roomcast_protocol::code::{AckCode, Asked};
use roomcast_protocol::signal::SignalKind;
use serde_json::Value;

/// Maximum number of signals that are remembered at a time; the refusal of any other is reported to the application.
const MOST: usize = 16;
/// Time after which a repeated signal that was not refused counts as carried out.
const FORGOTTEN: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Refused {
    signal: Outgoing,
    /// Counts the refusals.
    times: u32,
    /// Time of the repetition; `None` once it was sent.
    due: Option<Instant>,
    /// Time at which the repetition was planned last.
    planned: Instant,
}

/// The signals to repeat.
#[derive(Debug, Default)]
pub(super) struct Again(Vec<Refused>);

impl Again {
    /// Takes the `req` of a refusal; `false` where the signal is not repeated.
    pub fn refused(&mut self, now: Instant, random: f64, request: &Value) -> bool {
        self.0.retain(|one| one.due.is_some() || now < one.planned + FORGOTTEN);
        let Some(signal) = without_number(request) else { return false };
        let known = self.0.iter().position(|one| one.signal == signal);
        let times = known.map_or(0, |index| self.0[index].times);
        if times >= most_times() || (known.is_none() && self.0.len() >= MOST) {
            known.map(|index| self.0.swap_remove(index));
            return false;
        }
        let due = Some(now + reconnect_delay(times, random));
        let refused = Refused { signal, times: times + 1, due, planned: now };
        match known {
            Some(index) => self.0[index] = refused,
            None => self.0.push(refused),
        }
        true
    }

    /// Returns when the next one is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.iter().filter_map(|one| one.due).min()
    }

    /// Takes a signal that is to be said now.
    pub fn due(&mut self, now: Instant) -> Option<Outgoing> {
        let one = self.0.iter_mut().find(|one| one.due.is_some_and(|due| now >= due))?;
        one.due = None;
        Some(one.signal.clone())
    }

    /// Takes the signals that were still to be said.
    pub fn take(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.0).into_iter().filter(|one| one.due.is_some()).map(|one| one.signal).collect()
    }
}

fn most_times() -> u32 {
    let retry = AckCode::Unavailable.retries().iter().find(|retry| retry.of == Asked::Other);
    retry.and_then(|retry| retry.times).unwrap_or(0)
}

/// Returns the signal as the application said it.
fn without_number(request: &Value) -> Option<Outgoing> {
    let kind = SignalKind::from_name(request["data"]["s"].as_str()?)?;
    let mut request = request.clone();
    request["data"].as_object_mut()?.shift_remove("n");
    Some(Outgoing { kind, text: request.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_signal_is_said_again_three_times_after_growing_delays() {
        let (mut again, mut now) = (Again::default(), Instant::now());
        for (n, delay) in [(7, 250), (9, 500), (12, 1000)] {
            let request = json!({"action": "kick", "data": {"n": n, "s": "KICK", "to": "bob"}});
            assert!(again.refused(now, 1.0, &request));
            assert_eq!(again.due(now), None);
            let due = again.deadline().unwrap();
            assert_eq!(due - now, Duration::from_millis(delay));
            now = due;
            let text = r#"{"action":"kick","data":{"s":"KICK","to":"bob"}}"#.to_owned();
            assert_eq!(again.due(now), Some(Outgoing { kind: SignalKind::Kick, text }));
            assert_eq!((again.due(now), again.deadline()), (None, None));
        }
        let request = json!({"action": "kick", "data": {"n": 13, "s": "KICK", "to": "bob"}});
        assert!(!again.refused(now, 1.0, &request), "it was said often enough");
    }

    #[test]
    fn what_is_not_named_cannot_be_said_again_and_there_is_a_bound() {
        let (mut again, now) = (Again::default(), Instant::now());
        assert!(!again.refused(now, 1.0, &Value::Null));
        let kick = |number: usize| json!({"action": "kick", "data": {"s": "KICK", "to": number.to_string()}});
        assert_eq!((0..100).filter(|number| again.refused(now, 1.0, &kick(*number))).count(), MOST);
        assert_eq!(again.take().len(), MOST);
    }

    #[test]
    fn one_that_was_carried_out_begins_anew() {
        let (mut again, mut now) = (Again::default(), Instant::now());
        let kick = json!({"action": "kick", "data": {"s": "KICK", "to": "bob"}});
        for _ in 0..10 {
            assert!(again.refused(now, 1.0, &kick));
            again.due(now + Duration::from_secs(1));
            now += FORGOTTEN;
        }
    }
}
