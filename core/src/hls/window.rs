//! The segments that a media playlist lists, and the objects kept after they left it.
//!
//! Time is media time, the sum of what was listed. The oldest segment leaves when the others fill the window; its bytes
//! stay for its duration and that of the longest playlist there was. Part tags leave when the whole segment lies
//! more than three target durations from the end, all at once, for players count parts from the first that they
//! see; their bytes follow three target durations later. Media may come faster than it plays: so bytes stay for three
//! target durations by the times of arrival, too.
//!
//! rfc8216bis, 6.2.2 and 4.4.4.9.

use std::collections::VecDeque;

use roomcast_protocol::id::ObjectId;
use serde::{Deserialize, Serialize};

use super::change::ObjectKind;
use super::media::MediaRef;
use super::segment::Segment;

/// The kind of object that an id of the sender denotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameOwner {
    Map,
    Segment(u64),
    Part(u64, u64),
}

/// A stored object that is not listed any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ExpiringObject {
    due: u64,
    /// Time when the newest upload had arrived as it left the list, in microseconds since 1970.
    left: i64,
    pub object: ObjectId,
    pub kind: ObjectKind,
    pub pieces: Vec<MediaRef>,
    map: ObjectId,
}

/// The position of the next part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NextPart {
    pub msn: u64,
    pub index: u64,
    /// Whether the segment has begun.
    pub open: bool,
}

/// The listed segments of a track. All times are in microseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Window {
    length: u64,
    target: u64,
    most: usize,
    segments: VecDeque<Segment>,
    discontinuity_sequence: u64,
    /// Media that left the list.
    passed: u64,
    now: u64,
    /// Time when the newest upload arrived, in microseconds since 1970.
    received: i64,
    /// The longest list there was.
    longest: u64,
    #[serde(rename = "kept")]
    expiring: VecDeque<ExpiringObject>,
}

impl Window {
    /// Creates a window that lists `length` of media in segments of at most `target`.
    pub fn new(length: u64, target: u64) -> Self {
        // A list shorter than three target durations may not lose a segment at all.
        let length = length.max(target.saturating_mul(3));
        // Segments of a few milliseconds would make a list without end.
        let most = usize::try_from(length / 100_000).unwrap_or(usize::MAX).saturating_add(100);
        let (segments, expiring) = (VecDeque::new(), VecDeque::new());
        Self {
            length,
            target,
            most,
            segments,
            discontinuity_sequence: 0,
            passed: 0,
            now: 0,
            received: 0,
            longest: 0,
            expiring,
        }
    }

