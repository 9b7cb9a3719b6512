//! Every way an upload is refused, and that nothing of it stays.

use roomcast_core::hls::HlsSettings;
use roomcast_protocol::code::AckCode::{self, InvalidSignal, SequenceConflict, TrackNotFound};
use roomcast_protocol::data::{InitSection, Payload, TrackRef, UpdatePart, UpdateSegment, UpdateVariant};

use crate::feed::{
    Origin, RECEIVED, announced_gap, end, id, map, media, part, seconds, segment, variant, without_parts,
};

fn refused(origin: &mut Origin, payload: Payload, code: AckCode, reason: &str) {
    let before = format!("{:?}", origin.stream);
    let refusal = origin.try_take(payload).unwrap_err();
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.reason.contains(reason), "{refusal}");
    assert_eq!(format!("{:?}", origin.stream), before, "nothing is half accepted");
}

fn bad_part(msn: u64, index: u64, edit: impl Fn(&mut UpdatePart), code: AckCode, reason: &str) {
    let mut origin = Origin::new();
    origin.parts(7);
    origin.part(8, 0);
    let mut update = part(msn, index);
    edit(&mut update);
    refused(&mut origin, Payload::Part(update), code, reason);
}

fn bad_segment(msn: u64, edit: impl Fn(&mut UpdateSegment), code: AckCode, reason: &str) {
    let mut origin = Origin::new();
    origin.segment(7);
    let mut update = segment(msn);
    edit(&mut update);
    refused(&mut origin, Payload::Segment(update), code, reason);
}

fn bad_variant(edit: impl Fn(&mut UpdateVariant), code: AckCode, reason: &str) {
    let mut origin = Origin::new();
    origin.part(7, 0);
    let mut update = variant("v0", "init.mp4");
    edit(&mut update);
    refused(&mut origin, Payload::Variant(update), code, reason);
}

#[test]
fn a_part_over_the_part_target_is_refused() {
    bad_part(8, 1, |update| update.part.duration = seconds(0.500_002), InvalidSignal, "may last");
    let mut origin = Origin::new();
    let mut rounded = part(7, 0);
    rounded.part.duration = seconds(0.500_001);
    assert!(origin.take(Payload::Part(rounded)) > 0);
    assert!(origin.playlist().contains("DURATION=0.5,"));
}

#[test]
fn a_segment_over_the_target_duration_is_refused() {
    bad_segment(8, |update| update.segment.duration = seconds(2.5), InvalidSignal, "may last 2 s");
    bad_part(8, 1, |update| update.segment.duration = Some(seconds(2.6)), InvalidSignal, "may last 2 s");
    let mut origin = Origin::new();
    let mut longest = segment(7);
    longest.segment.duration = seconds(2.499_999);
    assert!(origin.take(Payload::Segment(longest)) > 0);
}

#[test]
fn a_part_that_makes_its_segment_too_long_is_refused() {
    let mut origin = Origin::new();
    origin.parts(7);
    refused(&mut origin, Payload::Part(part(7, 4)), InvalidSignal, "would last over 2 s");
    let mut short = part(7, 4);
    short.part.duration = seconds(0.499_999);
    assert!(origin.take(Payload::Part(short)) > 0);
}

#[test]
fn a_refusal_tells_the_bound() {
    bad_part(8, 1, |update| update.part.duration = seconds(0.6), InvalidSignal, "500000 µs, and one more");
    bad_segment(8, |update| update.segment.duration = seconds(2.5), InvalidSignal, "rounded to the nearest second");
    bad_part(8, 1, |update| update.part.sequence = 1000, InvalidSignal, "a segment has at most 1000 parts");
    bad_part(8, 1, |update| update.part.sequence = 999, InvalidSignal, "too far ahead");
}

#[test]
fn a_segment_must_begin_with_a_sync_sample() {
    bad_part(9, 0, |update| update.part.independent = false, InvalidSignal, "must be independent");
}

#[test]
fn bytes_must_be_there_unless_they_are_said_to_be_missing() {
    bad_part(8, 1, |update| update.part.data = media(""), InvalidSignal, "gap");
    bad_segment(8, |update| update.segment.data = media(""), InvalidSignal, "bytes");
    let empty = InitSection { id: id("new.mp4"), data: media("") };
    bad_variant(|update| update.segment.map = empty.clone(), InvalidSignal, "bytes");
}

#[test]
fn an_unknown_track_is_refused() {
    let unknown = Some(TrackRef { id: id("v9") });
    bad_part(8, 1, |update| update.variant = unknown.clone(), TrackNotFound, "v9");
    bad_segment(8, |update| update.variant = unknown.clone(), TrackNotFound, "v9");
    bad_part(8, 1, |update| update.rendition = update.variant.take(), TrackNotFound, "rendition");
    bad_part(8, 1, |update| update.variant = None, TrackNotFound, "exactly one");
}

