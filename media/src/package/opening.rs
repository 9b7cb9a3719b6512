//! The opening: what the first media tells of the rest, before anything is declared.
//!
//! Players read the target duration and the part target once. Therefore the first media waits for two key frames, or
//! for twelve seconds, or for an encoder that states an interval for which the least target is enough.

use std::time::Duration;

use super::input::Input;
use super::{Lengths, Packager};
use crate::cut::time;
use crate::{Error, Handler, Sample, Targets, Track};

/// Duration of media from which rates can be told.
pub(super) const LONGEST_OPENING: Duration = Duration::from_secs(12);
/// Frames whose durations are kept.
const MAX_FRAMES: usize = 4096;
/// Number of bytes of the first frame in which x264 and x265 state their settings.
const SETTINGS: usize = 4096;
/// The longest target duration there may be.
const MAX_TARGET: u64 = 3600;

/// Statistics of the samples of a track's leading media.
#[derive(Debug, Default)]
pub(super) struct Measure {
    first_sync: Option<u64>,
    last_sync: u64,
    /// The longest interval between two key frames, in ticks; 0 before the second.
    interval: u64,
    /// Decode time of the newest sample, and its end.
    newest: u64,
    end: u64,
    frames: Vec<u32>,
    /// Frames between two key frames at most, as the encoder states it.
    stated: Option<u32>,
}

impl Measure {
    pub fn add(&mut self, sample: &Sample) {
        if self.first_sync.is_some() && sample.decode_time < self.newest {
            // Times begin anew: an interval ends with the media before.
            self.interval = self.interval.max(self.end.saturating_sub(self.last_sync));
            (self.first_sync, self.last_sync) = (Some(sample.decode_time), sample.decode_time);
        }
        self.newest = sample.decode_time;
        if sample.is_sync() {
            match self.first_sync {
                None => {
                    self.first_sync = Some(sample.decode_time);
                    self.stated = stated_interval(&sample.payload);
                }
                Some(_) => self.interval = self.interval.max(sample.decode_time.saturating_sub(self.last_sync)),
            }
            self.last_sync = sample.decode_time;
        }
        if self.first_sync.is_some() && self.frames.len() < MAX_FRAMES {
            self.frames.push(sample.duration);
        }
        self.end = sample.end();
    }

    pub const fn has_begun(&self) -> bool {
        self.first_sync.is_some()
    }

    /// Returns whether enough has been seen of a track: more of it would not change how it is cut.
    pub fn is_enough(&self, track: &Track, lengths: Lengths) -> bool {
        let Some(first) = self.first_sync else { return false };
        let passed = time(self.end.saturating_sub(first), track.timescale);
        let stated = self.stated.and_then(|frames| {
            let ticks = u64::from(frames).checked_mul(median(&self.frames)?.into())?;
            Some(time(ticks, track.timescale))
        });
        let is_short = |interval| target_of(interval) <= lengths.target;
        lengths.is_declared || self.interval > 0 || passed >= LONGEST_OPENING || stated.is_some_and(is_short)
    }

    fn interval(&self, track: &Track) -> Duration {
        time(self.interval, track.timescale)
    }

    /// Returns the longest part of whole frames up to a limit, in milliseconds: full parts are as long as players are
    /// told that they are. `None` where a single frame exceeds the limit.
    pub fn part_target(&self, track: &Track, limit: Duration) -> Option<Duration> {
        let Some(frame) = median(&self.frames).filter(|frame| *frame > 0).map(u64::from) else { return Some(limit) };
        let timescale = u64::from(track.timescale.get());
        let most = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX).saturating_mul(timescale) / 1_000_000;
        let count = most / frame;
        if count == 0 {
            return None;
        }
        let sums = self.frames.windows(usize::try_from(count).unwrap_or(usize::MAX));
        let sums = sums.map(|frames| frames.iter().copied().map(u64::from).sum::<u64>());
        let longest = sums.filter(|sum| *sum <= most).max().unwrap_or(count * frame);
        let millis = (u128::from(longest) * 1000).div_ceil(timescale.into());
        Some(Duration::from_millis(millis as u64).min(limit))
    }
}

/// Returns the target duration for key frames so far apart: half as much again, in whole seconds.
fn target_of(interval: Duration) -> Duration {
    let seconds = (interval * 3 / 2).as_nanos().div_ceil(1_000_000_000);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(MAX_TARGET).min(MAX_TARGET))
}

