//! Random media: frames of any length, key frames at any distance, audio that begins and ends before or after, jumps of
//! all tracks and of one, clocks that have nothing to do with each other, video that is late, and fragments that end
//! anywhere.

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

/// A jump of the clock of one track.
#[derive(Debug, Clone, Copy)]
pub struct Jump {
    pub track: u32,
    /// From this frame on, and the audio beside it; 0 for all of the track.
    pub frame: usize,
    pub seconds: i64,
}

/// A stream and how it is pushed.
#[derive(Debug, Clone)]
pub struct Push {
    pub timescale: u32,
    pub frames: Vec<Frame>,
    /// Start of the audio relative to the video, in its ticks; `None` without audio.
    pub audio: Option<i64>,
    /// Audio samples behind the last frame.
    pub tail: u64,
    pub jump: Option<Jump>,
    /// Frames of a fragment, and whether each track has fragments of its own.
    pub border: usize,
    pub is_apart: bool,
    /// Fragments by which the video comes later than the audio.
    pub late: usize,
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
    let late = prop_oneof![3 => Just(0.0), 1 => 0.0..9.0_f64];
    let long = prop::option::of((0..250_usize, 2.0..9.0_f64));
    let odd = (prop::option::of(jump()), prop_oneof![Just(0), 0..500_u64], long, late);
    (timescale, rate, frames, group, audio, way, odd).prop_map(
        |(
            timescale,
            rate,
            frames,
            group,
            audio,
            (border, is_apart, is_declared, is_regular),
            (jump, tail, long, late),
        )| {
            let frame = |(number, (length, sync, all)): (usize, (f64, u32, u8))| Frame {
                ticks: ((length / rate).min(1.9) * f64::from(timescale)) as u32,
                is_sync: if is_regular { number % group == 0 } else { sync < 1000 / group as u32 },
                jumps: all == 1 && jump.is_none(),
            };
            let mut frames: Vec<Frame> = frames.into_iter().enumerate().map(frame).collect();
            if let Some((frame, seconds)) = long.and_then(|(number, seconds)| Some((frames.get_mut(number)?, seconds)))
            {
                frame.ticks = (seconds * f64::from(timescale)) as u32;
            }
            // Encoders that give each track fragments of its own put two seconds into one at most.
            let border = if is_apart && jump.is_some() { border.min(1 + rate as usize) } else { border };
            let jump = jump.filter(|_| audio.is_some());
            // A clock can jump only once its track has begun.
            let audio = audio.map(|shift| if jump.is_some() { shift.min(0) } else { shift });
            let is_steady = audio.is_some() && jump.is_none() && !frames.iter().any(|frame| frame.jumps);
            // Late video comes late all the time: no long frame, which would be later still, and no long fragments.
            let border = if late > 0.0 && is_steady { border.min(1 + rate as usize) } else { border };
            let longest = frames.iter().map(|frame| frame.ticks).max().unwrap_or(1).max(1);
            let count = (late * f64::from(timescale) / f64::from(longest)) as usize;
            let late = if is_steady && long.is_none() { count / border } else { 0 };
            let tail = if late > 0 { 0 } else { tail };
            let push = Push { timescale, frames, audio, tail, jump, border, is_apart, late, is_declared };
            Push { tail: if push.is_ambiguous() { 0 } else { tail }, ..push }
        },
    )
}

