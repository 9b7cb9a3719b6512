//! The rules of the cutter over random streams, cut into fragments anywhere.

use proptest::prelude::*;

use super::*;
use crate::Sample;
use crate::fixture::{Kind, fragment, init, read_fragments, sample};

/// 15 % of the part target: with frames no longer than that, every part can reach 85 % of it.
const LONGEST_FRAME: f64 = 0.35 * 0.15;
const AUDIO_RATE: u32 = 48_000;

#[derive(Debug, Clone)]
struct Stream {
    timescale: u32,
    targets: Targets,
    video: Vec<Sample>,
    audio: Vec<Sample>,
    /// Number of samples of each track in the fragments, in turn.
    borders: Vec<(usize, usize)>,
}

impl Stream {
    fn kinds(&self) -> Vec<Kind> {
        let audio = (!self.audio.is_empty()).then_some(Kind::Audio(AUDIO_RATE));
        std::iter::once(Kind::Video(self.timescale)).chain(audio).collect()
    }

    fn fragments(&self) -> Vec<Fragment> {
        let (mut video, mut audio) = (&self.video[..], &self.audio[..]);
        let mut fragments = Vec::new();
        let mut borders = self.borders.iter().cycle();
        while let Some((frames, sounds)) = borders.next().filter(|_| !video.is_empty() || !audio.is_empty()) {
            let (first, others) = video.split_at(*frames.min(&video.len()));
            let (sound, sounds) = audio.split_at(*sounds.min(&audio.len()));
            (video, audio) = (others, sounds);
            fragments.push(fragment([first, sound].concat()));
        }
        fragments
    }

    fn first_sync(&self) -> Option<&Sample> {
        self.video.iter().find(|sample| sample.is_sync())
    }
}

fn streams() -> impl Strategy<Value = Stream> {
    let timescale = prop::sample::select(vec![1000, 15_360, 30_000, 90_000]);
    let frames = prop::collection::vec((0.1..1.0_f64, 0..25_u8), 1..400);
    let borders = prop::collection::vec((1..30_usize, 1..40_usize), 1..8);
    let segment = (350..3000_u64).prop_map(Duration::from_millis);
    let starts = (0..1_u64 << 40, -3000..3000_i64);
    (timescale, frames, borders, segment, starts).prop_map(|(timescale, frames, borders, segment, (seconds, shift))| {
        let mut time = (1 << 20) + seconds;
        let mut video = Vec::new();
        for (length, sync) in frames {
            let duration = (length * LONGEST_FRAME * f64::from(timescale)) as u32;
            video.push(sample(1, time, duration, sync == 0));
            time += u64::from(duration);
        }
        let scale = |time: u64| (u128::from(time) * u128::from(AUDIO_RATE) / u128::from(timescale)) as u64;
        let first = scale(video[0].decode_time).saturating_add_signed(shift);
        let count = scale(time).saturating_sub(first) / 1024;
        let audio = (0..count).map(|i| sample(2, first + i * 1024, 1024, true)).collect();
        let longest = Duration::from_secs(600);
        let targets = Targets { segment, part: Some(Duration::from_millis(350)), longest, independent: true };
        Stream { timescale, targets, video, audio, borders }
    })
}

/// Returns the output of each push, `finish` last, for the stream's fragments.
fn cut(stream: &Stream) -> Vec<Vec<Cut>> {
    let start = Start { segment: 5, part_number: 40 };
    let mut cutter = Cutter::new(&init(&stream.kinds()), stream.targets, start).unwrap();
    let push = |fragment| cutter.push(fragment).unwrap().cuts;
    let mut cuts: Vec<_> = stream.fragments().into_iter().map(push).collect();
    cuts.push(cutter.finish().cuts);
    cuts
}

fn parts(cuts: &[Vec<Cut>]) -> Vec<&Part> {
    fn part(cut: &Cut) -> Option<&Part> {
        if let Cut::Part(part) = cut { Some(part) } else { None }
    }
    cuts.iter().flatten().filter_map(part).collect()
}

