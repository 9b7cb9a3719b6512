//! Bit rate and frame rate measured over the latest segments of a track.
//!
//! A track is declared before its media is known, and corrected by what was cut since. Players read the multivariant
//! playlist once, so what is stated does not follow every segment: it rises at once, and falls only when the window no
//! longer holds the media that it was stated for.
//!
//! rfc8216bis, 4.4.6.2 (BANDWIDTH, FRAME-RATE).

use std::collections::VecDeque;
use std::time::Duration;

use super::period::rate;
use crate::{Fragment, Sample, Track as MediaTrack};

/// The fastest run of frames that lasts so long counts: long enough for uneven time stamps to even out.
const RUN: Duration = Duration::from_millis(200);
/// Frames of a run at most; more would be a rate that nothing allows.
const MAX_RUN: usize = 256;
/// Frame rates that may be stated, in thousandths of a frame per second.
const MAX_RATE: u64 = 1_000_000;
/// Segments that are kept at most.
const MAX_SEGMENTS: usize = 4096;

/// One segment.
#[derive(Debug, Clone, Copy)]
struct Measure {
    duration: Duration,
    bytes: usize,
    /// Thousandths of a frame per second.
    frame_rate: Option<u64>,
}

/// Measurements over a window of segments, and the values stated from them.
#[derive(Debug, Default)]
pub(super) struct Measured {
    segments: VecDeque<Measure>,
    frames: Frames,
    /// Bits per second at most.
    pub bandwidth: Option<u64>,
    frame_rate: Option<u64>,
}

impl Measured {
    /// Takes the frames of the leading track that a fragment brings.
    pub fn note(&mut self, fragment: &Fragment, leading: &MediaTrack) {
        let own = fragment.samples.iter().filter(|sample| sample.track == leading.id);
        own.for_each(|sample| self.frames.add(sample, leading));
    }

    /// Takes a segment. Says whether something else is to be stated than before. `least` is the shortest segment that is
    /// a peak by itself.
    pub fn add(&mut self, bytes: usize, duration: Duration, window: Duration, least: Duration) -> bool {
        self.segments.push_back(Measure { duration, bytes, frame_rate: self.frames.take() });
        let mut listed: Duration = self.segments.iter().map(|segment| segment.duration).sum();
        while let Some(first) = self.segments.front() {
            listed -= first.duration;
            if listed < window && self.segments.len() <= MAX_SEGMENTS {
                break;
            }
            self.segments.pop_front();
        }
        let bandwidth = follow(self.bandwidth, Some(self.peak(least)), 100, 75);
        let frame_rate = self.segments.iter().filter_map(|segment| segment.frame_rate).max();
        let frame_rate = follow(self.frame_rate, frame_rate, 102, 90);
        let changed = (self.bandwidth, self.frame_rate) != (bandwidth, frame_rate);
        (self.bandwidth, self.frame_rate) = (bandwidth, frame_rate);
        changed
    }

    /// Frames per second, to three decimals.
    pub fn frame_rate(&self) -> Option<f64> {
        self.frame_rate.map(|thousandths| thousandths as f64 / 1000.0)
    }

    /// Forgets the frames of other media.
    pub fn renew(&mut self) {
        self.frames = Frames::default();
    }

    /// Returns the rate of the fastest segment; of all together where none is long enough.
    fn peak(&self, least: Duration) -> u64 {
        let alone = self.segments.iter().filter(|segment| segment.duration >= least);
        let fastest = alone.map(|segment| rate(segment.bytes, segment.duration)).max();
        let (bytes, lasts) = self.segments.iter().fold((0_usize, Duration::ZERO), |(bytes, lasts), segment| {
            (bytes.saturating_add(segment.bytes), lasts + segment.duration)
        });
        round_up(fastest.unwrap_or_else(|| rate(bytes, lasts)))
    }
}

/// A stated value stays until the measured one exceeds `above` per cent of it, or falls below `below` per cent.
fn follow(stated: Option<u64>, measured: Option<u64>, above: u64, below: u64) -> Option<u64> {
    let Some((known, found)) = stated.zip(measured) else { return measured.or(stated) };
    let (known, found) = (u128::from(known), u128::from(found));
    let stays = found * 100 <= known * u128::from(above) && found * 100 >= known * u128::from(below);
    if stays { stated } else { measured }
}

/// Rounded up to two decimal digits.
fn round_up(rate: u64) -> u64 {
    let mut step = 1;
    while rate / step >= 100 {
        step *= 10;
    }
    rate.div_ceil(step).saturating_mul(step)
}

/// The frames since the last segment, and the run that ends with the newest.
#[derive(Debug, Default)]
struct Frames {
    run: VecDeque<u32>,
    /// Ticks of the run.
    length: u64,
    fastest: Option<u64>,
    count: u64,
    ticks: u64,
    timescale: u64,
}

impl Frames {
    fn add(&mut self, sample: &Sample, leading: &MediaTrack) {
        self.timescale = leading.timescale.get().into();
        self.run.push_back(sample.duration);
        self.length += u64::from(sample.duration);
        (self.count, self.ticks) = (self.count + 1, self.ticks.saturating_add(sample.duration.into()));
        let least = leading_ticks(RUN, self.timescale);
        while let Some(first) = self.run.front().copied().map(u64::from) {
            if self.length - first < least && self.run.len() <= MAX_RUN {
                break;
            }
            (self.length, _) = (self.length - first, self.run.pop_front());
        }
        if self.length >= least {
            self.fastest = self.fastest.max(thousandths(self.run.len() as u64, self.length, self.timescale));
        }
    }

