//! One media playlist: its listed media, its waiting uploads, and the names in use.
//!
//! Holds the state and renders it; `ingest` admits uploads to it and `listing` puts them into order. Never changes
//! what was fixed when it was made: the target duration and the part target.
//!
//! rfc8216bis, 4.4.3 and 6.2.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roomcast_protocol::id::ObjectId;
use serde::{Deserialize, Serialize};

use super::HlsSettings;
use super::change::{PlaylistPosition, Snapshot};
use super::hint::Hint;
use super::media::MediaRef;
use super::playlist::media::{Common, MediaPlaylist, Report};
use super::rate::Rates;
use super::refusal::Refusal;
use super::reorder::ReorderBuffer;
use super::role::Role;
use super::sync::SyncFlags;
use super::window::{NameOwner, Window};
use crate::time::UnixTime;

/// The file name of the playlist itself, which no object may use.
const PLAYLIST: &str = "playlist.m3u8";

/// An init section.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Map {
    pub id: ObjectId,
    pub media: MediaRef,
    /// Defaults of its video tracks.
    #[serde(default, skip_serializing_if = "SyncFlags::is_empty")]
    pub sync: SyncFlags,
}

/// A variant stream or rendition and its media playlist. Durations are in microseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Track {
    pub role: Role,
    /// The rendition by which a variant of audio alone is a member of its own group.
    pub membership: Option<Role>,
    /// A whole number of seconds.
    pub target: u64,
    /// 0 in a stream without parts.
    pub part_target: u64,
    pub(super) parts_before_gap: usize,
    /// Per cent of the part target.
    pub(super) least_part: u8,
    pub(super) window: Window,
    #[serde(rename = "waiting")]
    pub(super) reorder: ReorderBuffer,
    pub(super) hint: Hint,
    /// Bit rates of a variant with its renditions, as the multivariant playlist lists them.
    pub(super) rates: Rates,
    /// Whether the stream had ended and continues, so that the next segment follows a discontinuity.
    pub interrupted: bool,
    /// The newest is the last.
    maps: Vec<Map>,
    /// Rendition reports in the last published playlist; `None` before the first.
    reports: Option<Vec<Report>>,
    /// Rendered again where the track is restored.
    #[serde(skip)]
    snapshot: Option<Arc<Snapshot>>,
}

impl Track {
    /// Creates an empty track.
    pub fn new(role: Role, settings: &HlsSettings) -> Self {
        let (target, part_target) = (role.target(), role.part_target().unwrap_or(0));
        let length = u64::try_from(settings.window.as_micros()).unwrap_or(u64::MAX);
        let window = Window::new(length, target);
        let (reorder, hint, maps) = (ReorderBuffer::default(), Hint::default(), Vec::new());
        Self {
            role,
            membership: None,
            target,
            part_target,
            parts_before_gap: settings.parts_before_gap,
            least_part: settings.least_part,
            window,
            reorder,
            hint,
            maps,
            rates: Rates::default(),
            interrupted: false,
            reports: None,
            snapshot: None,
        }
    }

    /// Returns the entries of the track in the multivariant playlist.
    pub fn roles(&self) -> impl Iterator<Item = &Role> + Clone {
        self.membership.iter().chain(std::iter::once(&self.role))
    }

