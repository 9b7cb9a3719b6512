//! Boundaries between parts, and the samples written at each boundary.
//!
//! Takes samples that the intake has examined; never fails.

use std::time::Duration;

use bytes::Bytes;

use super::clock::{Clock, MediaTime};
use super::intake::LAG;
use super::lane::Lane;
use super::rules::Rules;
use super::{Cut, Cutter, Part, PartsEnd, Segment, Targets};
use crate::Sample;
use crate::write::{write_empty, write_fragment};

/// More parts than any segment has.
const MAX_PARTS: u64 = 900;

impl Cutter {
    /// Takes the next sample of the leading track, or a stand-in.
    pub(super) fn lead(&mut self, sample: Sample, cuts: &mut Vec<Cut>) {
        let (is_frame, end) = (sample.track != self.no_track, sample.end());
        let sample = if is_frame { self.limit(sample) } else { sample };
        if !is_frame {
            self.note_filled(end);
        }
        if self.clock.origin.is_none() {
            if !sample.is_sync() {
                return;
            }
            self.clock.origin = Some(sample.decode_time);
            (self.segment_start, self.listed) = (sample.decode_time, sample.decode_time);
            self.trial = Trial::new(self.listed);
        }
        let is_due = is_frame && self.is_due(&sample) && !(self.is_ending && self.may_be_single());
        let frame = is_frame.then(|| sample.clone());
        let sample = if is_frame { self.close_gap(sample) } else { sample };
        if let Some(newest) = self.newest.as_mut().filter(|_| is_frame) {
            newest.end = sample.decode_time;
        }
        // A little audio at the end is no segment of its own: players round the durations of segments.
        let along = if !is_frame && self.is_rest(&sample) { LAG } else { Duration::ZERO };
        let is_over = self.length(self.segment_start, sample.end()) > self.rules.targets.longest + along;
        // Behind stand-ins alone, nothing but a sync sample can be decoded.
        let lacks_sync = self.rules.targets.independent && !self.has_frames && !sample.is_sync();
        if is_due || is_over || lacks_sync || self.has_waited(&sample) {
            self.close_segment(cuts);
            if self.rules.targets.independent && !sample.is_sync() {
                self.is_skipping = true;
                self.left_out.leading += u64::from(is_frame);
                return;
            }
        } else if self.has_parts && self.is_too_long(&sample) {
            self.close_part(&sample, cuts);
        }
        let is_too_fast = !is_frame && self.leading.end().is_none() && self.is_too_fast(&sample);
        if self.has_parts && (is_too_fast || self.is_too_long(&sample)) {
            self.leave_parts(&sample, cuts);
        }
        self.trial.succeeds &= !is_too_fast;
        self.trial.add(&sample, self.leading.end().unwrap_or(self.listed), &self.rules, &self.clock);
        match frame {
            Some(frame) => {
                self.has_frames = true;
                self.repeat.note(&frame, self.rules.longest());
                self.note_newest(&sample, end);
            }
            None if self.leading.end().is_none() => self.begin_with(&sample),
            None => {}
        }
        self.leading.push(sample);
    }

    /// Has a part begin with frames once more in place of a stand-in; players get over a little at the end.
    fn begin_with(&mut self, filler: &Sample) {
        match self.is_rest(filler) {
            true => self.repeat.drop_kept(),
            false => self.has_frames |= self.repeat.keep(filler.duration) && self.pieces.is_empty(),
        }
    }

    /// Returns whether a part that is open, and its segment, may last up to there.
    pub(super) fn has_room_up_to(&self, end: u64) -> bool {
        let is_full = self.has_parts && self.rules.is_too_long(self.length(self.listed, end));
        !is_full && self.length(self.segment_start, end) <= self.rules.targets.longest
    }

    /// Returns whether a segment is to end before this sample.
    pub(super) fn is_due(&self, sample: &Sample) -> bool {
        let has_begun = self.clock.origin.is_some();
        has_begun && sample.is_sync() && self.rules.is_segment_due(self.segment_start, sample)
    }

    /// Returns whether nothing is known of what follows the next sample of audio alone, which is no segment by itself.
    pub(super) fn may_be_single(&self) -> bool {
        self.is_audio && self.ahead.is_empty()
    }

