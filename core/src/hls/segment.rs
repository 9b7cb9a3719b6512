//! A listed segment and its parts.
//!
//! Listed content never changes: parts are only added while the segment is open, and it is finished once, by its own
//! upload or by joining its parts. Never decides when. Durations and dates are in microseconds.
//!
//! rfc8216bis, 4.4.4.

use bytes::Bytes;
use roomcast_protocol::id::ObjectId;
use serde::{Deserialize, Serialize};

use super::media::MediaRef;
use super::reorder::UploadedPart;

/// A listed part of a segment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    /// The sender's id; `None` if the object was listed as lost.
    pub id: Option<ObjectId>,
    /// The name it is listed under.
    pub uri: ObjectId,
    /// Whether its bytes are stored under the sender's id as well.
    pub twice: bool,
    pub duration: u64,
    pub independent: bool,
    pub gap: bool,
    pub media: MediaRef,
}

impl Part {
    /// Returns whether this is the part that the sender uploaded.
    pub fn is(&self, part: &UploadedPart) -> bool {
        self.id.as_ref() == Some(&part.id) && self.gap == part.gap && self.media == part.media
    }

    /// Returns the names under which its bytes are stored.
    pub fn stored(&self) -> impl Iterator<Item = &ObjectId> {
        let alias = self.id.as_ref().filter(|_| self.twice);
        std::iter::once(&self.uri).chain(alias).filter(|_| !self.gap)
    }
}

/// Source of the bytes of a finished segment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Source {
    /// The segment was uploaded as a whole.
    Uploaded(MediaRef),
    /// The segment consists of its parts in order.
    Joined,
    /// The segment is incomplete (`EXT-X-GAP`).
    Missing,
}

/// Facts about a segment that are fixed when it is finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ending {
    /// The name it is listed under.
    pub uri: ObjectId,
    /// `EXTINF`.
    pub duration: u64,
    pub source: Source,
    /// Bits per second of the fastest run of segments that ends with this one.
    pub peak: u64,
}

/// A listed segment. It is open until `ending` is set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Segment {
    /// Media sequence number.
    pub msn: u64,
    /// The sender's id; `None` if the object was listed as lost.
    pub id: Option<ObjectId>,
    pub discontinuity: bool,
    /// `EXT-X-PROGRAM-DATE-TIME`, microseconds since 1970.
    pub date: Option<i64>,
    pub map: ObjectId,
    pub parts: Vec<Part>,
    /// Whether the playlist still has the part tags.
    pub parts_listed: bool,
    pub ending: Option<Ending>,
}

impl Segment {
    pub fn finished(&self) -> bool {
        self.ending.is_some()
    }

    pub fn duration(&self) -> u64 {
        self.ending.as_ref().map_or_else(|| self.parts.iter().map(|part| part.duration).sum(), |ending| ending.duration)
    }

    /// Returns the part tags that the playlist has.
    pub fn listed_parts(&self) -> &[Part] {
        if self.parts_listed { &self.parts } else { &[] }
    }

    /// Returns whether the streamer announced that the last part has no bytes. A part listed as lost does not count.
    pub fn ends_in_announced_gap(&self) -> bool {
        self.parts.last().is_some_and(|last| last.gap && last.id.is_some())
    }

    /// Returns the media of all parts; `None` if there are none or some are missing.
    pub fn joined(&self) -> Option<Vec<MediaRef>> {
        if self.parts.is_empty() || self.parts.iter().any(|part| part.gap) {
            return None;
        }
        Some(MediaRef::join(self.parts.iter().map(|part| &part.media)))
    }

    /// Makes the parts share the memory of the whole segment where their bytes are equal.
    pub fn share(&mut self, whole: &Bytes) {
        let mut at = 0;
        for part in &mut self.parts {
            let MediaRef::Local(bytes) = &mut part.media else { return };
            let end = at + bytes.len();
            if whole.get(at..end) == Some(&bytes[..]) {
                *bytes = whole.slice(at..end);
            }
            at = end;
        }
    }

    /// Returns the name under which the whole segment is stored, and its media.
    pub fn stored(&self) -> Option<(&ObjectId, Vec<MediaRef>)> {
        let ending = self.ending.as_ref()?;
        match &ending.source {
            Source::Uploaded(media) => Some((&ending.uri, vec![media.clone()])),
            Source::Joined => Some((&ending.uri, self.parts.iter().map(|part| part.media.clone()).collect())),
            Source::Missing => None,
        }
    }

    /// Returns the number of bytes and the duration; `None` while the segment is open or has no media.
    pub fn measure(&self) -> Option<(u64, u64)> {
        let ending = self.ending.as_ref()?;
        let length = match &ending.source {
            Source::Uploaded(media) => media.length(),
            Source::Joined => self.parts.iter().map(|part| part.media.length()).fold(0, u64::saturating_add),
            Source::Missing => return None,
        };
        Some((length, ending.duration))
    }

    /// Returns whether a name was given by the origin, not by the sender.
    pub fn invented(&self, name: &ObjectId) -> bool {
        let own = self.ending.as_ref().is_some_and(|end| end.uri == *name && self.id.as_ref() != Some(name));
        own || self.parts.iter().any(|part| part.uri == *name && part.id.as_ref() != Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(bytes: &'static [u8], gap: bool) -> Part {
        let uri = ObjectId::parse("p").unwrap();
        Part {
            id: None,
            uri,
            twice: false,
            duration: 1,
            independent: true,
            gap,
            media: Bytes::from_static(bytes).into(),
        }
    }

    fn segment(parts: Vec<Part>) -> Segment {
        let map = ObjectId::parse("map").unwrap();
        Segment { msn: 0, id: None, discontinuity: false, date: None, map, parts, parts_listed: true, ending: None }
    }

    #[test]
    fn parts_share_the_memory_of_the_joined_segment() {
        let mut segment = segment(vec![part(b"ab", false), part(b"c", false)]);
        let joined = segment.joined().unwrap();
        let whole = joined[0].bytes().unwrap();
        assert_eq!(&whole[..], b"abc");
        segment.share(whole);
        let second = segment.parts[1].media.bytes().unwrap();
        assert_eq!(second.as_ptr(), whole[2..].as_ptr());
        assert_eq!(&second[..], b"c");
    }

    #[test]
    fn a_part_that_is_not_in_the_whole_keeps_its_own_bytes() {
        let mut segment = segment(vec![part(b"ab", false), part(b"c", false)]);
        segment.share(&Bytes::from_static(b"xbc"));
        assert_eq!(segment.parts[0].media.bytes().unwrap(), "ab");
    }

    #[test]
    fn nothing_is_joined_over_a_gap() {
        assert!(segment(vec![part(b"ab", false), part(b"", true)]).joined().is_none());
        assert!(segment(vec![]).joined().is_none());
    }
}
