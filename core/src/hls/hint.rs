//! The name under which the next part will be listed (`EXT-X-PRELOAD-HINT`, rfc8216bis, 4.4.5.3).
//!
//! A player asks for the next part by the hinted name before it exists, yet names are the sender's. So the name is
//! predicted: the number in the last part's id, one higher. A part that comes under another id is listed under the
//! hinted name all the same, so a hint always comes true. Advice to streamers: number the parts of a track through,
//! over segment borders (`p41.m4s`, `p42.m4s`, …); then names are kept, and a part lost at a border is noticed.

use std::ops::Range;

use roomcast_protocol::id::ObjectId;
use serde::{Deserialize, Serialize};

/// Maximum number of missing numbers that count as lost parts; more are taken for another way of counting.
const MAX_SKIP: u32 = 3;

/// The current hint and the data from which it was predicted.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Hint {
    name: Option<ObjectId>,
    last: Option<ObjectId>,
    /// Index of the run of digits in the id that counts the parts; `None` where nothing could be predicted.
    run: Option<usize>,
    /// Whether the number ran on over the last segment border.
    runs_through: bool,
    invented: u64,
}

impl Hint {
    /// Returns the hinted name; `None` before the first part.
    pub fn name(&self) -> Option<&ObjectId> {
        self.name.as_ref()
    }

    /// Returns whether an id tells that parts before it are missing.
    pub fn skips(&self, id: &ObjectId) -> bool {
        let (true, Some(run), Some(name)) = (self.runs_through, self.run, &self.name) else { return false };
        let mut next = name.clone();
        (0..MAX_SKIP).any(|_| match increment(&next, run) {
            Some(higher) => {
                next = higher;
                next == *id
            }
            None => false,
        })
    }

    /// Makes the hint for the part behind the one just listed, `None` being one that was given up.
    pub fn listed(&mut self, id: Option<&ObjectId>, begins_segment: bool, taken: impl Fn(&ObjectId) -> bool) {
        let predicted = self.name.take().filter(|_| self.run.is_some());
        let Some(id) = id.cloned().or(predicted).or_else(|| self.last.clone()) else {
            return self.invent(taken);
        };
        let step = self.last.as_ref().and_then(|last| step(last, &id));
        if begins_segment {
            self.runs_through = step.is_some();
        }
        self.run = step.or_else(|| likely(&id));
        self.name = self.run.and_then(|run| increment(&id, run)).filter(|name| !taken(name));
        self.last = Some(id);
        if self.name.is_none() {
            self.invent(taken);
        }
    }

    fn invent(&mut self, taken: impl Fn(&ObjectId) -> bool) {
        self.run = None;
        while self.name.is_none() {
            self.invented += 1;
            self.name = ObjectId::parse(&format!("hint-{}.m4s", self.invented)).ok().filter(|name| !taken(name));
        }
    }
}