    /// Returns whether a segment that comes whole, for want of parts, has kept players waiting for long enough.
    fn has_waited(&self, sample: &Sample) -> bool {
        let Targets { segment, part, independent, .. } = self.rules.targets;
        let may_end = part.is_some() && !self.has_parts && !independent;
        may_end && self.length(self.segment_start, sample.decode_time) >= segment
    }

    /// Returns whether a sample does not fit into the part that is open.
    pub(super) fn is_too_long(&self, sample: &Sample) -> bool {
        self.rules.is_too_long(self.length(self.listed, sample.end()))
    }

    /// Returns the time between two decode times, as it is listed.
    fn length(&self, from: u64, to: u64) -> Duration {
        self.clock.between(&(from..to.max(from)))
    }

    /// Closes the part without waiting for the next sample, when it can stand anywhere and another like the last one
    /// would not fit. Full parts are all of one length, by which some players go.
    pub(super) fn close_long_part(&mut self, cuts: &mut Vec<Cut>) {
        let Some(last) = self.leading.newest().filter(|_| self.has_parts) else { return };
        let (end, next) = (last.end(), last.end().saturating_add(last.duration.into()));
        let is_full = self.rules.is_too_long(self.length(self.listed, next));
        if is_full && self.rules.is_long_enough(self.length(self.listed, end)) {
            self.write_part(cuts);
        }
    }

    /// Closes the part before a sample of the same segment. Where nothing may follow it, it is the last.
    fn close_part(&mut self, next: &Sample, cuts: &mut Vec<Cut>) {
        let Some(end) = self.leading.end() else { return };
        let length = self.length(self.listed, end);
        let may_be_followed = self.rules.is_long_enough(length) || self.begins_with_sync();
        self.write_part(cuts);
        if may_be_followed && self.parts < MAX_PARTS {
            return;
        }
        // Players cope with a segment that ends early, but hardly with parts that end within one.
        match self.rules.targets.independent {
            true => self.end_parts(next.end(), cuts),
            false => self.end_early(cuts),
        }
    }

    /// Ends the segment before its time. The reason for it lies with the next one.
    fn end_early(&mut self, cuts: &mut Vec<Cut>) {
        let streak = self.streak;
        self.close_segment(cuts);
        self.streak = streak;
    }

    /// Gives up parts before a sample that is longer than any may be.
    fn leave_parts(&mut self, next: &Sample, cuts: &mut Vec<Cut>) {
        if !self.rules.targets.independent && !self.pieces.is_empty() {
            let streak = self.streak;
            self.close_segment(cuts);
            self.streak = streak;
        }
        self.end_parts(next.end(), cuts);
    }

    /// Says that the segment goes on without parts; what is known of it reaches up to `end`.
    fn end_parts(&mut self, end: u64, cuts: &mut Vec<Cut>) {
        let Some(target) = self.rules.targets.part.filter(|_| self.has_parts) else { return };
        (self.has_parts, self.is_troubled) = (false, true);
        let (segment, index, number) = (self.next.segment, self.parts, self.next.part_number);
        let start = self.clock.at(self.listed);
        let duration = self.length(self.listed, end).clamp(Duration::from_micros(1), target);
        self.next.part_number += 1;
        cuts.push(Cut::PartsEnd(PartsEnd { segment, index, number, start, duration }));
    }

    fn write_part(&mut self, cuts: &mut Vec<Cut>) {
        let (start, independent) = (self.listed, self.begins_with_sync());
        let Some(end) = self.leading.end() else { return };
        if self.is_empty_up_to(end) {
            // Nothing came for this time: players are told, and do not wait for it.
            self.end_parts(end, cuts);
        }
        let Some(bytes) = self.write() else { return };
        if !self.has_parts {
            return;
        }
        let part = Part {
            segment: self.next.segment,
            index: self.parts,
            number: self.next.part_number,
            independent,
            start: self.clock.at(start),
            duration: self.length(start, self.listed),
            bytes,
        };
        (self.parts, self.next.part_number) = (self.parts + 1, self.next.part_number + 1);
        cuts.push(Cut::Part(part));
    }

    /// Returns whether nothing of any track would be in a part up to there.
    fn is_empty_up_to(&self, end: u64) -> bool {
        let before = self.leading.at(end.saturating_add(self.audio_along()));
        let begins_before = |lane: &Lane| lane.waiting().any(|sample| lane.at(sample.decode_time).is_before(before));
        let has_frames = self.leading.waiting().any(|sample| sample.track != self.no_track);
        !has_frames && !self.repeats() && !self.others.iter().any(begins_before)
    }

