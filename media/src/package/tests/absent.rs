//! Tracks that an init section announces and that bring nothing.

use super::*;

/// A third of a second of one of the tracks.
fn third(number: u64, tracks: &[u32]) -> Item {
    let Item::Fragment(fragment) = frames(number * 10, 10, GROUP) else { unreachable!() };
    let samples = fragment.samples.into_iter().filter(|sample| tracks.contains(&sample.track)).collect();
    Item::Fragment(Fragment { samples, ..fragment })
}

/// A stream that announces video and audio, and brings one of them for so many thirds of a second.
fn only(track: u32, thirds: u64) -> Show {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Both, "map"));
    (0..thirds).for_each(|number| show.push("v0", third(number, &[track])));
    show
}

fn listed(show: &Show) -> u64 {
    show.segments("v0").iter().map(|segment| segment.duration.micros() / 1000).sum()
}

#[test]
fn the_track_that_comes_is_listed_by_itself_after_twelve_seconds() {
    for (track, codec, kind) in [(2, "mp4a.40.2", "video"), (1, "avc1.64001f", "audio")] {
        let mut show = only(track, 36);
        assert_eq!((&show.said[..], show.packager.take_notes()), (&[][..], vec![]), "{codec}");
        show.push("v0", third(36, &[track]));
        show.moment.now += Duration::from_secs(12);
        let said = show.packager.tick(show.moment.now);
        show.hear(said);
        assert_eq!(show.declared(), [format!("v0({codec})")]);
        let notes = show.packager.take_notes();
        let lost = 3 - track;
        assert_eq!(notes, [format!("left out: track {lost} of v0 ({kind}), which brings no media")]);
        show.finish();
        assert_eq!((listed(&show), show.packager.take_notes()), (12_333, vec![]), "{codec}");
    }
}

#[test]
fn it_is_listed_at_the_end_of_a_shorter_stream() {
    for (track, codec) in [(2, "mp4a.40.2"), (1, "avc1.64001f")] {
        for ends in [true, false] {
            let mut show = only(track, 9);
            if ends {
                let left = show.packager.end(&id("v0"), show.moment);
                show.hear(left);
            }
            show.finish();
            assert_eq!((listed(&show), show.packager.take_notes().len()), (3000, 1), "{codec}");
            let declared = show.declared();
            assert!(declared.iter().all(|one| *one == format!("v0({codec})")) && !declared.is_empty(), "{declared:?}");
        }
    }
}

#[test]
fn a_track_that_comes_yet_is_listed_behind_a_discontinuity() {
    for track in [1, 2] {
        let mut show = only(track, 45);
        (45..90).for_each(|number| show.push("v0", third(number, &[1, 2])));
        show.finish();
        let segments = show.segments("v0");
        let breaks = segments.iter().filter(|segment| segment.discontinuity).count();
        assert_eq!((breaks, listed(&show)), (1, 30_000), "{track}");
        let declared = show.declared();
        assert_eq!(declared.last().map(String::as_str), Some("v0(avc1.64001f,mp4a.40.2)"), "{declared:?}");
        assert_eq!(show.packager.take_notes().len(), 2);
    }
}

#[test]
fn a_stream_that_joins_later_begins_with_what_it_brings() {
    let mut show = Show::derived();
    show.begin("v1", Kind::Picture);
    show.push("v1", frames(GROUP, GROUP, GROUP));
    assert!(!show.said.is_empty() || show.packager.is_due(Duration::from_secs(2)));
    show.push("v0", init(Kind::Both, "map"));
    (0..45).for_each(|number| show.push("v0", third(number, &[2])));
    show.finish();
    assert!(listed(&show) >= 11_000, "{}", listed(&show));
}
