//! Time for which there are no frames, and what is beside and in place of them.

use super::*;

/// Cuts these samples, in pieces of a third of a second, to segments without parts; frames last 512 ticks or as given.
fn whole_segments(targets: Targets, frames: &[Sample], audio: std::ops::Range<u64>) -> Vec<(u128, Vec<u64>, Vec<u64>)> {
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), targets, Start::default()).unwrap();
    let own =
        |sample: &&Sample| sample.track == 2 || frames.iter().any(|frame| frame.decode_time == sample.decode_time);
    let third = |sample: &Sample| sample.decode_time / if sample.track == 1 { 5120 } else { 16_000 };
    let all: Vec<Sample> = frames.iter().cloned().chain(audio.map(sound)).collect();
    let mut cuts = Vec::new();
    for number in 0..=all.iter().map(third).max().unwrap() {
        cuts.extend(push(&mut cutter, all.iter().filter(|sample| third(sample) == number).cloned()));
    }
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    let read = |segment: &Segment| {
        let samples: Vec<Sample> =
            read_fragments(&[VIDEO, AUDIO], &segment.bytes).into_iter().flat_map(|fragment| fragment.samples).collect();
        // Every segment has frames, repeated ones where it has none of its own.
        assert!(segment.duration.as_millis() < 100 || samples.iter().any(|sample| sample.track == 1), "{samples:?}");
        let of = |track| {
            samples.iter().filter(own).filter(move |sample| sample.track == track).map(|sample| sample.decode_time)
        };
        (segment.duration.as_millis(), of(1).collect(), of(2).collect())
    };
    segments.map(read).collect()
}

const DERIVED: Targets = Targets { independent: false, ..TARGETS };

/// Everything is in the segments, in order, and these last as long as the media.
fn assert_all(segments: &[(u128, Vec<u64>, Vec<u64>)], frames: &[Sample], audio: u64, seconds: f64) {
    let video: Vec<u64> = segments.iter().flat_map(|(_, video, _)| video.clone()).collect();
    assert_eq!(video, frames.iter().map(|frame| frame.decode_time).collect::<Vec<_>>());
    let heard: Vec<u64> = segments.iter().flat_map(|(_, _, audio)| audio.clone()).collect();
    assert_eq!(heard, (0..audio).map(|number| number * 1024).collect::<Vec<_>>());
    let millis: u128 = segments.iter().map(|(millis, ..)| millis).sum();
    assert!((millis as f64 - seconds * 1000.0).abs() < 30.0, "{millis} of {seconds}");
    assert!(segments.iter().all(|(millis, _, audio)| *millis <= 2000 && !audio.is_empty()), "{segments:?}");
}

#[test]
fn audio_goes_on_beside_a_frame_longer_than_any_segment() {
    for targets in [DERIVED, Targets { part: None, ..DERIVED }] {
        let lengths = [&[1; 60][..], &[270], &[1; 60]].concat();
        let frames = uneven(0, &lengths);
        let segments = whole_segments(targets, &frames, 0..610);
        assert_all(&segments, &frames, 610, 13.013);
    }
}

#[test]
fn audio_goes_on_in_a_hole_of_the_video() {
    let hole: Vec<Sample> = frames(0..60).chain(frames(150..210)).collect();
    assert_all(&whole_segments(DERIVED, &hole, 0..328), &hole, 328, 7.0);
}

#[test]
fn audio_behind_the_last_frame_is_listed() {
    for targets in [TARGETS, DERIVED, Targets { part: None, ..DERIVED }] {
        let video: Vec<Sample> = frames(0..90).collect();
        assert_all(&whole_segments(targets, &video, 0..422), &video, 422, 9.003);
    }
}

#[test]
fn audio_is_listed_while_the_video_pauses() {
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), DERIVED, Start::default()).unwrap();
    push(&mut cutter, frames(0..30).chain((0..47).map(sound)));
    let cuts = push(&mut cutter, (47..470).map(sound));
    assert!(cuts.iter().any(|cut| matches!(cut, Cut::Segment(segment) if segment.start > Duration::from_secs(3))));
    // A frame that comes where audio alone has been listed begins anew.
    let late = cutter.push(fragment(frames(60..70))).unwrap();
    let rest = late.rest.map(|rest| rest.samples.iter().filter(|sample| sample.track == 1).count());
    assert_eq!(rest, Some(10));
}

