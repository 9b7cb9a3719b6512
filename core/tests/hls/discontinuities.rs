//! Discontinuities whose segment was lost: players count them in every track.

use roomcast_protocol::data::Payload;

use crate::feed::{Origin, map, of_rendition, part, rendition, segment, variant};
use crate::reader::Playlist;

fn list(origin: &Origin, track: &str) -> Playlist {
    Playlist::read(std::str::from_utf8(&origin.snapshot(track).playlist).unwrap())
}

fn behind_a_cut(msn: u64) -> Payload {
    let mut cut = segment(msn);
    (cut.segment.discontinuity, cut.segment.map) = (true, map("new.mp4"));
    Payload::Segment(cut)
}

fn with_new_map(msn: u64) -> Payload {
    let mut update = segment(msn);
    update.segment.map = map("new.mp4");
    Payload::Segment(update)
}

/// Two tracks that play, and have a new map.
fn origin() -> Origin {
    let mut origin = Origin::new();
    origin.take(Payload::Rendition(rendition("en", "init.mp4")));
    origin.segment(7);
    origin.take(of_rendition("en", Payload::Segment(segment(7))));
    origin.take(Payload::Variant(variant("v0", "new.mp4")));
    origin.take(Payload::Rendition(rendition("en", "new.mp4")));
    origin
}

#[test]
fn a_lost_segment_stands_behind_the_discontinuity_that_it_has_in_another_track() {
    let mut origin = origin();
    origin.take(behind_a_cut(8));
    for msn in 9..12 {
        origin.take(of_rendition("en", with_new_map(msn)));
    }
    let list = list(&origin, "en");
    assert!(list.segment(8).unwrap().gap && list.segment(8).unwrap().discontinuity);
    assert_eq!(list.segments.iter().filter(|segment| segment.discontinuity).count(), 1);
}

#[test]
fn a_map_that_changes_over_a_loss_is_a_discontinuity() {
    let mut origin = origin();
    for msn in 9..12 {
        origin.take(of_rendition("en", with_new_map(msn)));
    }
    origin.take(behind_a_cut(8));
    let (en, v0) = (list(&origin, "en"), list(&origin, "v0"));
    assert_eq!(en.discontinuity_sequence_of(9), v0.discontinuity_sequence_of(8));
}

#[test]
fn a_part_that_is_lost_takes_no_discontinuity_with_it() {
    let mut origin = Origin::new();
    origin.take(Payload::Rendition(rendition("en", "init.mp4")));
    origin.parts(7);
    (0..4).for_each(|index| {
        origin.take(of_rendition("en", Payload::Part(part(7, index))));
    });
    let mut first = part(8, 0);
    first.segment.discontinuity = true;
    origin.take(Payload::Part(first));
    for index in 1..4 {
        origin.take(of_rendition("en", Payload::Part(part(8, index))));
    }
    assert!(list(&origin, "en").segment(8).unwrap().discontinuity);
}

#[test]
fn where_nothing_is_lost_a_track_has_the_discontinuities_it_was_sent() {
    let mut origin = origin();
    origin.take(behind_a_cut(8));
    origin.take(of_rendition("en", with_new_map(8)));
    assert!(!list(&origin, "en").segment(8).unwrap().discontinuity);
}
