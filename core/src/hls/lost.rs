//! Duration of lost media: the time that the dates around it leave, else the usual duration.
//!
//! The gap listed in its place and the date of the media after it then agree, and players rely on both.
//!
//! rfc8216bis, 4.4.4.6 (EXT-X-PROGRAM-DATE-TIME) and 4.4.4.7 (EXT-X-GAP).

use super::reorder::PendingSegment;
use super::segment::Segment;
use super::track::Track;

impl Track {
    /// Returns the duration of the rest of a segment, neither listed nor waiting as parts, in microseconds; `u64::MAX`
    /// if it is not known.
    pub(super) fn rest(&self, msn: u64) -> u64 {
        if self.reorder.has_whole(msn) {
            return self.missing(msn);
        }
        // Behind parts that wait there may be more to come.
        let told = if self.reorder.has_parts(msn) { None } else { self.length_by_dates(msn) };
        let listed = self.window.segment(msn).map_or(0, Segment::duration);
        told.map_or(u64::MAX, |length| length.saturating_sub(listed))
    }

    /// Returns the duration of a whole uploaded segment that is not listed as parts, in microseconds.
    pub(super) fn missing(&self, msn: u64) -> u64 {
        let whole = self.reorder.get(msn).and_then(|pending| pending.whole()).map_or(0, |whole| whole.duration);
        whole.saturating_sub(self.window.segment(msn).map_or(0, Segment::duration))
    }

    /// Returns the assumed duration of the open segment if nothing of it arrived, in microseconds.
    pub(super) fn lost_duration(&self, msn: u64) -> u64 {
        let finished = self.window.segments().rev().find(|segment| segment.finished());
        let usual = || finished.map_or(self.target, Segment::duration);
        self.length_by_dates(msn).unwrap_or_else(usual)
    }

    /// Returns the time from the date of the open segment to the date that the next segment states, in microseconds;
    /// divided evenly if there are more segments between them. `None` where that is no possible duration of a segment.
    fn length_by_dates(&self, msn: u64) -> Option<u64> {
        let open = self.window.open().filter(|open| open.msn == msn)?;
        let next = self.reorder.first().filter(|first| *first > msn).unwrap_or(msn + 1);
        // Over a discontinuity dates may jump.
        let goes_on = |pending: &&PendingSegment| *pending.map() == open.map && !pending.head.discontinuity;
        let pending = self.reorder.get(next).filter(goes_on)?;
        let date = pending.head.program_date_time?.millis().checked_mul(1000)?;
        let between = u64::try_from(date.checked_sub(open.date?)?).ok()?;
        Some(between / (next - msn)).filter(|length| (1..=self.longest_segment()).contains(length))
    }
}