    /// Returns the rate of the fastest run since this was last asked: that of all frames where they are even.
    fn take(&mut self) -> Option<u64> {
        let mean = thousandths(self.count, self.ticks, self.timescale);
        (self.count, self.ticks) = (0, 0);
        let fastest = self.fastest.take();
        match fastest.zip(mean) {
            Some((fastest, mean)) if fastest <= mean + mean / 32 => Some(mean),
            _ => fastest.or(mean),
        }
    }
}

fn leading_ticks(duration: Duration, timescale: u64) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).saturating_mul(timescale).div_ceil(1000)
}

/// Thousandths of a frame per second; `None` where they are more than may be stated.
fn thousandths(frames: u64, ticks: u64, timescale: u64) -> Option<u64> {
    let (frames, ticks) = (u128::from(frames) * u128::from(timescale) * 1000, u128::from(ticks));
    let rounded = (frames > 0 && ticks > 0).then(|| (frames + ticks / 2) / ticks)?;
    u64::try_from(rounded.max(1)).ok().filter(|rate| *rate <= MAX_RATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, VIDEO, fragment, sample};
    use proptest::prelude::*;

    const WINDOW: Duration = Duration::from_secs(6);

    /// Segments of 1 s whose frames last so many ticks of 1/15360 s each, and what is stated after each.
    fn stated(seconds: &[&[u32]]) -> Vec<Option<f64>> {
        let (mut measured, leading) = (Measured::default(), fixture::init(&[VIDEO]).tracks[0].clone());
        let mut at = 0;
        let second = |frames: &&[u32]| {
            let samples = frames.iter().map(|duration| {
                at += u64::from(*duration);
                sample(1, at, *duration, true)
            });
            measured.note(&fragment(samples.collect::<Vec<_>>()), &leading);
            measured.add(1000, Duration::from_secs(1), WINDOW, Duration::from_secs(1));
            measured.frame_rate()
        };
        seconds.iter().map(second).collect()
    }

    #[test]
    fn a_frame_rate_rises_with_the_first_faster_segment_and_falls_with_the_window() {
        let (slow, fast) = (&[3072; 5][..], &[256; 60][..]);
        assert_eq!(stated(&[slow, slow, fast, fast]), [Some(5.0), Some(5.0), Some(60.0), Some(60.0)]);
        let fallen = stated(&[fast, slow, slow, slow, slow, slow, slow, slow]);
        assert_eq!(fallen.iter().filter(|rate| **rate == Some(60.0)).count(), 6, "{fallen:?}");
        assert_eq!(fallen.last(), Some(&Some(5.0)));
    }

    #[test]
    fn uneven_video_is_as_fast_as_its_fastest_run() {
        // 30 fps with frames left out here and there, as a webcam in the dark makes them.
        let uneven = [512, 1536, 512, 512, 512, 512, 512, 512, 512, 2048, 1024, 1536, 1536, 1536, 1536];
        assert_eq!(stated(&[&uneven]), [Some(30.0)]);
    }

    #[test]
    fn rounded_time_stamps_make_no_other_rate() {
        // 30 fps in milliseconds, in a timescale of 15360.
        let rounded = [507, 507, 522, 507, 507, 522, 507, 507, 522, 507, 507, 522, 507, 507, 522];
        let rates = stated(&[&rounded, &rounded, &rounded]);
        assert!(rates.iter().all(|rate| rate.is_some_and(|rate| (rate - 30.0).abs() < 0.02)), "{rates:?}");
        assert!(rates.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_rate_that_may_not_be_stated_is_left_out() {
        assert_eq!(stated(&[&[8; 1920]]), [None]);
        assert_eq!(stated(&[&[0; 600]]), [None]);
        assert_eq!(stated(&[&[u32::MAX]]), [Some(0.001)]);
    }

    #[test]
    fn a_bandwidth_falls_once_the_fast_segments_have_left() {
        let mut measured = Measured::default();
        let mut add = |bytes| {
            measured.add(bytes, Duration::from_secs(1), WINDOW, Duration::from_secs(1));
            measured.bandwidth
        };
        assert_eq!(add(17_801), Some(150_000));
        assert_eq!([add(250_000), add(17_801)], [Some(2_000_000); 2]);
        assert_eq!((0..8).map(|_| add(17_801)).last(), Some(Some(150_000)));
    }

    proptest! {
        #[test]
        fn what_is_stated_is_what_may_be_stated(
            segments in prop::collection::vec((prop::collection::vec(any::<u32>(), 0..400), 1_usize..1 << 30), 1..20),
        ) {
            let (mut measured, leading) = (Measured::default(), fixture::init(&[VIDEO]).tracks[0].clone());
            for (durations, bytes) in segments {
                measured.note(&fragment(durations.into_iter().map(|duration| sample(1, 0, duration, true))), &leading);
                measured.add(bytes, Duration::from_millis(900), WINDOW, Duration::from_secs(1));
                prop_assert!(measured.frame_rate().is_none_or(|rate| rate > 0.0 && rate <= 1000.0));
                prop_assert!(measured.bandwidth.is_some_and(|bits| bits > 0));
                prop_assert!(measured.frames.run.len() <= MAX_RUN + 1);
            }
        }
    }
}
