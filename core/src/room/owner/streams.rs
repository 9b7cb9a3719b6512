//! The streams of a room at its owner: accepted uploads, their journal entries, and the updates for edges.
//!
//! Each accepted entry is a field of the journal. After `CHECKPOINT_EVERY` entries, one field with the whole stream
//! replaces them.

use std::collections::BTreeMap;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::limits;

use super::OwnerEffect;
use super::edges::Edges;
use super::journal::{Journal, OnCommit};
use super::record::{Field, Value};
use super::room::JournaledRoom;
use crate::cluster::{BootId, Ownership};
use crate::hls::{self, Change, Stream, UploadEntry};
use crate::room::message::ToEdge;
use crate::room::streams::{KnownStream, StreamCopy, StreamPosition, StreamState, StreamUpdate};
use crate::room::{Refusal, refuse};
use crate::time::Instant;

/// The number of entries of a stream in the journal before a checkpoint replaces them.
const CHECKPOINT_EVERY: usize = 64;

/// The settings of a room's broadcasts.
#[derive(Debug, Clone, Copy)]
pub struct StreamSettings {
    /// The maximum number of playlists.
    pub max_playlists: usize,
    /// The settings of each playlist.
    pub hls: hls::HlsSettings,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self { max_playlists: limits::PLAYLISTS_PER_ROOM, hls: hls::HlsSettings::default() }
    }
}

/// A stream at its owner.
#[derive(Debug)]
pub(super) struct OwnedStream {
    pub stream: Stream,
    /// The revision of the stream at the beginning of this ownership.
    base: u64,
    /// The newest entries, up to the present revision.
    tail: Vec<UploadEntry>,
}

impl OwnedStream {
    const fn new(stream: Stream) -> Self {
        let base = stream.revision();
        Self { stream, base, tail: Vec::new() }
    }

    /// Returns the revision before the newest entries.
    fn tail_from(&self) -> u64 {
        self.stream.revision() - self.tail.len() as u64
    }

    /// Returns the entry of a revision, unless the journaled checkpoint includes it.
    pub fn entry(&self, revision: u64) -> Option<&UploadEntry> {
        let index = revision.checked_sub(self.tail_from() + 1)?;
        self.tail.get(usize::try_from(index).ok()?)
    }

    /// Applies an entry; returns `None` if it repeats an earlier one.
    fn accept(&mut self, entry: UploadEntry) -> Result<Option<Vec<Change>>, Refusal> {
        let before = self.stream.revision();
        let changes = self.stream.replay(entry.clone())?;
        let is_new = self.stream.revision() != before;
        if is_new {
            self.tail.push(entry);
        }
        Ok(is_new.then_some(changes))
    }

    /// Returns whether the stream plays live.
    const fn plays(&self) -> bool {
        self.stream.playable() && !self.stream.has_ended()
    }

    /// Returns the state that updates a copy with the revision `shown` of the same stream to the present revision.
    fn state_for(&self, shown: Option<u64>) -> StreamState {
        let known = shown.and_then(|revision| revision.checked_sub(self.tail_from()));
        match known.and_then(|known| self.tail.get(usize::try_from(known).ok()?..)) {
            Some(missing) => StreamState::Entries(missing.to_vec()),
            None => StreamState::Checkpoint(self.stream.checkpoint()),
        }
    }
}

/// The streams of a room, by their playlists.
#[derive(Debug)]
pub(super) struct OwnedStreams {
    by_playlist: BTreeMap<ObjectId, OwnedStream>,
    settings: StreamSettings,
    term: u64,
    /// The owner's node, whose edge has no copies.
    node: Option<BootId>,
}

impl OwnedStreams {
    /// Creates an empty set of streams for an ownership.
    pub fn new(ownership: Ownership) -> Self {
        let (settings, term, node) = (StreamSettings::default(), ownership.term, ownership.owner);
        Self { by_playlist: BTreeMap::new(), settings, term, node }
    }

    pub const fn set_settings(&mut self, settings: StreamSettings) {
        self.settings = settings;
    }

    /// Returns the playlists that have not ended.
    pub fn going_on(&self) -> Vec<ObjectId> {
        let live = self.by_playlist.iter().filter(|(_, owned)| !owned.stream.has_ended());
        live.map(|(playlist, _)| playlist.clone()).collect()
    }

