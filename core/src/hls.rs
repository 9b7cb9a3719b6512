//! Low-Latency HLS: uploads in, playlists and objects out (draft-pantos-hls-rfc8216bis).
//!
//! A [`Stream`] is one multivariant playlist and its tracks. It accepts payloads of data signals in any order, and
//! returns what is to be stored, published and removed. Time is media time throughout. It performs no I/O itself.

mod change;
mod checkpoint;
mod codecs;
mod declare;
mod hint;
mod ingest;
mod listing;
mod log;
mod lost;
mod media;
mod playlist;
mod rate;
mod refusal;
mod reload;
mod reorder;
mod role;
mod segment;
mod siblings;
mod sync;
mod track;
mod window;

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::data::{InitSection, Payload, SegmentHead, TrackRef, UpdatePart, UpdateSegment, Variant};
use roomcast_protocol::limits::{HLS_WINDOW, LEAST_PART, PARTS_BEFORE_GAP};
use serde::{Deserialize, Serialize};

pub use change::{Change, Object, ObjectKind, PlaylistPosition, Snapshot};
pub use checkpoint::BadCheckpoint;
pub use log::{BadEntry, UploadEntry};
pub use media::{Digest, MediaRef, Reference};
pub use refusal::Refusal;
pub use reload::{BadReload, Decision, Reload};

use crate::time::UnixTime;
use ingest::Admission;
use playlist::media::Common;
use playlist::multivariant::Multivariant;
use reorder::{UploadedPart, WholeSegment};
use role::Role;
use siblings::SiblingTracks;
pub use sync::SyncFlags;
use track::{Map, Track};

/// Settings of HLS streams that an operator may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HlsSettings {
    /// The duration of the media that a playlist lists. At least three target durations are listed.
    pub window: Duration,
    /// The number of uploads that wait after a missing part before the missing part is listed as a gap.
    pub parts_before_gap: usize,
    /// Minimum duration of a part, in per cent of the part target, if another follows it in its segment and it is
    /// neither independent nor a gap: the standard's 85. With 0, encoders with few and irregular frames are accepted,
    /// too.
    pub least_part: u8,
}

impl Default for HlsSettings {
    fn default() -> Self {
        Self { window: HLS_WINDOW, parts_before_gap: PARTS_BEFORE_GAP, least_part: LEAST_PART }
    }
}

/// One multivariant playlist and its tracks.
///
/// The same payloads with the same times in the same order make the same changes and playlists, byte for byte, on
/// every node, also when it was written down and restored in between
/// ([`checkpoint`](Self::checkpoint), [`restore`](Self::restore)), and whether media is at hand or elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stream {
    settings: HlsSettings,
    tracks: Vec<Track>,
    /// Microseconds, the same in all media playlists, and fixed with the first of them.
    part_hold_back: u64,
    /// Whether the playlists promise that every segment begins with a sync sample.
    independent_segments: bool,
    multivariant: Option<Arc<str>>,
    ended: bool,
    /// The time at which the newest upload arrived.
    received: UnixTime,
    revision: u64,
}

impl Stream {
    /// Creates an empty stream.
    #[must_use]
    pub fn new(settings: HlsSettings) -> Self {
        Self {
            settings,
            tracks: Vec::new(),
            part_hold_back: 0,
            independent_segments: true,
            multivariant: None,
            ended: false,
            received: UnixTime::default(),
            revision: 0,
        }
    }

    /// Applies a payload. The playlist's id in it is ignored; a caller with several streams selects the stream by it.
    /// `received` is the time of arrival, from which media without dates is dated.
    ///
    /// A repetition is accepted without changes. A rendition report may lag behind the other track by one change.
    ///
    /// # Errors
    /// A [`Refusal`] with the code and a sentence for the answer. The stream is then unchanged.
    pub fn apply(&mut self, payload: Payload, received: UnixTime) -> Result<Vec<Change>, Refusal> {
        self.replay(UploadEntry::new(payload, received))
    }

