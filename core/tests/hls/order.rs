//! Uploads that come late, twice, in another order, under unexpected names or not at all.

use std::time::Duration;

use roomcast_core::hls::{Change, HlsSettings};
use roomcast_protocol::data::{Payload, TrackRef};

use crate::feed::{NOON, Origin, date, end, id, live, map, media, part, part_id, seconds, segment, undated, variant};

fn lines(playlist: &str, start: &str) -> Vec<String> {
    playlist.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
}

#[test]
fn what_follows_a_hole_waits_and_is_listed_in_order() {
    let mut origin = Origin::new();
    origin.part(7, 0);
    assert_eq!(origin.part(7, 2), 0);
    assert_eq!(origin.part(7, 3), 0);
    origin.part(7, 1);
    let parts = lines(&origin.playlist(), "#EXT-X-PART:");
    assert_eq!(parts.len(), 4);
    assert!(parts[1].contains("p29.m4s") && parts[2].contains("p30.m4s"));
}

#[test]
fn what_only_the_first_part_says_counts_though_it_comes_last() {
    let mut origin = Origin::new();
    origin.segment(7);
    origin.take(Payload::Variant(variant("v0", "new.mp4")));
    origin.part(8, 1);
    origin.part(8, 2);
    let mut first = part(8, 0);
    first.segment.map = map("init.mp4");
    (first.segment.discontinuity, first.segment.program_date_time) = (true, date(NOON));
    origin.take(Payload::Part(first));
    let begin = "s7.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init.mp4\"\n\
        #EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:00.000Z\n#EXT-X-PART";
    assert!(origin.playlist().contains(begin), "{}", origin.playlist());
}

#[test]
fn a_hole_becomes_a_gap_after_three_newer_parts_and_stays_one() {
    let mut origin = Origin::new();
    origin.part(7, 0);
    assert_eq!(origin.part(7, 2), 0);
    assert_eq!(origin.part(7, 3), 0);
    assert!(origin.part(8, 0) > 0);
    let playlist = origin.playlist();
    assert_eq!(lines(&playlist, "#EXT-X-PART:")[1], "#EXT-X-PART:DURATION=0.5,URI=\"p29.m4s\",GAP=YES");
    assert!(playlist.contains("#EXT-X-GAP\n#EXTINF:2.0,\ns7.m4s"));
    assert_eq!(origin.part(7, 1), 0);
    assert_eq!(origin.playlist(), playlist);
    assert!(origin.object("p29.m4s").is_none() && origin.object("s7.m4s").is_none());
}

#[test]
fn a_repetition_changes_nothing() {
    let mut origin = Origin::new();
    origin.parts(7);
    assert_eq!(origin.part(7, 3), 0);
    origin.segment(7);
    assert_eq!(origin.segment(7), 0);
    assert_eq!(origin.part(7, 0), 0);
    assert_eq!(origin.take(Payload::Variant(variant("v0", "init.mp4"))), 0);
}

#[test]
fn a_repetition_changes_nothing_though_another_track_went_on() {
    let mut origin = Origin::new();
    origin.part(7, 0);
    origin.take(Payload::Variant(variant("v1", "init.mp4")));
    let mut other = part(7, 0);
    other.variant = Some(TrackRef { id: id("v1") });
    assert!(origin.take(Payload::Part(other)) > 0);
    assert_eq!(origin.part(7, 0) + origin.take(Payload::Variant(variant("v0", "init.mp4"))), 0);
}

#[test]
fn the_first_part_of_the_next_segment_joins_the_parts() {
    let mut origin = Origin::new();
    origin.parts(7);
    origin.part(8, 0);
    assert_eq!(&origin.object("s7.m4s").unwrap()[..], b"p28.m4sp29.m4sp30.m4sp31.m4s");
    let mut late = segment(7);
    late.segment.data = media("other");
    assert_eq!(origin.take(Payload::Segment(late)), 0, "what was listed stays");
}

#[test]
fn a_whole_segment_that_overtakes_its_parts_waits_for_them() {
    let mut origin = Origin::new();
    origin.part(7, 0);
    origin.part(7, 1);
    assert_eq!(origin.segment(7), 0);
    assert!(origin.part(7, 2) > 0 && !origin.playlist().contains("s7.m4s"));
    assert!(origin.part(7, 3) > 0);
    assert!(origin.playlist().contains("URI=\"p31.m4s\"\n#EXTINF:2.0,\ns7.m4s\n"));
    assert_eq!(origin.segment(8) + origin.part(8, 1), 0);
    assert!(origin.part(8, 0) > 0);
    assert_eq!(lines(&origin.playlist(), "#EXT-X-PART:").len(), 6);
}