#[test]
fn an_unknown_map_is_refused() {
    bad_part(8, 1, |update| update.segment.map = map("other.mp4"), InvalidSignal, "no map other.mp4");
    bad_segment(8, |update| update.segment.map = map("other.mp4"), InvalidSignal, "no map other.mp4");
}

#[test]
fn other_bytes_or_another_id_for_the_same_place_are_a_conflict() {
    for msn in [7, 8] {
        bad_part(msn, 0, |update| update.part.data = media("x"), SequenceConflict, "other bytes");
        bad_part(msn, 0, |update| update.part.id = id("x"), SequenceConflict, "another id");
        bad_part(msn, 0, |update| update.part.gap = true, SequenceConflict, "other bytes");
        bad_part(msn, 1, |update| update.segment.id = id("x"), SequenceConflict, "has the id");
    }
    bad_segment(7, |update| update.segment.data = media("x"), SequenceConflict, "other bytes");
    bad_segment(7, |update| update.segment.id = id("x"), SequenceConflict, "has the id");
}

#[test]
fn what_waits_conflicts_like_what_is_listed() {
    let mut origin = Origin::new();
    assert_eq!(origin.part(7, 1), 0);
    let mut other = part(7, 1);
    other.part.data = media("x");
    refused(&mut origin, Payload::Part(other), SequenceConflict, "other bytes");
    let mut other = part(7, 2);
    other.segment.id = id("x");
    refused(&mut origin, Payload::Part(other), SequenceConflict, "has the id s7.m4s");
    assert_eq!(origin.part(7, 1), 0);
}

#[test]
fn what_is_listed_of_a_segment_is_not_revised() {
    bad_part(8, 1, |update| update.segment.discontinuity = true, SequenceConflict, "without a discontinuity");
    let mut origin = Origin::new();
    origin.part(7, 0);
    origin.take(Payload::Variant(variant("v0", "new.mp4")));
    let mut late = part(7, 1);
    late.segment.map = map("new.mp4");
    refused(&mut origin, Payload::Part(late), SequenceConflict, "with the map init.mp4");
}

#[test]
fn what_is_older_than_the_window_is_a_conflict() {
    bad_part(6, 0, |_| {}, SequenceConflict, "older than the window");
    bad_segment(6, |_| {}, SequenceConflict, "older than the window");
}

#[test]
fn what_is_far_ahead_is_refused() {
    bad_part(109, 0, |_| {}, InvalidSignal, "ahead");
    bad_segment(109, |_| {}, InvalidSignal, "ahead");
    bad_part(8, 102, |update| update.part.duration = seconds(0.001), InvalidSignal, "ahead");
    bad_part(u64::MAX, 0, |_| {}, InvalidSignal, "2^53");
    bad_part(8, u64::MAX, |_| {}, InvalidSignal, "at most 1000 parts");
    let mut origin = Origin::with(HlsSettings { parts_before_gap: 9, ..HlsSettings::default() });
    origin.part(500, 1);
    refused(&mut origin, Payload::Part(part(601, 1)), InvalidSignal, "ahead");
    refused(&mut origin, Payload::Part(part(399, 1)), InvalidSignal, "ahead");
}

#[test]
fn a_name_that_is_taken_is_refused() {
    for name in ["playlist.m3u8", "init.mp4", "s7.m4s", "p28.m4s", "s8.m4s", "p32.m4s"] {
        bad_part(8, 1, |update| update.part.id = id(name), InvalidSignal, "taken");
    }
    bad_part(9, 0, |update| update.part.id = id("s9.m4s"), InvalidSignal, "different ids");
    for name in ["playlist.m3u8", "init.mp4", "p28.m4s", "s7.m4s"] {
        bad_part(9, 0, |update| update.segment.id = id(name), InvalidSignal, "taken");
    }
    for name in ["playlist.m3u8", "init.mp4", "s7.m4s"] {
        bad_segment(8, |update| update.segment.id = id(name), InvalidSignal, "taken");
    }
    for name in ["playlist.m3u8", "p28.m4s", "s7.m4s", "p29.m4s"] {
        bad_variant(|update| update.segment.map.id = id(name), InvalidSignal, "taken");
    }
}