    /// Applies a payload like [`apply`](Self::apply), with media that may be stored elsewhere.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn replay(&mut self, entry: UploadEntry) -> Result<Vec<Change>, Refusal> {
        let UploadEntry { received, payload, media, sync } = entry;
        let map = |InitSection { id, data: _ }| Map { id, media: media.clone(), sync: sync.clone() };
        match payload {
            Payload::End(_) => Ok(self.end()),
            Payload::Variant(update) => self.declare(Role::Variant(update.variant), map(update.segment.map)),
            Payload::Rendition(update) => self.declare(Role::Rendition(update.rendition), map(update.segment.map)),
            _ if self.ended => Err(Refusal::conflict("the stream has ended")),
            Payload::Segment(update) => self.update_segment(update, media, &sync, received),
            Payload::Part(update) => self.update_part(update, media, &sync, received),
        }
    }

    /// Ends the stream: lists all waiting uploads, and adds the end tag to every playlist. Has no effect on an ended
    /// stream.
    pub fn end(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if !std::mem::replace(&mut self.ended, true) {
            self.revision += 1;
            for index in 0..self.tracks.len() {
                let begins = self.tracks[index].window.last().is_none();
                let (track, siblings) = SiblingTracks::of(&mut self.tracks, index, self.received);
                track.close(siblings, &mut changes);
                if begins {
                    self.align(index);
                }
                self.publish(index, &mut changes);
            }
        }
        changes
    }

    /// Returns whether the multivariant playlist lists a variant.
    #[must_use]
    pub const fn playable(&self) -> bool {
        self.multivariant.is_some()
    }

    /// Returns whether the playlists have their end tag.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns the longest time for which media is needed after its arrival while the stream continues: first listed,
    /// then kept for players that lag behind (rfc8216bis, 6.2.2).
    #[must_use]
    pub fn retention(&self) -> Duration {
        let target = Duration::from_micros(self.tracks.first().map_or(0, |track| track.target));
        let listed = self.settings.window.max(3 * target);
        listed.saturating_mul(2).saturating_add(6 * target)
    }

    /// Returns the number of accepted payloads, without repetitions.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    fn update_segment(
        &mut self,
        update: UpdateSegment,
        media: MediaRef,
        sync: &SyncFlags,
        received: UnixTime,
    ) -> Result<Vec<Change>, Refusal> {
        let index = self.find(update.variant.as_ref(), update.rendition.as_ref())?;
        let sent = update.segment;
        let whole = WholeSegment { duration: sent.duration.micros(), media };
        let head = SegmentHead {
            id: sent.id,
            sequence: sent.sequence,
            duration: Some(sent.duration),
            discontinuity: sent.discontinuity,
            program_date_time: sent.program_date_time,
            map: sent.map,
        };
        let admission = self.tracks[index].take_segment(head, whole, sync)?;
        Ok(self.advance(index, admission, received))
    }

    fn update_part(
        &mut self,
        update: UpdatePart,
        media: MediaRef,
        sync: &SyncFlags,
        received: UnixTime,
    ) -> Result<Vec<Change>, Refusal> {
        let index = self.find(update.variant.as_ref(), update.rendition.as_ref())?;
        let admission = self.tracks[index].take_part(update.segment, UploadedPart::new(update.part, media), sync)?;
        Ok(self.advance(index, admission, received))
    }

    fn find(&self, variant: Option<&TrackRef>, rendition: Option<&TrackRef>) -> Result<usize, Refusal> {
        let (id, what) = match (variant, rendition) {
            (Some(variant), None) => (&variant.id, "variant"),
            (None, Some(rendition)) => (&rendition.id, "rendition"),
            _ => return Err(Refusal::no_track("exactly one of `variant` and `rendition` must be given")),
        };
        let fits = |index: &usize| matches!(self.tracks[*index].role, Role::Variant(_)) == variant.is_some();
        let index = self.position(id).filter(fits);
        index.ok_or_else(|| Refusal::no_track(format!("there is no {what} {id}")))
    }

    fn advance(&mut self, index: usize, admission: Admission, received: UnixTime) -> Vec<Change> {
        let mut changes = Vec::new();
        if admission == Admission::New {
            let begins = self.tracks[index].window.last().is_none();
            self.received = received;
            self.revision += 1;
            let (track, siblings) = SiblingTracks::of(&mut self.tracks, index, received);
            track.advance(false, siblings, &mut changes);
            if begins {
                self.align(index);
            }
            self.publish(index, &mut changes);
        }
        changes
    }

    /// Aligns the discontinuity sequence numbers of a late track with the playing tracks. Players match tracks by these
    /// numbers (rfc8216bis, 6.2.4).
    fn align(&mut self, index: usize) {
        let Some(first) = self.tracks[index].window.media_sequence() else { return };
        let others = self.tracks.iter().enumerate().filter(|(other, _)| *other != index);
        let counted = others.filter_map(|(_, track)| track.discontinuity_sequence_at(first)).max();
        self.tracks[index].window.begin_at_discontinuity(counted.unwrap_or(0));
    }

    fn common(&self) -> Common {
        let Self { part_hold_back, independent_segments, ended, .. } = *self;
        Common { part_hold_back, independent_segments, ended }
    }

    /// Publishes the changes of a track, and removes the objects that it no longer needs.
    fn publish(&mut self, index: usize, changes: &mut Vec<Change>) {
        // An ended playlist is not reloaded, so nobody goes on from it to another.
        let others = self.tracks.iter().enumerate().filter(|(other, _)| *other != index && !self.ended);
        let reports: Vec<_> = others.filter_map(|(_, track)| track.report()).collect();
        let common = self.common();
        let track = &mut self.tracks[index];
        let id = track.role.id().clone();
        let (removed, played) = (track.slide(self.received), track.playable());
        if let Some(snapshot) = track.render(common, reports) {
            changes.push(Change::MediaPlaylist { track: id.clone(), snapshot });
        }
        let finished =
            |change: &Change| matches!(change, Change::Store { media, .. } if media.kind == ObjectKind::Segment);
        let measured = changes.iter().any(finished) && self.measure();
        if measured || self.tracks[index].playable() != played {
            self.publish_multivariant(changes);
        }
        changes.extend(removed.into_iter().map(|object| Change::Remove { track: id.clone(), object }));
    }

    fn publish_multivariant(&mut self, changes: &mut Vec<Change>) {
        let playing = self.tracks.iter().filter(|track| track.playable() && self.lists(&track.role));
        let tracks: Vec<_> = playing.flat_map(|track| track.roles().map(|role| (role, track.rates))).collect();
        if !tracks.iter().any(|(role, _)| matches!(role, Role::Variant(_))) {
            return;
        }
        let text = Multivariant { tracks: &tracks, independent_segments: self.independent_segments }.render();
        if self.multivariant.as_deref() != Some(&text[..]) {
            let text: Arc<str> = text.into();
            self.multivariant = Some(text.clone());
            changes.push(Change::Multivariant(text));
        }
    }

    /// Returns whether the multivariant playlist may list a track that plays. A variant without its audio group would
    /// be silent, and a player reads that playlist only once.
    fn lists(&self, role: &Role) -> bool {
        let Role::Variant(Variant { audio: Some(group), .. }) = role else { return true };
        let mut playing = self.tracks.iter().filter(|track| track.playable());
        playing.any(|track| track.roles().any(|role| role.is_audio_of(group)))
    }
}