#[test]
fn a_long_frame_that_cannot_be_repeated_is_written_with_its_whole_duration() {
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), DERIVED, Start::default()).unwrap();
    let mut frames = uneven(0, &[&[1; 30][..], &[270], &[1; 30]].concat());
    // Frames are shown in another order than they are decoded.
    frames[15].composition_offset = 1024;
    let mut cuts = push(&mut cutter, frames.into_iter().chain((0..516).map(sound)));
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    let samples = segments.flat_map(|segment| read_fragments(&[VIDEO, AUDIO], &segment.bytes));
    let long = samples
        .flat_map(|fragment| fragment.samples)
        .find(|sample| (sample.track, sample.decode_time) == (1, 30 * FRAME));
    assert_eq!(long.map(|sample| u64::from(sample.duration)), Some(270 * FRAME));
}

#[test]
fn a_frame_longer_than_any_segment_that_cannot_be_repeated_goes_on_in_empty_ones() {
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO]), DERIVED, Start::default()).unwrap();
    let mut frames = uneven(0, &[&[1; 30][..], &[270], &[1; 30]].concat());
    frames[15].composition_offset = 1024;
    let mut cuts = push(&mut cutter, frames);
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    assert_eq!(segments.clone().map(|segment| segment.duration).sum::<Duration>(), Duration::from_secs(11));
    let samples = segments.flat_map(|segment| read_fragments(&[VIDEO], &segment.bytes));
    assert_eq!(samples.map(|fragment| fragment.samples.len()).sum::<usize>(), 61);
}

/// Returns where the segments of media with a hole begin, cut into parts of so many milliseconds.
fn starts(part: Option<u64>, frames: &[Sample]) -> Vec<u128> {
    let targets = Targets { part: part.map(Duration::from_millis), ..TARGETS };
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), targets, Start::default()).unwrap();
    let mut cuts = push(&mut cutter, frames.iter().cloned().chain((0..610).map(sound)));
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    segments.map(|segment| segment.start.as_millis()).collect()
}

#[test]
fn segments_in_a_hole_do_not_go_by_the_length_of_parts() {
    let frames = uneven(0, &[&[1; 45][..], &[270], &[1; 60]].concat());
    let whole = starts(None, &frames);
    assert!(whole.len() > 5, "{whole:?}");
    assert_eq!([250, 334, 350].map(|part| starts(Some(part), &frames)), [(); 3].map(|()| whole.clone()));
}

/// In ticks of the audio.
const HOUR: u32 = 3600 * 48_000;

#[test]
fn one_wrong_length_of_an_audio_sample_makes_no_hours_of_media() {
    let init = fixture::init(&[VIDEO, AUDIO]);
    for targets in [DERIVED, Targets { part: None, ..DERIVED }] {
        let mut cutter = Cutter::new(&init, targets, Start::default()).unwrap();
        let mut cuts = Vec::new();
        for second in 0..4 {
            let audio = (second * 47..second * 47 + 47).map(|number| match number {
                60 => Sample { duration: HOUR, ..sound(number) },
                // Its clock is taken to go on behind.
                _ if number > 60 => Sample { decode_time: number * 1024 + u64::from(HOUR), ..sound(number) },
                _ => sound(number),
            });
            cuts.extend(push(&mut cutter, frames(second * 30..second * 30 + 30).chain(audio)));
        }
        cuts.extend(finish(&mut cutter));
        let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
        let listed: u128 = segments.map(|segment| segment.duration.as_millis()).sum();
        assert!((4000..16_000).contains(&listed), "{listed} ms of 4 s");
    }
}

#[test]
fn the_last_frame_lasts_no_longer_than_the_audio_behind_it() {
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), DERIVED, Start::default()).unwrap();
    // Frames that are shown in another order than they are decoded cannot be repeated.
    let reordered = frames(0..128).map(|frame| {
        let number = frame.decode_time / 512;
        Sample { composition_offset: if number % 3 == 0 { 1024 } else { 512 }, ..frame }
    });
    let mut cuts = push(&mut cutter, reordered.chain((0..202).map(sound)));
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    let samples = segments.flat_map(|segment| read_fragments(&[VIDEO, AUDIO], &segment.bytes));
    let samples = samples.flat_map(|fragment| fragment.samples).filter(|sample| sample.track == 1);
    let longest = samples.map(|sample| sample.duration).max().unwrap();
    assert!(longest < 2 * 15_360 / 10, "{longest} ticks of 15,360 a second");
}

