//! What is declared of the first media, and how what follows keeps to it.

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
    assert_eq!(declared(&show), Some((2, Some(350), true)));
}

#[test]
fn an_undeclared_target_waits_for_the_second_key_frame() {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(0, 75, 75));
    assert_eq!(show.said, []);
    show.push("v0", frames(75, 5, 75));
    assert_eq!(declared(&show), Some((4, Some(350), false)));
    assert_eq!(show.segments("v0")[0].duration.micros(), 2_500_000);
}

#[test]
fn a_stream_with_one_key_frame_opens_after_twelve_seconds() {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Both, "map"));
    show.push("v0", frames(0, 359, 9000));
    assert_eq!(show.said, []);
    show.push("v0", frames(359, 1, 9000));
    assert_eq!(declared(&show), Some((2, Some(350), false)));
    assert!(show.segments("v0").iter().all(|segment| segment.duration.micros() == 2_000_000));
    assert!(show.parts("v0").iter().skip(1).all(|(_, part)| !part.independent));
}

#[test]
fn a_short_stream_opens_when_it_ends() {
    let show = pushed(&[1000; 10], 10);
    assert_eq!((declared(&show), show.segments("v0").len()), (Some((2, Some(350), false)), 1));
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
    for (ticks, part) in [(1000, Some(350)), (3750, Some(250)), (4000, Some(266)), (6000, Some(200)), (7500, Some(250))]
    {
        let show = pushed(&vec![ticks; 90_000 / ticks as usize], 30_000 / ticks as usize);
        assert_eq!(declared(&show).unwrap().1, part, "{ticks}");
        assert!(show.parts("v0").iter().all(|(_, part)| !part.gap), "{ticks}");
    }
    for ticks in [15_000, 30_000] {
        let show = pushed(&vec![ticks; 5], 1);
        assert_eq!((declared(&show).unwrap().1, show.parts("v0").len()), (None, 0), "{ticks}");
        assert!(show.segments("v0").len() >= 3);
    }
}

#[test]
fn a_part_that_becomes_impossible_is_a_gap_and_its_segment_comes_whole() {
    let lengths = [&[1000; 48][..], &[4000], &[1000; 40]].concat();
    let mut show = pushed(&[1000; 31], 30);
    show.push("v0", uneven(31_000, &lengths, 30));
    show.finish();
    let parts = show.parts("v0");
    let gaps: Vec<_> = parts.iter().filter(|(_, part)| part.gap).collect();
    let [(head, gap)] = gaps[..] else { panic!("{gaps:?}") };
    assert!(gap.data.0.is_empty() && gap.duration.micros() <= 350_000);
    let listed: u64 =
        parts.iter().filter(|(of, _)| of.sequence == head.sequence).map(|(_, part)| part.duration.micros()).sum();
    let whole = show.segments("v0").into_iter().find(|segment| segment.sequence == head.sequence).unwrap();
    assert!(listed < whole.duration.micros());
    let after = parts.iter().find(|(of, _)| of.sequence == head.sequence + 1).unwrap();
    assert_eq!(after.1.sequence, 0);
}
