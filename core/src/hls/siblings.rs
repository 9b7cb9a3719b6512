//! Facts from the other tracks of a stream, and from the clock, about a segment whose own uploads are incomplete.
//!
//! Players switch between tracks by dates and discontinuities, so tracks agree on them: facts that are lost in one
//! track are taken from those that have them. Without any date the clock gives one, because every playlist needs dates.
//!
//! rfc8216bis, 6.2.1 and 6.2.4.

use super::segment::Segment;
use super::track::Track;
use crate::time::UnixTime;

/// The other tracks, and when the upload came that is being listed.
#[derive(Clone, Copy)]
pub(super) struct SiblingTracks<'a> {
    before: &'a [Track],
    after: &'a [Track],
    received: UnixTime,
}

impl<'a> SiblingTracks<'a> {
    /// One of the tracks, and the others beside it.
    pub fn of(tracks: &'a mut [Track], index: usize, received: UnixTime) -> (&'a mut Track, Self) {
        let (before, rest) = tracks.split_at_mut(index);
        let (own, after) = rest.split_first_mut().expect("the index is one of a track");
        (own, Self { before, after, received })
    }

    /// Returns the date at which a segment begins, in microseconds since 1970; `known` of it came with the upload.
    pub fn date(&self, msn: u64, known: u64) -> i64 {
        let told = self.segments(msn).find_map(|segment| segment.date);
        told.unwrap_or_else(|| self.received.0.saturating_sub_unsigned(known))
    }

    /// Returns whether a segment stands behind a discontinuity; `None` when no other track lists it.
    pub fn discontinuity(&self, msn: u64) -> Option<bool> {
        let known = self.segments(msn).filter(|segment| segment.id.is_some());
        known.map(|segment| segment.discontinuity).reduce(|one, other| one || other)
    }

    fn segments(&self, msn: u64) -> impl Iterator<Item = &'a Segment> {
        self.before.iter().chain(self.after).filter_map(move |track| track.window.segment(msn))
    }
}