fn jump() -> impl Strategy<Value = Jump> {
    let seconds = prop::sample::select(vec![-400_i64, -20, -3, -1, 3, 5, 20, 100_000]);
    let frame = prop_oneof![1 => Just(0), 4 => 1..250_usize];
    (1..3_u32, frame, seconds).prop_map(|(track, frame, seconds)| {
        // Tracks that begin a little apart are meant to.
        let seconds = if frame == 0 && seconds.abs() < 10 { seconds * 10 } else { seconds };
        Jump { track, frame, seconds }
    })
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
    /// Whether the video jumps ahead and all that tells of it is the last fragment, whose audio ends about where the
    /// video does as it is stated: that is a hole in the video as well.
    fn is_ambiguous(&self) -> bool {
        let Some(jump) = self.jump.filter(|jump| jump.track == 1) else { return false };
        let last = self.frames.len().saturating_sub(1) / self.border * self.border;
        let before = self.frames.get(jump.frame..last).unwrap_or_default();
        let passed: u64 = before.iter().map(|frame| u64::from(frame.ticks)).sum();
        let tail = i64::try_from(self.tail * 1024 / AUDIO_RATE).unwrap_or(i64::MAX);
        2 * passed <= u64::from(self.timescale) && (jump.seconds > 0 && 3 * (tail + 1) >= jump.seconds)
    }

    /// The first frame behind a jump of the video alone of which nothing tells but the last fragment: there may as well
    /// be a hole, behind which a decoder needs a key frame.
    pub fn jump_at_end(&self) -> Option<u64> {
        let jump = self.jump.filter(|jump| jump.track == 1 && jump.seconds > 0)?;
        let last = self.frames.len().saturating_sub(1) / self.border * self.border;
        (jump.frame >= last).then_some(jump.frame as u64)
    }

    /// The same on one clock, which never jumps, with video that is not late, and in fragments of two seconds at most.
    pub fn steady(self) -> Self {
        let frames: Vec<Frame> = self.frames.iter().map(|frame| Frame { jumps: false, ..*frame }).collect();
        let ticks: u64 = frames.iter().map(|frame| u64::from(frame.ticks)).sum();
        let most = 2 * u64::from(self.timescale) * frames.len() as u64 / ticks.max(1);
        let border = self.border.min(usize::try_from(most).unwrap_or(1).max(1));
        Self { frames, jump: None, late: 0, border, ..self }
    }

    /// Whether fragments differ by less than a quarter of a second, but for the last one: those of the video, whose
    /// frames are short, and the first one of the audio.
    pub fn has_even_fragments(&self) -> bool {
        let length = |frames: &[Frame]| frames.iter().map(|frame| u64::from(frame.ticks)).sum::<u64>();
        let lengths = || self.frames.chunks_exact(self.border.min(self.frames.len()).max(1)).map(length);
        let differ = lengths().max().zip(lengths().min()).map_or(0, |(most, least)| most - least);
        let shift = self.audio.map_or(0, i64::unsigned_abs);
        let is_short = self.frames.iter().all(|frame| 2 * frame.ticks <= self.timescale);
        is_short && 4 * differ < u64::from(self.timescale) && 4 * shift < AUDIO_RATE
    }

    pub fn can_begin(&self) -> bool {
        self.frames.iter().any(|frame| frame.is_sync)
    }

    pub fn init(&self) -> Init {
        let audio = self.audio.map(|_| track(2, Handler::Audio, AUDIO_RATE as u32, "mp4a.40.2"));
        let tracks = std::iter::once(track(1, Handler::Video, self.timescale, "avc1.64001f")).chain(audio).collect();
        Init { bytes: Bytes::from_static(b"\0\0\0\x08ftyp"), tracks, ignored: Vec::new() }
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

    /// The frames and the audio of each fragment, without the jump of one track.
    pub fn pieces(&self) -> Vec<(Vec<Sample>, Vec<Sample>)> {
        let video = self.video();
        let (mut heard, mut count) = (None, 0);
        let mut pieces = Vec::new();
        for frames in video.chunks(self.border.min(video.len())) {
            let mut audio = self.audio.map(|shift| self.audio_of(frames, shift, &mut heard)).unwrap_or_default();
            number(&mut audio, &mut count);
            pieces.push((frames.to_vec(), audio));
        }
        if let (Some(at), Some((_, audio))) = (heard, pieces.last_mut()) {
            let mut tail = (0..self.tail).map(|number| sound(at + number * 1024)).collect::<Vec<_>>();
            number(&mut tail, &mut count);
            audio.extend(tail);
        }
        pieces
    }

    /// The init section, and the fragments.
    pub fn items(&self) -> Vec<Item> {
        let mut items = vec![Item::Init(self.init())];
        let (mut video, mut audio): (Vec<_>, Vec<_>) = self.pieces().into_iter().unzip();
        video.splice(0..0, vec![Vec::new(); self.late]);
        audio.resize(video.len(), Vec::new());
        for (mut frames, mut audio) in video.into_iter().zip(audio) {
            self.displace(&mut frames);
            self.displace(&mut audio);
            let fragment = |samples| Item::Fragment(Fragment { sequence: 1, samples });
            if self.is_apart {
                items.push(fragment(frames));
                items.push(fragment(audio));
            } else {
                items.push(fragment([frames, audio].concat()));
            }
        }
        items
    }

    /// Moves the times of the samples behind the jump of their track.
    fn displace(&self, samples: &mut [Sample]) {
        let Some(jump) = self.jump else { return };
        let Some(frame) = self.video().get(jump.frame).map(|frame| frame.decode_time) else { return };
        let rate = if jump.track == 1 { u64::from(self.timescale) } else { AUDIO_RATE };
        let from = if jump.frame == 0 { 0 } else { frame * rate / u64::from(self.timescale) };
        for sample in samples.iter_mut().filter(|sample| sample.track == jump.track && sample.decode_time >= from) {
            sample.decode_time = sample.decode_time.wrapping_add_signed(jump.seconds * rate as i64);
        }
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
                audio.push(sound(at));
                at += 1024;
            }
            *heard = Some(at);
        }
        audio
    }
}

fn sound(at: u64) -> Sample {
    Sample { track: 2, decode_time: at, duration: 1024, composition_offset: 0, flags: 0, payload: Bytes::new() }
}

/// Tells samples apart by their number.
fn number(samples: &mut [Sample], count: &mut u64) {
    for sample in samples {
        sample.payload = Bytes::copy_from_slice(&count.to_be_bytes());
        *count += 1;
    }
}
