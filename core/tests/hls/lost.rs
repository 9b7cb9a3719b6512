//! Segments of which nothing came: they last as long as the dates around them say, and else as long as usual.

use roomcast_protocol::data::{Payload, UpdatePart};

use crate::feed::{NOON, Origin, date, id, map, media, part, seconds, segment, variant};
use crate::reader::Playlist;

/// A part that is numbered through, of segments with so many parts, dated in milliseconds.
fn dated(msn: u64, index: u64, parts: u64, at: i64) -> UpdatePart {
    let mut update = part(msn, index);
    let name = format!("p{}.m4s", msn * parts + index);
    (update.part.id, update.part.data) = (id(&name), media(&name));
    update.segment.program_date_time = date(NOON + at);
    update
}

/// Segment 7, and segment `next` at this date, with the same number of parts of half a second; none between them.
fn around(parts: u64, next: u64, at: i64) -> Origin {
    let mut origin = Origin::new();
    for (msn, at) in [(7, 0), (next, at)] {
        (0..parts).for_each(|index| _ = origin.take(Payload::Part(dated(msn, index, parts, at))));
    }
    origin
}

/// Durations of the finished segments, in milliseconds; and of the parts of the one behind the first.
fn lengths(origin: &Origin) -> (Vec<u64>, Vec<u64>) {
    let playlist = origin.playlist();
    let millis =
        |line: &str| (line.split([':', '=', ',']).nth(1).unwrap().parse::<f64>().unwrap() * 1e3).round() as u64;
    let segments = playlist.lines().filter(|line| line.starts_with("#EXTINF")).map(millis).collect();
    let gaps = playlist.lines().filter(|line| line.contains("GAP=YES"));
    Playlist::read(&playlist);
    (segments, gaps.map(|line| millis(line.trim_start_matches("#EXT-X-PART:"))).collect())
}

#[test]
fn gap_parts_fill_the_time_between_two_dates() {
    assert_eq!(lengths(&around(4, 9, 3_981)), (vec![2_000, 1_981], vec![500, 500, 500, 481]));
}

#[test]
fn each_of_several_lost_segments_with_parts_lasts_as_the_dates_say() {
    // Names tell of no more than a part of each.
    let mut origin = Origin::new();
    for (msn, number, at) in [(7, 0, 0), (8, 4, 2_000), (11, 11, 7_400), (12, 15, 9_400)] {
        for index in 0..4 {
            let mut update = dated(msn, index, 4, at);
            let name = format!("p{}.m4s", number + index);
            (update.part.id, update.part.data) = (id(&name), media(&name));
            origin.take(Payload::Part(update));
        }
    }
    let (segments, gaps) = lengths(&origin);
    assert_eq!((segments, gaps), (vec![2_000, 2_000, 1_700, 1_700, 2_000], [500, 500, 500, 200].repeat(2)));
}

#[test]
fn more_parts_than_names_tell_of_are_lost_where_the_dates_leave_room() {
    let mut origin = Origin::new();
    for (msn, at) in [(7, 0), (9, 4_300)] {
        for index in 0..5 {
            let mut update = dated(msn, index, 5, at);
            update.part.duration = seconds(0.43);
            origin.take(Payload::Part(update));
        }
    }
    assert_eq!(lengths(&origin), (vec![2_150, 2_150], vec![500, 500, 500, 500, 150]));
}

#[test]
fn dates_that_tell_nothing_leave_it_at_what_is_usual() {
    for at in [2_000, 1_000, 4_500, 60_000, -60_000] {
        assert_eq!(lengths(&around(4, 9, at)), (vec![2_000, 2_000], vec![500; 4]), "{at}");
    }
}

#[test]
fn over_a_discontinuity_dates_tell_nothing() {
    for new_map in [false, true] {
        let mut origin = around(4, 8, 2_000);
        origin.take(Payload::Variant(variant("v0", "new.mp4")));
        for index in 0..4 {
            let mut update = dated(10, index, 4, 5_500);
            update.segment.discontinuity = !new_map;
            update.segment.map = map(if new_map { "new.mp4" } else { "init.mp4" });
            origin.take(Payload::Part(update));
        }
        assert_eq!(lengths(&origin).1, [500; 4]);
    }
}

#[test]
fn lost_segments_without_parts_share_the_time_between_two_dates() {
    let mut origin = Origin::new();
    for (msn, at) in [(7, 0), (10, 5_700), (11, 7_700), (12, 9_700)] {
        let mut update = segment(msn);
        update.segment.program_date_time = date(NOON + at);
        origin.take(Payload::Segment(update));
    }
    let (segments, _) = lengths(&origin);
    assert_eq!(segments, [2_000, 1_850, 1_850, 2_000, 2_000, 2_000]);
    assert_eq!(origin.playlist().matches("#EXT-X-GAP\n").count(), 2);
}

#[test]
fn a_part_that_is_only_late_is_waited_for_whatever_the_dates_say() {
    let mut origin = Origin::new();
    (0..4).for_each(|index| _ = origin.take(Payload::Part(dated(6, index, 4, -2_000))));
    (0..3).for_each(|index| _ = origin.take(Payload::Part(dated(7, index, 4, 0))));
    assert_eq!(origin.take(Payload::Part(dated(8, 0, 4, 1_500))), 0);
    assert!(origin.take(Payload::Part(dated(7, 3, 4, 0))) > 0);
    assert!(origin.playlist().contains("#EXTINF:2.0,\ns7.m4s"), "{}", origin.playlist());
}
