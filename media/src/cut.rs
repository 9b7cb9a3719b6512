//! The cutter: fragments in, parts and segments out.
//!
//! Goes by the samples of the leading track (video, else audio); the samples of other tracks go along. A part never
//! exceeds the part target, a segment never the longest that is allowed. Where no part can follow, the segment ends,
//! or goes on without parts and comes whole. A part or segment is listed with the duration of its media: a little time
//! without a frame belongs to the frame before, or to the next one where that is written already; more of it is filled
//! (`fill`). Never decodes, never changes the time at which a frame is shown, and refuses nothing for its timing.
//!
//! rfc8216bis, 3 (parts, segments) and 4.4.3.7 (EXT-X-PART-INF); CMAF 7.3.3.

mod clock;
mod close;
mod fill;
mod intake;
mod lane;
#[cfg(test)]
mod properties;
mod repeat;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::timing::Break;
use crate::{Error, Fragment, Init, Sample};
use clock::Clock;
pub(crate) use clock::time;
use close::Trial;
pub(crate) use intake::{LAG, LARGEST_JUMP, MAX_LAG};
use lane::{Lane, Span};
use repeat::Repeat;
use rules::Rules;

/// Target durations of parts and segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// A segment ends before the first sync sample at or after this.
    pub segment: Duration,
    /// No part is longer. Parts of 85 % of it and more come out for certain as long as no sample of the leading track
    /// lasts longer than 15 % of it. Counts in whole microseconds. `None` makes segments without parts.
    pub part: Option<Duration>,
    /// No segment is longer. Longer samples of the leading track go on in segments without any.
    pub longest: Duration,
    /// Every segment begins with a sync sample. Where none comes in time, media is left out up to the next one;
    /// otherwise a further segment begins without.
    pub independent: bool,
}

/// The numbers to go on from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// Media sequence number of the next segment.
    pub segment: u64,
    /// Number of the next part over the whole stream.
    pub part_number: u64,
}

/// A result of the cutter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// A part of the segment that is open, or just ending.
    Part(Part),
    /// The open segment has no further parts.
    PartsEnd(PartsEnd),
    /// A segment: right behind its last part.
    Segment(Segment),
}

/// Result of pushing a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The parts and segments that are finished.
    pub cuts: Vec<Cut>,
    /// A fragment that does not continue the media before: [`Cutter::finish`], then push it again.
    pub rest: Option<Fragment>,
}

/// Numbers of samples that are in no part or segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub leading: u64,
    pub others: u64,
    /// Samples of other tracks that end before the first one of the leading track.
    pub early: u64,
}

/// A partial segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Media sequence number of its segment.
    pub segment: u64,
    /// Its index in the segment, from 0.
    pub index: u64,
    /// Its number over the whole stream.
    pub number: u64,
    /// Whether its first sample of the leading track is a sync sample.
    pub independent: bool,
    /// Decode time of its first sample of the leading track since the first one of the stream, rounded up to the
    /// microsecond.
    pub start: Duration,
    /// Duration by the leading track, in whole microseconds: its end, rounded like its start, less its start. The sum
    /// of many durations therefore never falls behind the media, and is never a microsecond ahead. Never above the part
    /// target.
    pub duration: Duration,
    /// One `moof` and its `mdat`.
    pub bytes: Bytes,
}

/// The end of a segment's parts before the segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartsEnd {
    /// Media sequence number of the segment.
    pub segment: u64,
    /// The index of the part that does not come.
    pub index: u64,
    /// Its number over the whole stream.
    pub number: u64,
    /// Time at which it would begin.
    pub start: Duration,
    /// Known duration of the missing media, up to the part target.
    pub duration: Duration,
}

/// A media segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Media sequence number.
    pub sequence: u64,
    /// Whether it begins with a sync sample.
    pub independent: bool,
    /// Time at which it begins, as [`Part::start`].
    pub start: Duration,
    /// Its duration; the sum of its parts' durations unless the parts ended earlier.
    pub duration: Duration,
    /// All of its media, that of its parts in front.
    pub bytes: Bytes,
    /// Number of its parts.
    pub parts: u64,
}

/// Cuts fragments of one initialization section into parts and segments.
#[derive(Debug)]
pub struct Cutter {
    rules: Rules,
    /// Decode times of the leading track to time since the stream's first sample.
    clock: Clock,
    leading: Lane,
    /// There is no video.
    is_audio: bool,
    others: Vec<Lane>,
    /// Samples of the leading track that wait for those of others.
    ahead: VecDeque<Sample>,
    /// Samples of other tracks that wait for a jump of the leading one, and since when.
    astray: Vec<Sample>,
    astray_since: u64,
    /// The bytes of the open segment, how many parts it has, and whether it may have more.
    pieces: Vec<Bytes>,
    parts: u64,
    has_parts: bool,
    /// The open segment could not be cut into parts to its end, as so many in a row before it.
    is_troubled: bool,
    streak: u32,
    /// Segments come whole until one could have been cut.
    is_whole: bool,
    trial: Trial,
    is_independent: bool,
    /// Everything up to the next sync sample is left out.
    is_skipping: bool,
    /// Decode times of the leading track: where the open segment starts, and what is written.
    segment_start: u64,
    listed: u64,
    /// A `track_ID` of none: that of stand-ins for frames.
    no_track: u32,
    /// The newest frame with the end that it is written with, the end of one that was cut shorter than it lasts, and
    /// how far stand-ins reach.
    newest: Option<Span>,
    owed_to: u64,
    filled_to: u64,
    /// Ticks that other tracks were ahead of the newest frame when it came: the encoder brings video so late.
    lead: u64,
    /// Whether nothing more comes in this run.
    is_ending: bool,
    repeat: Repeat,
    /// The open segment has a frame, or begins with repeated ones: the next one can be decoded.
    has_frames: bool,
    /// A new period begins there.
    breaks_at: Option<Break>,
    /// Samples of other tracks before the first one are kept.
    goes_on: bool,
    left_out: LeftOut,
    next: Start,
}