#[test]
fn a_part_that_is_lost_though_its_segment_came_is_a_gap_of_the_length_that_is_missing() {
    let mut origin = Origin::new();
    (0..3).for_each(|index| assert!(origin.part(7, index) > 0));
    let mut whole = segment(7);
    whole.segment.duration = seconds(1.9);
    assert_eq!(origin.take(Payload::Segment(whole)) + origin.part(8, 0), 0);
    assert!(origin.part(8, 1) > 0);
    let end = "URI=\"p30.m4s\"\n#EXT-X-PART:DURATION=0.4,URI=\"p31.m4s\",GAP=YES\n#EXTINF:1.9,\ns7.m4s\n";
    assert!(origin.playlist().contains(end), "{}", origin.playlist());
    assert_eq!(origin.part(7, 3), 0, "it comes too late");
}

#[test]
fn tiny_parts_before_a_long_segment_do_not_make_gaps_without_end() {
    let mut origin = Origin::new();
    let mut tiny = variant("v1", "init.mp4");
    tiny.variant.target_part_duration = Some(seconds(0.000_001));
    origin.take(Payload::Variant(tiny));
    let of = Some(TrackRef { id: id("v1") });
    let (mut first, mut whole) = (part(7, 0), segment(7));
    (first.part.duration, first.variant, whole.variant) = (seconds(0.000_001), of.clone(), of);
    origin.take(Payload::Part(first));
    assert_eq!(origin.take(Payload::Segment(whole)), 0);
    origin.take(end());
    let text = String::from_utf8(origin.snapshot("v1").playlist.to_vec()).unwrap();
    assert_eq!(lines(&text, "#EXT-X-PART:").len(), 1000);
}

#[test]
fn a_stream_that_goes_over_to_whole_segments_is_waited_for_once() {
    let mut origin = Origin::new();
    origin.parts(7);
    assert_eq!(origin.segment(8) + origin.segment(9), 0);
    assert!(origin.segment(10) > 0 && origin.segment(11) > 0);
    assert!(undated(&origin.playlist()).contains("s7.m4s\n#EXTINF:2.0,\ns8.m4s\n#EXTINF:2.0,\ns9.m4s\n"));
}

#[test]
fn a_part_lost_at_a_border_is_noticed_where_numbers_run_through() {
    let mut origin = Origin::new();
    origin.parts(7);
    origin.parts(8);
    (0..3).for_each(|index| assert!(origin.part(9, index) > 0));
    assert_eq!(origin.part(10, 0), 0, "p39 is missing");
    assert!(origin.part(9, 3) > 0);
    assert_eq!(lines(&origin.playlist(), "#EXT-X-PART:").len(), 13);
    (1..3).for_each(|index| assert!(origin.part(10, index) > 0));
    assert_eq!(origin.part(11, 0) + origin.part(11, 1), 0);
    assert!(origin.part(11, 2) > 0);
    assert!(origin.playlist().contains("URI=\"p43.m4s\",GAP=YES\n#EXT-X-GAP\n#EXTINF:2.0,\ns10.m4s"));
}

#[test]
fn parts_under_other_names_are_listed_as_hinted_and_stored_under_both() {
    let mut origin = Origin::new();
    origin.part(7, 0);
    let mut other = part(7, 1);
    other.part.id = id("x9.m4s");
    origin.take(Payload::Part(other.clone()));
    assert!(origin.playlist().contains("URI=\"p29.m4s\"\n"));
    assert!(origin.playlist().contains("TYPE=PART,URI=\"x10.m4s\""));
    assert_eq!(origin.object("p29.m4s"), origin.object("x9.m4s"));
    assert_eq!(origin.take(Payload::Part(other)), 0);
}