fn samples(stream: &Stream, part: &Part, track: u32) -> Vec<Sample> {
    let mut samples = read_fragments(&stream.kinds(), &part.bytes).remove(0).samples;
    samples.retain(|sample| sample.track == track);
    samples
}

/// Returns whether `time` at `scale` is before `other` at `other_scale`.
fn is_before((time, scale): (u64, u32), (other, other_scale): (u64, u32)) -> bool {
    u128::from(time) * u128::from(other_scale) < u128::from(other) * u128::from(scale)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_sample_is_lost_doubled_or_moved(stream in streams()) {
        let cuts = cut(&stream);
        let all = |track| parts(&cuts).into_iter().flat_map(|part| samples(&stream, part, track)).collect::<Vec<_>>();
        let Some(first) = stream.first_sync() else {
            prop_assert!(cuts.concat().is_empty());
            return Ok(());
        };
        let kept = stream.video.iter().skip_while(|sample| !sample.is_sync()).cloned();
        // Beside audio behind the last frame, frames are repeated.
        let last = stream.video.last().map_or(0, |last| last.decode_time);
        let own = all(1).into_iter().filter(|sample| sample.decode_time <= last);
        prop_assert_eq!(own.collect::<Vec<_>>(), kept.collect::<Vec<_>>());
        let origin = (first.decode_time, stream.timescale);
        let is_over = |sample: &&Sample| !is_before(origin, (sample.end(), AUDIO_RATE));
        let kept: Vec<_> = stream.audio.iter().skip_while(is_over).cloned().collect();
        prop_assert_eq!(all(2), kept);
    }

    #[test]
    fn parts_keep_to_the_target_and_are_short_only_where_they_may(stream in streams()) {
        let cuts = cut(&stream);
        let parts = parts(&cuts);
        let target = stream.targets.part.unwrap();
        for (i, part) in parts.iter().enumerate() {
            prop_assert!(part.duration <= target && part.duration > Duration::ZERO);
            let next = parts.get(i + 1);
            let may_be_short = next.is_none_or(|next| next.segment > part.segment || next.independent);
            prop_assert!([1, 2].iter().any(|track| !samples(&stream, part, *track).is_empty()));
            prop_assert!(may_be_short || part.duration * 100 >= target * 85, "{:?}", part.duration);
        }
    }

    #[test]
    fn parts_and_segments_are_numbered_timed_and_marked(stream in streams()) {
        let cuts = cut(&stream);
        let (mut segment, mut index, mut number, mut end) = (5, 0, 40, Duration::ZERO);
        let mut bytes: Vec<u8> = Vec::new();
        let mut duration = Duration::ZERO;
        for cut in cuts.iter().flatten() {
            match cut {
                Cut::Part(part) => {
                    prop_assert_eq!((part.segment, part.index, part.number, part.start), (segment, index, number, end));
                    // Parts of repeated frames can be decoded without others; audio alone is nothing to begin with,
                    // except where there is nothing else and every segment has to begin so.
                    let first = samples(&stream, part, 1).first().map_or(index == 0, Sample::is_sync);
                    prop_assert_eq!(part.independent, first);
                    prop_assert!(index > 0 || first);
                    (index, number) = (index + 1, number + 1);
                    end += part.duration;
                    duration += part.duration;
                    bytes.extend(&part.bytes[..]);
                }
                Cut::PartsEnd(end) => prop_assert!(false, "{:?}", end),
                Cut::Segment(done) => {
                    prop_assert_eq!((done.sequence, done.parts, done.duration), (segment, index, duration));
                    prop_assert_eq!(done.start + done.duration, end);
                    prop_assert_eq!(&done.bytes[..], &std::mem::take(&mut bytes)[..]);
                    (segment, index, duration) = (segment + 1, 0, Duration::ZERO);
                }
            }
        }
        prop_assert!(bytes.is_empty());
    }

    #[test]
    fn the_sum_of_durations_is_never_behind_the_media_nor_a_microsecond_ahead(stream in streams()) {
        let cuts = cut(&stream);
        let Some(first) = stream.first_sync() else { return Ok(()) };
        let scale = u128::from(stream.timescale);
        let (mut parts, mut segments, mut end) = (0, 0, 0);
        for cut in cuts.iter().flatten() {
            match cut {
                Cut::Part(part) => {
                    prop_assert_eq!(part.duration.as_nanos() % 1000, 0);
                    parts += part.duration.as_micros();
                    // Behind the last frame it goes by the audio.
                    let Some(last) = samples(&stream, part, 1).pop() else { break };
                    end = last.end() - first.decode_time;
                }
                Cut::PartsEnd(end) => prop_assert!(false, "{:?}", end),
                Cut::Segment(segment) => {
                    segments += segment.duration.as_micros();
                    prop_assert_eq!(segments, parts);
                }
            }
            let exact = u128::from(end) * 1_000_000;
            prop_assert!((exact..exact + scale).contains(&(parts * scale)), "{parts} µs of {end} / {scale} s");
        }
    }

    #[test]
    fn a_segment_starts_at_the_first_sync_sample_that_may(stream in streams()) {
        let cuts = cut(&stream);
        let mut starts = Vec::new();
        for sample in stream.video.iter().filter(|sample| sample.is_sync()) {
            let twice = |start: &u64| 2 * (sample.decode_time - start) + u64::from(sample.duration);
            let target = 2 * stream.targets.segment.as_millis() * u128::from(stream.timescale);
            if starts.last().is_none_or(|start| u128::from(twice(start)) * 1000 >= target) {
                starts.push(sample.decode_time);
            }
        }
        let first = parts(&cuts).into_iter().filter(|part| part.index == 0);
        let first = first.filter_map(|part| samples(&stream, part, 1).into_iter().next());
        let found: Vec<u64> = first.map(|sample| sample.decode_time).collect();
        prop_assert_eq!(found, starts);
    }

    #[test]
    fn sound_is_in_the_part_that_it_begins_in_unless_it_came_late(stream in streams()) {
        let cuts = cut(&stream);
        let mut arrived = 0;
        for (cuts, fragment) in cuts.iter().zip(stream.fragments()) {
            arrived += fragment.samples.iter().filter(|sample| sample.track == 2).count();
            for part in parts(std::slice::from_ref(cuts)) {
                let video = samples(&stream, part, 1);
                if video.is_empty() {
                    continue;
                }
                let end = (video[video.len() - 1].end(), stream.timescale);
                let audio = samples(&stream, part, 2);
                let begins_before = |sample: &&Sample| is_before((sample.decode_time, AUDIO_RATE), end);
                prop_assert!(audio.iter().all(|sample| begins_before(&sample)));
                let due = stream.audio[..arrived].iter().filter(begins_before).count();
                let last = stream.audio[..due].last();
                prop_assert!(audio.is_empty() || audio.last() == last);
            }
        }
    }

    #[test]
    fn a_part_is_closed_at_once_when_it_is_long_enough(stream in streams()) {
        let stream = Stream { audio: Vec::new(), ..stream };
        let cuts = cut(&stream);
        let Some(first) = stream.first_sync() else { return Ok(()) };
        let clock = Clock { timescale: stream.timescale.try_into().unwrap(), origin: Some(first.decode_time) };
        let (mut pushed, mut cut) = (Duration::ZERO, Duration::ZERO);
        for (cuts, fragment) in cuts.iter().zip(stream.fragments()) {
            let last = fragment.samples.iter().rfind(|sample| sample.track == 1);
            pushed = last.map_or(pushed, |last| clock.at(last.end()));
            cut += parts(std::slice::from_ref(cuts)).iter().map(|part| part.duration).sum::<Duration>();
            let (target, next) = (stream.targets.part.unwrap(), last.map_or(0, |last| last.end() + u64::from(last.duration)));
            // Two rounded points lie up to a microsecond further apart than the exact ones.
            prop_assert!((pushed - cut) * 100 <= target * 85 || clock.at(next) - cut <= target);
        }
    }
}
