//! Numbers, dates, durations and maps of what a track lists.

use proptest::prelude::*;

use super::*;

fn sequences(show: &Show, track: &str) -> Vec<u64> {
    let mut sequences: Vec<u64> = show.parts(track).iter().map(|(segment, _)| segment.sequence).collect();
    sequences.dedup();
    sequences
}

#[test]
fn tracks_at_the_same_time_have_the_same_numbers_and_dates() {
    let mut show = Show::new();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v1", init(Kind::Both, "map"));
    show.push("v0", frames(0, 90, GROUP));
    show.moment.wall += 700;
    show.push("v1", frames(30, 90, GROUP));
    assert_eq!((sequences(&show, "v0"), sequences(&show, "v1")), (vec![0, 1, 2], vec![1, 2, 3]));
    let date = |track| {
        let parts = show.parts(track);
        let (segment, _) = parts.iter().find(|(segment, _)| segment.sequence == 2).unwrap();
        segment.program_date_time.unwrap().millis()
    };
    // Three seconds came at once, so the first began three seconds ago.
    assert_eq!((date("v0"), date("v1")), (1_732_287_599_000, 1_732_287_599_000));
}

#[test]
fn long_frames_are_numbered_from_the_first_on() {
    for seconds in [1, 2, 5, 11] {
        let mut show = Show::derived();
        show.push("v0", init(Kind::Picture, "map"));
        show.push("v0", uneven(0, &[seconds * TIMESCALE; 4], 1));
        show.finish();
        let numbers: Vec<u64> = show.segments("v0").iter().map(|segment| segment.sequence).collect();
        assert_eq!(numbers, [0, 1, 2, 3], "{seconds} s");
    }
}

#[test]
fn behind_a_jump_the_first_segment_alone_is_a_discontinuity() {
    let mut show = Show::new();
    show.begin("v0", Kind::Both);
    show.push("v0", frames(3000, 61, GROUP));
    let parts = show.parts("v0");
    let breaks = parts.iter().filter(|(segment, _)| segment.discontinuity);
    assert!(breaks.clone().count() > 1 && breaks.clone().all(|(segment, _)| segment.sequence == 1));
    assert_eq!(sequences(&show, "v0"), [0, 1, 2]);
    let names: Vec<_> = parts.iter().map(|(_, part)| part.id.to_string()).collect();
    assert_eq!(names, (0..names.len()).map(|number| format!("abc-p{number}.m4s")).collect::<Vec<_>>());
    let dates: Vec<_> = parts.iter().map(|(segment, _)| segment.program_date_time).collect();
    assert!(dates.is_sorted());
}

#[test]
fn another_map_is_declared_and_the_same_again_is_no_news() {
    let mut show = Show::new();
    show.begin("v0", Kind::Both);
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(30, 30, GROUP));
    assert_eq!(show.maps(), ["abc-init-0.mp4"]);
    show.push("v0", init(Kind::Both, "other"));
    show.push("v0", frames(60, 30, GROUP));
    assert_eq!(show.maps(), ["abc-init-0.mp4", "abc-init-1.mp4"]);
    let parts = show.parts("v0");
    let (last, _) = parts.last().unwrap();
    assert_eq!(last.map.as_ref().map(|map| map.id.as_str()), Some("abc-init-1.mp4"));
    assert!(last.discontinuity);
}

#[test]
fn what_comes_before_a_sync_sample_is_dropped() {
    let mut show = Show::new();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(1, 20, GROUP));
    assert_eq!(show.said, []);
    show.push("v0", frames(21, 30, GROUP));
    assert!(show.parts("v0")[0].1.independent);
}

#[test]
fn media_without_an_init_section_is_a_fault() {
    let done = Show::new().try_push("v0", frames(0, 1, 1));
    assert_eq!(done, Err(Error::FragmentBeforeInit));
}

#[test]
fn an_earlier_run_is_continued_behind_a_discontinuity() {
    let mut show = Show::new();
    for item in [init(Kind::Both, "map"), frames(0, 30, GROUP)] {
        let start = Start { segment: 44, part_number: 130 };
        let (said, done) = show.packager.take(&id("v0"), item, show.moment, |_| Earlier { start, map: 4 });
        show.hear(said);
        done.unwrap();
    }
    let (segment, part) = show.parts("v0")[0];
    assert_eq!((segment.sequence, segment.discontinuity), (44, true));
    let map = segment.map.as_ref().map(|map| map.id.as_str());
    assert_eq!((part.id.as_str(), map), ("abc-p130.m4s", Some("abc-init-4.mp4")));
}

#[test]
fn the_end_lists_what_is_left() {
    let mut show = Show::new();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(0, 25, GROUP));
    assert!(!show.packager.has_ended());
    let listed = show.parts("v0").len();
    let said = show.packager.end(&id("v0"), show.moment);
    show.hear(said);
    assert_eq!(show.parts("v0").len(), listed + 1);
    assert!(matches!(show.media().last(), Some(Payload::Segment(_))) && show.packager.has_ended());
}

proptest! {
    #[test]
    fn stated_durations_add_up_to_the_media_and_less_than_a_microsecond(
        pieces in prop::collection::vec(1_u64..20, 1..30),
        begin in 0_u64..1 << 30,
    ) {
        let mut show = Show::new();
        show.push("v0", init(Kind::Both, "map"));
        let first = begin * GROUP;
        let mut frame = first;
        for count in pieces {
            show.push("v0", frames(frame, count, GROUP));
            frame += count;
        }
        show.finish();
        let parts: u64 = show.parts("v0").iter().map(|(_, part)| part.duration.micros()).sum();
        let segments = show.said.iter().map(|payload| match payload {
            Payload::Segment(update) => update.segment.duration.micros(),
            _ => 0,
        });
        prop_assert_eq!(segments.sum::<u64>(), parts);
        let exact = (frame - first) * u64::from(FRAME) * 1_000_000;
        prop_assert_eq!(parts, exact.div_ceil(u64::from(TIMESCALE)));
        prop_assert!(show.parts("v0").iter().all(|(_, part)| part.duration.micros() <= 350_000));
    }
}