    /// Applies an upload, journals it and then publishes it, also if its stream starts or stops playing.
    pub fn accept(&mut self, entry: UploadEntry, room: &mut JournaledRoom, shared: Instant) -> Result<(), Refusal> {
        let playlist = entry.playlist().clone();
        let is_first = !self.by_playlist.contains_key(&playlist);
        if is_first && !matches!(entry.payload, Payload::Variant(_)) {
            return refuse(AckCode::TrackNotFound, "there is no such playlist; updateVariant makes one");
        }
        if is_first && self.by_playlist.len() >= self.settings.max_playlists {
            return refuse(AckCode::RoomFull, "the room has as many playlists as it may");
        }
        let new = || OwnedStream::new(Stream::new(self.settings.hls));
        let mut owned = self.by_playlist.remove(&playlist).unwrap_or_else(new);
        let accepted = owned.accept(entry.clone());
        let (revision, checkpoint) = (owned.stream.revision(), is_first.then(|| owned.stream.checkpoint()));
        let plays = owned.plays();
        if !is_first || accepted.is_ok() {
            self.by_playlist.insert(playlist.clone(), owned);
        }
        if let Some(changes) = accepted? {
            let state = checkpoint.map_or_else(|| StreamState::Entries(vec![entry]), StreamState::Checkpoint);
            let position = StreamPosition { term: self.term, revision };
            self.journal_entry(&playlist, revision, is_first, &mut room.journal);
            let update = StreamUpdate { playlist: playlist.clone(), position, state };
            room.journal.defer(OnCommit::Stream { changes, update });
        }
        room.note_playing(shared, playlist, plays);
        Ok(())
    }

    fn journal_entry(&mut self, playlist: &ObjectId, revision: u64, is_first: bool, journal: &mut Journal) {
        let Some(owned) = self.by_playlist.get_mut(playlist) else { return };
        journal.change(Field::Entry(playlist.clone(), revision));
        if is_first || owned.tail.len() >= CHECKPOINT_EVERY {
            for (revision, _) in (owned.tail_from() + 1..).zip(&owned.tail) {
                journal.change(Field::Entry(playlist.clone(), revision));
            }
            owned.tail.clear();
            journal.change(Field::Stream(playlist.clone()));
        }
    }

    /// Publishes journaled changes.
    pub fn show(&self, changes: Vec<Change>, update: StreamUpdate, edges: &Edges, out: &mut Vec<OwnerEffect>) {
        out.extend(changes.into_iter().map(|change| OwnerEffect::Live(update.playlist.clone(), change)));
        self.send(&update, edges, out);
    }

    /// Sends an update to the edges on other nodes. The edge on the owner's node has no copy.
    fn send(&self, update: &StreamUpdate, edges: &Edges, out: &mut Vec<OwnerEffect>) {
        for edge in edges.nodes().filter(|edge| Some(*edge) != self.node) {
            edges.send(edge, ToEdge::Stream(Box::new(update.clone())), out);
        }
    }

    fn update_of(&self, playlist: &ObjectId, owned: &OwnedStream, shown: Option<u64>) -> StreamUpdate {
        let position = StreamPosition { term: self.term, revision: owned.stream.revision() };
        StreamUpdate { playlist: playlist.clone(), position, state: owned.state_for(shown) }
    }

    /// Returns updates for the streams of which an edge holds less than this owner.
    pub fn updates_for(&self, edge: BootId, shown: &[KnownStream]) -> Vec<StreamUpdate> {
        if Some(edge) == self.node {
            return Vec::new();
        }
        let updates = self.by_playlist.iter().map(|(playlist, owned)| {
            let shown = shown.iter().find(|shown| shown.playlist == *playlist).map(|shown| shown.position);
            let same = |position: &StreamPosition| position.term == self.term || position.revision <= owned.base;
            self.update_of(playlist, owned, shown.filter(same).map(|position| position.revision))
        });
        updates.collect()
    }