#[test]
fn what_a_track_was_made_with_is_fixed() {
    bad_variant(|update| update.variant.target_duration = seconds(3.0), InvalidSignal, "fixed");
    bad_variant(|update| update.variant.target_part_duration = Some(seconds(0.4)), InvalidSignal, "fixed");
    bad_variant(|update| update.segment.map.data = media("x"), SequenceConflict, "other bytes");
    let second = |update: &mut UpdateVariant| update.variant.id = id("v1");
    bad_variant(|u| (second(u), u.variant.target_duration = seconds(3.0)).1, InvalidSignal, "same target duration");
    bad_variant(|u| (second(u), u.variant.target_part_duration = Some(seconds(0.6))).1, InvalidSignal, "play already");
    bad_variant(
        |u| (second(u), u.variant.target_part_duration = Some(seconds(2.1))).1,
        InvalidSignal,
        "within a segment",
    );
    bad_variant(|u| (second(u), u.variant.target_duration = seconds(0.0)).1, InvalidSignal, "more than 0");
    bad_variant(|u| u.variant.target_part_duration = None, InvalidSignal, "fixed");
    bad_variant(|u| (second(u), u.variant.target_part_duration = None).1, InvalidSignal, "have parts or none has");
    bad_variant(|u| u.variant.independent_segments = false, InvalidSignal, "begins with a sync sample");
    bad_variant(|u| (second(u), u.variant.independent_segments = false).1, InvalidSignal, "begins with a sync sample");
}

#[test]
fn a_part_of_a_track_without_parts_is_refused() {
    let mut origin = Origin::of(without_parts("v0", "init.mp4"));
    origin.segment(7);
    refused(&mut origin, Payload::Part(part(8, 0)), InvalidSignal, "without parts");
    refused(&mut origin, Payload::Part(announced_gap(8, 0)), InvalidSignal, "without parts");
    refused(&mut origin, Payload::Variant(variant("v1", "init.mp4")), InvalidSignal, "have parts or none has");
}

#[test]
fn the_hold_back_goes_by_the_longest_part_target_of_all_tracks() {
    let mut origin = Origin::new();
    let mut longer = variant("v1", "init.mp4");
    longer.variant.target_part_duration = Some(seconds(0.6));
    origin.take(Payload::Variant(longer));
    origin.part(7, 0);
    assert!(origin.playlist().contains("PART-HOLD-BACK=1.8,"));
}

#[test]
fn variants_are_bounded() {
    let mut origin = Origin::new();
    for number in 1..16 {
        origin.take(Payload::Variant(variant(&format!("v{number}"), "init.mp4")));
    }
    refused(&mut origin, Payload::Variant(variant("v16", "init.mp4")), InvalidSignal, "16 variants");
}

#[test]
fn an_ended_stream_takes_no_more_of_the_same() {
    let mut origin = Origin::new();
    origin.part(7, 0);
    assert!(origin.take(end()) > 0);
    assert_eq!(origin.take(end()), 0);
    assert!(origin.stream.end().is_empty());
    refused(&mut origin, Payload::Part(part(7, 0)), SequenceConflict, "has ended");
    refused(&mut origin, Payload::Variant(variant("v0", "init.mp4")), SequenceConflict, "has ended");
}

/// A part of 0.4 s where the part target is 0.5 s.
fn short(msn: u64, index: u64) -> UpdatePart {
    let mut update = part(msn, index);
    update.part.duration = seconds(0.4);
    update
}

#[test]
fn no_part_follows_one_that_is_too_short() {
    let mut origin = Origin::new();
    origin.part(7, 0);
    origin.take(Payload::Part(short(7, 1)));
    refused(&mut origin, Payload::Part(part(7, 2)), InvalidSignal, "part 1 lasts less than 425000 µs");
    let mut gap = part(7, 2);
    (gap.part.gap, gap.part.data) = (true, media(""));
    origin.take(Payload::Part(gap));
    assert!(origin.part(7, 3) > 0, "behind a gap it goes on");
    assert!(origin.part(8, 0) > 0, "the last part of a segment may be short");
}

#[test]
fn a_short_part_does_not_come_between_others() {
    let mut origin = Origin::new();
    origin.part(7, 0);
    origin.part(7, 2);
    refused(&mut origin, Payload::Part(short(7, 1)), InvalidSignal, "part 1 lasts less");
    let mut independent = short(7, 1);
    independent.part.independent = true;
    assert!(origin.take(Payload::Part(independent)) > 0);
}

#[test]
fn an_operator_may_let_parts_be_short() {
    let mut origin = Origin::with(HlsSettings { least_part: 0, ..HlsSettings::default() });
    origin.take(Payload::Part(part(7, 0)));
    for index in 1..4 {
        let mut tiny = short(7, index);
        tiny.part.duration = seconds(0.02);
        assert!(origin.stream.apply(Payload::Part(tiny), RECEIVED).is_ok());
    }
}
