//! Clocks of single tracks that jump: everything is listed, behind a discontinuity.

use std::collections::BTreeSet;
use std::ops::Range;

use super::*;
use crate::{Ends, Reader};

/// Three tracks as they are pushed: one of video and two of audio.
fn three() -> Item {
    let Item::Init(one) = init(Kind::Both, "map") else { unreachable!() };
    let second = MediaTrack { id: 3, ..one.tracks[1].clone() };
    Item::Init(Init { tracks: [one.tracks, vec![second]].concat(), ..one })
}

/// Frames with audio in as many tracks as there are, whose times jump from frame `from` on.
fn jumping(first: u64, tracks: u32, track: u32, (from, jump): (u64, i64)) -> Item {
    let samples = (1..=tracks).flat_map(|id| {
        (first..first + 10).map(move |frame| {
            let by = if id == track && frame >= from { jump * i64::from(TIMESCALE) } else { 0 };
            Sample {
                track: id,
                decode_time: (frame * u64::from(FRAME)).saturating_add_signed(by),
                duration: FRAME,
                composition_offset: 0,
                flags: if id > 1 || frame.is_multiple_of(GROUP) { 0 } else { 0x0001_0000 },
                payload: Bytes::copy_from_slice(&[&[id as u8][..], &frame.to_be_bytes()].concat()),
            }
        })
    });
    Item::Fragment(Fragment { sequence: 1, samples: samples.collect() })
}

fn show_of(tracks: u32, track: u32, jump: (u64, i64)) -> Show {
    let mut show = Show::derived();
    show.push("v0", if tracks == 2 { init(Kind::Both, "map") } else { three() });
    for piece in 0..30 {
        show.push("v0", jumping(piece * 10, tracks, track, jump));
    }
    show.finish();
    show
}

/// The samples of a track in all segments.
fn samples(show: &Show, name: &str, track: u32) -> Vec<Sample> {
    let Item::Init(init) = three() else { unreachable!() };
    let mut reader = Reader::after(1 << 24, &init, Ends::default());
    show.segments(name).iter().for_each(|segment| reader.push(&segment.data.0).unwrap());
    let mut samples = Vec::new();
    while let Some(Item::Fragment(fragment)) = reader.next().unwrap() {
        samples.extend(fragment.samples.into_iter().filter(|sample| sample.track == track));
    }
    samples
}

fn number(sample: &Sample) -> u64 {
    u64::from_be_bytes(sample.payload[1..].try_into().unwrap())
}

/// The frames of a track in all segments, and where its times do not go on.
fn listed(show: &Show, name: &str, track: u32) -> (Vec<u64>, usize) {
    let samples = samples(show, name, track);
    let holes = samples.windows(2).filter(|pair| pair[0].end() != pair[1].decode_time).count();
    (samples.iter().map(number).collect(), holes)
}

/// Returns where the segments behind a discontinuity begin, in frames.
fn breaks(show: &Show, name: &str) -> Vec<u64> {
    let mut at = 0;
    let mut breaks = Vec::new();
    for segment in show.segments(name) {
        breaks.extend(segment.discontinuity.then_some(at / 33_333));
        at += segment.duration.micros();
    }
    breaks
}

#[test]
fn of_a_track_that_jumps_alone_nothing_is_lost() {
    for track in [1, 2] {
        for jump in [(95, 20), (95, 5), (100, -2), (91, 3600)] {
            let show = show_of(2, track, jump);
            let all: Vec<u64> = (0..300).collect();
            assert_eq!(listed(&show, "v0", 1), (all.clone(), 0), "video, {track} {jump:?}");
            assert_eq!(listed(&show, "v0", 2), (all, 0), "audio, {track} {jump:?}");
            assert_eq!(breaks(&show, "v0"), [120], "{track} {jump:?}");
        }
    }
}

#[test]
fn the_discontinuity_is_at_one_place_in_all_tracks() {
    for track in [1, 2, 3] {
        let show = show_of(3, track, (95, 20));
        for (name, id) in [("v0", 1), ("v0-a1", 2), ("v0-a2", 3)] {
            assert_eq!(listed(&show, name, id), ((0..300).collect(), 0), "{name}, {track} jumps");
            assert_eq!(breaks(&show, name), [120], "{name}, {track} jumps");
        }
    }
}

#[test]
fn clocks_that_have_nothing_to_do_with_each_other_are_told_once() {
    for (track, jump) in [(1, 20), (2, 20), (2, 5), (2, 300_000)] {
        let mut show = show_of(2, track, (0, jump));
        for id in [1, 2] {
            assert_eq!(listed(&show, "v0", id), ((0..300).collect(), 0), "{track} {jump} {id}");
        }
        assert_eq!(breaks(&show, "v0"), Vec::<u64>::new());
        let notes = show.packager.take_notes();
        assert!(notes.len() == 1 && notes[0].contains("a clock of its own"), "{notes:?}");
    }
}

#[test]
fn frames_between_a_break_and_the_next_key_frame_are_told() {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Picture, "map"));
    // The last frame before frame 40 says that it lasts 100 s.
    let Item::Fragment(first) = jumping(30, 1, 1, (u64::MAX, 0)) else { unreachable!() };
    for piece in 0..9 {
        let item = jumping(piece * 10, 1, 1, (40, 100));
        let long = |sample: Sample| match sample.decode_time == first.samples[9].decode_time {
            true => Sample { duration: 100 * TIMESCALE + FRAME, ..sample },
            false => sample,
        };
        let Item::Fragment(fragment) = item else { unreachable!() };
        let samples = fragment.samples.into_iter().map(long).collect();
        show.push("v0", Item::Fragment(Fragment { samples, ..fragment }));
    }
    let notes = show.packager.take_notes();
    assert!(notes.len() == 1 && notes[0].starts_with("left out: 20 frames of video and 0 of audio of v0"), "{notes:?}");
}

