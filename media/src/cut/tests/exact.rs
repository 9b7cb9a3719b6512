//! Listed durations around a hole, and at the end, are those of the media in them.

use super::*;

const DERIVED: Targets = Targets { independent: false, ..TARGETS };

/// The parts and segments cut of these samples at once.
fn cut(targets: Targets, samples: impl IntoIterator<Item = Sample>) -> Vec<Cut> {
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), targets, Start::default()).unwrap();
    let mut cuts = push(&mut cutter, samples);
    cuts.extend(finish(&mut cutter));
    cuts
}

/// The video of every part and segment begins and lasts as it is listed.
fn assert_exact(cuts: &[Cut]) {
    let ticks = |time: Duration| time.as_micros() as u64 * 15_360 / 1_000_000;
    for cut in cuts {
        let (start, duration, bytes) = match cut {
            Cut::Part(part) => (part.start, part.duration, &part.bytes),
            Cut::Segment(segment) => (segment.start, segment.duration, &segment.bytes),
            Cut::PartsEnd(_) => continue,
        };
        let samples = read_fragments(&[VIDEO, AUDIO], bytes).into_iter().flat_map(|it| it.samples);
        let video: Vec<Sample> = samples.filter(|sample| sample.track == 1).collect();
        let Some((first, last)) = video.first().zip(video.last()) else {
            assert!(duration < Duration::from_millis(100), "no video in {start:?} + {duration:?}");
            continue;
        };
        assert!(first.decode_time.abs_diff(ticks(start)) < 2, "{} at {start:?}", first.decode_time);
        assert!(last.end().abs_diff(ticks(start + duration)) < 2, "{} at {start:?} + {duration:?}", last.end());
        assert!(video.windows(2).all(|pair| pair[0].end() == pair[1].decode_time));
    }
}

#[test]
fn what_is_listed_around_a_hole_lasts_as_long_as_its_media() {
    let hls = Targets { part: Some(Duration::from_millis(334)), ..DERIVED };
    let reordered = |frame: Sample| {
        let offset = if (frame.decode_time / FRAME).is_multiple_of(3) { 1024 } else { 512 };
        Sample { composition_offset: offset, ..frame }
    };
    for targets in [hls, TARGETS, Targets { part: None, ..DERIVED }, Targets { independent: true, ..hls }] {
        for missing in [2, 3, 10, 15, 30, 45, 56, 58, 90, 105] {
            for from in [120, 125, 129, 130, 135, 149, 150] {
                let hole = || frames(0..from).chain(frames(from + missing..330)).chain((0..516).map(sound));
                let cuts = cut(targets, hole());
                assert_exact(&cuts);
                let segments =
                    cuts.iter().filter_map(|cut| if let Cut::Segment(it) = cut { Some(it.duration) } else { None });
                assert_eq!(segments.sum::<Duration>().as_millis() / 20, 550, "{from} {missing}");
                // A frame that cannot be repeated lasts as long in the bytes where segments are long enough for it.
                if missing < 56 && !targets.independent {
                    assert_exact(&cut(targets, hole().map(|it| if it.track == 1 { reordered(it) } else { it })));
                }
            }
        }
    }
}

#[test]
fn a_hole_shows_the_last_frame_from_the_last_sync_sample_on() {
    let cuts = cut(DERIVED, frames(0..45).chain(frames(150..160)).chain((0..250).map(sound)));
    assert_exact(&cuts);
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    let inside = segments.filter(|it| it.start >= Duration::from_millis(1500) && it.start < Duration::from_secs(5));
    let mut count = 0;
    for segment in inside {
        // Frames 30 to 44, once a segment, the last of them up to its end; no part is as long as they took.
        let samples = read_fragments(&[VIDEO, AUDIO], &segment.bytes).into_iter().flat_map(|it| it.samples);
        let video: Vec<Sample> = samples.filter(|sample| sample.track == 1).collect();
        let shown: Vec<_> = frames(30..45).chain(frames(150..160)).map(|frame| frame.payload).collect();
        let own: Vec<_> = video.iter().map(|sample| sample.payload.clone()).collect();
        assert!(own == shown[..15] || own == shown, "{:?}", own.len());
        assert!(segment.independent && video[0].is_sync() && !video[1].is_sync() && segment.parts == 0);
        count += 1;
    }
    assert!((3..5).contains(&count), "{count}");
}

#[test]
fn a_segment_that_begins_with_repeated_frames_goes_on_with_those_behind_the_hole() {
    // Every segment has to begin with a sync sample; the frames behind the hole come before the next one.
    for missing in [55, 57, 60, 90] {
        let hole = frames(0..126).chain(frames(126 + missing..390)).chain((0..610).map(sound));
        let cuts = cut(TARGETS, hole);
        let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
        let samples = segments.flat_map(|segment| read_fragments(&[VIDEO, AUDIO], &segment.bytes));
        let samples: Vec<Sample> = samples.flat_map(|fragment| fragment.samples).collect();
        let own = samples.iter().filter(|sample| sample.track == 1 && u64::from(sample.duration) == FRAME);
        let own: std::collections::BTreeSet<_> = own.map(|sample| sample.payload.clone()).collect();
        assert!(own.len() as u64 >= 389 - missing, "{missing}: {}", own.len());
        assert_eq!(samples.iter().filter(|sample| sample.track == 2).count(), 610, "{missing}");
    }
}

#[test]
fn time_for_which_nothing_came_is_an_announced_gap() {
    // Every second third of a second is lost, of both tracks; frames in another order cannot be repeated.
    let targets = Targets { part: Some(Duration::from_millis(334)), ..DERIVED };
    let first_sound = |third: u64| (third * 16_000).div_ceil(1024);
    for is_reordered in [false, true] {
        let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), targets, Start::default()).unwrap();
        let mut cuts = Vec::new();
        for third in (0..12).step_by(2) {
            let video = frames(third * 10..third * 10 + 10).map(|frame| {
                let offset = if is_reordered && (frame.decode_time / FRAME).is_multiple_of(2) { 1024 } else { 0 };
                Sample { composition_offset: offset, ..frame }
            });
            let audio = (first_sound(third)..first_sound(third + 1)).map(sound);
            cuts.extend(push(&mut cutter, video.chain(audio)));
        }
        cuts.extend(finish(&mut cutter));
        assert_exact(&cuts);
        assert_eq!(cuts.iter().any(|cut| matches!(cut, Cut::PartsEnd(_))), is_reordered, "{:?}", short(&cuts));
    }
}

#[test]
fn audio_alone_never_ends_in_a_segment_of_one_sample() {
    for count in 90..145 {
        for pieces in [1, 16, 150] {
            let cutter = Cutter::new(&fixture::init(&[AUDIO]), DERIVED, Start::default()).unwrap();
            let mut cutter = cutter.on_grid(Duration::ZERO);
            let samples: Vec<Sample> = (0..count).map(sound).collect();
            let mut cuts: Vec<Cut> =
                samples.chunks(pieces).flat_map(|piece| push(&mut cutter, piece.to_vec())).collect();
            cuts.extend(finish(&mut cutter));
            let segments =
                cuts.iter().filter_map(|cut| if let Cut::Segment(it) = cut { Some(it.duration) } else { None });
            let segments: Vec<Duration> = segments.collect();
            assert!(segments.iter().all(|duration| *duration > Duration::from_millis(40)), "{count}: {segments:?}");
        }
    }
}
