//! The cutter: fragments in, parts and segments out.
//!
//! Goes by the samples of the leading track (video, else audio). A part never exceeds the part
//! target, a segment begins with a sync sample; the samples of other tracks go along. Never
//! decodes, never changes a decode time, and never keeps a part back that is long enough.
//!
//! rfc8216bis, 3 (parts, segments) and 4.4.3.7 (EXT-X-PART-INF); CMAF 7.3.3.

mod clock;
mod close;
mod intake;
mod lane;
#[cfg(test)]
mod properties;
mod rules;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;

use crate::{Error, Fragment, Init};
use clock::Clock;
pub(crate) use clock::time;
use lane::Lane;
use rules::Rules;

/// How long parts and segments shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// A segment ends before the first sync sample at or after this.
    pub segment: Duration,
    /// No part is longer. Parts of 85 % of it and more come out for certain as long as no sample
    /// of the leading track lasts longer than 15 % of it. Counts in whole microseconds.
    pub part: Duration,
}

/// The numbers to go on from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// Media sequence number of the next segment.
    pub segment: u64,
    /// Number of the next part over the whole stream.
    pub part_number: u64,
}

/// What the cutter has finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// A part of the segment that is open, or just ending.
    Part(Part),
    /// A segment: right behind its last part.
    Segment(Segment),
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
    /// How long it lasts by the leading track, in whole microseconds: its end, rounded like its start, less its
    /// start. So the sum of many never falls behind the media, and is never a microsecond ahead. Never above the part
    /// target.
    pub duration: Duration,
    /// One `moof` and its `mdat`.
    pub bytes: Bytes,
}

/// A media segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Media sequence number.
    pub sequence: u64,
    /// `start` of its first part.
    pub start: Duration,
    /// The sum of its parts' durations.
    pub duration: Duration,
    /// Its parts, one behind the other.
    pub bytes: Bytes,
    /// How many parts it has; never 0.
    pub parts: u64,
}

/// Cuts fragments of one initialization section into parts and segments.
#[derive(Debug)]
pub struct Cutter {
    rules: Rules,
    /// Decode times of the leading track to time since the stream's first sample.
    clock: Clock,
    leading: Lane,
    others: Vec<Lane>,
    /// The parts of the open segment.
    parts: Vec<Part>,
    /// Where in the leading track the open segment starts and the last part ended.
    segment_start: u64,
    next: Start,
}

impl Cutter {
    /// A cutter for the tracks of `init` whose first segment and part bear the numbers of `start`.
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
            others: others.map(Lane::new).collect(),
            parts: Vec::new(),
            segment_start: 0,
            next: start,
        })
    }

    /// Lets segments end on a grid instead of by their own length: before the first sync sample at
    /// or after `origin` plus a multiple of the segment target, `origin` being decode time. Tracks
    /// on one grid do not drift apart, as far as their sync samples allow.
    #[must_use]
    pub fn on_grid(mut self, origin: Duration) -> Self {
        self.rules.grid = Some(origin.as_nanos());
        self
    }

    /// The decode time of the first sample; `None` before it. The `start` of parts counts from it.
    pub fn origin(&self) -> Option<Duration> {
        Some(time(self.clock.origin?, self.clock.timescale))
    }

    /// Takes a fragment and gives what it finishes. What comes before the leading track's first
    /// sync sample is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Discontinuity`], [`Error::SampleTooLong`], [`Error::UnknownTrack`] and
    /// [`Error::Waiting`]. Then nothing of the fragment has been taken: after a discontinuity,
    /// [`Cutter::finish`] gives what is left from before it, and a copy of the fragment can be
    /// pushed again (fragments are cheap to clone). If it is refused a second time, the jump is
    /// inside of the fragment.
    pub fn push(&mut self, fragment: Fragment) -> Result<Vec<Cut>, Error> {
        self.examine(&fragment)?;
        let mut cuts = Vec::new();
        let (leading, others): (Vec<_>, Vec<_>) =
            fragment.samples.into_iter().partition(|sample| sample.track == self.leading.track);
        for sample in others {
            let lane = self.others.iter_mut().find(|lane| lane.track == sample.track);
            lane.expect("examine knows every track").push(sample);
        }
        for sample in leading {
            self.lead(sample, &mut cuts);
        }
        self.close_long_part(&mut cuts);
        Ok(cuts)
    }

    /// Gives what is left: the last part and the last segment. Samples of other tracks that begin behind the last of
    /// the leading track are dropped: players do not reach a part in which nothing of it stands, and wait there.
    ///
    /// Then the cutter stands like a new one whose numbers go on: the next fragment may have any
    /// decode time, and begins at zero again.
    pub fn finish(&mut self) -> Vec<Cut> {
        let mut cuts = Vec::new();
        self.close_part(&mut cuts);
        self.close_segment(&mut cuts);
        self.clock.origin = None;
        self.leading.reset();
        self.others.iter_mut().for_each(Lane::reset);
        cuts
    }

    /// The numbers that the next segment and the next part will bear.
    pub fn next_start(&self) -> Start {
        self.next
    }
}
