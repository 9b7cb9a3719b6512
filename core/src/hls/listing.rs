//! The listing of accepted uploads, in order.
//!
//! Parts are listed as they come. What follows a hole waits; once a few newer uploads wait, the hole is listed as a
//! gap. A segment is finished by its own upload, or by the first part of the next; then its parts are joined. An
//! upload of a whole segment that overtook its parts waits for them, for parts and segment must be the same media. A
//! streamer that can cut no further part announces a gap in its place and uploads the segment whole: then nothing is
//! missing, and parts go on with the next segment.
//!
//! rfc8216bis, 3.2, 4.4.4.7 (EXT-X-GAP), 4.4.4.9 (EXT-X-PART) and 6.2.1.

use roomcast_protocol::id::ObjectId;

use super::change::{Change, Object, ObjectKind};
use super::ingest::{MAX_PARTS, MIN_GAP};
use super::media::MediaRef;
use super::reorder::{PendingSegment, UploadedPart, WholeSegment};
use super::segment::{Ending, Part, Segment, Source};
use super::siblings::SiblingTracks;
use super::track::Track;
use super::window::NextPart;

/// The next item to list.
#[derive(Debug, Clone, Copy)]
enum Step {
    Part(u64, u64),
    Whole(u64),
    /// The next part of a segment is listed as lost.
    GapPart(u64),
    /// A whole segment is listed as lost.
    GapSegment(u64),
}

impl Track {
    /// Lists the uploads that can be listed. `flush` lists all missing media as gaps at once.
    pub(super) fn advance(&mut self, flush: bool, siblings: SiblingTracks<'_>, changes: &mut Vec<Change>) {
        while let Some(step) = self.next_step(flush) {
            match step {
                Step::Part(msn, index) => {
                    self.reach(msn, siblings, changes);
                    let part = self.reorder.take_part(msn, index);
                    self.list_part(part, changes);
                }
                Step::GapPart(msn) => {
                    self.reach(msn, siblings, changes);
                    self.list_part(None, changes);
                }
                Step::Whole(msn) => {
                    self.reach(msn, siblings, changes);
                    let whole = self.reorder.take_whole(msn);
                    self.finish(whole, changes);
                }
                Step::GapSegment(msn) => {
                    self.reach(msn, siblings, changes);
                    self.finish(None, changes);
                }
            }
        }
    }

    /// Finishes the last segment, which gets no more parts.
    pub(super) fn close(&mut self, siblings: SiblingTracks<'_>, changes: &mut Vec<Change>) {
        self.advance(true, siblings, changes);
        if self.window.open().is_some() {
            self.finish(None, changes);
        }
    }

    fn next_step(&self, flush: bool) -> Option<Step> {
        let first = || self.reorder.first().map(|msn| NextPart { msn, index: 0, open: false });
        let next = self.window.next().or_else(first)?;
        if self.reorder.part(next.msn, next.index).is_some() {
            return Some(Step::Part(next.msn, next.index));
        }
        let count = self.reorder.len();
        let patient = count == 0 || (!flush && count < self.parts_before_gap);
        if self.reorder.has_whole(next.msn) {
            return self.end(next, patient);
        }
        let ends = next.open && !self.reorder.has_parts(next.msn);
        let begin = if ends { self.begin(next.msn, patient) } else { None };
        begin.or_else(|| if patient { None } else { Some(self.gap(next)) })
    }

    /// Returns the step by which the upload of a whole segment is listed; `None` while its parts may still come.
    fn end(&self, next: NextPart, patient: bool) -> Option<Step> {
        match self.lacks_parts(next) {
            false => Some(Step::Whole(next.msn)),
            true if patient => None,
            true if next.open && next.index < MAX_PARTS => Some(Step::GapPart(next.msn)),
            true => Some(Step::Whole(next.msn)),
        }
    }