#[test]
fn a_long_hole_makes_a_few_times_what_was_received_at_most() {
    let large = |sample| Sample { payload: Bytes::from(vec![0; 100 << 10]), ..sample };
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), DERIVED, Start::default()).unwrap();
    let received = 30 * (100 << 10);
    // Audio goes on for ten minutes; the frames before would come again in each of 300 segments.
    let mut cuts = push(&mut cutter, frames(0..30).map(large).chain((0..47).map(sound)));
    for second in 1..600 {
        cuts.extend(push(&mut cutter, (second * 47..(second + 1) * 47).map(sound)));
    }
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    let (count, bytes) = segments.fold((0, 0), |(count, bytes), segment| (count + 1, bytes + segment.bytes.len()));
    let audio = 600 * 47 * 200;
    assert!(count > 200, "{count} segments");
    assert!(bytes < 5 * received + (16 << 20) + audio, "{bytes} bytes of {received}");
}

#[test]
fn a_stream_gets_no_faster_in_a_hole() {
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), DERIVED, Start::default()).unwrap();
    let mut cuts = push(&mut cutter, frames(0..58).chain((0..500).map(sound)));
    cuts.extend(finish(&mut cutter));
    let frames_of = |bytes: &[u8]| {
        let samples = read_fragments(&[VIDEO, AUDIO], bytes).into_iter().flat_map(|fragment| fragment.samples);
        samples.filter(|sample| sample.track == 1).count()
    };
    for cut in &cuts {
        if let Cut::Segment(segment) = cut {
            // They come once, also in a last segment that is short.
            let most = 2.0 * 30.0 * segment.duration.as_secs_f64().max(0.5) + 1.0;
            assert!(
                frames_of(&segment.bytes) as f64 <= most,
                "{} in {:?}",
                frames_of(&segment.bytes),
                segment.duration
            );
        }
    }
}

#[test]
fn video_lasts_as_long_as_the_audio_behind_it() {
    let targets = Targets { part: Some(Duration::from_millis(334)), ..DERIVED };
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), targets, Start::default()).unwrap();
    let mut cuts = push(&mut cutter, frames(0..90).chain((0..210).map(sound)));
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    let mut end = 0;
    for segment in segments {
        let samples = read_fragments(&[VIDEO, AUDIO], &segment.bytes).into_iter().flat_map(|it| it.samples);
        let video: Vec<Sample> = samples.filter(|sample| sample.track == 1).collect();
        assert_eq!(video.first().map(|first| first.decode_time), Some(end));
        end = video.last().unwrap().end();
    }
    assert_eq!(end, (210 * 1024_u64 * 15_360).div_ceil(48_000));
}

#[test]
fn a_dropped_fragment_is_filled_with_a_part_of_its_length() {
    // Ten frames and the audio beside them are lost, at the end of a part or within one.
    for (lost, audio) in [(70..80, 112..128), (68..77, 109..123)] {
        let targets = Targets { part: Some(Duration::from_millis(334)), ..DERIVED };
        let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), targets, Start::default()).unwrap();
        let mut cuts = Vec::new();
        for second in 0..12 {
            let video =
                frames(second * 10..second * 10 + 10).filter(|frame| !lost.contains(&(frame.decode_time / FRAME)));
            let sounds = (second * 16..second * 16 + 16).filter(|number| !audio.contains(number));
            cuts.extend(push(&mut cutter, video.chain(sounds.map(sound))));
        }
        cuts.extend(finish(&mut cutter));
        assert!(!cuts.iter().any(|cut| matches!(cut, Cut::PartsEnd(_))), "{:?}", short(&cuts));
        let mut end = 0;
        for part in parts(&cuts) {
            let samples = read_fragments(&[VIDEO, AUDIO], &part.bytes).remove(0).samples;
            let video: Vec<&Sample> = samples.iter().filter(|sample| sample.track == 1).collect();
            // The audio goes on a little behind the last frame.
            let Some(first) = video.first() else { continue };
            let length: u64 = video.iter().map(|sample| u64::from(sample.duration)).sum();
            assert_eq!(first.decode_time, end, "{lost:?}");
            assert!((length * 1_000_000 / 15_360).abs_diff(part.duration.as_micros() as u64) < 2, "{part:?}");
            end += length;
        }
    }
}

