//! A media playlist (rfc8216bis, 4.4.2 to 4.4.5 and 6.2.5.1).
//!
//! The tags of a segment, its discontinuity, map and date, stand before its first part. Writes the whole list, and the
//! delta update from the same lines; makes no decision of its own.

use std::fmt::{self, Write as _};

use roomcast_protocol::id::ObjectId;
use serde::{Deserialize, Serialize};

use super::number::{Seconds, date};
use crate::hls::segment::{Part, Segment, Source};
use crate::hls::window::Window;

/// Tags that all media playlists of a stream have in common.
#[derive(Debug, Clone, Copy)]
pub(in crate::hls) struct Common {
    /// In microseconds; 0 in a stream without parts.
    pub part_hold_back: u64,
    /// Whether every segment begins with a sync sample.
    pub independent_segments: bool,
    pub ended: bool,
}

/// Content of a media playlist. Durations are in microseconds.
pub(in crate::hls) struct MediaPlaylist<'a> {
    pub target: u64,
    /// `None` in a stream without parts.
    pub part_target: Option<u64>,
    pub common: Common,
    pub window: &'a Window,
    pub hint: Option<&'a ObjectId>,
    pub reports: &'a [Report],
}

/// A playlist and its delta update, which describe the same state.
pub(in crate::hls) struct Rendered {
    pub whole: String,
    /// The delta update; `None` if there is nothing to skip, and after the end.
    pub delta: Option<String>,
}

/// The last listed position of another media playlist of the stream (`EXT-X-RENDITION-REPORT`).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::hls) struct Report {
    pub track: ObjectId,
    pub msn: u64,
    pub part: Option<u64>,
}

impl MediaPlaylist<'_> {
    /// Writes the playlist.
    pub fn render(&self) -> Rendered {
        let mut whole = String::with_capacity(8192);
        let skipped = if self.common.ended { 0 } else { self.window.skippable(self.skip_boundary()) };
        let listed = self.write(&mut whole, skipped).expect("a string takes all text");
        let delta = (skipped > 0).then(|| self.delta(skipped, &whole[listed..]));
        Rendered { whole, delta: delta.map(|text| text.expect("a string takes all text")) }
    }

    /// `CAN-SKIP-UNTIL`.
    fn skip_boundary(&self) -> u64 {
        6 * self.target
    }

    /// Returns the delta update. The text after the skipped segments is the same as in the whole playlist.
    fn delta(&self, skipped: usize, listed: &str) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(listed.len() + 512);
        self.head(&mut text, 9)?;
        write!(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n{listed}")?;
        Ok(text)
    }

    /// Writes the whole playlist; returns the offset at which the segments after the first `skipped` begin.
    fn write(&self, text: &mut String, skipped: usize) -> Result<usize, fmt::Error> {
        self.head(text, 6)?;
        let (mut map, mut listed) = (None, text.len());
        for (index, segment) in self.window.segments().enumerate() {
            if index == skipped {
                listed = text.len();
            }
            write_segment(text, segment, map)?;
            map = Some(&segment.map);
        }
        self.tail(text)?;
        Ok(listed)
    }

    fn tail(&self, text: &mut String) -> fmt::Result {
        if let Some(hint) = self.hint {
            writeln!(text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{hint}\"")?;
        }
        for report in self.reports {
            write!(text, "#EXT-X-RENDITION-REPORT:URI=\"../{}/playlist.m3u8\",LAST-MSN={}", report.track, report.msn)?;
            report.part.map_or(Ok(()), |part| write!(text, ",LAST-PART={part}"))?;
            writeln!(text)?;
        }
        if self.common.ended { writeln!(text, "#EXT-X-ENDLIST") } else { Ok(()) }
    }

    fn head(&self, text: &mut String, version: u8) -> fmt::Result {
        writeln!(text, "#EXTM3U\n#EXT-X-VERSION:{version}")?;
        if self.common.independent_segments {
            writeln!(text, "#EXT-X-INDEPENDENT-SEGMENTS")?;
        }
        writeln!(text, "#EXT-X-TARGETDURATION:{}", self.target / 1_000_000)?;
        self.control(text)?;
        writeln!(text, "#EXT-X-MEDIA-SEQUENCE:{}", self.window.media_sequence().unwrap_or(0))?;
        match self.window.discontinuity_sequence() {
            0 => Ok(()),
            sequence => writeln!(text, "#EXT-X-DISCONTINUITY-SEQUENCE:{sequence}"),
        }
    }

    /// Writes the server control tag and the part target. Without parts, blocking reloads are not offered, and players
    /// poll for whole segments.
    fn control(&self, text: &mut String) -> fmt::Result {
        let (skip, hold_back) = (Seconds(self.skip_boundary()), Seconds(3 * self.target));
        let Some(part_target) = self.part_target.map(Seconds) else {
            return writeln!(text, "#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL={skip},HOLD-BACK={hold_back}");
        };
        let part_hold_back = Seconds(self.common.part_hold_back);
        write!(text, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={skip},")?;
        writeln!(text, "PART-HOLD-BACK={part_hold_back},HOLD-BACK={hold_back}")?;
        writeln!(text, "#EXT-X-PART-INF:PART-TARGET={part_target}")
    }
}

fn write_segment(text: &mut String, segment: &Segment, map: Option<&ObjectId>) -> fmt::Result {
    if segment.discontinuity {
        writeln!(text, "#EXT-X-DISCONTINUITY")?;
    }
    // A decoder starts anew behind a discontinuity, with the same map as well.
    if segment.discontinuity || map != Some(&segment.map) {
        writeln!(text, "#EXT-X-MAP:URI=\"{}\"", segment.map)?;
    }
    if let Some(date) = segment.date.and_then(date) {
        writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{date}")?;
    }
    segment.listed_parts().iter().try_for_each(|part| write_part(text, part))?;
    let Some(ending) = &segment.ending else { return Ok(()) };
    if matches!(ending.source, Source::Missing) {
        writeln!(text, "#EXT-X-GAP")?;
    }
    writeln!(text, "#EXTINF:{},\n{}", Seconds(ending.duration), ending.uri)
}

fn write_part(text: &mut String, part: &Part) -> fmt::Result {
    let more = match part {
        Part { gap: true, .. } => ",GAP=YES",
        Part { independent: true, .. } => ",INDEPENDENT=YES",
        _ => "",
    };
    writeln!(text, "#EXT-X-PART:DURATION={},URI=\"{}\"{more}", Seconds(part.duration), part.uri)
}