/// Frames with audio in one track or two, of which the numbers in `lost` never come; the times of what follows say so.
fn with_hole(lost: Range<u64>, frames: u64) -> Show {
    with_holes(&[lost.clone(), lost], frames)
}

/// The same with a hole of its own in each track.
fn with_holes(lost: &[Range<u64>; 2], frames: u64) -> Show {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Both, "map"));
    for piece in 0..frames / 10 {
        let Item::Fragment(fragment) = jumping(piece * 10, 2, 1, (u64::MAX, 0)) else { unreachable!() };
        let comes = |sample: &Sample| !lost[sample.track as usize - 1].contains(&number(sample));
        let samples: Vec<Sample> = fragment.samples.into_iter().filter(comes).collect();
        show.push("v0", Item::Fragment(Fragment { samples, ..fragment }));
    }
    show.finish();
    show
}

#[test]
fn the_discontinuity_is_where_media_is_missing() {
    for (lost, key) in [(40..100, 120), (40..190, 210), (45..325, 330), (40..120, 120), (45..545, 570)] {
        let show = with_hole(lost.clone(), 660);
        let expected: Vec<u64> = (0..lost.start).chain(key..660).collect();
        for track in [1, 2] {
            assert_eq!(listed(&show, "v0", track).0, expected, "{lost:?} {track}");
        }
        assert_eq!(breaks(&show, "v0"), [lost.start], "{lost:?}");
    }
    // A short hole keeps its time, and all frames.
    let show = with_hole(40..70, 240);
    assert_eq!((listed(&show, "v0", 2).0.len(), breaks(&show, "v0")), (210, vec![]));
}

#[test]
fn behind_a_hole_all_tracks_have_moved_alike() {
    // The audio resumes before the video, the video before the audio; the audio ends later, with and without a pause.
    let holes = [(40..160, 40..149), (40..160, 40..156), (40..149, 40..160), (40..160, 47..160), (40..130, 61..151)];
    for (video, audio) in holes {
        let mut show = with_holes(&[video.clone(), audio.clone()], 330);
        let offsets = |track: u32| {
            let behind = samples(&show, "v0", track).into_iter().filter(|sample| number(sample) >= video.end);
            behind.map(|sample| number(&sample) * u64::from(FRAME) - sample.decode_time).collect::<BTreeSet<_>>()
        };
        assert_eq!((offsets(1).len(), offsets(1)), (1, offsets(2)), "{video:?} {audio:?}");
        // Nothing from behind the hole is listed before the key frame there.
        let key = video.end.next_multiple_of(GROUP);
        for (track, lost) in [(1, &video), (2, &audio)] {
            let all = samples(&show, "v0", track);
            let first = all.iter().map(number).find(|number| *number >= lost.start);
            assert_eq!(first, Some(key.max(lost.end)), "{video:?} {audio:?} {track}");
            assert!(all.iter().all(|sample| sample.duration > 0), "{video:?} {audio:?} {track}");
        }
        assert_eq!(breaks(&show, "v0").len(), 1, "{video:?} {audio:?}");
        let notes = show.packager.take_notes();
        assert!(key == video.end || notes.iter().any(|note| note.starts_with("left out")), "{notes:?}");
    }
}

/// Video and audio pushed by themselves, with jumps of so many seconds from frame 100 on.
fn apart(video: i64, audio: i64) -> Show {
    let mut show = Show::derived();
    show.push("v0", init(Kind::Picture, "map"));
    show.push("a0", init(Kind::Sound, "map"));
    for piece in 0..30 {
        show.push("v0", jumping(piece * 10, 1, 1, (100, video)));
        show.push("a0", jumping(piece * 10, 1, 1, (100, audio)));
    }
    show.finish();
    show
}

#[test]
fn a_clock_that_jumps_beside_another_stream_begins_no_discontinuity() {
    for (video, audio) in [(60, 0), (0, 60), (60, 60), (-2, 0), (3600, -2)] {
        let mut show = apart(video, audio);
        for name in ["v0", "a0"] {
            assert_eq!(listed(&show, name, 1), ((0..300).collect(), 0), "{name} {video} {audio}");
            assert_eq!(breaks(&show, name), Vec::<u64>::new(), "{name} {video} {audio}");
        }
        let notes = show.packager.take_notes();
        assert_eq!(notes.len(), usize::from(video != 0) + usize::from(audio != 0), "{notes:?}");
    }
}

#[test]
fn streams_of_unrelated_clocks_are_listed_side_by_side() {
    for from in [(0, 0), (1, 0)] {
        let mut show = Show::derived();
        show.push("v0", init(Kind::Picture, "map"));
        show.push("a0", init(Kind::Sound, "map"));
        for piece in 0..30 {
            show.push("v0", jumping(piece * 10, 1, from.0, (0, 3600)));
            show.push("a0", jumping(piece * 10, 1, 1 - from.0, (0, 3600)));
        }
        show.finish();
        let dates = |name| show.segments(name).first().and_then(|first| first.program_date_time);
        let numbers = |name| show.segments(name).iter().map(|segment| segment.sequence).collect::<Vec<_>>();
        assert_eq!((dates("v0"), numbers("v0")), (dates("a0"), numbers("a0")), "{from:?}");
        let notes = show.packager.take_notes();
        assert!(notes.len() == 1 && notes[0].contains("a clock of its own"), "{notes:?}");
    }
}
