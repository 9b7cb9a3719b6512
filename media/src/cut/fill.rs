//! Time for which the leading track has no frame: the rest of a frame longer than a segment, a hole in the video, audio
//! behind the last frame.
//!
//! Stand-ins take the place of frames there: they are cut like frames and never written, so that the audio beside them
//! is listed in its time. Behind a frame that is not written yet, they make it last longer. Frames are repeated where
//! stand-ins begin a part or, where they would make the stream faster, a segment that comes whole. Where none can be
//! repeated, the frame before is written with its whole duration, as far as that is known in time.
//!
//! A hole that is not filled belongs to the frame before it while that waits, else to the one behind it, which is
//! decoded earlier and shown at its time. Therefore the media of a part or segment lasts as long as it is listed with.

use super::clock::time;
use super::intake::{LAG, LARGEST_JUMP, MAX_LAG};
use super::lane::{Span, rescale};
use super::{Cutter, Targets};
use crate::Sample;

/// Sample flags of what nothing can be decoded from.
const NON_SYNC: u32 = 0x0001_0000;

impl Cutter {
    /// Returns the stand-in that is next in turn. Without `all`, one behind which no frame is known is as long as a
    /// part.
    pub(super) fn stand_in(&self, all: bool) -> Option<Sample> {
        let from = self.end_of_cut().filter(|_| !self.is_skipping)?;
        let chunk = self.chunk_at(from);
        let ticks = match self.ahead.front() {
            Some(next) => self.split(self.gap_before(next, from)?, chunk),
            None => self.audio_behind(from, all).min(chunk),
        };
        let is_known = all || !self.ahead.is_empty();
        let duration =
            u32::try_from(ticks).ok().filter(|ticks| *ticks > 0 && (is_known || u64::from(*ticks) == chunk))?;
        let is_sync = self.rules.targets.independent || self.repeat.is_possible();
        let flags = if is_sync { 0 } else { NON_SYNC };
        let payload = bytes::Bytes::new();
        Some(Sample { track: self.no_track, decode_time: from, duration, composition_offset: 0, flags, payload })
    }

    /// Returns where what has been cut, or waits to be written, ends.
    fn end_of_cut(&self) -> Option<u64> {
        self.clock.origin.map(|_| self.leading.end().unwrap_or(self.listed))
    }

    /// Ticks that are filled at once: as many as a part has, no further than to the longest end of the segment.
    /// Therefore the start of the next one does not depend on how long parts are.
    fn chunk_at(&self, from: u64) -> u64 {
        let Targets { segment, part, .. } = self.rules.targets;
        let chunk = part.filter(|_| !self.others.is_empty() || self.repeat.is_possible()).unwrap_or(segment);
        let full = self.rules.ticks(chunk).max(1);
        // The frame before lasts to the end of its part, which is as long as others.
        let open = if self.has_parts { self.leading.end().map_or(0, |end| end.saturating_sub(self.listed)) } else { 0 };
        let chunk = if open < full { full - open } else { full };
        let least = self.repeat.count();
        match self.segment_start.saturating_add(self.rules.longest()).saturating_sub(from) {
            0 => chunk,
            // A part of its own has room for repeated frames; what is left behind this one has none.
            room if (least..chunk + least).contains(&room) && room <= full => room,
            room => self.split(room, chunk),
        }
    }

    /// Up to so many ticks of a hole, such that the rest has room for repeated frames.
    fn split(&self, gap: u64, chunk: u64) -> u64 {
        let least = self.repeat.count();
        match gap.saturating_sub(chunk) {
            0 => gap,
            rest if rest < least && chunk > 2 * least => chunk - (least - rest),
            _ => chunk,
        }
    }

    /// Ticks to fill before a frame. In a short hole, the frame before it lasts longer as far as it can.
    fn gap_before(&self, next: &Sample, from: u64) -> Option<u64> {
        let gap = next.decode_time.checked_sub(from).filter(|gap| *gap > 0)?;
        let is_long = gap.saturating_add(next.duration.into()) > self.rules.longest();
        let is_open = || time(gap, self.leading.timescale) > LAG && self.repeat.is_possible() && !self.joins(next);
        (is_long || self.filled_to == from || self.is_owed(from) || is_open()).then_some(gap)
    }

