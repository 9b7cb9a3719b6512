//! What a member has been sent and may not have got, numbered.
//!
//! Bounded in messages and bytes. A list of publishers that a newer one supersedes is dropped without loss;
//! anything else that is not kept any more is remembered as lost, so that it can be announced to who lacks it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytestring::ByteString;

use roomcast_protocol::ack;
use roomcast_protocol::limits::{BACKLOG_BYTES, BACKLOG_SIGNALS};

/// The highest number that was written to one connection. Whoever writes says so ([`Receipt::note`]); the room
/// reads it when another connection takes over.
#[derive(Debug, Clone, Default)]
pub struct Receipt(Arc<AtomicU64>);

impl Receipt {
    fn at(sequence: u64) -> Self {
        Self(Arc::new(AtomicU64::new(sequence)))
    }

    /// The message with this number goes to the socket.
    pub fn note(&self, sequence: u64) {
        // Read late, a number counts as not written: its message is sent twice rather than never.
        self.0.fetch_max(sequence, Ordering::Relaxed);
    }

    fn sequence(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Receipt {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Receipt {}

/// Numbers stay exact in JSON readers that hold them as doubles (RFC 8259, section 6).
const HIGHEST_CLAIM: u64 = 1 << 52;

/// The text of a numbered message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// Shared by all who get it; each one's number goes in front as it is written.
    Shared(Arc<str>),
    /// One recipient's own, with its number.
    Own(ByteString),
}

impl Words {
    /// How many bytes there are, without the number of a shared text.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Shared(object) => object.len(),
            Self::Own(text) => text.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Numbers of signals from other nodes are multiples of this, so that what a node numbers by itself in between fits.
const SPAN: u64 = 1 << 20;

/// The number of the `count`th signal from other nodes.
#[must_use]
pub const fn first_after(count: u64) -> u64 {
    count.saturating_mul(SPAN)
}

/// How many signals from other nodes somebody has that has this number.
#[must_use]
pub const fn counted(sequence: u64) -> u64 {
    sequence / SPAN
}

#[derive(Debug)]
struct Kept {
    sequence: u64,
    words: Words,
    list: bool,
    /// Whether it came from another node, and so is kept by what all nodes share.
    remote: bool,
}

/// The numbered messages of one member.
#[derive(Debug, Default)]
pub struct Backlog {
    last: u64,
    written: Receipt,
    /// The highest number that the member said it has.
    confirmed: u64,
    /// The highest number of a message that is kept no more, other than a superseded list.
    lost: u64,
    bytes: usize,
    kept: VecDeque<Kept>,
}

impl Backlog {
    /// The backlog of a new member that had numbers up to `had` from an earlier membership. It counts on from
    /// there: should the ack of its `JOIN` be lost, the same claim means the same again.
    #[must_use]
    pub fn counting_on(had: Option<u64>) -> Self {
        let had = had.filter(|had| *had < HIGHEST_CLAIM).unwrap_or_default();
        Self { last: had, written: Receipt::at(had), ..Self::default() }
    }

    /// The last number given.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Where the present connection notes what was written to it.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        self.written.clone()
    }

    /// Numbers a list of publishers and keeps it; only the newest counts.
    pub fn push_list(&mut self, object: Arc<str>) -> (u64, Words) {
        self.drop_list();
        self.keep(Words::Shared(object), true)
    }

    /// Numbers a signal and keeps it. `object` is the sender's text.
    pub fn push_signal(&mut self, object: &str) -> (u64, Words) {
        self.keep(Words::Own(ack::numbered(self.last + 1, object).into()), false)
    }

    fn keep(&mut self, words: Words, list: bool) -> (u64, Words) {
        self.last += 1;
        self.bytes += words.len();
        if self.kept.capacity() == 0 {
            // Most members never have more waiting than the newest list.
            self.kept.reserve_exact(1);
        }
        self.kept.push_back(Kept { sequence: self.last, words: words.clone(), list, remote: false });
        while self.kept.len() > BACKLOG_SIGNALS || self.bytes > BACKLOG_BYTES {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.words.len();
            self.lost = oldest.sequence;
        }
        (self.last, words)
    }

    /// The member has everything up to `sequence`; a number that was never given says nothing.
    pub fn confirm(&mut self, sequence: u64) {
        if sequence > self.last {
            return;
        }
        self.confirmed = self.confirmed.max(sequence);
        while self.kept.front().is_some_and(|kept| kept.sequence <= sequence) {
            let Some(kept) = self.kept.pop_front() else { break };
            self.bytes -= kept.words.len();
            // Who confirms and later claims less has lost it; a list it gets anew with every join ack.
            self.lost = if kept.list { self.lost } else { kept.sequence };
        }
        if self.kept.is_empty() {
            // An idle member holds no memory for what once waited.
            self.kept = VecDeque::new();
        }
    }

    /// Numbers a signal that came from another node as its `count`th, and keeps it. From its number every node can
    /// tell which of the signals that all share are behind it.
    pub fn push_remote(&mut self, count: u64, object: &str) -> (u64, Words) {
        self.last = self.last.max(first_after(count).saturating_sub(1));
        let pushed = self.push_signal(object);
        if let Some(kept) = self.kept.back_mut() {
            kept.remote = true;
        }
        pushed
    }

    /// The highest number that the member said it has or that was written to it.
    #[must_use]
    pub fn had(&self) -> u64 {
        self.written.sequence().max(self.confirmed)
    }

    /// Everything up to a number is lost, and was never kept here.
    pub fn lose(&mut self, sequence: u64) {
        self.last = self.last.max(sequence);
        self.lost = self.lost.max(sequence);
    }

    /// The last number of what is lost.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// The number of the list that is kept, if one is.
    #[must_use]
    pub fn list(&self) -> u64 {
        self.kept.iter().rfind(|kept| kept.list).map_or(0, |kept| kept.sequence)
    }

    /// What is kept, other than lists, with or without what came from other nodes.
    pub fn signals(&self, remote: bool) -> impl Iterator<Item = (u64, &str)> {
        let wanted = self.kept.iter().filter(move |kept| !kept.list && (remote || !kept.remote));
        wanted.filter_map(|kept| match &kept.words {
            Words::Own(text) => Some((kept.sequence, &**text)),
            Words::Shared(_) => None,
        })
    }

    /// The backlog of a member that comes from another node: what it may lack, in order of the numbers it has, and
    /// the last number that may have been given there.
    #[must_use]
    pub fn moved(last: u64, had: u64, lost: u64, kept: impl IntoIterator<Item = (u64, ByteString)>) -> Self {
        let mut backlog = Self { last, written: Receipt::at(had), confirmed: 0, lost, ..Self::default() };
        for (sequence, text) in kept {
            backlog.bytes += text.len();
            let words = Words::Own(text);
            backlog.kept.push_back(Kept { sequence, words, list: false, remote: true });
        }
        backlog
    }

    /// From where to send again on another connection: behind what the member says it has, or else behind what
    /// was written to the connection before.
    #[must_use]
    pub fn resume_point(&self, claimed: Option<u64>) -> u64 {
        claimed.unwrap_or_else(|| self.written.sequence().max(self.confirmed)).min(self.last)
    }

    /// Another connection takes over and has everything up to `from`.
    pub fn reconnect(&mut self, from: u64) {
        self.written = Receipt::at(from);
    }

    /// The first and last number after `from` of what is lost, if anything is.
    #[must_use]
    pub fn lost_after(&self, from: u64) -> Option<(u64, u64)> {
        (self.lost > from).then_some((from + 1, self.lost))
    }

    /// What is kept after `from`, in order.
    pub fn after(&self, from: u64) -> impl Iterator<Item = (u64, Words)> {
        let first = self.kept.partition_point(|kept| kept.sequence <= from);
        self.kept.range(first..).map(|kept| (kept.sequence, kept.words.clone()))
    }

    fn drop_list(&mut self) {
        // The newest messages stand at the back, and so does the list, mostly.
        if let Some(place) = self.kept.iter().rposition(|kept| kept.list) {
            self.bytes -= self.kept.remove(place).map_or(0, |kept| kept.words.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(backlog: &Backlog, from: Option<u64>) -> Vec<u64> {
        backlog.after(backlog.resume_point(from)).map(|(sequence, _)| sequence).collect()
    }

    fn signal(text: &str) -> String {
        format!("{{\"s\":\"{text}\"}}")
    }

    fn filled(texts: &[&str]) -> Backlog {
        let mut backlog = Backlog::default();
        for text in texts {
            match text.starts_with("list") {
                true => backlog.push_list((*text).into()),
                false => backlog.push_signal(&signal(text)),
            };
        }
        backlog
    }

    #[test]
    fn everything_after_a_number_is_sent_again() {
        let mut backlog = filled(&["a", "b", "c"]);
        assert_eq!(numbers(&backlog, Some(1)), [2, 3]);
        backlog.confirm(2);
        assert_eq!(numbers(&backlog, Some(2)), [3]);
        assert_eq!(backlog.lost_after(2), None);
    }

    #[test]
    fn who_claims_less_than_it_confirmed_is_told_what_is_lost() {
        let mut backlog = filled(&["a", "b", "list", "c"]);
        backlog.confirm(3);
        assert_eq!(backlog.lost_after(0), Some((1, 2)));
        assert_eq!(numbers(&backlog, Some(0)), [4]);
        backlog.confirm(99);
        assert_eq!(numbers(&backlog, Some(0)), [4], "a number that was never given says nothing");
    }

    #[test]
    fn without_a_number_only_what_was_never_written_is_sent() {
        let mut backlog = filled(&["a"]);
        backlog.receipt().note(1);
        backlog.push_signal(&signal("b"));
        assert_eq!(numbers(&backlog, None), [2]);
        let old = backlog.receipt();
        backlog.reconnect(1);
        old.note(2);
        assert_eq!(numbers(&backlog, None), [2], "what the old connection writes late counts for nothing");
    }

    #[test]
    fn only_the_newest_list_is_kept() {
        let backlog = filled(&["list 1", "a", "list 2"]);
        assert_eq!(numbers(&backlog, Some(0)), [2, 3]);
        assert_eq!(backlog.lost_after(0), None);
    }

    proptest! {
        #[test]
        fn a_loss_is_always_announced(pushes in 0_u64..400, from in 0_u64..400, size in 1_usize..4000) {
            let mut backlog = Backlog::default();
            for _ in 0..pushes {
                backlog.push_signal(&signal(&"x".repeat(size)));
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
