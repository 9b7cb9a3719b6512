//! What a member has been sent and may not have got, numbered.
//!
//! Bounded in messages and bytes. A list of publishers that a newer one supersedes is dropped without loss;
//! anything else that no longer fits is remembered as lost, so that it can be announced.

use std::collections::VecDeque;
use std::sync::Arc;

use roomcast_protocol::limits::{BACKLOG_BYTES, BACKLOG_SIGNALS};

#[derive(Debug)]
struct Kept {
    sequence: u64,
    object: Arc<str>,
    list: bool,
}

/// The numbered messages of one member.
#[derive(Debug, Default)]
pub struct Backlog {
    last: u64,
    /// The highest number handed to a connection.
    written: u64,
    /// The highest number of a message that did not fit any more.
    lost: u64,
    bytes: usize,
    kept: VecDeque<Kept>,
}

impl Backlog {
    /// The last number given.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Numbers a message and keeps it. `list` says that it is a list of publishers, of which only the newest counts.
    pub fn push(&mut self, object: Arc<str>, list: bool) -> u64 {
        if list {
            self.drop_where(|kept| kept.list);
        }
        self.last += 1;
        self.bytes += object.len();
        self.kept.push_back(Kept { sequence: self.last, object, list });
        while self.kept.len() > BACKLOG_SIGNALS || self.bytes > BACKLOG_BYTES {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.object.len();
            self.lost = oldest.sequence;
        }
        self.last
    }

    /// Notes that everything up to now was handed to a connection.
    pub const fn mark_written(&mut self) {
        self.written = self.last;
    }

    /// The member has everything up to `sequence`.
    pub fn confirm(&mut self, sequence: u64) {
        if sequence <= self.last {
            self.drop_where(|kept| kept.sequence <= sequence);
        }
    }

    /// From where to send again: what the member says it has, or else what was handed to a connection.
    #[must_use]
    pub fn resume_point(&self, claimed: Option<u64>) -> u64 {
        claimed.unwrap_or(self.written).min(self.last)
    }

    /// The first and last number after `from` of what is lost, if anything is.
    #[must_use]
    pub fn lost_after(&self, from: u64) -> Option<(u64, u64)> {
        (self.lost > from).then_some((from + 1, self.lost))
    }

    /// What is kept after `from`, in order.
    pub fn after(&self, from: u64) -> impl Iterator<Item = (u64, Arc<str>)> {
        let after = self.kept.iter().filter(move |kept| kept.sequence > from);
        after.map(|kept| (kept.sequence, Arc::clone(&kept.object)))
    }

    fn drop_where(&mut self, gone: impl Fn(&Kept) -> bool) {
        self.bytes -= self.kept.iter().filter(|kept| gone(kept)).map(|kept| kept.object.len()).sum::<usize>();
        self.kept.retain(|kept| !gone(kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(backlog: &Backlog, from: Option<u64>) -> Vec<u64> {
        backlog.after(backlog.resume_point(from)).map(|(sequence, _)| sequence).collect()
    }

    #[test]
    fn everything_after_a_number_is_sent_again() {
        let mut backlog = Backlog::default();
        for text in ["a", "b", "c"] {
            backlog.push(text.into(), false);
        }
        assert_eq!(numbers(&backlog, Some(1)), [2, 3]);
        backlog.confirm(2);
        assert_eq!(numbers(&backlog, Some(0)), [3]);
    }

    #[test]
    fn without_a_number_only_what_was_never_written_is_sent() {
        let mut backlog = Backlog::default();
        backlog.push("a".into(), false);
        backlog.mark_written();
        backlog.push("b".into(), false);
        assert_eq!(numbers(&backlog, None), [2]);
    }

    #[test]
    fn only_the_newest_list_is_kept() {
        let mut backlog = Backlog::default();
        backlog.push("list 1".into(), true);
        backlog.push("a".into(), false);
        backlog.push("list 2".into(), true);
        assert_eq!(numbers(&backlog, Some(0)), [2, 3]);
        assert_eq!(backlog.lost_after(0), None);
    }

    proptest! {
        #[test]
        fn a_loss_is_always_announced(pushes in 0_u64..400, from in 0_u64..400, size in 1_usize..4000) {
            let mut backlog = Backlog::default();
            for _ in 0..pushes {
                backlog.push("x".repeat(size).into(), false);
            }
            let from = from.min(pushes);
            let lost = backlog.lost_after(from);
            let mut seen = numbers(&backlog, Some(from));
            if let Some((first, last)) = lost {
                prop_assert_eq!(first, from + 1);
                seen.splice(0..0, first..=last);
            }
            prop_assert_eq!(seen, (from + 1..=pushes).collect::<Vec<_>>());
            prop_assert!(backlog.bytes <= BACKLOG_BYTES && backlog.kept.len() <= BACKLOG_SIGNALS);
        }
    }
}