    /// Returns whether the frame before still waits to be written, in a part that has room for the next one.
    fn joins(&self, next: &Sample) -> bool {
        self.leading.end().is_some() && !(self.has_parts && self.is_too_long(next))
    }

    /// Returns whether the last frame lasts longer than it has been cut.
    fn is_owed(&self, from: u64) -> bool {
        self.owed_to > from
    }

    /// Ticks that other tracks have come further than the leading one.
    pub(super) fn ahead_of_frames(&self) -> u64 {
        self.leading.last().map_or(0, |last| self.end_of_others().saturating_sub(last.end))
    }

    /// Returns where other tracks have come to, in decode time of the leading one.
    fn end_of_others(&self) -> u64 {
        let ends = self.others.iter().filter_map(|lane| {
            let end = rescale(lane.last()?.end, lane.timescale, self.leading.timescale);
            u64::try_from(end).ok()
        });
        ends.max().unwrap_or(0)
    }

    /// Ticks of audio that wait behind the last frame and may be cut without one. Video that comes late is no pause:
    /// the audio has to go on by more than it is usually ahead.
    fn audio_behind(&self, from: u64, all: bool) -> u64 {
        let ends = self.others.iter().filter_map(|lane| {
            let newest = lane.newest()?;
            let scaled = |ticks| rescale(ticks, lane.timescale, self.leading.timescale);
            (scaled(newest.decode_time) >= u128::from(from)).then(|| u64::try_from(scaled(newest.end())).ok())?
        });
        let ahead = ends.max().unwrap_or(0).saturating_sub(from);
        let longest = self.rules.longest().saturating_add(self.rules.ticks(MAX_LAG));
        match all {
            // Audio that came late is not lost either.
            true if self.leading.end().is_none() => ahead.max(self.late_audio()),
            true if self.filled_to != from && time(ahead, self.leading.timescale) <= LAG => 0,
            true => ahead,
            false if self.is_owed(from) => ahead.min(self.owed_to - from),
            false => match ahead.saturating_sub(self.lead) {
                paused if paused > longest => paused - self.rules.ticks(MAX_LAG),
                _ => 0,
            },
        }
    }

    /// Returns the duration of a sample that waits of another track; 0 without any.
    fn late_audio(&self) -> u64 {
        let last = |lane: &super::lane::Lane| {
            let ticks = rescale(lane.newest()?.duration.into(), lane.timescale, self.leading.timescale);
            u64::try_from(ticks).ok()
        };
        self.others.iter().filter_map(last).max().unwrap_or(0)
    }

    /// Ticks of audio behind the last frame that go along with it: a little that nothing follows is no part of its own.
    pub(super) fn audio_along(&self) -> u64 {
        if self.is_ending && self.ahead.is_empty() { self.rules.ticks(LAG) } else { 0 }
    }

    /// Returns whether a stand-in is beside the last of the audio, and no longer than a little.
    pub(super) fn is_rest(&self, filler: &Sample) -> bool {
        let is_short = time(filler.duration.into(), self.leading.timescale) <= LAG;
        is_short && self.is_ending && self.ahead.is_empty() && self.end_of_others() <= filler.end()
    }

    /// Has a hole in front of a frame belong to the frame before it where that waits and has room, else to this one.
    pub(super) fn close_gap(&mut self, next: Sample) -> Sample {
        let Some(from) = self.end_of_cut().filter(|from| *from < next.decode_time) else { return next };
        let to = next.decode_time;
        if self.has_room_up_to(to) && self.leading.stretch(to) {
            return next;
        }
        let duration = u32::try_from(next.end().saturating_sub(from)).ok();
        let offset = i32::try_from(to - from).ok().and_then(|gap| next.composition_offset.checked_add(gap));
        match duration.zip(offset) {
            Some((duration, composition_offset)) => Sample { decode_time: from, duration, composition_offset, ..next },
            None => next,
        }
    }