/// Returns the runs of decimal digits in an id.
fn runs(id: &ObjectId) -> Vec<Range<usize>> {
    let bytes = id.as_str().as_bytes();
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Returns the id with one run of digits incremented, keeping its zero padding.
fn increment(id: &ObjectId, run: usize) -> Option<ObjectId> {
    let run = runs(id).get(run)?.clone();
    let text = id.as_str();
    let mut digits = text[run.clone()].to_owned().into_bytes();
    match digits.iter().rposition(|&digit| digit != b'9') {
        Some(at) => {
            digits[at] += 1;
            digits[at + 1..].fill(b'0');
        }
        None => {
            digits.fill(b'0');
            digits.insert(0, b'1');
        }
    }
    let digits = String::from_utf8(digits).ok()?;
    ObjectId::parse(&format!("{}{digits}{}", &text[..run.start], &text[run.end..])).ok()
}

/// Returns the run of digits by which one id follows another.
fn step(previous: &ObjectId, id: &ObjectId) -> Option<usize> {
    (0..runs(previous).len()).rev().find(|&run| increment(previous, run).as_ref() == Some(id))
}

/// Returns the last run of digits that does not belong to a file name extension such as `.m4s`.
fn likely(id: &ObjectId) -> Option<usize> {
    let text = id.as_str();
    let stem = match text.rsplit_once('.') {
        Some((stem, extension)) if extension.bytes().any(|byte| !byte.is_ascii_digit()) => stem.len(),
        _ => text.len(),
    };
    runs(id).iter().rposition(|run| run.end <= stem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> ObjectId {
        ObjectId::parse(text).unwrap()
    }

    fn after(ids: &[&str]) -> String {
        let mut hint = Hint::default();
        ids.iter().for_each(|text| hint.listed(Some(&id(text)), false, |_| false));
        hint.name().unwrap().to_string()
    }

    #[test]
    fn the_next_number_is_hinted() {
        assert_eq!(after(&["p21.m4s"]), "p22.m4s");
        assert_eq!(after(&["p099.mp4"]), "p100.mp4");
        assert_eq!(after(&["9"]), "10");
        assert_eq!(after(&["part.9"]), "part.10");
        assert_eq!(after(&["p1.m4s", "p2.m4s", "x7.m4s"]), "x8.m4s");
    }

    #[test]
    fn the_number_that_runs_is_learnt() {
        assert_eq!(after(&["21-720p.m4s"]), "21-721p.m4s");
        assert_eq!(after(&["21-720p.m4s", "22-720p.m4s"]), "23-720p.m4s");
        assert_eq!(after(&["9-720p.m4s", "10-720p.m4s"]), "11-720p.m4s");
    }

    #[test]
    fn without_a_number_or_room_for_it_a_name_is_invented() {
        assert_eq!(after(&["part.m4s"]), "hint-1.m4s");
        assert_eq!(after(&["part.m4s", "trap.m4s"]), "hint-2.m4s");
        assert_eq!(after(&[&"9".repeat(128)]), "hint-1.m4s");
        let mut hint = Hint::default();
        hint.listed(Some(&id("p1")), true, |name| matches!(name.as_str(), "p2" | "hint-1.m4s"));
        assert_eq!(hint.name(), Some(&id("hint-2.m4s")));
    }

    #[test]
    fn a_skipped_number_tells_of_a_loss_only_where_numbers_run_through() {
        let mut hint = Hint::default();
        hint.listed(Some(&id("p1")), true, |_| false);
        assert!(!hint.skips(&id("p3")));
        hint.listed(Some(&id("p2")), true, |_| false);
        assert!(hint.skips(&id("p4")) && hint.skips(&id("p6")));
        assert!(!hint.skips(&id("p3")) && !hint.skips(&id("p7")) && !hint.skips(&id("q4")));
    }

    #[test]
    fn a_part_given_up_counts_as_if_it_had_come() {
        let mut hint = Hint::default();
        hint.listed(Some(&id("p1")), true, |_| false);
        hint.listed(None, false, |_| false);
        assert_eq!(hint.name(), Some(&id("p3")));
    }

    proptest! {
        #[test]
        fn running_numbers_are_always_predicted(stem in "[a-z]{0,5}", from in 0_u64..20_000, width in 0_usize..7) {
            let name = |number: u64| id(&format!("{stem}{number:0width$}.m4s"));
            let mut hint = Hint::default();
            for number in from..from + 40 {
                prop_assert!(hint.name().is_none_or(|hinted| *hinted == name(number)));
                hint.listed(Some(&name(number)), number % 7 == 0, |_| false);
            }
        }

        #[test]
        fn there_is_always_a_free_name(ids in proptest::collection::vec("[a-c0-9._-]{3,9}", 1..20)) {
            let mut hint = Hint::default();
            let mut taken: Vec<ObjectId> = Vec::new();
            for text in ids.iter().filter_map(|text| ObjectId::parse(text).ok()) {
                taken.push(text.clone());
                taken.extend(hint.name().cloned());
                hint.listed(Some(&text), false, |name| taken.contains(name));
                prop_assert!(hint.name().is_some_and(|name| !taken.contains(name)));
            }
        }
    }
}