#[test]
fn an_id_that_was_hinted_for_another_part_is_no_fault_of_the_sender() {
    let mut origin = Origin::with(HlsSettings { parts_before_gap: 1, ..HlsSettings::default() });
    origin.part(7, 0);
    let (mut other, mut taken, mut whole) = (part(7, 1), part(7, 2), segment(8));
    other.part.id = id("x");
    taken.part.id = id("p29.m4s");
    origin.take(Payload::Part(other));
    assert!(origin.take(Payload::Part(taken)) > 0);
    whole.segment.id = id("p30.m4s");
    assert!(origin.take(Payload::Segment(whole)) > 0);
    assert!(origin.playlist().ends_with("\nsegment-8.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p30.m4s\"\n"));
    assert_eq!(&origin.object("p29.m4s").unwrap()[..], b"p29.m4s");
}

#[test]
fn a_lost_segment_is_listed_as_a_gap() {
    let mut origin = Origin::new();
    origin.segment(7);
    assert_eq!(origin.segment(9) + origin.segment(10), 0);
    origin.segment(11);
    assert!(
        undated(&origin.playlist()).contains("s7.m4s\n#EXT-X-GAP\n#EXTINF:2.0,\nsegment-8.m4s\n#EXTINF:2.0,\ns9.m4s")
    );
    assert_eq!(origin.segment(8), 0);
}

#[test]
fn an_older_version_of_a_variant_is_not_gone_back_to() {
    let mut origin = Origin::new();
    let (mut old, mut new) = (variant("v0", "init.mp4"), variant("v0", "new.mp4"));
    old.variant.version = Some(1);
    new.variant.version = Some(2);
    origin.take(Payload::Variant(new));
    assert_eq!(origin.take(Payload::Variant(old)), 0);
    origin.part(7, 0);
    assert!(origin.playlist().contains("#EXT-X-MAP:URI=\"new.mp4\""));
}

#[test]
fn what_is_no_longer_listed_is_removed_after_its_time() {
    let settings = HlsSettings { window: Duration::from_secs(6), ..HlsSettings::default() };
    let mut origin = Origin::with(settings);
    let mut removed_at = Vec::new();
    for msn in 0..12 {
        (0..4).for_each(|index| origin.take_at(Payload::Part(part(msn, index)), live(msn)));
        origin.take_at(Payload::Segment(segment(msn)), live(msn));
        let gone = |name: &str| {
            origin.changes.iter().any(|c| matches!(c, Change::Remove { object, .. } if object.as_str() == name))
        };
        removed_at.push((gone("s0.m4s"), gone(&part_id(0, 3))));
    }
    // 6 s of others are listed at 8 s, the longest list, and 2 s + 8 s more have gone by at 18 s. Part tags go at
    // 8 s, bytes at 14 s.
    assert_eq!(removed_at.iter().position(|gone| gone.0), Some(8));
    assert_eq!(removed_at.iter().position(|gone| gone.1), Some(6));
}

#[test]
fn a_map_goes_with_the_last_segment_that_needs_it() {
    let mut origin = Origin::with(HlsSettings { window: Duration::from_secs(6), ..HlsSettings::default() });
    origin.segment(0);
    origin.take(Payload::Variant(variant("v0", "new.mp4")));
    for msn in 1..8 {
        assert!(origin.object("init.mp4").is_some(), "{msn}");
        origin.take_at(Payload::Segment(segment(msn)), live(msn));
    }
    assert!(origin.object("init.mp4").is_none());
    assert!(origin.object("new.mp4").is_some());
}

#[test]
fn a_gap_never_makes_a_segment_too_long() {
    for (length, sum) in [(0.49, "2.47"), (0.5, "2.499999")] {
        let mut origin = Origin::new();
        origin.part(7, 0);
        for index in 2..5 {
            let mut update = part(7, index);
            update.part.id = id(&format!("x{index}.m4s"));
            update.part.duration = seconds(length);
            origin.take(Payload::Part(update));
        }
        origin.part(8, 0);
        assert!(origin.playlist().contains(&format!("#EXTINF:{sum},")));
    }
}

#[test]
fn a_streamer_that_comes_back_goes_on_behind_a_discontinuity() {
    let mut origin = Origin::new();
    origin.parts(7);
    origin.take(end());
    assert!(origin.playlist().ends_with("#EXT-X-ENDLIST\n"));
    origin.take(Payload::Variant(variant("v0", "new.mp4")));
    assert!(!origin.playlist().contains("ENDLIST"));
    origin.parts(8);
    let playlist = undated(&origin.playlist());
    assert!(playlist.contains("s7.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"new.mp4\"\n#EXT-X-PART"), "{playlist}");
    assert!(playlist.contains("#EXT-X-MEDIA-SEQUENCE:7\n"));
}
