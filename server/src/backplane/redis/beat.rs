//! Beats: messages that a node publishes to itself to verify that its subscription works.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// The first byte of a beat, which identifies the kind of message.
pub const KIND: u8 = b'b';
/// The maximum number of pending beats that are kept. Only the oldest one matters.
const MOST_PENDING: usize = 16;

/// The beats of one node.
#[derive(Debug, Default)]
pub struct Beats(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    pending: VecDeque<(u64, Instant)>,
    returned: Option<Instant>,
    /// Whether the listener has been informed of this subscription.
    announced: bool,
}

impl Beats {
    /// Records a beat that is sent now; returns its number and the message to publish.
    pub fn send(&self) -> (u64, Bytes) {
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        if state.pending.len() < MOST_PENDING {
            state.pending.push_back((number, Instant::now()));
        }
        (number, format!("{}{number}", char::from(KIND)).into())
    }

    /// Removes a beat that may not have been published, so that it is not waited for.
    pub fn withdraw(&self, number: u64) {
        self.lock().pending.retain(|(sent, _)| *sent != number);
    }

    /// Handles a returned beat; returns its round-trip time if it was waited for.
    pub fn returned(&self, payload: &[u8]) -> Option<Duration> {
        let number: u64 = std::str::from_utf8(payload.get(1..)?).ok()?.parse().ok()?;
        let mut state = self.lock();
        let now = Instant::now();
        let sent = state.pending.iter().find(|(sent, _)| *sent == number).map(|(_, at)| *at)?;
        state.pending.retain(|(sent, _)| *sent > number);
        state.returned = Some(now);
        Some(now - sent)
    }

    /// Starts a new subscription. Beats of the previous one are not waited for.
    pub fn restart(&self) {
        let mut state = self.lock();
        state.pending.clear();
        state.returned = None;
        state.announced = false;
    }

    /// Records that the listener was informed of this subscription, so that its beats count. If they counted earlier, a
    /// node could report readiness before its rooms learn that packets may be missing.
    pub fn announce(&self) {
        self.lock().announced = true;
    }

    /// Returns whether a published beat has not returned within the timeout.
    pub fn is_overdue(&self, timeout: Duration) -> bool {
        self.lock().pending.front().is_some_and(|(_, at)| at.elapsed() > timeout)
    }

    /// Returns whether the newest beat of an announced subscription came back within this interval.
    pub fn is_fresh(&self, timeout: Duration) -> bool {
        let state = self.lock();
        state.announced && state.returned.is_some_and(|at| at.elapsed() <= timeout)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_is_fresh_once_it_is_back_and_overdue_until_then() {
        let beats = Beats::default();
        assert!(!beats.is_fresh(Duration::MAX) && !beats.is_overdue(Duration::ZERO));
        let (number, _) = beats.send();
        let (_, second) = beats.send();
        assert!(beats.is_overdue(Duration::ZERO) && !beats.is_overdue(Duration::from_secs(60)));
        beats.withdraw(number);
        assert!(beats.returned(&second).is_some() && beats.returned(&second).is_none());
        assert!(!beats.is_fresh(Duration::from_secs(60)), "nobody was told of the subscription");
        beats.announce();
        assert!(beats.is_fresh(Duration::from_secs(60)) && !beats.is_overdue(Duration::ZERO));
        beats.restart();
        assert!(!beats.is_fresh(Duration::from_secs(60)));
        let (_, third) = beats.send();
        assert!(beats.returned(&third).is_some() && !beats.is_fresh(Duration::from_secs(60)));
        for strange in [&b""[..], b"b", b"bx", b"b99999999999999999999999", b"b7"] {
            assert!(beats.returned(strange).is_none());
        }
    }
}
