//! The admission of uploads: checks of durations, names and positions, and of earlier uploads for the same position.
//!
//! Decided before anything is changed, so nothing is half taken. What was listed is never revised: an upload that
//! comes too late to matter (a part given up as a gap, a whole segment whose parts were joined already) is answered
//! like a repetition.
//!
//! rfc8216bis, 4.4.3.1, 4.4.3.7 and 6.2.1.

use roomcast_protocol::data::SegmentHead;
use roomcast_protocol::limits;

use super::refusal::Refusal;
use super::reorder::{UploadedPart, WholeSegment};
use super::segment::{Segment, Source};
use super::sync::SyncFlags;
use super::track::Track;
use super::window::NameOwner;

/// Distance by which an upload may be ahead of the list, in segments and in parts of a segment.
const MAX_AHEAD: u64 = limits::UPLOADS_AHEAD;
/// Parts of one segment.
pub(super) const MAX_PARTS: u64 = limits::PARTS_PER_SEGMENT;
/// Players count segments in doubles.
const MAX_SEQUENCE: u64 = 1 << 53;
/// Duration that every missing part is assumed to have at least, in microseconds.
pub(super) const MIN_GAP: u64 = 1000;

/// The result of an upload that is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    New,
    /// The upload is a repetition and changes nothing.
    Known,
}

impl Track {
    /// Admits a part, unless it is refused or known.
    pub(super) fn take_part(
        &mut self,
        head: SegmentHead,
        part: UploadedPart,
        sync: &SyncFlags,
    ) -> Result<Admission, Refusal> {
        let admission = self.admit_part(&head, &part)?;
        if admission == Admission::New && part.sequence == 0 {
            self.check_begin(&head, sync)?;
        }
        if admission == Admission::New {
            let map = self.newest_map().clone();
            self.reorder.add_part(head, &map, part);
        }
        Ok(admission)
    }

    /// Admits a whole segment, unless it is refused or known.
    pub(super) fn take_segment(
        &mut self,
        head: SegmentHead,
        whole: WholeSegment,
        sync: &SyncFlags,
    ) -> Result<Admission, Refusal> {
        let admission = self.admit_segment(&head, &whole)?;
        if admission == Admission::New {
            self.check_begin(&head, sync)?;
        }
        if admission == Admission::New {
            let map = self.newest_map().clone();
            self.reorder.add_whole(head, &map, whole);
        }
        Ok(admission)
    }

    fn admit_part(&self, head: &SegmentHead, part: &UploadedPart) -> Result<Admission, Refusal> {
        self.check_head(head)?;
        self.check_part(head.sequence, part)?;
        if let Some(segment) = self.window.segment(head.sequence) {
            check_listed(segment, head)?;
            match usize::try_from(part.sequence).ok().and_then(|index| segment.parts.get(index)) {
                Some(listed) => return known(listed.id.is_none() || listed.is(part), "part", part.sequence),
                None if segment.finished() => return Ok(Admission::Known),
                None => {}
            }
        }
        if let Some(pending) = self.reorder.get(head.sequence) {
            pending.check(head)?;
            if let Some(waits) = pending.part(part.sequence) {
                let same = (&waits.id, waits.gap, &waits.media) == (&part.id, part.gap, &part.media);
                return known(same, "part", part.sequence);
            }
        }
        self.check_room(head.sequence, part)?;
        self.check_short(head.sequence, part)?;
        self.check_name(&head.id, NameOwner::Segment(head.sequence))?;
        self.check_name(&part.id, NameOwner::Part(head.sequence, part.sequence))?;
        if head.id == part.id {
            return Err(Refusal::invalid("a part and its segment must have different ids"));
        }
        Ok(Admission::New)
    }

    fn admit_segment(&self, head: &SegmentHead, whole: &WholeSegment) -> Result<Admission, Refusal> {
        self.check_head(head)?;
        if whole.media.is_empty() {
            return Err(Refusal::invalid("a segment must have bytes"));
        }
        if let Some(segment) = self.window.segment(head.sequence) {
            check_listed(segment, head)?;
            match segment.ending.as_ref().map(|ending| &ending.source) {
                Some(Source::Uploaded(media)) => return known(*media == whole.media, "segment", head.sequence),
                Some(_) => return Ok(Admission::Known),
                None => {}
            }
        }
        if let Some(pending) = self.reorder.get(head.sequence) {
            pending.check(head)?;
            if let Some(waits) = pending.whole() {
                return known(waits.media == whole.media, "segment", head.sequence);
            }
        }
        self.check_name(&head.id, NameOwner::Segment(head.sequence))?;
        Ok(Admission::New)
    }

    fn check_head(&self, head: &SegmentHead) -> Result<(), Refusal> {
        let msn = head.sequence;
        if msn > MAX_SEQUENCE {
            return Err(Refusal::invalid("a sequence must be at most 2^53"));
        }
        let ahead = match self.window.next() {
            Some(next) => msn.saturating_sub(next.msn),
            None => self.reorder.first().map_or(0, |first| msn.abs_diff(first)),
        };
        if ahead > MAX_AHEAD {
            return Err(Refusal::invalid(format!("segment {msn} is more than {MAX_AHEAD} ahead of what is listed")));
        }
        if self.window.media_sequence().is_some_and(|first| msn < first) {
            return Err(Refusal::conflict(format!("segment {msn} is older than the window")));
        }
        let duration = head.duration.map(|duration| duration.micros());
        if duration.is_some_and(|duration| duration == 0 || duration > self.longest_segment()) {
            return Err(Refusal::invalid(format!(
                "a segment may last {} s, rounded to the nearest second",
                self.target / 1_000_000
            )));
        }
        if let Some(map) = head.map.as_ref().filter(|map| !self.has_map(&map.id)) {
            return Err(Refusal::invalid(format!("there is no map {}", map.id)));
        }
        Ok(())
    }

