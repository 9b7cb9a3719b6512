//! Low-Latency HLS: uploads in, playlists and objects out (draft-pantos-hls-rfc8216bis).
//!
//! A [`Stream`] is one multivariant playlist and its tracks. It takes payloads of data signals, in whatever order
//! they arrive, and says what is to be stored, published and removed. Time is media time throughout. Never stores,
//! serves or waits itself.

mod change;
mod hint;
mod ingest;
mod listing;
mod playlist;
mod refusal;
mod reload;
mod segment;
mod track;
mod waiting;
mod window;

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::data::{InitSection, Payload, SegmentHead, TrackRef, UpdatePart, UpdateSegment, UpdateVariant};
use roomcast_protocol::limits::{HLS_WINDOW, PARTS_BEFORE_GAP};

pub use change::{Change, Object, ObjectKind, Position, Snapshot};
pub use refusal::Refusal;
pub use reload::{BadReload, Decision, Reload};

use ingest::Admission;
use playlist::multivariant;
use track::Track;
use waiting::Whole;

/// Variants of one stream.
const MAX_TRACKS: usize = 16;
/// The longest target duration, in microseconds.
const MAX_TARGET: u64 = 3_600_000_000;

/// What an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How much media a playlist lists; at least three target durations are listed.
    pub window: Duration,
    /// Uploads that wait behind a hole before the hole is listed as a gap.
    pub parts_before_gap: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: HLS_WINDOW, parts_before_gap: PARTS_BEFORE_GAP }
    }
}

/// One multivariant playlist and its tracks.
#[derive(Debug)]
pub struct Stream {
    settings: Settings,
    tracks: Vec<Track>,
    /// Microseconds, the same in all media playlists, and fixed with the first of them.
    part_hold_back: u64,
    multivariant: Option<Arc<str>>,
    ended: bool,
}

