//! Signals and lists for one member that may have to be sent again.

use std::collections::VecDeque;

use roomcast_protocol::signal::MemberKey;

use super::record::UndeliveredRecord;
use crate::cluster::settings::BacklogBounds;
use crate::room::message::Delivery;

/// The number of signals for which an empty backlog retains memory.
const RETAINED_CAPACITY: usize = 8;

/// The signals for one member that may have to be sent again, in order of their sequence numbers, and the number of the
/// newest list, which replaces all earlier lists.
///
/// Signals that a client confirms are dropped. Signals written to the socket of a client that does not confirm are
/// kept, up to the bounds, since the client may name a lower number when it reconnects; they no longer delay the
/// confirmation to their senders.
#[derive(Debug, Clone, Default)]
pub(super) struct Backlog {
    last: u64,
    had: u64,
    /// The highest number that may belong to a signal that is not kept.
    lost: u64,
    bytes: usize,
    list: Option<u64>,
    /// The kept signals, of which the first `written` have been written to the socket.
    entries: VecDeque<Delivery>,
    written: usize,
}

/// A signal that delays the confirmation to its sender: the sender and the sender's number.
pub(super) type Held = (MemberKey, u64);

fn held(entry: &Delivery) -> Option<Held> {
    entry.numbered.then(|| (entry.from.member.clone(), entry.n))
}

/// An entry of a backlog.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replayed {
    Signal(Delivery),
    /// The newest list, with this number.
    List(u64),
}

impl Backlog {
    /// Creates an empty backlog whose numbers continue above `last`.
    pub fn above(last: u64) -> Self {
        Self { last, had: last, ..Self::default() }
    }

    /// Creates an empty backlog after a takeover in which everything up to `last` may have been lost.
    pub fn lost_up_to(last: u64) -> Self {
        Self { last, lost: last, ..Self::default() }
    }

    /// Restores the backlog that a drained owner kept. Numbers continue above `first`, if that is higher.
    pub fn restored(first: u64, kept: UndeliveredRecord) -> Self {
        let (last, had, lost) = (kept.last.max(first), kept.had, kept.lost);
        let mut restored = Self { last, had, lost, ..Self::default() };
        for entry in kept.backlog {
            restored.push(entry, BacklogBounds::NONE);
        }
        restored.count_written(had);
        restored
    }

    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Returns the highest number that may be lost.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    pub fn entries(&self) -> impl Iterator<Item = &Delivery> {
        self.entries.iter()
    }

    /// Returns the signals that have not been written yet and that their senders numbered.
    pub fn held(&self) -> Vec<Held> {
        self.entries.range(self.written..).filter_map(held).collect()
    }

    /// Assigns a number to a list, which replaces the previous one.
    pub const fn push_list(&mut self) -> u64 {
        self.last += 1;
        self.list = Some(self.last);
        self.last
    }

    /// Numbers and keeps a signal. Returns the signal, the dropped signals that no longer delay a confirmation, and the
    /// number of dropped signals that the member may never have received.
    pub fn push(&mut self, mut delivery: Delivery, bounds: BacklogBounds) -> (Delivery, Vec<Held>, usize) {
        self.last += 1;
        delivery.sq = self.last;
        self.bytes += delivery.text.len();
        self.entries.push_back(delivery.clone());
        let (mut dropped, mut forgotten) = (Vec::new(), 0);
        while self.entries.len() > bounds.signals || self.bytes > bounds.bytes {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.text.len();
            self.lost = oldest.sq;
            match self.written.checked_sub(1) {
                Some(written) => self.written = written,
                None => {
                    forgotten += 1;
                    dropped.extend(held(&oldest));
                }
            }
        }
        if self.list.is_some_and(|list| list < self.lost) {
            // A loss is announced up to its last number, behind which the list still has to come.
            self.push_list();
        }
        (delivery, dropped, forgotten)
    }

    /// Records that signals up to `sq` were written to the member's socket; returns those that no longer delay a
    /// confirmation.
    pub fn note_written(&mut self, sq: u64) -> Vec<Held> {
        if sq > self.last {
            return Vec::new();
        }
        self.had = self.had.max(sq);
        let before = self.written;
        self.count_written(sq);
        self.entries.range(before..self.written).filter_map(held).collect()
    }

    fn count_written(&mut self, sq: u64) {
        self.written = self.written.max(self.entries.partition_point(|entry| entry.sq <= sq));
    }

    /// Drops the signals that the member confirms; returns those that no longer delay a confirmation. The dropped
    /// signals cannot be sent again if the member names a lower number later.
    pub fn confirm(&mut self, sq: u64) -> Vec<Held> {
        let had = self.note_written(sq);
        if sq > self.last {
            return had;
        }
        self.list = self.list.filter(|list| *list > sq);
        let count = self.entries.partition_point(|entry| entry.sq <= sq);
        for entry in self.entries.drain(..count) {
            self.bytes -= entry.text.len();
            self.lost = self.lost.max(entry.sq);
        }
        self.written -= count;
        if self.entries.is_empty() && self.entries.capacity() > RETAINED_CAPACITY {
            self.entries = VecDeque::new();
        }
        had
    }

    /// Returns the last number that the member is known to have received.
    pub const fn had(&self) -> u64 {
        self.had
    }

    /// Returns the first and the last number after `sq` that may be lost.
    pub fn lost_after(&self, sq: u64) -> Option<(u64, u64)> {
        (self.lost > sq).then_some((sq + 1, self.lost))
    }