    /// Refuses media that begins without a sync sample if the playlists state that every segment begins with one. Media
    /// without this information is accepted.
    fn check_begin(&self, head: &SegmentHead, sync: &SyncFlags) -> Result<(), Refusal> {
        let map = self.map(head.map.as_ref().map(|map| &map.id));
        if self.role.independent_segments() && map.is_some_and(|map| sync.begins_without(&map.sync)) {
            let msn = head.sequence;
            return Err(Refusal::invalid(format!(
                "segment {msn} does not begin with a sync sample, and the variant was not declared with \
                 `independentSegments` false"
            )));
        }
        Ok(())
    }

    fn check_part(&self, msn: u64, part: &UploadedPart) -> Result<(), Refusal> {
        let duration = part.duration.micros();
        if self.part_target == 0 {
            return Err(Refusal::invalid("the track was declared without parts"));
        }
        // The part target went through a division by the frame rate: it may be rounded down.
        if duration == 0 || duration > self.part_target + 1 {
            return Err(Refusal::invalid(format!(
                "a part may last {} µs, and one more for rounding",
                self.part_target
            )));
        }
        if part.sequence == 0 && !part.independent && !part.gap && self.role.independent_segments() {
            return Err(Refusal::invalid("the first part of a segment must be independent"));
        }
        if part.media.is_empty() && !part.gap {
            return Err(Refusal::invalid("a part without bytes must be a gap"));
        }
        let listed = self.window.segment(msn).map_or(0, |segment| segment.parts.len() as u64);
        if part.sequence >= MAX_PARTS {
            return Err(Refusal::invalid(format!("a segment has at most {MAX_PARTS} parts")));
        }
        if part.sequence > listed + MAX_AHEAD {
            return Err(Refusal::invalid(format!("part {} is too far ahead of what is listed", part.sequence)));
        }
        Ok(())
    }

    fn check_room(&self, msn: u64, part: &UploadedPart) -> Result<(), Refusal> {
        if part.duration.micros() > self.room(msn, Some(part.sequence)) {
            return Err(Refusal::invalid(format!(
                "the segment would last over {} s, rounded to the nearest second",
                self.target / 1_000_000
            )));
        }
        Ok(())
    }

    /// Refuses a part that follows one shorter than the minimum duration (rfc8216bis, 4.4.3.7).
    fn check_short(&self, msn: u64, part: &UploadedPart) -> Result<(), Refusal> {
        let waits = |index| self.reorder.part(msn, index);
        let listed = |index: u64| self.window.segment(msn)?.parts.get(usize::try_from(index).ok()?);
        let before = part.sequence.checked_sub(1);
        let short_before = before.is_some_and(|index| match (listed(index), waits(index)) {
            (Some(listed), _) => self.short(listed.duration, listed.independent || listed.gap),
            (None, Some(waits)) => self.short(waits.duration.micros(), waits.independent || waits.gap),
            (None, None) => false,
        });
        let followed = waits(part.sequence + 1).is_some_and(|next| !next.gap);
        let short = followed && self.short(part.duration.micros(), part.independent || part.gap);
        if short || (short_before && !part.gap) {
            let (which, least) = (part.sequence - u64::from(short_before), self.least_part());
            return Err(Refusal::invalid(format!("part {which} lasts less than {least} µs, so no part may follow it")));
        }
        Ok(())
    }

    fn short(&self, duration: u64, excused: bool) -> bool {
        !excused && duration < self.least_part()
    }

    /// Returns the minimum duration of a part that another follows, in microseconds.
    fn least_part(&self) -> u64 {
        self.part_target.saturating_mul(self.least_part.into()) / 100
    }

    /// Returns the longest a segment may last that rounds to the target duration, in microseconds.
    pub(super) fn longest_segment(&self) -> u64 {
        self.target + 499_999
    }

    /// Returns the maximum duration of one more part of a segment, in microseconds: of a new one, or of the first that
    /// is missing.
    pub(super) fn room(&self, msn: u64, new: Option<u64>) -> u64 {
        let listed = self.window.segment(msn).map_or(&[][..], |segment| &segment.parts[..]);
        let mut used: u64 = listed.iter().map(|part| part.duration).sum();
        let (mut count, mut end) = (listed.len() as u64 + 1, listed.len() as u64 + 1);
        for part in self.reorder.get(msn).into_iter().flat_map(|pending| pending.parts()) {
            used += part.duration.micros();
            count += 1;
            end = end.max(part.sequence + 1);
        }
        let missing = new.map_or(end, |index| end.max(index + 1)).saturating_sub(count);
        self.longest_segment().saturating_sub(used + missing * MIN_GAP)
    }
}

fn known(same: bool, what: &str, sequence: u64) -> Result<Admission, Refusal> {
    match same {
        true => Ok(Admission::Known),
        false => Err(Refusal::conflict(format!("{what} {sequence} was accepted with another id or other bytes"))),
    }
}

fn check_listed(segment: &Segment, head: &SegmentHead) -> Result<(), Refusal> {
    let msn = head.sequence;
    // One that was given up is known by no name: whatever comes for it comes too late.
    let Some(id) = &segment.id else { return Ok(()) };
    if *id != head.id {
        return Err(Refusal::conflict(format!("segment {msn} has the id {id}")));
    }
    if head.map.as_ref().is_some_and(|map| map.id != segment.map) {
        return Err(Refusal::conflict(format!("segment {msn} is listed with the map {}", segment.map)));
    }
    if head.discontinuity && !segment.discontinuity {
        return Err(Refusal::conflict(format!("segment {msn} is listed without a discontinuity")));
    }
    Ok(())
}
