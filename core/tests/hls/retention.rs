//! Time for which bytes must be available after the last playlist that named them (rfc8216bis, 6.2.2).
//!
//! Time is media time: how much was listed in all.

use std::collections::HashMap;

use crate::reader::Playlist;

#[derive(Default)]
pub struct Retention {
    now: u64,
    passed: u64,
    longest: u64,
    /// Until when what is not listed any more must be there.
    due: HashMap<String, u64>,
    /// Segments came and went unseen, so nobody knows how late it is.
    lost_count: bool,
}

impl Retention {
    pub fn published(&mut self, old: Option<&Playlist>, new: &Playlist) {
        if let Some(old) = old {
            self.pass(old, new);
        }
        self.now = self.now.max(self.passed + new.length());
        if let Some(old) = old {
            self.leave(old, new);
        }
        self.longest = self.longest.max(new.length());
    }

    fn pass(&mut self, old: &Playlist, new: &Playlist) {
        let left = old.segments.iter().take(usize::try_from(new.media_sequence - old.media_sequence).unwrap());
        for segment in left {
            self.lost_count |= segment.uri.is_none();
            self.passed += segment.length();
        }
        self.lost_count |= new.media_sequence > old.last_msn() + 1;
    }

    fn leave(&mut self, old: &Playlist, new: &Playlist) {
        let (parts, wholes) = names(new);
        let (old_parts, old_wholes) = names(old);
        for part in old_parts.keys().filter(|name| !parts.contains_key(*name)) {
            self.due.insert((*part).to_owned(), self.now + 3 * new.target);
        }
        for (whole, duration) in old_wholes.iter().filter(|(name, _)| !wholes.contains_key(*name)) {
            self.due.insert((*whole).to_owned(), self.now + duration + self.longest);
        }
    }

    pub fn removed(&mut self, object: &str) {
        if let Some(due) = self.due.remove(object).filter(|_| !self.lost_count) {
            assert!(self.now >= due, "{object} is removed at {} instead of {due}", self.now);
        }
    }
}

type Names<'a> = HashMap<&'a str, u64>;

/// Parts and segments that have bytes, and how long they last.
fn names(list: &Playlist) -> (Names<'_>, Names<'_>) {
    let parts = list.segments.iter().flat_map(|segment| &segment.parts).filter(|part| !part.gap);
    let wholes = list.segments.iter().filter(|segment| !segment.gap);
    let wholes = wholes.filter_map(|segment| Some((segment.uri.as_deref()?, segment.duration)));
    (parts.map(|part| (&part.uri[..], part.duration)).collect(), wholes.collect())
}