    /// Returns whether a segment that came as a whole is listed without parts it has: more than half a part is missing.
    /// A segment has parts if the one before has. Behind an announced gap nothing is missing but what waits: neither in
    /// the same segment nor in the next, whose streamer may see that it can be cut no better.
    fn lacks_parts(&self, next: NextPart) -> bool {
        let has_parts = self.window.last().is_some_and(|last| !last.parts.is_empty());
        let announced = self.window.last().is_some_and(Segment::ends_in_announced_gap);
        let complete = announced && !self.reorder.has_parts(next.msn);
        has_parts && !complete && self.missing(next.msn) > self.part_target / 2
    }

    /// Returns whether the open segment ends in an announced gap and its own upload is still to come. Streamers that
    /// upload parts only are told by the segment before.
    fn awaits_whole(&self) -> bool {
        let announced = self.window.open().is_some_and(Segment::ends_in_announced_gap);
        let source = |segment: &Segment| match segment.ending.as_ref()?.source {
            Source::Uploaded(_) => Some(true),
            Source::Joined => Some(false),
            Source::Missing => segment.ends_in_announced_gap().then_some(false),
        };
        announced && self.window.segments().rev().find_map(source).unwrap_or(true)
    }

    /// Returns the step by which the next segment begins and ends the open one.
    fn begin(&self, open: u64, patient: bool) -> Option<Step> {
        if patient && self.awaits_whole() {
            return None;
        }
        let next = NextPart { msn: open + 1, index: 0, open: false };
        let Some(first) = self.reorder.part(next.msn, 0) else {
            let alone = self.reorder.has_whole(next.msn) && !self.reorder.has_parts(next.msn);
            return if alone { self.end(next, patient) } else { None };
        };
        let lost = self.hint.skips(&first.id) && self.room(open, None) >= MIN_GAP;
        match patient {
            true if lost => None,
            false if self.lacks_end(open, lost) => Some(Step::GapPart(open)),
            _ => Some(Step::Part(next.msn, 0)),
        }
    }

    /// Returns whether the open segment is listed with one more gap: its next part is `lost`, as names tell, or it is
    /// lost as a whole, and its date and that of the next leave room.
    fn lacks_end(&self, open: u64, lost: bool) -> bool {
        let rest = self.rest(open);
        let whole = rest < u64::MAX && self.window.open().is_some_and(|open| open.id.is_none());
        (lost || whole) && rest.min(self.room(open, None)) >= MIN_GAP
    }

    fn gap(&self, next: NextPart) -> Step {
        let lost_whole = self.reorder.get(next.msn).is_none() && !next.open;
        match next.open && !self.reorder.has_parts(next.msn) {
            // Each of several lost segments is filled before the next.
            true if next.index < MAX_PARTS && self.lacks_end(next.msn, false) => Step::GapPart(next.msn),
            true => Step::GapPart(next.msn + 1),
            false if lost_whole && self.hint.name().is_none() => Step::GapSegment(next.msn),
            false => Step::GapPart(next.msn),
        }
    }

    /// Makes a segment the open one. What waits tells about it; what is lost of that, the other tracks tell.
    fn reach(&mut self, msn: u64, siblings: SiblingTracks<'_>, changes: &mut Vec<Change>) {
        match self.window.open() {
            Some(open) if open.msn == msn => return,
            Some(_) => self.finish(None, changes),
            None => {}
        }
        let interrupted = std::mem::take(&mut self.interrupted) && self.window.last().is_some();
        let pending = self.reorder.get(msn);
        let head = pending.map(|pending| &pending.head);
        let map = pending.map_or_else(|| self.newest_map(), PendingSegment::map).clone();
        let stated = head.is_some_and(|head| head.discontinuity);
        let discontinuity = interrupted || stated || self.lost_discontinuity(msn, &map, siblings);
        let date = head.and_then(|head| head.program_date_time).map(|date| date.millis() * 1000);
        let before = self.window.last().filter(|_| !discontinuity);
        let date = date.or_else(|| before.and_then(|last| last.date?.checked_add_unsigned(last.duration())));
        let date = date.unwrap_or_else(|| siblings.date(msn, pending.map_or(0, PendingSegment::first_duration)));
        self.window.push(Segment {
            msn,
            id: head.map(|head| head.id.clone()),
            discontinuity,
            date: Some(date),
            map,
            parts: Vec::new(),
            parts_listed: true,
            ending: None,
        });
    }