impl Cutter {
    /// Creates a cutter for the tracks of `init` whose first segment and part have the numbers of `start`.
    ///
    /// # Errors
    ///
    /// [`Error::NoTracks`] and [`Error::Targets`].
    pub fn new(init: &Init, targets: Targets, start: Start) -> Result<Self, Error> {
        let leading = init.leading().ok_or(Error::NoTracks)?;
        let others = init.tracks.iter().filter(|track| track.id != leading.id);
        Ok(Self {
            rules: Rules::new(targets, leading.timescale)?,
            clock: Clock::new(leading.timescale),
            leading: Lane::new(leading),
            is_audio: leading.handler == crate::Handler::Audio,
            others: others.map(Lane::new).collect(),
            ahead: VecDeque::new(),
            astray: Vec::new(),
            astray_since: 0,
            pieces: Vec::new(),
            parts: 0,
            has_parts: targets.part.is_some(),
            is_troubled: false,
            streak: 0,
            is_whole: false,
            trial: Trial::new(0),
            is_independent: false,
            is_skipping: false,
            segment_start: 0,
            listed: 0,
            no_track: (0..=u32::MAX).find(|id| init.track(*id).is_none()).unwrap_or(0),
            newest: None,
            owed_to: 0,
            filled_to: 0,
            lead: 0,
            is_ending: false,
            repeat: Repeat::default(),
            has_frames: false,
            breaks_at: None,
            goes_on: false,
            left_out: LeftOut::default(),
            next: start,
        })
    }

    /// Keeps what other tracks have before the leading track's first sync sample: the media goes on from before.
    #[must_use]
    pub const fn going_on(mut self) -> Self {
        self.goes_on = true;
        self
    }

    /// Gives back media from a discontinuity on: from the hole there, or the first sync sample at that time or later.
    pub(crate) const fn break_at(&mut self, due: Break) {
        self.breaks_at = Some(due);
    }

    /// Lets segments end on a grid instead of by their own length: before the first sync sample at
    /// or after `origin` plus a multiple of the segment target, `origin` being decode time. Tracks
    /// on one grid do not drift apart, as far as their sync samples allow.
    #[must_use]
    pub fn on_grid(mut self, origin: Duration) -> Self {
        self.rules.grid = Some(origin.as_nanos());
        self
    }

    /// Returns the decode time of the first sample; `None` before it. The `start` of parts counts from it.
    pub fn origin(&self) -> Option<Duration> {
        Some(time(self.clock.origin?, self.clock.timescale))
    }

    /// Takes a fragment and gives what it finishes. Samples before the leading track's first sync sample are dropped.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTrack`] and [`Error::Waiting`]; then nothing of the fragment has been taken.
    pub fn push(&mut self, fragment: Fragment) -> Result<Pushed, Error> {
        self.examine(&fragment)?;
        let behind = self.take_in(fragment);
        let mut cuts = Vec::new();
        // Nothing more comes up to a jump.
        let rest = self.drain(behind.is_some(), &mut cuts);
        Ok(Pushed { cuts, rest: join(rest, behind) })
    }

    /// Returns what is left: the last part and the last segment, and behind the last frame parts and segments of other
    /// tracks alone.
    ///
    /// Then the cutter stands like a new one whose numbers go on: the next fragment may have any
    /// decode time, and begins at zero again.
    pub fn finish(&mut self) -> Pushed {
        let mut cuts = Vec::new();
        let rest = self.drain(true, &mut cuts);
        self.close_segment(&mut cuts);
        self.clock.origin = None;
        (self.is_skipping, self.newest, self.owed_to, self.filled_to, self.lead) = (false, None, 0, 0, 0);
        let waiting = self.others.iter().map(|lane| lane.waiting().count()).sum::<usize>() + self.astray.len();
        self.left_out.others += waiting as u64;
        self.astray.clear();
        self.repeat.clear();
        self.leading.reset();
        self.others.iter_mut().for_each(Lane::reset);
        Pushed { cuts, rest }
    }

    /// Returns the samples left out since this was last asked.
    pub(crate) fn take_left_out(&mut self) -> LeftOut {
        std::mem::take(&mut self.left_out)
    }

    /// Returns the numbers that the next segment and the next part will bear.
    pub fn next_start(&self) -> Start {
        self.next
    }
}

/// Both, one behind the other.
fn join(one: Option<Fragment>, other: Option<Fragment>) -> Option<Fragment> {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            one.samples.extend(other.samples);
            Some(one)
        }
        (one, other) => one.or(other),
    }
}
