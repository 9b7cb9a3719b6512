//! Where one part ends and the next begins, and what is written then.
//!
//! Takes samples that the intake has examined; never fails.

use std::ops::Range;
use std::time::Duration;

use super::clock::MediaTime;
use super::lane::Lane;
use super::{Cut, Cutter, Part, Segment};
use crate::{Sample, write_fragment};

impl Cutter {
    /// Takes the next sample of the leading track.
    pub(super) fn lead(&mut self, sample: Sample, cuts: &mut Vec<Cut>) {
        if self.clock.origin.is_none() {
            if !sample.is_sync() {
                return self.leading.pass(&sample);
            }
            self.clock.origin = Some(sample.decode_time);
            self.segment_start = sample.decode_time;
        }
        if sample.is_sync() && self.rules.is_segment_due(self.segment_start, &sample) {
            self.close_part(cuts);
            self.close_segment(cuts);
            self.segment_start = sample.decode_time;
        } else if self.rules.is_too_long(self.leading.span_with(&sample)) {
            self.close_part(cuts);
        }
        self.leading.push(sample);
    }

    /// Without waiting for the next sample, when the part is long enough to stand anywhere.
    pub(super) fn close_long_part(&mut self, cuts: &mut Vec<Cut>) {
        let bounds = self.leading.bounds();
        if bounds.is_some_and(|bounds| self.rules.is_long_enough(bounds.end - bounds.start)) {
            self.close_part(cuts);
        }
    }

    pub(super) fn close_part(&mut self, cuts: &mut Vec<Cut>) {
        if let Some(bounds) = self.leading.bounds() {
            self.write_part(&bounds, cuts);
        }
    }

    /// Writes what waits of the leading track, and of the others what begins before its end.
    fn write_part(&mut self, bounds: &Range<u64>, cuts: &mut Vec<Cut>) {
        let mut samples = self.leading.take(None);
        let independent = samples.first().is_some_and(Sample::is_sync);
        let before = Some(self.leading.at(bounds.end));
        let origin = self.leading.at(self.clock.origin.unwrap_or(0));
        for lane in &mut self.others {
            let mut taken = lane.take(before);
            taken.retain(|sample| !is_over_before(origin, lane, sample));
            samples.append(&mut taken);
        }
        if samples.is_empty() {
            return;
        }
        // Sequence numbers are 32 bits and begin at 1.
        let sequence = self.next.part_number.wrapping_add(1) as u32;
        let part = Part {
            segment: self.next.segment,
            index: self.parts.len() as u64,
            number: self.next.part_number,
            independent,
            start: self.clock.at(bounds.start),
            duration: self.clock.between(bounds),
            bytes: write_fragment(sequence, &samples).expect("the intake admits only what can be written"),
        };
        self.next.part_number += 1;
        self.parts.push(part.clone());
        cuts.push(Cut::Part(part));
    }

    pub(super) fn close_segment(&mut self, cuts: &mut Vec<Cut>) {
        let parts = std::mem::take(&mut self.parts);
        let Some(first) = parts.first() else {
            return;
        };
        let bytes: Vec<&[u8]> = parts.iter().map(|part| &part.bytes[..]).collect();
        cuts.push(Cut::Segment(Segment {
            sequence: self.next.segment,
            start: first.start,
            duration: parts.iter().map(|part| part.duration).sum::<Duration>(),
            bytes: bytes.concat().into(),
            parts: parts.len() as u64,
        }));
        self.next.segment += 1;
    }
}

/// Whether a sample belongs to the time before the stream's first one.
fn is_over_before(origin: MediaTime, lane: &Lane, sample: &Sample) -> bool {
    lane.at(sample.decode_time).is_before(origin) && !origin.is_before(lane.at(sample.end()))
}