fn median(frames: &[u32]) -> Option<u32> {
    let mut sorted = frames.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// Returns the key-frame interval that x264 and x265 state in a message beside the first frame, in frames.
fn stated_interval(frame: &[u8]) -> Option<u32> {
    let head = &frame[..frame.len().min(SETTINGS)];
    let find = |what: &[u8], from: usize| head.get(from..)?.windows(what.len()).position(|at| at == what);
    let from = find(b"x264 - core", 0).or_else(|| find(b"x265 (build", 0))?;
    let at = from + find(b" keyint=", from)? + b" keyint=".len();
    let digits: Vec<u8> = head[at..].iter().copied().take_while(u8::is_ascii_digit).take(9).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

impl Packager {
    /// Fixes the target durations once enough is known, and cuts the media that waited for them.
    pub(super) fn open(&mut self, now: Duration) -> Result<(), Error> {
        if self.targets.is_some() || !self.is_ready(now) {
            return Ok(());
        }
        self.targets = Some(self.choose());
        for held in std::mem::take(&mut self.held) {
            self.cut(&held.track, held.fragment, held.wall)?;
        }
        self.finish_over();
        Ok(())
    }

    pub(super) fn is_ready(&self, now: Duration) -> bool {
        let bytes = || self.held.iter().flat_map(|held| &held.fragment.samples).map(|sample| sample.payload.len());
        let mut begun = self.tracks.values().filter(|track| track.has_begun()).peekable();
        let has_begun = begun.peek().is_some();
        let is_known = begun.all(|track| track.is_over || track.is_measured(self.config.lengths));
        let is_over = now >= self.opening_ends || self.tracks.values().all(|track| track.is_over);
        let has_video = self.tracks.values().any(|track| track.has_begun() && track.has(Handler::Video));
        let is_complete = !self.inputs.values().any(Input::waits);
        has_begun && ((is_complete && is_known && (has_video || is_over)) || bytes().sum::<usize>() > self.config.held)
    }

    fn choose(&self) -> Targets {
        let Lengths { segment, part, target, is_declared } = self.config.lengths;
        let leading = |video: bool| {
            let tracks = self.tracks.values().filter(move |track| track.has(Handler::Video) == video);
            tracks.filter(|track| track.has_begun()).filter_map(|track| Some((track.opening(), track.leading()?)))
        };
        let has_video = leading(true).next().is_some();
        let interval = leading(has_video).map(|(measure, track)| measure.interval(track)).max().unwrap_or_default();
        let longest = match is_declared {
            true => target,
            false => target.max(target_of(interval)).max(target_of(segment * 2 / 3)),
        };
        let limit = part.min(segment);
        let parts = leading(has_video).map(|(measure, track)| measure.part_target(track, limit));
        // None for one is none for all: playlists of a presentation say the same.
        let part = parts.reduce(|one, other| Some(one?.min(other?))).unwrap_or(Some(limit));
        Targets { segment, part, longest, independent: is_declared }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, VIDEO, sample};

    fn measured(frames: impl IntoIterator<Item = u32>, group: usize) -> (Measure, Track) {
        let (mut measure, mut at) = (Measure::default(), 0);
        for (number, frame) in frames.into_iter().enumerate() {
            measure.add(&sample(1, at, frame, number % group == 0));
            at += u64::from(frame);
        }
        (measure, fixture::init(&[VIDEO]).tracks[0].clone())
    }

    fn part_of(frames: impl IntoIterator<Item = u32>) -> Option<u128> {
        let (measure, track) = measured(frames, 30);
        measure.part_target(&track, Duration::from_millis(350)).map(|part| part.as_micros())
    }

    #[test]
    fn the_part_target_is_what_whole_frames_fill() {
        let rates = [(60, 350), (30, 334), (12, 334), (10, 300), (8, 250), (6, 334), (5, 200), (4, 250), (3, 334)];
        for (rate, target) in rates {
            assert_eq!(part_of([15_360 / rate; 60]), Some(target * 1000), "{rate}");
        }
        assert_eq!(part_of([2048; 60]), Some(267_000));
        assert_eq!((part_of([7680; 10]), part_of([15_360; 10])), (None, None));
    }

    #[test]
    fn uneven_frames_make_room_for_the_longest_of_them() {
        assert_eq!(part_of([1910, 1930].repeat(20)), Some(250_000));
        assert_eq!(part_of([1900, 1960, 1930].repeat(20)), Some(254_000));
    }

    #[test]
    fn two_key_frames_or_twelve_seconds_are_enough() {
        let lengths = Lengths {
            segment: Duration::from_secs(1),
            part: Duration::from_millis(350),
            target: Duration::from_secs(2),
            is_declared: false,
        };
        for (frames, group, enough) in [(60, 60, false), (61, 60, true), (359, 999, false), (360, 999, true)] {
            let (measure, track) = measured([512].repeat(frames), group);
            assert_eq!(measure.is_enough(&track, lengths), enough, "{frames} {group}");
        }
        let (measure, track) = measured([512], 1);
        assert!(measure.is_enough(&track, Lengths { is_declared: true, ..lengths }));
    }

    #[test]
    fn the_target_is_half_as_much_again_as_the_interval() {
        let found = [0, 1000, 1334, 2000, 8334].map(|millis| target_of(Duration::from_millis(millis)).as_secs());
        assert_eq!(found, [0, 2, 3, 3, 13]);
        assert_eq!(target_of(Duration::from_secs(40) / 30).as_secs(), 2);
    }

    #[test]
    fn the_interval_that_an_encoder_states_is_found() {
        let text = b"\0\0\x02\xff\x06\x05x264 - core 164 r3095 - options: cabac=0 keyint=30 keyint_min=30 scenecut=0";
        assert_eq!(stated_interval(text), Some(30));
        assert_eq!(stated_interval(b"x264 - core 164 keyint=infinite"), None);
        assert_eq!(stated_interval(b"keyint=30"), None);
    }
}
