//! Dates where the streamer gives none: from the clock, the same in all tracks, and anew behind a discontinuity.

use roomcast_core::time::UnixTime;
use roomcast_protocol::data::Payload;

use crate::feed::{NOON, Origin, date, map, of_rendition, part, rendition, segment, variant};
use crate::reader::Playlist;

fn at(millis: i64) -> UnixTime {
    UnixTime((NOON + millis) * 1000)
}

fn dates(origin: &Origin, track: &str) -> Vec<String> {
    let text = std::str::from_utf8(&origin.snapshot(track).playlist).unwrap();
    let time = |date: &String| date.trim_start_matches("2024-11-22T").to_owned();
    Playlist::read(text).segments.iter().map(|segment| time(segment.date.as_ref().unwrap())).collect()
}

#[test]
fn media_is_dated_by_when_its_first_part_came_and_then_by_its_length() {
    let mut origin = Origin::new();
    for (msn, index, late) in [(7, 0, 500), (7, 1, 1_300), (7, 2, 1_500), (7, 3, 2_000), (8, 0, 2_950)] {
        origin.take_at(Payload::Part(part(msn, index)), at(late));
    }
    assert_eq!(dates(&origin, "v0"), ["15:00:00.000Z", "15:00:02.000Z"]);
}

#[test]
fn a_whole_segment_began_its_length_before_it_came() {
    let mut origin = Origin::new();
    origin.take_at(Payload::Segment(segment(7)), at(0));
    assert_eq!(dates(&origin, "v0"), ["14:59:58.000Z"]);
}

#[test]
fn behind_a_discontinuity_the_clock_is_asked_again() {
    let mut origin = Origin::new();
    origin.take_at(Payload::Segment(segment(7)), at(0));
    origin.take_at(Payload::Variant(variant("v0", "new.mp4")), at(60_000));
    let mut cut = segment(8);
    (cut.segment.discontinuity, cut.segment.map) = (true, map("new.mp4"));
    origin.take_at(Payload::Segment(cut), at(60_000));
    origin.take_at(Payload::Segment(segment(9)), at(60_700));
    assert_eq!(dates(&origin, "v0"), ["14:59:58.000Z", "15:00:58.000Z", "15:01:00.000Z"]);
}

#[test]
fn a_streamer_knows_better_than_the_clock() {
    let mut origin = Origin::new();
    let mut dated = segment(7);
    dated.segment.program_date_time = date(NOON - 5_000);
    origin.take_at(Payload::Segment(dated), at(0));
    origin.take_at(Payload::Segment(segment(8)), at(9_000));
    assert_eq!(dates(&origin, "v0"), ["14:59:55.000Z", "14:59:57.000Z"]);
}

#[test]
fn tracks_agree_on_the_date_of_a_segment_whenever_they_come() {
    let mut origin = Origin::new();
    origin.take(Payload::Rendition(rendition("en", "init.mp4")));
    origin.take_at(Payload::Part(part(7, 0)), at(500));
    origin.take_at(of_rendition("en", Payload::Part(part(7, 0))), at(780));
    assert_eq!(dates(&origin, "v0"), dates(&origin, "en"));
    assert_eq!(dates(&origin, "en"), ["15:00:00.000Z"]);
}