    /// Returns the last published snapshot.
    pub(super) fn newest(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// Returns whether the playlist lists something.
    pub fn playable(&self) -> bool {
        self.snapshot.is_some()
    }

    /// Checks whether an init section can be accepted; returns `false` if it exists already.
    pub fn admit_map(&self, map: &Map) -> Result<bool, Refusal> {
        match self.maps.iter().find(|known| known.id == map.id) {
            Some(known) if known.media == map.media => return Ok(false),
            Some(_) => return Err(Refusal::conflict(format!("the map {} has other bytes", map.id))),
            None => {}
        }
        if map.media.is_empty() {
            return Err(Refusal::invalid("a map must have bytes"));
        }
        if self.reserved(&map.id) {
            return Err(Refusal::invalid(format!("the name {} is taken", map.id)));
        }
        self.check_name(&map.id, NameOwner::Map)?;
        Ok(true)
    }

    /// Makes an admitted init section the newest.
    pub fn use_map(&mut self, map: Map) {
        self.maps.retain(|known| known.id != map.id);
        self.maps.push(map);
    }

    pub(super) fn maps(&self) -> &[Map] {
        &self.maps
    }

    pub(super) fn has_map(&self, id: &ObjectId) -> bool {
        self.maps.iter().any(|map| map.id == *id)
    }

    /// Returns an init section by its id, or the newest for `None`.
    pub(super) fn map(&self, id: Option<&ObjectId>) -> Option<&Map> {
        id.map_or_else(|| self.maps.last(), |id| self.maps.iter().find(|map| map.id == *id))
    }

    pub(super) fn newest_map(&self) -> &ObjectId {
        &self.maps.last().expect("a track is made with a map").id
    }

    /// Refuses an id that belongs to another object of the track.
    pub(super) fn check_name(&self, id: &ObjectId, own: NameOwner) -> Result<(), Refusal> {
        let taken = self.owner(id).is_some_and(|owner| owner != own);
        if taken || id.as_str() == PLAYLIST {
            return Err(Refusal::invalid(format!("the name {id} is taken")));
        }
        Ok(())
    }

    fn owner(&self, id: &ObjectId) -> Option<NameOwner> {
        let map = self.has_map(id).then_some(NameOwner::Map);
        map.or_else(|| self.window.owner(id)).or_else(|| self.reorder.owner(id))
    }

    /// Returns whether a name stands for something the sender does not know by it.
    pub(super) fn reserved(&self, name: &ObjectId) -> bool {
        self.hint.name() == Some(name) || self.window.reserved(name)
    }

    /// Returns whether the next part cannot be listed under a name. The name of a waiting part can be used, since that
    /// part may be the next.
    pub(super) fn unfit_for_hint(&self, name: &ObjectId) -> bool {
        let owned = self.owner(name).is_some_and(|owner| !self.waits(owner));
        owned || self.window.reserved(name) || name.as_str() == PLAYLIST
    }

    fn waits(&self, owner: NameOwner) -> bool {
        matches!(owner, NameOwner::Part(msn, index) if self.reorder.part(msn, index).is_some())
    }

    /// Returns an unused name that starts with `stem`.
    pub(super) fn free_name(&self, stem: &str, number: u64) -> ObjectId {
        let candidates = std::iter::once(String::new()).chain((1_u64..).map(|n| format!("-{n}")));
        let names = candidates.filter_map(|more| ObjectId::parse(&format!("{stem}-{number}{more}.m4s")).ok());
        let mut free = names.filter(|name| self.owner(name).is_none() && !self.reserved(name));
        free.next().expect("there are more names than objects")
    }

    /// Drops expired media, measured by the arrival time of the newest upload; returns the objects to be removed.
    pub fn slide(&mut self, received: UnixTime) -> Vec<ObjectId> {
        let mut removed = self.window.slide(received.0);
        let newest = self.newest_map().clone();
        let (window, reorder) = (&self.window, &self.reorder);
        self.maps.retain(|map| {
            let keep = map.id == newest || window.needs_map(&map.id) || reorder.needs_map(&map.id);
            removed.extend((!keep).then(|| map.id.clone()));
            keep
        });
        removed
    }

    /// Returns the position up to which the playlist lists, for the other playlists of the stream: to its last part
    /// where it has parts.
    pub fn report(&self) -> Option<Report> {
        self.snapshot.as_ref()?;
        let last = self.window.last_with_parts().or_else(|| self.window.last())?;
        Some(Report { track: self.role.id().clone(), msn: last.msn, part: (last.parts.len() as u64).checked_sub(1) })
    }

    /// Returns the discontinuity sequence number for a segment with which another track begins; `None` before the
    /// first.
    pub fn discontinuity_sequence_at(&self, msn: u64) -> Option<u64> {
        let ahead = self.interrupted && msn > self.window.last()?.msn;
        Some(self.window.discontinuity_sequence_at(msn) + u64::from(ahead))
    }

    /// Returns the new snapshot, if the playlist is not empty and has changed.
    pub fn render(&mut self, common: Common, reports: Vec<Report>) -> Option<Arc<Snapshot>> {
        let snapshot = self.snapshot(common, &reports)?;
        if self.snapshot.as_ref().is_some_and(|known| known.playlist == snapshot.playlist) {
            return None;
        }
        self.reports = Some(reports);
        Some(self.snapshot.insert(Arc::new(snapshot)).clone())
    }

    /// Renders the last published playlist again, for a track restored from a checkpoint, which does not contain it.
    pub(super) fn render_again(&mut self, common: Common) {
        let reports = self.reports.as_deref();
        self.snapshot = reports.and_then(|reports| self.snapshot(common, reports)).map(Arc::new);
    }

    fn snapshot(&self, common: Common, reports: &[Report]) -> Option<Snapshot> {
        let last = self.window.last()?;
        let position = PlaylistPosition { msn: last.msn, parts: last.parts.len() as u64, finished: last.finished() };
        let has_parts = self.window.has_parts();
        let hint = self.hint.name().filter(|_| has_parts && !common.ended);
        let (target, part_target, window) = (self.target, self.role.part_target(), &self.window);
        let text = MediaPlaylist { target, part_target, common, window, hint, reports }.render();
        let (playlist, delta) = (Bytes::from(text.whole), text.delta.map(Bytes::from));
        let (target_duration, part_target) = (Duration::from_micros(target), part_target.map(Duration::from_micros));
        let (hint, ended) = (hint.cloned(), common.ended);
        Some(Snapshot { playlist, delta, position, ended, target_duration, part_target, hint, has_parts })
    }
}
