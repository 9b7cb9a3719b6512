//! Declarations made from the first media, and later media under them.

use super::*;

/// The target durations, and whether segments are independent, as declared of the first variant.
fn declared(show: &Show) -> Option<(u64, Option<u64>, bool)> {
    show.said.iter().find_map(|payload| match payload {
        Payload::Variant(UpdateVariant { variant, .. }) => Some((
            variant.target_duration.micros() / 1_000_000,
            variant.target_part_duration.map(|part| part.micros() / 1000),
            variant.independent_segments,
        )),
        _ => None,
    })
}

/// A show of these frames, which last so many ticks each.
fn pushed(lengths: &[u32], group: usize) -> Show {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Picture, "map"));
    show.push("v0", uneven(0, lengths, group));
    show.finish();
    show
}

#[test]
fn a_declared_target_does_not_wait() {
    let mut show = Show::new();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(0, 12, 300));
    assert_eq!(declared(&show), Some((2, Some(334), true)));
}

#[test]
fn an_undeclared_target_waits_for_the_second_key_frame() {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(0, 75, 75));
    assert_eq!(show.said, []);
    show.push("v0", frames(75, 5, 75));
    assert_eq!(declared(&show), Some((4, Some(334), false)));
    assert_eq!(show.segments("v0")[0].duration.micros(), 2_500_000);
}

#[test]
fn a_stream_with_one_key_frame_opens_after_twelve_seconds() {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(0, 359, 9000));
    assert_eq!(show.said, []);
    show.push("v0", frames(359, 1, 9000));
    assert_eq!(declared(&show), Some((2, Some(334), false)));
    assert!(show.segments("v0").iter().all(|segment| segment.duration.micros() == 2_000_000));
    assert!(show.parts("v0").iter().skip(1).all(|(_, part)| !part.independent));
}

#[test]
fn a_short_stream_opens_when_it_ends() {
    let show = pushed(&[1000; 10], 10);
    assert_eq!((declared(&show), show.segments("v0").len()), (Some((2, Some(334), false)), 1));
}

#[test]
fn a_later_interval_that_is_longer_is_cut_at_the_target() {
    let mut show = pushed(&[1000; 61], 30);
    show.push("v0", uneven(61_000, &[1000; 250], 250));
    show.finish();
    assert!(show.segments("v0").iter().all(|segment| segment.duration.micros() <= 2_000_000));
    let listed: u64 = show.segments("v0").iter().map(|segment| segment.duration.micros()).sum();
    // Each of the two periods ends at a rounded time.
    assert!((10_366_667..=10_366_668).contains(&listed), "{listed}");
}

#[test]
fn the_part_target_follows_the_frame_rate_and_where_no_part_fits_there_is_none() {
    for (ticks, part) in [(1000, Some(334)), (3750, Some(250)), (4000, Some(267)), (6000, Some(200)), (7500, Some(250))]
    {
        let show = pushed(&vec![ticks; 90_000 / ticks as usize], 30_000 / ticks as usize);
        assert_eq!(declared(&show).unwrap().1, part, "{ticks}");
        assert!(show.parts("v0").iter().all(|(_, part)| !part.gap), "{ticks}");
    }
    for ticks in [15_000, 30_000] {
        let show = pushed(&[ticks; 5], 1);
        assert_eq!((declared(&show).unwrap().1, show.parts("v0").len()), (None, 0), "{ticks}");
        assert!(show.segments("v0").len() >= 3);
    }
}

/// The kinds of signals of the media in order: `p` for a part, `|` for one that does not come, `s` for a segment.
fn kinds(show: &Show) -> String {
    let kind = |payload: &Payload| match payload {
        Payload::Part(update) if update.part.gap => Some('|'),
        Payload::Part(_) => Some('p'),
        Payload::Segment(_) => Some('s'),
        _ => None,
    };
    show.said.iter().filter_map(kind).collect()
}