    /// Returns whether stand-ins that begin a part would have frames repeated faster than they came: they take longer
    /// than a part, and this one is not the last.
    pub(super) fn is_too_fast(&self, filler: &Sample) -> bool {
        let is_long = self.rules.targets.part.is_some_and(|part| self.repeat.length() > self.rules.ticks(part));
        let end = self.ahead.front().map(|next| next.decode_time);
        let is_last = match self.is_ending {
            true => end.unwrap_or_else(|| self.end_of_others()) <= filler.end(),
            false => end.is_some_and(|end| end <= filler.end()),
        };
        is_long && !is_last && self.repeat.is_possible()
    }

    /// Notes that time has been filled up to there. Where no frames can be repeated and it is not known when the next
    /// one comes, the last one is said to last as long as any may: its successor cuts it short, and players do not wait
    /// for it before.
    pub(super) fn note_filled(&mut self, to: u64) {
        self.filled_to = to;
        if self.repeat.is_possible() {
            return;
        }
        let longest = self.longest_frame();
        let is_open = self.ahead.is_empty() && !self.is_ending;
        if let Some(newest) = self.newest.as_mut() {
            let reach = if is_open { newest.decode_time.saturating_add(longest) } else { to };
            newest.end = newest.end.max(reach);
        }
    }

    /// Has a frame that lasts longer than any segment take no more than a part of it.
    pub(super) fn limit(&self, sample: Sample) -> Sample {
        if u64::from(sample.duration) <= self.rules.longest() {
            return sample;
        }
        let most = u32::try_from(self.chunk_at(sample.decode_time)).unwrap_or(u32::MAX);
        Sample { duration: sample.duration.min(most), ..sample }
    }

    /// Notes the newest frame, whose duration was stated as `end` says.
    pub(super) fn note_newest(&mut self, sample: &Sample, end: u64) {
        self.owed_to = if sample.end() < end { end } else { 0 };
        self.newest = Some(Span { decode_time: sample.decode_time, end });
    }

    /// Leaves out stand-ins, and has the last frame last over those behind it; where none can be repeated there, as
    /// long as is known by now.
    pub(super) fn without_stand_ins(&self, mut samples: Vec<Sample>) -> Vec<Sample> {
        let end = samples.last().map_or(0, Sample::end);
        samples.retain(|sample| sample.track != self.no_track);
        let Some(last) = samples.last_mut() else { return samples };
        let is_newest = |newest: &Span| newest.decode_time == last.decode_time && !self.repeat.is_possible();
        let end = self.newest.filter(is_newest).map_or(end, |newest| newest.end.max(end));
        last.duration = u32::try_from(end.saturating_sub(last.decode_time)).unwrap_or(u32::MAX);
        samples
    }

    /// Returns whether a frame comes where time has been filled already.
    pub(super) fn is_late(&self, sample: &Sample) -> bool {
        self.filled_to > sample.decode_time
    }

    /// Returns whether other tracks go on in at least half of a hole of the leading one. `coming` are samples that are
    /// about to be taken.
    pub(super) fn is_covered(&self, hole: &std::ops::Range<u64>, coming: &[Sample]) -> bool {
        let from = hole.start.max(self.filled_to);
        let wanted = time(hole.end.saturating_sub(from), self.leading.timescale) / 2;
        let covers = |lane: &super::lane::Lane| {
            let bounds = [from, hole.end].map(|at| rescale(at, self.leading.timescale, lane.timescale));
            let own = coming.iter().filter(|sample| sample.track == lane.track);
            let inside = lane
                .waiting()
                .chain(own)
                .filter(|sample| (bounds[0]..bounds[1]).contains(&u128::from(sample.decode_time)));
            let ticks: u64 = inside.map(|sample| u64::from(sample.duration)).sum();
            ticks > 0 && time(ticks, lane.timescale) >= wanted
        };
        self.others.iter().any(covers)
    }

    /// A frame lasts no longer than this, in ticks.
    pub(super) fn longest_frame(&self) -> u64 {
        self.rules.longest().saturating_add(self.rules.ticks(LARGEST_JUMP))
    }
}