    pub fn target(&self) -> u64 {
        self.target
    }

    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter()
    }

    pub fn discontinuity_sequence(&self) -> u64 {
        self.discontinuity_sequence
    }

    /// Returns the discontinuity sequence number of the segment with a media sequence number, or of the nearest to it.
    pub fn discontinuity_sequence_at(&self, msn: u64) -> u64 {
        let passed = self.segments.iter().filter(|segment| segment.msn <= msn && segment.discontinuity);
        self.discontinuity_sequence + passed.count() as u64
    }

    /// Sets the discontinuity sequence number of the first segment to its number in other tracks.
    pub fn begin_at_discontinuity(&mut self, sequence: u64) {
        let own = self.segments.front().is_some_and(|first| first.discontinuity);
        self.discontinuity_sequence = sequence.saturating_sub(u64::from(own));
    }

    /// Returns the last segment that has part tags.
    pub fn last_with_parts(&self) -> Option<&Segment> {
        self.segments.iter().rev().find(|segment| !segment.listed_parts().is_empty())
    }

    /// Returns the media sequence number of the first segment.
    pub fn media_sequence(&self) -> Option<u64> {
        self.segments.front().map(|segment| segment.msn)
    }

    pub fn segment(&self, msn: u64) -> Option<&Segment> {
        let index = msn.checked_sub(self.media_sequence()?)?;
        self.segments.get(usize::try_from(index).ok()?)
    }

    pub fn last(&self) -> Option<&Segment> {
        self.segments.back()
    }

    pub fn open_mut(&mut self) -> Option<&mut Segment> {
        self.segments.back_mut().filter(|segment| !segment.finished())
    }

    pub fn open(&self) -> Option<&Segment> {
        self.last().filter(|segment| !segment.finished())
    }

    /// Returns the place of the next part; `None` while nothing is listed.
    pub fn next(&self) -> Option<NextPart> {
        let last = self.last()?;
        Some(match last.finished() {
            true => NextPart { msn: last.msn + 1, index: 0, open: false },
            false => NextPart { msn: last.msn, index: last.parts.len() as u64, open: true },
        })
    }

    /// Appends a segment. The last one must be finished.
    pub fn push(&mut self, segment: Segment) {
        self.segments.push_back(segment);
    }

    /// Number of segments at the start that a delta update may leave out: those that lie further from the end of the
    /// last finished segment than the skip boundary. Never a discontinuity, over which players lose count.
    pub fn skippable(&self, boundary: u64) -> usize {
        let finished = self.segments.iter().filter(|segment| segment.finished());
        let mut behind: u64 = finished.map(Segment::duration).sum();
        let beyond = |segment: &&Segment| {
            behind = behind.saturating_sub(segment.duration());
            behind > boundary && !segment.discontinuity
        };
        self.segments.iter().take_while(beyond).count()
    }

    pub fn has_parts(&self) -> bool {
        self.last_with_parts().is_some()
    }

    /// Drops expired media; returns the objects to be removed. `received` is the arrival time of the newest upload, in
    /// microseconds since 1970.
    pub fn slide(&mut self, received: i64) -> Vec<ObjectId> {
        self.received = received;
        // A segment may be declared shorter than its parts: time does not run back for that.
        self.now = self.now.max(self.passed + self.listed());
        self.drop_part_tags();
        self.drop_segments();
        self.longest = self.longest.max(self.listed());
        let mut due = Vec::new();
        let excess = self.expiring.len().saturating_sub(self.most.saturating_mul(8));
        due.extend(self.expiring.drain(..excess).map(|kept| kept.object));
        let (now, life) = (self.now, 3 * self.target);
        self.expiring.retain(|kept| {
            // Clocks of several nodes differ: one that is set back keeps nothing.
            let is_fresh = u64::try_from(received.saturating_sub(kept.left)).is_ok_and(|passed| passed < life);
            let keep = kept.due > now || is_fresh;
            due.extend((!keep).then(|| kept.object.clone()));
            keep
        });
        due
    }

    fn listed(&self) -> u64 {
        self.segments.iter().map(Segment::duration).sum()
    }

    /// Returns whether a window restored from elsewhere is consistent.
    pub fn holds_together(&self, target: u64) -> bool {
        const LONG: u64 = 1 << 56;
        let times = [self.length, self.passed, self.now, self.longest, self.discontinuity_sequence];
        let times = times.iter().all(|time| *time < LONG) && self.expiring.iter().all(|kept| kept.due < 4 * LONG);
        let short = |segment: &Segment| {
            let parts = segment.parts.iter().all(|part| part.duration < 1 << 40);
            parts && segment.parts.len() < 1 << 12 && segment.duration() < 1 << 53
        };
        let first = self.media_sequence().unwrap_or(0);
        let at = |(index, segment): (u64, &Segment)| first.checked_add(index) == Some(segment.msn);
        let in_order = (0_u64..).zip(&self.segments).all(at) && first < 1 << 54;
        let closed = self.segments.iter().rev().skip(1).all(Segment::finished);
        self.target == target && times && in_order && closed && self.segments.iter().all(short)
    }

    fn drop_part_tags(&mut self) {
        let mut behind = 0;
        for segment in self.segments.iter_mut().rev() {
            if behind >= 3 * self.target && segment.parts_listed {
                segment.parts_listed = false;
                expire_parts(&mut self.expiring, segment, (self.now + 3 * self.target, self.received));
            }
            behind += segment.duration();
        }
    }

    fn drop_segments(&mut self) {
        let finished = self.segments.iter().filter(|segment| segment.finished());
        let mut rest: u64 = finished.map(Segment::duration).sum();
        while let Some(first) = self.segments.front() {
            rest = rest.saturating_sub(first.duration());
            if rest < self.length && self.segments.len() <= self.most {
                break;
            }
            let Some(first) = self.segments.pop_front() else { break };
            self.expire(&first);
        }
    }

    fn expire(&mut self, segment: &Segment) {
        self.passed += segment.duration();
        self.discontinuity_sequence += u64::from(segment.discontinuity);
        let due = self.now.saturating_add(segment.duration()).saturating_add(self.longest);
        if segment.parts_listed {
            expire_parts(&mut self.expiring, segment, (due, self.received));
        }
        let (kind, map, left) = (ObjectKind::Segment, &segment.map, self.received);
        let kept = segment.stored().map(|(object, pieces)| (object.clone(), pieces));
        self.expiring.extend(kept.map(|(object, pieces)| ExpiringObject {
            due,
            left,
            object,
            kind,
            pieces,
            map: map.clone(),
        }));
    }

    /// Returns the objects that are stored and not listed any more.
    pub fn expiring(&self) -> impl Iterator<Item = &ExpiringObject> {
        self.expiring.iter()
    }

    pub fn needs_map(&self, map: &ObjectId) -> bool {
        self.segments.iter().any(|segment| segment.map == *map) || self.expiring.iter().any(|kept| kept.map == *map)
    }

    /// Returns the thing that this id given by the sender stands for.
    pub fn owner(&self, id: &ObjectId) -> Option<NameOwner> {
        self.segments.iter().find_map(|segment| {
            if segment.id.as_ref() == Some(id) {
                return Some(NameOwner::Segment(segment.msn));
            }
            let index = segment.parts.iter().position(|part| part.id.as_ref() == Some(id))?;
            Some(NameOwner::Part(segment.msn, index as u64))
        })
    }

    /// Returns whether a name is in use for something the sender does not know by it, or not any more.
    pub fn reserved(&self, name: &ObjectId) -> bool {
        self.expiring.iter().any(|kept| kept.object == *name)
            || self.segments.iter().any(|segment| segment.invented(name))
    }
}

fn expire_parts(kept: &mut VecDeque<ExpiringObject>, segment: &Segment, (due, left): (u64, i64)) {
    let (kind, map) = (ObjectKind::Part, &segment.map);
    let stored = segment.parts.iter().flat_map(|part| part.stored().map(|name| (name.clone(), part.media.clone())));
    kept.extend(stored.map(|(object, media)| ExpiringObject {
        due,
        left,
        object,
        kind,
        pieces: vec![media],
        map: map.clone(),
    }));
}