    /// Replaces streams by the copies of an edge that received more from a former owner than the journal holds.
    pub fn catch_up(
        &mut self,
        room: &mut JournaledRoom,
        shared: Instant,
        (shown, edges): (&[KnownStream], &Edges),
        out: &mut Vec<OwnerEffect>,
    ) {
        for KnownStream { playlist, position, checkpoint } in shown {
            let behind = match self.by_playlist.get(playlist) {
                // Without the entries since then they could not be added to it.
                Some(owned) => position.revision > owned.base && owned.tail_from() == owned.base,
                None => true,
            };
            let restored = checkpoint.as_ref().filter(|_| behind && position.term < self.term);
            if let Some(stream) = restored.and_then(|text| Stream::restore(text.as_bytes()).ok()) {
                let plays = self.replace(playlist, stream, (&mut room.journal, edges), out);
                room.note_playing(shared, playlist.clone(), plays);
            }
        }
    }

    /// Replaces an outdated stream and reapplies the entries accepted since the takeover; returns whether the stream
    /// plays live.
    fn replace(
        &mut self,
        playlist: &ObjectId,
        stream: Stream,
        (journal, edges): (&mut Journal, &Edges),
        out: &mut Vec<OwnerEffect>,
    ) -> bool {
        let mut owned = OwnedStream::new(stream);
        let tail = self.by_playlist.remove(playlist).map(|before| before.tail).unwrap_or_default();
        tail.into_iter().for_each(|entry| _ = owned.accept(entry));
        let (update, plays) = (self.update_of(playlist, &owned, None), owned.plays());
        out.push(OwnerEffect::Everything(playlist.clone(), owned.stream.everything()));
        owned.tail.clear();
        self.by_playlist.insert(playlist.clone(), owned);
        journal.change(Field::Stream(playlist.clone()));
        self.send(&update, edges, out);
        plays
    }

    /// Restores the streams from the journal.
    pub fn restore(
        &mut self,
        streams: Vec<(ObjectId, String)>,
        entries: BTreeMap<(ObjectId, u64), UploadEntry>,
        journal: &mut Journal,
    ) {
        for (playlist, text) in streams {
            let Ok(mut stream) = Stream::restore(text.as_bytes()) else { continue };
            for ((_, revision), entry) in entries.range((playlist.clone(), 0)..=(playlist.clone(), u64::MAX)) {
                if *revision == stream.revision() + 1 {
                    let _ = stream.replay(entry.clone());
                }
            }
            journal.change(Field::Stream(playlist.clone()));
            self.by_playlist.insert(playlist, OwnedStream::new(stream));
        }
        entries.into_keys().for_each(|(playlist, revision)| journal.change(Field::Entry(playlist, revision)));
    }

    /// Returns all streams, written down.
    pub fn checkpoints(&self) -> impl Iterator<Item = (ObjectId, String)> + '_ {
        self.by_playlist.iter().map(|(playlist, owned)| (playlist.clone(), owned.stream.checkpoint()))
    }

    /// Returns the value of a stream's journal field: the entry of `revision`, or a checkpoint if `None`.
    pub fn value(&self, playlist: &ObjectId, revision: Option<u64>) -> Option<Value> {
        let owned = self.by_playlist.get(playlist)?;
        match revision {
            None => Some(Value::Stream(owned.stream.checkpoint())),
            Some(revision) => owned.entry(revision).map(|entry| Value::Entry(Box::new(entry.clone()))),
        }
    }

    /// Publishes the complete state of all streams.
    pub fn show_everything(&self, out: &mut Vec<OwnerEffect>) {
        for (playlist, owned) in &self.by_playlist {
            out.push(OwnerEffect::Everything(playlist.clone(), owned.stream.everything()));
        }
    }

    /// Removes and returns the streams as copies.
    pub fn take(&mut self) -> BTreeMap<ObjectId, StreamCopy> {
        let term = self.term;
        let copy = |OwnedStream { stream, .. }| StreamCopy {
            position: StreamPosition { term, revision: stream.revision() },
            stream,
        };
        std::mem::take(&mut self.by_playlist).into_iter().map(|(playlist, owned)| (playlist, copy(owned))).collect()
    }
}

impl From<hls::Refusal> for Refusal {
    fn from(refusal: hls::Refusal) -> Self {
        Self { code: refusal.code, reason: refusal.reason }
    }
}
