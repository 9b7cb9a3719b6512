//! Accepted uploads that cannot be listed yet, because something before them is missing.
//!
//! Keeps uploads apart by segment and reports which ones are present. Never decides what is listed, and never grows
//! beyond the uploads that were admitted: the track gives up a hole after a few newer uploads.

use std::collections::BTreeMap;

use roomcast_protocol::data::{PartData, Seconds, SegmentHead};
use roomcast_protocol::id::ObjectId;
use serde::{Deserialize, Serialize};

use super::media::MediaRef;
use super::refusal::Refusal;
use super::window::NameOwner;

/// A part as sent by the streamer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct UploadedPart {
    pub id: ObjectId,
    /// Its place within the segment, from 0.
    pub sequence: u64,
    pub duration: Seconds,
    pub independent: bool,
    pub gap: bool,
    pub media: MediaRef,
}

impl UploadedPart {
    /// Combines the data of a part with its media.
    pub fn new(told: PartData, media: MediaRef) -> Self {
        let PartData { id, sequence, duration, independent, gap, data: _ } = told;
        Self { id, sequence, duration, independent, gap, media }
    }
}

/// A waiting whole segment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct WholeSegment {
    /// Microseconds.
    pub duration: u64,
    pub media: MediaRef,
}

/// The waiting uploads of one segment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PendingSegment {
    /// Facts about the segment, merged from its uploads.
    pub head: SegmentHead,
    /// The newest map at the arrival of the segment's first upload.
    newest_map: ObjectId,
    parts: BTreeMap<u64, UploadedPart>,
    whole: Option<WholeSegment>,
}

impl PendingSegment {
    /// Returns the map with which the segment is decoded.
    pub fn map(&self) -> &ObjectId {
        self.head.map.as_ref().map_or(&self.newest_map, |map| &map.id)
    }

    pub fn part(&self, index: u64) -> Option<&UploadedPart> {
        self.parts.get(&index)
    }

    /// Returns whether what tells of the segment's beginning is there.
    pub fn has_begin(&self) -> bool {
        self.parts.contains_key(&0) || self.whole.is_some()
    }

    /// Duration of the media that is listed first, in microseconds.
    pub fn first_duration(&self) -> u64 {
        let whole = self.whole.as_ref().map(|whole| whole.duration);
        self.parts.get(&0).map(|part| part.duration.micros()).or(whole).unwrap_or(0)
    }

    pub fn parts(&self) -> impl Iterator<Item = &UploadedPart> {
        self.parts.values()
    }

    pub fn whole(&self) -> Option<&WholeSegment> {
        self.whole.as_ref()
    }

    /// Returns whether another upload speaks of the same segment.
    pub fn check(&self, head: &SegmentHead) -> Result<(), Refusal> {
        if self.head.id != head.id {
            return Err(Refusal::conflict(format!("segment {} has the id {}", head.sequence, self.head.id)));
        }
        match (&self.head.map, &head.map) {
            (Some(known), Some(new)) if known != new => {
                Err(Refusal::conflict(format!("segment {} has the map {}", head.sequence, known.id)))
            }
            _ => Ok(()),
        }
    }
}

/// All waiting uploads of a track.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct ReorderBuffer {
    segments: BTreeMap<u64, PendingSegment>,
}

impl ReorderBuffer {
    /// Number of waiting uploads.
    pub fn len(&self) -> usize {
        self.segments.values().map(|pending| pending.parts.len() + usize::from(pending.whole.is_some())).sum()
    }

    /// Returns the lowest media sequence number.
    pub fn first(&self) -> Option<u64> {
        self.segments.keys().next().copied()
    }

    pub fn get(&self, msn: u64) -> Option<&PendingSegment> {
        self.segments.get(&msn)
    }

    pub fn part(&self, msn: u64, index: u64) -> Option<&UploadedPart> {
        self.get(msn)?.part(index)
    }

    pub fn has_parts(&self, msn: u64) -> bool {
        self.get(msn).is_some_and(|pending| !pending.parts.is_empty())
    }

    pub fn has_whole(&self, msn: u64) -> bool {
        self.get(msn).is_some_and(|pending| pending.whole.is_some())
    }

    pub fn needs_map(&self, map: &ObjectId) -> bool {
        self.segments.values().any(|pending| pending.map() == map)
    }

    pub fn add_part(&mut self, head: SegmentHead, newest_map: &ObjectId, part: UploadedPart) {
        self.pending(head, newest_map).parts.insert(part.sequence, part);
    }

    pub fn add_whole(&mut self, head: SegmentHead, newest_map: &ObjectId, whole: WholeSegment) {
        self.pending(head, newest_map).whole = Some(whole);
    }

    fn pending(&mut self, head: SegmentHead, newest_map: &ObjectId) -> &mut PendingSegment {
        let known = self.segments.entry(head.sequence).or_insert_with(|| PendingSegment {
            head: head.clone(),
            newest_map: newest_map.clone(),
            parts: BTreeMap::new(),
            whole: None,
        });
        // Only the first part of a segment may say these, and it may come last.
        known.head.discontinuity |= head.discontinuity;
        known.head.program_date_time = known.head.program_date_time.or(head.program_date_time);
        known.head.map = known.head.map.take().or(head.map);
        known
    }

    pub fn take_part(&mut self, msn: u64, index: u64) -> Option<UploadedPart> {
        self.segments.get_mut(&msn)?.parts.remove(&index)
    }

    pub fn take_whole(&mut self, msn: u64) -> Option<WholeSegment> {
        self.segments.get_mut(&msn)?.whole.take()
    }

    /// Drops the waiting uploads of a segment.
    pub fn forget(&mut self, msn: u64) {
        self.segments.remove(&msn);
    }

    /// Returns the owner of this id among the waiting uploads.
    pub fn owner(&self, id: &ObjectId) -> Option<NameOwner> {
        self.segments.iter().find_map(|(&msn, pending)| {
            if pending.head.id == *id {
                return Some(NameOwner::Segment(msn));
            }
            let index = pending.parts.iter().find(|(_, part)| part.id == *id)?.0;
            Some(NameOwner::Part(msn, *index))
        })
    }
}