#[test]
fn a_frame_that_leaves_a_part_too_short_begins_a_segment() {
    let lengths = [&[1000; 48][..], &[4000], &[1000; 38]].concat();
    let show = pushed(&lengths, 30);
    assert_eq!(kinds(&show), "pppsppsppsppps");
    let starts: Vec<_> = show.parts("v0").into_iter().filter(|(_, part)| part.sequence == 0).collect();
    assert_eq!(starts.iter().map(|(_, part)| part.independent).collect::<Vec<_>>(), [true, true, false, true]);
}

#[test]
fn a_frame_longer_than_a_part_is_a_gap_and_its_segment_comes_whole() {
    let lengths = [&[1000; 45][..], &[15_000], &[1000; 75]].concat();
    let show = pushed(&lengths, 30);
    assert_eq!(kinds(&show), "pppspps|spppspppsps");
    let parts = show.parts("v0");
    let (head, gap) = parts.iter().find(|(_, part)| part.gap).unwrap();
    assert!(gap.data.0.is_empty() && gap.sequence == 0 && gap.duration.micros() <= 334_000);
    let whole = show.segments("v0").into_iter().find(|segment| segment.sequence == head.sequence).unwrap();
    assert!(whole.duration.micros() >= 500_000);
}

#[test]
fn frames_that_leave_every_part_too_short_make_segments_of_one_part() {
    let lengths = [&[1000; 60][..], &[3750; 80], &[1000; 60]].concat();
    let show = pushed(&lengths, 30);
    let kinds = kinds(&show);
    assert!(kinds.contains("pspspsps") && !kinds.contains('|'), "{kinds}");
    assert!(kinds.ends_with("psppspppspps"), "{kinds}");
}

#[test]
fn where_no_part_can_be_cut_for_long_segments_come_whole_until_one_could_be() {
    let lengths = [&[1000; 60][..], &[15_000; 20], &[1000; 120]].concat();
    let show = pushed(&lengths, 30);
    let kinds = kinds(&show);
    let whole = kinds.find("|s|sss").unwrap_or_else(|| panic!("{kinds}"));
    assert!(kinds[whole..].trim_start_matches(['|', 's']).starts_with('p'), "{kinds}");
    assert_eq!(kinds.matches('|').count(), 2, "{kinds}");
}

#[test]
fn no_track_has_a_longer_part_target_than_those_before_it() {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Picture, "map"));
    show.push("v0", uneven(0, &[3750; 20], 8));
    show.push("a0", init(Kind::Sound, "map"));
    show.push("a0", uneven(0, &[640; 200], 1));
    let parts: Vec<u64> = show
        .said
        .iter()
        .filter_map(|payload| match payload {
            Payload::Variant(update) => update.variant.target_part_duration.map(|part| part.micros()),
            Payload::Rendition(update) => update.rendition.target_part_duration.map(|part| part.micros()),
            _ => None,
        })
        .collect();
    assert_eq!(parts, [250_000, 235_000]);
}

#[test]
fn video_without_any_key_frame_is_refused() {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(1, 20, 100_000));
    assert_eq!(show.packager.check_key_frame(&id("v0")), Ok(()), "less than a segment tells nothing");
    show.push("v0", frames(21, 40, 100_000));
    let ended = show.packager.check_key_frame(&id("v0"));
    assert_eq!(ended, Err(Error::NoKeyFrame(Duration::from_secs(2))));
    let longer = (1..20).map(|second| show.try_push("v0", frames(31 + second * 60, 60, 100_000)));
    let refused = longer.filter_map(Result::err).next();
    assert!(matches!(refused, Some(Error::NoKeyFrame(length)) if length >= Duration::from_secs(30)), "{refused:?}");
    assert_eq!(show.said, []);
}

#[test]
fn a_key_frame_that_comes_late_is_enough() {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(1, 199, 200));
    show.push("v0", frames(200, 60, 30));
    show.push("v0", frames(260, 60, 30));
    show.finish();
    assert_eq!(show.packager.check_key_frame(&id("v0")), Ok(()));
    assert!(!show.parts("v0").is_empty());
}
