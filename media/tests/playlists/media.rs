//! Random media: frames of any length, key frames at any distance, audio that begins before or after, jumps, and
//! fragments that end anywhere.

use std::num::NonZeroU32;

use bytes::Bytes;
use proptest::prelude::*;
use roomcast_media::{Defaults, Fragment, Handler, Init, Item, Sample, Track};

pub const AUDIO_RATE: u64 = 48_000;
const NON_SYNC: u32 = 0x0101_0000;

/// A frame of the video.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub ticks: u32,
    pub is_sync: bool,
    /// Decode times begin anew before it.
    pub jumps: bool,
}

/// A stream and how it is pushed.
#[derive(Debug, Clone)]
pub struct Push {
    pub timescale: u32,
    pub frames: Vec<Frame>,
    /// Where the audio begins relative to the video, in its ticks; `None` without audio.
    pub audio: Option<i64>,
    /// Frames of a fragment, and whether each track has fragments of its own.
    pub border: usize,
    pub is_apart: bool,
    pub is_declared: bool,
}

pub fn pushes() -> impl Strategy<Value = Push> {
    let timescale = prop::sample::select(vec![1000_u32, 15_360, 30_000, 90_000]);
    let rate = prop::sample::select(vec![30.0, 29.97, 25.0, 60.0, 12.0, 8.0, 7.5, 5.0, 4.0, 2.0, 1.0]);
    let frame = (
        prop_oneof![20 => Just(1.0), 3 => 0.7..1.4_f64, 1 => 1.5..6.0_f64],
        0..1000_u32,
        prop::sample::select(vec![0_u8; 97].into_iter().chain([1]).collect::<Vec<_>>()),
    );
    let frames = prop::collection::vec(frame, 1..250);
    let group = prop::sample::select(vec![1_usize, 15, 30, 60, 250]);
    let audio = prop::option::of(-96_000..96_000_i64);
    let way = (1..90_usize, any::<bool>(), any::<bool>(), any::<bool>());
    (timescale, rate, frames, group, audio, way).prop_map(
        |(timescale, rate, frames, group, audio, (border, is_apart, is_declared, is_regular))| {
            let frame = |(number, (length, sync, jump)): (usize, (f64, u32, u8))| Frame {
                // No frame is longer than a segment may be.
                ticks: ((length / rate).min(1.9) * f64::from(timescale)) as u32,
                is_sync: if is_regular { number % group == 0 } else { sync < 1000 / group as u32 },
                jumps: jump == 1,
            };
            let frames = frames.into_iter().enumerate().map(frame).collect();
            Push { timescale, frames, audio, border, is_apart, is_declared }
        },
    )
}

fn track(id: u32, handler: Handler, timescale: u32, codec: &str) -> Track {
    Track {
        id,
        handler,
        timescale: NonZeroU32::new(timescale).unwrap(),
        codec: codec.into(),
        resolution: (handler == Handler::Video).then_some((1280, 720)),
        language: None,
        channels: None,
        defaults: Defaults::default(),
        entry: Bytes::new(),
    }
}

impl Push {
    pub fn can_begin(&self) -> bool {
        self.frames.iter().any(|frame| frame.is_sync)
    }

    pub fn init(&self) -> Init {
        let audio = self.audio.map(|_| track(2, Handler::Audio, AUDIO_RATE as u32, "mp4a.40.2"));
        let tracks = std::iter::once(track(1, Handler::Video, self.timescale, "avc1.64001f")).chain(audio).collect();
        Init { bytes: Bytes::from_static(b"ftyp moov"), tracks, ignored: Vec::new() }
    }

    /// The frames with their decode times; the payload of each is its number.
    pub fn video(&self) -> Vec<Sample> {
        let mut at = u64::from(self.timescale) * 1000;
        let sample = |(number, frame): (usize, &Frame)| {
            // Times begin anew, further back each time.
            at = if frame.jumps { at.saturating_sub(u64::from(self.timescale) * 500) } else { at };
            at += u64::from(frame.ticks);
            Sample {
                track: 1,
                decode_time: at - u64::from(frame.ticks),
                duration: frame.ticks,
                composition_offset: 0,
                flags: if frame.is_sync { 0 } else { NON_SYNC },
                payload: Bytes::copy_from_slice(&(number as u64).to_be_bytes()),
            }
        };
        self.frames.iter().enumerate().map(sample).collect()
    }

    /// The init section, and the fragments.
    pub fn items(&self) -> Vec<Item> {
        let video = self.video();
        let mut items = vec![Item::Init(self.init())];
        let mut heard = None;
        for frames in video.chunks(self.border.min(video.len())) {
            let audio = self.audio.map(|shift| self.audio_of(frames, shift, &mut heard)).unwrap_or_default();
            let fragment = |samples| Item::Fragment(Fragment { sequence: 1, samples });
            if self.is_apart {
                items.push(fragment(frames.to_vec()));
                items.push(fragment(audio));
            } else {
                items.push(fragment([frames, &audio].concat()));
            }
        }
        items
    }

    /// The audio up to the end of these frames, from where it has been heard or they begin.
    fn audio_of(&self, frames: &[Sample], shift: i64, heard: &mut Option<u64>) -> Vec<Sample> {
        let scale = |ticks: u64| ticks * AUDIO_RATE / u64::from(self.timescale);
        let mut audio = Vec::new();
        for frame in frames {
            let begin = scale(frame.decode_time).saturating_add_signed(shift);
            let near = |heard: &u64| heard.abs_diff(scale(frame.decode_time)) < 4 * AUDIO_RATE;
            let mut at = heard.filter(near).unwrap_or(begin);
            while at < scale(frame.end()) {
                audio.push(Sample {
                    track: 2,
                    decode_time: at,
                    duration: 1024,
                    composition_offset: 0,
                    flags: 0,
                    payload: Bytes::from_static(b"audio"),
                });
                at += 1024;
            }
            *heard = Some(at);
        }
        audio
    }
}
