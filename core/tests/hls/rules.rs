//! Invariants of every media playlist, for any uploads.

use std::collections::HashSet;

use crate::reader::Playlist;

pub fn check(list: &Playlist, text: &str) {
    assert!(!list.segments.is_empty(), "{text}");
    assert!(list.part_hold_back >= 3 * list.part_target && list.part_target <= list.target, "{text}");
    // Requests are held back for parts; a stream without parts offers nothing of it.
    let has_parts = list.part_target > 0;
    assert!(list.blocks == has_parts && (list.part_hold_back > 0) == has_parts, "{text}");
    let fixed = 2 + usize::from(list.independent_segments) + usize::from(has_parts);
    assert!(list.target > 0 && list.fixed.len() == fixed, "{text}");
    durations(list, text);
    dates(list, text);
    parts(list, text);
    names(list, text);
}

fn durations(list: &Playlist, text: &str) {
    for segment in &list.segments {
        // A map is stated at the beginning and behind every discontinuity, or there is none.
        assert!(!segment.map.is_empty(), "{text}");
        assert!((segment.duration + 500_000) / 1_000_000 * 1_000_000 <= list.target, "{text}");
        assert!(segment.parts.iter().all(|part| part.duration <= list.part_target && part.duration > 0), "{text}");
    }
}

/// Every segment has its date, for a player may begin anywhere and goes by them behind a discontinuity.
fn dates(list: &Playlist, text: &str) {
    assert!(list.segments.iter().all(|segment| segment.date.is_some()), "{text}");
}

fn parts(list: &Playlist, text: &str) {
    let has_parts = list.segments.iter().any(|segment| !segment.parts.is_empty());
    assert_eq!(list.hint.is_some(), has_parts && !list.ended, "{text}");
    let mut behind = 0;
    for segment in list.segments.iter().rev() {
        assert!(segment.parts.is_empty() || behind < 3 * list.target, "parts too far from the end\n{text}");
        let begins = segment.parts.first().is_none_or(|first| first.independent || first.gap);
        assert!(begins || !list.independent_segments, "{text}");
        for pair in segment.parts.windows(2) {
            let excused = pair[0].independent || pair[0].gap || pair[1].gap;
            assert!(excused || pair[0].duration >= list.part_target * 85 / 100, "a part is too short\n{text}");
        }
        behind += segment.length();
    }
}

/// No two objects go by one name, and the hint is none of them.
fn names(list: &Playlist, text: &str) {
    let parts = list.segments.iter().flat_map(|segment| segment.parts.iter().map(|part| &part.uri));
    let segments = list.segments.iter().filter_map(|segment| segment.uri.as_ref());
    let mut seen: HashSet<&String> = list.segments.iter().map(|segment| &segment.map).collect();
    assert!(parts.chain(segments).chain(&list.hint).all(|name| seen.insert(name)), "a name is there twice\n{text}");
    let mut reported = HashSet::new();
    assert!(list.reports.iter().all(|report| reported.insert(&report.uri)) && (!list.ended || reported.is_empty()));
}