#[test]
fn a_little_audio_behind_the_last_frame_goes_along_with_it() {
    for targets in [DERIVED, Targets { part: None, ..DERIVED }] {
        let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), targets, Start::default()).unwrap();
        // With the 81 ms of audio behind them, the frames are 48 ms too long for a segment.
        let video = (0..59).map(|number| sample(1, number * FRAME, FRAME as u32, number == 0));
        let mut cuts = push(&mut cutter, video.chain((0..96).map(sound)));
        cuts.extend(finish(&mut cutter));
        let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
        let told = segments.map(|segment| {
            let samples = read_fragments(&[VIDEO, AUDIO], &segment.bytes).into_iter().flat_map(|it| it.samples);
            let tracks: Vec<u32> = samples.map(|sample| sample.track).collect();
            let count = |id| tracks.iter().filter(|track| **track == id).count();
            (segment.duration.as_millis(), count(1), count(2))
        });
        assert_eq!(told.collect::<Vec<_>>(), [(1966, 59, 96)]);
    }
}

#[test]
fn a_part_of_audio_alone_is_not_independent() {
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), TARGETS, Start::default()).unwrap();
    let mut cuts = push(&mut cutter, frames(0..30).chain((0..47).map(sound)));
    cuts.extend(push(&mut cutter, (47..50).map(sound)));
    cuts.extend(finish(&mut cutter));
    for part in parts(&cuts) {
        let samples = read_fragments(&[VIDEO, AUDIO], &part.bytes).remove(0).samples;
        let first = samples.iter().find(|sample| sample.track == 1);
        assert_eq!(part.independent, first.is_some_and(Sample::is_sync), "{part:?}");
    }
}

#[test]
fn frames_that_come_again_in_each_part_last_no_longer_than_it() {
    let targets = Targets { part: Some(Duration::from_millis(334)), ..DERIVED };
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO]), targets, Start::default()).unwrap();
    // The hole begins a third of a second behind a key frame.
    let mut cuts = push(&mut cutter, frames(0..40).chain(frames(85..95)));
    cuts.extend(finish(&mut cutter));
    for part in parts(&cuts) {
        let samples = read_fragments(&[VIDEO], &part.bytes).remove(0).samples;
        let length: u64 = samples.iter().map(|sample| u64::from(sample.duration)).sum();
        assert!((length * 1_000_000 / 15_360).abs_diff(part.duration.as_micros() as u64) < 2, "{part:?}");
    }
}

#[test]
fn audio_that_comes_behind_the_last_full_segment_is_no_segment_of_its_own() {
    let targets = Targets { part: Some(Duration::from_millis(334)), ..DERIVED };
    let mut cutter = Cutter::new(&fixture::init(&[VIDEO, AUDIO]), targets, Start::default()).unwrap();
    let mut cuts = Vec::new();
    // Six seconds with one key frame; the audio of each fragment is one sample short.
    for third in 0..18 {
        let [from, to] = [third, third + 1].map(|third: u64| (third * 16_000 / 1024).saturating_sub(1));
        let video = (third * 10..third * 10 + 10).map(|i| sample(1, i * FRAME, FRAME as u32, i == 0));
        cuts.extend(push(&mut cutter, video.chain((from..to).map(sound))));
    }
    cuts.extend(push(&mut cutter, (280..281).map(sound)));
    cuts.extend(finish(&mut cutter));
    let segments = cuts.iter().filter_map(|cut| if let Cut::Segment(segment) = cut { Some(segment) } else { None });
    let lengths: Vec<u128> = segments.map(|segment| segment.duration.as_millis()).collect();
    assert!(lengths.len() == 3 && lengths.iter().all(|millis| (2000..2100).contains(millis)), "{lengths:?}");
}
