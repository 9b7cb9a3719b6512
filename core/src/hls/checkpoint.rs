//! Checkpoints of a stream, from which a late node continues without replaying every upload. They contain references,
//! never bytes.
//!
//! A restored stream continues exactly like the original one. Playlists are not stored but rendered again. An
//! inconsistent checkpoint is refused, so that the rules never operate on it.

use serde::{Deserialize, Serialize};

use super::Stream;
use super::change::{Change, ObjectKind};
use super::declare::MAX_TARGET;
use super::track::Track;

/// The format version. It changes with every change of the format, so that a node never misinterprets a checkpoint of
/// another version.
const FORMAT: u32 = 4;

#[derive(Serialize, Deserialize)]
struct CheckpointRecord<S> {
    format: u32,
    stream: S,
}

/// Error: the bytes are no checkpoint, for this reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no checkpoint of a stream: {0}")]
pub struct BadCheckpoint(String);

impl Stream {
    /// Serializes the stream as JSON.
    ///
    /// # Panics
    /// Never: every member serialises.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        serde_json::to_string(&CheckpointRecord { format: FORMAT, stream: self }).expect("streams serialise")
    }

    /// Restores a stream from a checkpoint.
    ///
    /// # Errors
    /// [`BadCheckpoint`] if the text is not a valid checkpoint of this format.
    pub fn restore(json: &[u8]) -> Result<Self, BadCheckpoint> {
        let bad = |error: serde_json::Error| BadCheckpoint(error.to_string());
        let CheckpointRecord { format, mut stream }: CheckpointRecord<Self> =
            serde_json::from_slice(json).map_err(bad)?;
        if format != FORMAT {
            return Err(BadCheckpoint(format!("format {format} instead of {FORMAT}")));
        }
        if !stream.holds_together() {
            return Err(BadCheckpoint("it does not hold together".to_owned()));
        }
        let common = stream.common();
        for track in &mut stream.tracks {
            track.render_again(common);
        }
        Ok(stream)
    }

    /// Returns everything that is served now, as changes.
    #[must_use]
    pub fn everything(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        self.tracks.iter().for_each(|track| track.stored(&mut changes));
        let published =
            |track: &Track| Some(Change::MediaPlaylist { track: track.role.id().clone(), snapshot: track.newest()? });
        changes.extend(self.tracks.iter().filter_map(published));
        changes.extend(self.multivariant.clone().map(Change::Multivariant));
        changes
    }

    fn holds_together(&self) -> bool {
        let kind = |track: &Track| (track.target, track.part_target == 0);
        let alike = |track: &Track| kind(track) == kind(&self.tracks[0]) && track.holds_together();
        self.part_hold_back <= 3 * MAX_TARGET && self.tracks.iter().all(alike)
    }
}

impl Track {
    /// Says what is served of it beside its playlist.
    fn stored(&self, changes: &mut Vec<Change>) {
        let maps = self.maps().iter().map(|map| self.store(&map.id, ObjectKind::Init, vec![map.media.clone()]));
        changes.extend(maps);
        changes.extend(self.window.expiring().map(|kept| self.store(&kept.object, kept.kind, kept.pieces.clone())));
        for segment in self.window.segments() {
            for part in segment.listed_parts() {
                let names = part.stored();
                changes.extend(names.map(|name| self.store(name, ObjectKind::Part, vec![part.media.clone()])));
            }
            let whole = segment.stored();
            changes.extend(whole.map(|(name, pieces)| self.store(name, ObjectKind::Segment, pieces)));
        }
    }

    fn holds_together(&self) -> bool {
        let declared = self.role.part_target();
        let fixed = (self.target, self.part_target) == (self.role.target(), declared.unwrap_or(0));
        let within = declared.is_none_or(|part_target| (1..=self.target).contains(&part_target));
        let sane = (1..=MAX_TARGET).contains(&self.target) && within;
        let member = self.membership.as_ref().is_none_or(|own| own.is_member_of(&self.role));
        fixed && sane && member && !self.maps().is_empty() && self.window.holds_together(self.target)
    }
}