impl Stream {
    /// A stream of nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, tracks: Vec::new(), part_hold_back: 0, multivariant: None, ended: false }
    }

    /// Takes a payload. The playlist's id in it is not looked at: who holds several streams goes by it.
    ///
    /// A repetition is taken without changes. A rendition report may be one change of the other track behind.
    ///
    /// # Errors
    /// A [`Refusal`] with the code and a sentence for the answer; then nothing has changed.
    pub fn apply(&mut self, payload: Payload) -> Result<Vec<Change>, Refusal> {
        match payload {
            Payload::End(_) => Ok(self.end()),
            Payload::Variant(update) if self.ended => self.reopen(update),
            _ if self.ended => Err(Refusal::conflict("the stream has ended")),
            Payload::Variant(update) => self.update_variant(update),
            Payload::Rendition(_) => Err(Refusal::invalid("this version has no renditions")),
            Payload::Segment(update) => self.update_segment(update),
            Payload::Part(update) => self.update_part(update),
        }
    }

    /// Ends the stream: all that waits is listed, and every playlist gets its end tag. Ending it again does nothing.
    pub fn end(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if !std::mem::replace(&mut self.ended, true) {
            for index in 0..self.tracks.len() {
                self.tracks[index].close(&mut changes);
                self.publish(index, &mut changes);
            }
        }
        changes
    }

    /// Lets a streamer that comes back go on where it ended, behind a discontinuity; its new init section tells
    /// it from a repetition.
    fn reopen(&mut self, update: UpdateVariant) -> Result<Vec<Change>, Refusal> {
        let known = self.tracks.iter().find(|track| track.variant.id == update.variant.id);
        if known.is_none_or(|track| track.has_map(&update.segment.map.id)) {
            return Err(Refusal::conflict("the stream has ended; to go on, bring a new map for one of its variants"));
        }
        let mut changes = self.update_variant(update)?;
        self.ended = false;
        for index in 0..self.tracks.len() {
            self.tracks[index].interrupted = true;
            self.publish(index, &mut changes);
        }
        Ok(changes)
    }

    /// Whether some track lists something.
    #[must_use]
    pub fn playable(&self) -> bool {
        self.tracks.iter().any(Track::playable)
    }

    /// Whether the playlists have their end tag.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    fn update_variant(&mut self, update: UpdateVariant) -> Result<Vec<Change>, Refusal> {
        let (variant, map) = (update.variant, update.segment.map);
        let target = variant.target_duration.micros().div_ceil(1_000_000).saturating_mul(1_000_000);
        let index = match self.tracks.iter().position(|track| track.variant.id == variant.id) {
            Some(index) => index,
            None => {
                return self
                    .make_track(Track::new(variant, target, self.window(), self.settings.parts_before_gap), map);
            }
        };
        let track = &mut self.tracks[index];
        if (target, variant.target_part_duration.micros()) != (track.target, track.part_target) {
            return Err(Refusal::invalid("the target durations of a track are fixed when it is made"));
        }
        let new = track.admit_map(&map)?;
        let older = variant.version.zip(track.variant.version).is_some_and(|(came, known)| came < known);
        if older || (variant == track.variant && map.id == *track.newest_map()) {
            return Ok(Vec::new());
        }
        track.variant = variant;
        let mut changes = Vec::new();
        changes.extend(new.then(|| store_map(track, &map)));
        track.use_map(map);
        self.publish(index, &mut changes);
        Ok(changes)
    }

    fn make_track(&mut self, mut track: Track, map: InitSection) -> Result<Vec<Change>, Refusal> {
        let (target, part_target) = (track.target, track.part_target);
        if target == 0 || target > MAX_TARGET || part_target == 0 || part_target > target {
            return Err(Refusal::invalid("the target durations must be more than 0, and a part within a segment"));
        }
        if self.tracks.len() == MAX_TRACKS {
            return Err(Refusal::invalid(format!("a stream may have {MAX_TRACKS} variants")));
        }
        if self.tracks.iter().any(|other| other.target != target) {
            return Err(Refusal::invalid("all tracks of a stream must have the same target duration"));
        }
        let part_hold_back = self.part_hold_back.max(3 * part_target);
        if self.playable() && part_hold_back != self.part_hold_back {
            return Err(Refusal::invalid("the part target is longer than those of the tracks that play already"));
        }
        track.admit_map(&map)?;
        let stored = store_map(&track, &map);
        track.use_map(map);
        self.part_hold_back = part_hold_back;
        self.tracks.push(track);
        Ok(vec![stored])
    }

    fn update_segment(&mut self, update: UpdateSegment) -> Result<Vec<Change>, Refusal> {
        let index = self.find(update.variant.as_ref(), update.rendition.as_ref())?;
        let sent = update.segment;
        let whole = Whole { duration: sent.duration.micros(), bytes: sent.data.0 };
        let head = SegmentHead {
            id: sent.id,
            sequence: sent.sequence,
            duration: Some(sent.duration),
            discontinuity: sent.discontinuity,
            program_date_time: sent.program_date_time,
            map: sent.map,
        };
        let admission = self.tracks[index].take_segment(head, whole)?;
        Ok(self.advance(index, admission))
    }

    fn update_part(&mut self, update: UpdatePart) -> Result<Vec<Change>, Refusal> {
        let index = self.find(update.variant.as_ref(), update.rendition.as_ref())?;
        let admission = self.tracks[index].take_part(update.segment, update.part)?;
        Ok(self.advance(index, admission))
    }

    fn find(&self, variant: Option<&TrackRef>, rendition: Option<&TrackRef>) -> Result<usize, Refusal> {
        let id = match (variant, rendition) {
            (Some(variant), None) => &variant.id,
            (None, Some(rendition)) => {
                return Err(Refusal::no_track(format!("there is no rendition {}", rendition.id)));
            }
            _ => return Err(Refusal::no_track("exactly one of `variant` and `rendition` must be given")),
        };
        let index = self.tracks.iter().position(|track| track.variant.id == *id);
        index.ok_or_else(|| Refusal::no_track(format!("there is no variant {id}")))
    }

    fn advance(&mut self, index: usize, admission: Admission) -> Vec<Change> {
        let mut changes = Vec::new();
        if admission == Admission::New {
            self.tracks[index].advance(false, &mut changes);
            self.publish(index, &mut changes);
        }
        changes
    }

    /// Publishes what changed of a track, and lets go what it does not need any more.
    fn publish(&mut self, index: usize, changes: &mut Vec<Change>) {
        // An ended playlist is not reloaded, so nobody goes on from it to another.
        let others = self.tracks.iter().enumerate().filter(|(other, _)| *other != index && !self.ended);
        let reports: Vec<_> = others.filter_map(|(_, track)| track.report()).collect();
        let track = &mut self.tracks[index];
        let id = track.variant.id.clone();
        let removed = track.slide();
        if let Some(snapshot) = track.render(self.part_hold_back, &reports, self.ended) {
            changes.push(Change::Media { track: id.clone(), snapshot });
        }
        self.publish_multivariant(changes);
        changes.extend(removed.into_iter().map(|object| Change::Remove { track: id.clone(), object }));
    }

    fn publish_multivariant(&mut self, changes: &mut Vec<Change>) {
        let playable = self.tracks.iter().filter(|track| track.playable());
        let text = multivariant::render(playable.map(|track| &track.variant));
        if self.playable() && self.multivariant.as_deref() != Some(&text[..]) {
            let text: Arc<str> = text.into();
            self.multivariant = Some(text.clone());
            changes.push(Change::Multivariant(text));
        }
    }

    fn window(&self) -> u64 {
        u64::try_from(self.settings.window.as_micros()).unwrap_or(u64::MAX)
    }
}

fn store_map(track: &Track, map: &InitSection) -> Change {
    let media = Object { bytes: map.data.0.clone(), kind: ObjectKind::Init };
    Change::Store { track: track.variant.id.clone(), object: map.id.clone(), media }
}