    /// Returns the signals and the list after a number, in order.
    pub fn after(&self, sq: u64) -> Vec<Replayed> {
        let list = self.list.filter(|list| *list > sq);
        let begin = self.entries.partition_point(|entry| entry.sq <= sq);
        let split = list.map_or(self.entries.len(), |list| self.entries.partition_point(|entry| entry.sq < list));
        let signals = |from: usize, to: usize| self.entries.range(from..to).cloned().map(Replayed::Signal);
        let before = signals(begin, split.max(begin));
        before.chain(list.map(Replayed::List)).chain(signals(split.max(begin), self.entries.len())).collect()
    }

    /// Continues numbering above `sq`, a number from another owner that the member names. Kept entries get new numbers
    /// above it, since the member would treat the old numbers as repetitions.
    pub fn count_on_above(&mut self, sq: u64) {
        if sq <= self.last {
            return;
        }
        self.last = sq;
        let mut list = self.list.take();
        for entry in &mut self.entries {
            if list.is_some_and(|list| list < entry.sq) {
                self.last += 1;
                self.list = Some(self.last);
                list = None;
            }
            self.last += 1;
            entry.sq = self.last;
        }
        if list.is_some() {
            self.last += 1;
            self.list = Some(self.last);
        }
        // The member lacks all of it, whatever was written before.
        (self.had, self.written) = (sq, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::message::StayRef;
    use roomcast_protocol::id::{SessionId, UserId};

    fn delivery(n: u64) -> Delivery {
        let user_id = UserId::parse("ann").unwrap();
        let member = MemberKey { user_id, session_id: SessionId::parse("ann-1").unwrap() };
        Delivery { sq: 0, from: StayRef { member, stay: 1 }, numbered: true, n, text: "x".into() }
    }

    fn push(backlog: &mut Backlog, n: u64) {
        backlog.push(delivery(n), BacklogBounds::default());
    }

    /// The numbers after one; that of the list is negative.
    fn numbers(backlog: &Backlog, after: u64) -> Vec<i64> {
        let number = |entry: Replayed| match entry {
            Replayed::Signal(delivery) => i64::try_from(delivery.sq).unwrap(),
            Replayed::List(list) => -i64::try_from(list).unwrap(),
        };
        backlog.after(after).into_iter().map(number).collect()
    }

    #[test]
    fn what_is_confirmed_is_forgotten_and_the_rest_is_sent_again() {
        let mut backlog = Backlog::above(10);
        (1..=3).for_each(|n| push(&mut backlog, n));
        assert_eq!(backlog.confirm(99).len(), 0, "a number that was never given says nothing");
        assert_eq!(backlog.confirm(11).len(), 1);
        assert_eq!(numbers(&backlog, 0), [12, 13]);
        assert_eq!((backlog.held().len(), backlog.lost_after(10)), (2, Some((11, 11))));
        assert_eq!(numbers(&backlog, 12), [13]);
    }

    #[test]
    fn what_was_written_is_kept_and_nobody_waits_for_it() {
        let mut backlog = Backlog::above(0);
        (1..=3).for_each(|n| push(&mut backlog, n));
        assert_eq!(backlog.note_written(2).len(), 2);
        assert_eq!(backlog.note_written(2), []);
        assert_eq!((numbers(&backlog, 0), numbers(&backlog, backlog.had())), (vec![1, 2, 3], vec![3]));
        assert_eq!((backlog.lost_after(0), backlog.held().len()), (None, 1));
        let bounds = BacklogBounds { signals: 1, bytes: 100 };
        let (_, dropped, _) = backlog.push(delivery(4), bounds);
        assert_eq!(dropped.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [3], "nobody waited for 1 and 2");
        assert_eq!(backlog.confirm(4).len(), 1);
    }

    #[test]
    fn only_the_newest_list_is_sent_again_at_its_place() {
        let mut backlog = Backlog::above(0);
        push(&mut backlog, 1);
        assert_eq!((backlog.push_list(), backlog.push_list()), (2, 3));
        push(&mut backlog, 2);
        assert_eq!(numbers(&backlog, 0), [1, -3, 4]);
        assert_eq!(numbers(&backlog, 1), [-3, 4]);
        assert_eq!(numbers(&backlog, 3), [4]);
        assert_eq!(backlog.lost_after(0), None, "a list that was replaced is no loss");
        backlog.count_on_above(10);
        assert_eq!(numbers(&backlog, 10), [11, -12, 13]);
        backlog.confirm(12);
        assert_eq!(backlog.push_list(), 14);
        assert_eq!(numbers(&backlog, 0), [13, -14]);
        assert_eq!(backlog.lost_after(0), Some((1, 11)), "the list that was confirmed is no loss");
    }

    #[test]
    fn numbers_of_another_owner_are_not_used_again() {
        let mut backlog = Backlog::above(0);
        (1..=3).for_each(|n| push(&mut backlog, n));
        backlog.count_on_above(2);
        assert_eq!(numbers(&backlog, 0), [1, 2, 3], "a number of its own changes nothing");
        backlog.count_on_above(5000);
        assert_eq!(numbers(&backlog, 5000), [5001, 5002, 5003]);
    }

    #[test]
    fn the_backlog_is_bounded_in_signals_and_bytes_and_gives_what_it_drops() {
        for bounds in [BacklogBounds { signals: 3, bytes: 100 }, BacklogBounds { signals: 100, bytes: 3 }] {
            let mut backlog = Backlog::above(0);
            let dropped: Vec<_> = (1..=5).flat_map(|n| backlog.push(delivery(n), bounds).1).collect();
            assert_eq!(dropped.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [1, 2]);
            assert_eq!(backlog.lost_after(0), Some((1, 2)));
        }
    }
}
