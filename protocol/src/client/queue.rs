//! Bounded, ordered queue of the signals that the application sends while the client is out of the room.
//!
//! A full queue drops the signal of the lowest priority, the oldest first among equals, and tells the
//! caller. ICE candidates are dropped last: they are sent once, and without them an agreed connection is never
//! established.

use std::collections::VecDeque;

use crate::signal::SignalKind;

/// Signals a client keeps while it is out of the room.
pub const QUEUE_SIGNALS: usize = crate::limits::OFFLINE_SIGNALS;
/// Bytes of signals a client keeps while it is out of the room.
pub const QUEUE_BYTES: usize = crate::limits::OFFLINE_BYTES;

/// A signal of the application, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Kind of the signal.
    pub kind: SignalKind,
    /// The whole message.
    pub text: String,
}

/// Priority of a queued signal, in ascending order: the lowest is dropped first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// Says nothing any more: an `UPDATE` before another one, or what the machine says by itself after a new `JOIN`.
    Superseded,
    /// The user can send it again.
    Repeatable,
    /// `OFFER` and `ANSWER`: a negotiation that would have to begin anew.
    Negotiation,
    /// An ICE candidate.
    Candidate,
}

const fn worth(kind: SignalKind, superseded: bool) -> Worth {
    match kind {
        SignalKind::Ice => Worth::Candidate,
        SignalKind::Offer | SignalKind::Answer => Worth::Negotiation,
        SignalKind::Join | SignalKind::Leave | SignalKind::Heartbeat | SignalKind::Renew => Worth::Superseded,
        SignalKind::Update
        | SignalKind::Kick
        | SignalKind::PublishRequest
        | SignalKind::PublishAccept
        | SignalKind::PublishReject
        | SignalKind::Watch => match superseded {
            true => Worth::Superseded,
            false => Worth::Repeatable,
        },
    }
}

/// Signals that wait for the client to be in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    waiting: VecDeque<Outgoing>,
    bytes: usize,
    max_signals: usize,
    max_bytes: usize,
}

impl Default for Queue {
    fn default() -> Self {
        Self::new(QUEUE_SIGNALS, QUEUE_BYTES)
    }
}

impl Queue {
    /// An empty queue with these bounds.
    #[must_use]
    pub const fn new(max_signals: usize, max_bytes: usize) -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, max_signals, max_bytes }
    }

    /// Appends a signal. Answers what had to be dropped for it, which may be the signal itself.
    #[must_use]
    pub fn push(&mut self, signal: Outgoing) -> Vec<Outgoing> {
        // One that fits no empty queue would drive out all others first.
        if signal.text.len() > self.max_bytes {
            return vec![signal];
        }
        self.bytes += signal.text.len();
        self.waiting.push_back(signal);
        std::iter::from_fn(|| self.drop_one()).collect()
    }

    /// Takes all signals, in the order in which they were said.
    pub fn drain(&mut self) -> Vec<Outgoing> {
        self.bytes = 0;
        self.waiting.drain(..).collect()
    }

    /// Takes the signal that was said first.
    pub fn pop(&mut self) -> Option<Outgoing> {
        let first = self.waiting.pop_front()?;
        self.bytes -= first.text.len();
        Some(first)
    }

    /// Number of queued signals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no signal waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn drop_one(&mut self) -> Option<Outgoing> {
        if self.len() <= self.max_signals && self.bytes <= self.max_bytes {
            return None;
        }
        let last = self.waiting.iter().rposition(|signal| signal.kind == SignalKind::Update);
        let worth_of = |index: usize, kind| worth(kind, kind == SignalKind::Update && Some(index) < last);
        // The first of equals is the oldest.
        let (index, _) = self.waiting.iter().enumerate().min_by_key(|(index, one)| worth_of(*index, one.kind))?;
        let dropped = self.waiting.remove(index)?;
        self.bytes -= dropped.text.len();
        Some(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignalKind::{Answer, Ice, Kick, Offer, Update, Watch};
    use proptest::prelude::*;

    fn said(kind: SignalKind, text: &str) -> Outgoing {
        Outgoing { kind, text: text.to_owned() }
    }

    fn full(kinds: &[SignalKind]) -> Queue {
        let mut queue = Queue::new(kinds.len(), 1000);
        for (index, kind) in kinds.iter().enumerate() {
            assert_eq!(queue.push(said(*kind, &index.to_string())), []);
        }
        queue
    }

    fn texts(signals: &[Outgoing]) -> Vec<&str> {
        signals.iter().map(|signal| signal.text.as_str()).collect()
    }

    #[test]
    fn the_least_precious_goes_first_and_candidates_go_last() {
        let mut queue = full(&[Ice, Offer, Update, Kick, Update, Ice, Answer]);
        let dropped: Vec<_> = (0..7).flat_map(|_| queue.push(said(Ice, "new"))).collect();
        assert_eq!(texts(&dropped), ["2", "3", "4", "1", "6", "0", "5"]);
    }

    #[test]
    fn a_newer_update_replaces_the_older_one_and_nothing_else() {
        let mut queue = full(&[Watch, Update, Ice]);
        assert_eq!(texts(&queue.push(said(Update, "new"))), ["1"]);
        assert_eq!(texts(&queue.drain()), ["0", "2", "new"]);
    }

    #[test]
    fn an_ordinary_signal_drives_out_no_candidate() {
        let mut queue = full(&[Ice, Ice]);
        assert_eq!(texts(&queue.push(said(Kick, "new"))), ["new"]);
        assert_eq!(texts(&queue.push(said(Offer, "new"))), ["new"]);
        assert_eq!(texts(&queue.drain()), ["0", "1"]);
    }

    #[test]
    fn bytes_are_bounded_and_a_giant_drives_out_nobody() {
        let mut queue = Queue::new(10, 10);
        assert_eq!(queue.push(said(Watch, "aaaa")), []);
        assert_eq!(queue.push(said(Offer, "bbbb")), []);
        assert_eq!(texts(&queue.push(said(Ice, "cccc"))), ["aaaa"]);
        assert_eq!(queue.push(said(Ice, &"d".repeat(11))).len(), 1);
        assert_eq!(texts(&queue.drain()), ["bbbb", "cccc"]);
        assert_eq!(queue.push(said(Ice, &"d".repeat(10))), [], "an emptied queue has all its room");
    }

    proptest! {
        #[test]
        fn every_signal_is_kept_in_order_or_told_as_dropped(
            picks in prop::collection::vec((prop::sample::select(SignalKind::ALL), 0_usize..40), 0..60),
        ) {
            let mut queue = Queue::new(6, 100);
            let mut dropped = Vec::new();
            let all: Vec<_> = picks.iter().enumerate()
                .map(|(index, (kind, length))| said(*kind, &format!("{index:03}{}", "x".repeat(*length))))
                .collect();
            for signal in &all {
                let lost = queue.push(signal.clone());
                prop_assert!(queue.len() <= 6 && queue.bytes <= 100);
                prop_assert_eq!(queue.bytes, queue.waiting.iter().map(|one| one.text.len()).sum::<usize>());
                let other = queue.waiting.iter().any(|one| one.kind != Ice);
                prop_assert!(!other || lost.iter().all(|one| one.kind != Ice));
                dropped.extend(lost);
            }
            let kept = queue.drain();
            let expected: Vec<_> = all.into_iter().filter(|signal| !dropped.contains(signal)).collect();
            prop_assert_eq!(kept, expected);
        }
    }
}