    /// Writes what waits of the leading track, and of the others what begins before its end.
    fn write(&mut self) -> Option<Bytes> {
        let end = self.leading.end()?;
        if self.pieces.is_empty() {
            self.is_independent = self.begins_with_sync();
        }
        let leading = self.leading.take(None);
        let start = leading.first().map_or(end, |sample| sample.decode_time);
        let mut samples = self.with_repeats(leading);
        let before = Some(self.leading.at(end.saturating_add(self.audio_along())));
        let origin = self.leading.at(self.clock.origin.unwrap_or(0));
        for lane in &mut self.others {
            let mut taken = lane.take(before);
            let count = taken.len();
            taken.retain(|sample| self.goes_on || !is_over_before(origin, lane, sample));
            self.left_out.early += (count - taken.len()) as u64;
            samples.append(&mut taken);
        }
        self.listed = self.listed.max(end);
        // Sequence numbers are 32 bits and begin at 1.
        let sequence = self.next.part_number.wrapping_add(1) as u32;
        let bytes = match samples.is_empty() {
            true => write_empty(sequence, self.leading.track, start),
            false => write_fragment(sequence, &samples).expect("the intake admits only what can be written"),
        };
        self.pieces.push(bytes.clone());
        Some(bytes)
    }

    /// Closes the segment; the next one begins where it ends.
    pub(super) fn close_segment(&mut self, cuts: &mut Vec<Cut>) {
        match self.has_parts {
            true => self.write_part(cuts),
            false => drop(self.write()),
        }
        let parts = std::mem::take(&mut self.parts);
        let pieces = std::mem::take(&mut self.pieces);
        if !pieces.is_empty() {
            cuts.push(Cut::Segment(Segment {
                sequence: self.next.segment,
                independent: self.is_independent,
                start: self.clock.at(self.segment_start),
                duration: self.length(self.segment_start, self.listed),
                bytes: pieces.concat().into(),
                parts,
            }));
            self.next.segment += 1;
            self.choose_parts();
        }
        self.segment_start = self.listed;
        self.has_frames = false;
    }

    /// Whether the next segment has parts. Where two in a row could not be cut, others come whole until one has passed
    /// that could have been.
    fn choose_parts(&mut self) {
        let ended_without = !self.has_parts;
        self.streak = if std::mem::take(&mut self.is_troubled) { self.streak + 1 } else { 0 };
        let is_hopeless = match self.is_whole {
            true => !self.trial.succeeds,
            false => ended_without && self.streak > 1,
        };
        self.is_whole = is_hopeless && self.rules.targets.part.is_some();
        self.has_parts = self.rules.targets.part.is_some() && !self.is_whole;
        self.trial = Trial::new(self.listed);
    }
}

/// A segment cut into parts for a trial.
#[derive(Debug)]
pub(super) struct Trial {
    start: u64,
    begins_with_sync: bool,
    is_empty: bool,
    succeeds: bool,
}

impl Trial {
    pub(super) const fn new(start: u64) -> Self {
        Self { start, begins_with_sync: false, is_empty: true, succeeds: true }
    }

    /// Takes a sample; the one before ended at `end`.
    fn add(&mut self, sample: &Sample, end: u64, rules: &Rules, clock: &Clock) {
        let length = |from: u64, to: u64| clock.between(&(from..to.max(from)));
        if self.is_empty {
            (self.is_empty, self.begins_with_sync) = (false, sample.is_sync());
        } else if rules.is_too_long(length(self.start, sample.end())) {
            self.succeeds &= rules.is_long_enough(length(self.start, end)) || self.begins_with_sync;
            (self.start, self.begins_with_sync) = (end, sample.is_sync());
        }
        self.succeeds &= !rules.is_too_long(length(self.start, sample.end()));
    }
}

/// Returns whether a sample belongs to the time before the stream's first one.
pub(super) fn is_over_before(origin: MediaTime, lane: &Lane, sample: &Sample) -> bool {
    lane.at(sample.decode_time).is_before(origin) && !origin.is_before(lane.at(sample.end()))
}