    /// Returns whether the upload that told of a discontinuity was given up: the other tracks tell, or a map that
    /// changes over the loss.
    fn lost_discontinuity(&self, msn: u64, map: &ObjectId, siblings: SiblingTracks<'_>) -> bool {
        let Some(last) = self.window.last() else { return false };
        let lacks_begin = self.reorder.get(msn).is_none_or(|pending| !pending.has_begin());
        let told = if lacks_begin { siblings.discontinuity(msn) } else { None };
        told.unwrap_or_else(|| (lacks_begin || last.id.is_none()) && last.map != *map)
    }

    /// Lists the next part of the open segment; `None` stands for a lost one.
    fn list_part(&mut self, sent: Option<UploadedPart>, changes: &mut Vec<Change>) {
        let Some(open) = self.window.open() else { return };
        let (msn, begins) = (open.msn, open.parts.is_empty());
        let part = self.name_part(msn, sent);
        for name in part.stored() {
            changes.push(self.store(name, ObjectKind::Part, vec![part.media.clone()]));
        }
        let id = part.id.clone();
        self.window.open_mut().expect("it is open").parts.push(part);
        let mut hint = std::mem::take(&mut self.hint);
        hint.listed(id.as_ref(), begins, |name| self.unfit_for_hint(name));
        self.hint = hint;
    }

    fn name_part(&self, msn: u64, sent: Option<UploadedPart>) -> Part {
        let hinted = self.hint.name().cloned();
        let Some(sent) = sent else {
            let uri = hinted.unwrap_or_else(|| self.free_name("gap", msn));
            let duration = self.part_target.min(self.room(msn, None)).min(self.rest(msn)).max(1);
            return Part {
                id: None,
                uri,
                twice: false,
                duration,
                independent: false,
                gap: true,
                media: MediaRef::default(),
            };
        };
        let reserved = self.reserved(&sent.id);
        let own = || if reserved { self.free_name("part", msn) } else { sent.id.clone() };
        let uri = hinted.unwrap_or_else(own);
        Part {
            twice: sent.id != uri && !reserved,
            uri,
            id: Some(sent.id),
            duration: sent.duration.micros().min(self.part_target),
            independent: sent.independent,
            gap: sent.gap,
            media: sent.media,
        }
    }

    /// Finishes the open segment, with its own bytes if they were uploaded.
    fn finish(&mut self, whole: Option<WholeSegment>, changes: &mut Vec<Change>) {
        let Some(open) = self.window.open() else { return };
        let msn = open.msn;
        let joined = open.joined();
        let id = open.id.clone().filter(|id| !self.reserved(id));
        let uri = id.unwrap_or_else(|| self.free_name("segment", msn));
        let (duration, source, pieces) = match (whole, joined) {
            (Some(whole), _) => (whole.duration, Source::Uploaded(whole.media.clone()), vec![whole.media]),
            (None, Some(joined)) => (open.duration(), Source::Joined, joined),
            (None, None) if open.parts.is_empty() => (self.lost_duration(msn), Source::Missing, Vec::new()),
            (None, None) => (open.duration(), Source::Missing, Vec::new()),
        };
        let length = pieces.iter().map(MediaRef::length).fold(0, u64::saturating_add);
        let peak = if pieces.is_empty() { 0 } else { self.window.peak_ending_with(length, duration) };
        let segment = self.window.open_mut().expect("it is open");
        if let [MediaRef::Local(bytes)] = &pieces[..] {
            segment.share(bytes);
        }
        if !pieces.is_empty() {
            changes.push(self.store(&uri, ObjectKind::Segment, pieces));
        }
        let segment = self.window.open_mut().expect("it is open");
        segment.ending = Some(Ending { uri, duration, source, peak });
        self.reorder.forget(msn);
    }

    pub(super) fn store(&self, name: &ObjectId, kind: ObjectKind, pieces: Vec<MediaRef>) -> Change {
        let media = Object { pieces, kind, content_type: self.role.content_type() };
        Change::Store { track: self.role.id().clone(), object: name.clone(), media }
    }
}
