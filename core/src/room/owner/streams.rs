//! The room's broadcasts: uploads, the streams they make, and which of them play.
//!
//! Each accepted entry is a field of the journal. After some of them one field holds the whole stream instead.

use std::collections::BTreeMap;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{EndStream, Payload, PlaylistRef};
use roomcast_protocol::id::{ObjectId, UserId};
use roomcast_protocol::signal::{MemberKey, RoomType};

use super::journal::OnCommit;
use super::record::{Field, Value};
use super::{Owner, OwnerEffect, Turn};
use crate::cluster::BootId;
use crate::hls::{self, Change, Stream, UploadEntry};
use crate::room::message::ToEdge;
use crate::room::state::RoomCommand;
use crate::room::streams::{KnownStream, StreamCopy, StreamPosition, StreamState, StreamUpdate, Upload, Uploader};
use crate::room::{Refusal, refuse};
use crate::time::UnixTime;

/// Entries of a stream in the journal before one field holds the whole stream instead.
const CHECKPOINT_EVERY: usize = 64;

/// A stream at its owner.
#[derive(Debug)]
pub(super) struct OwnedStream {
    pub stream: Stream,
    /// The revision with which this ownership began.
    base: u64,
    /// The newest entries, up to the present revision.
    tail: Vec<UploadEntry>,
}

impl OwnedStream {
    const fn new(stream: Stream) -> Self {
        let base = stream.revision();
        Self { stream, base, tail: Vec::new() }
    }

    /// The revision before the newest entries.
    fn tail_from(&self) -> u64 {
        self.stream.revision() - self.tail.len() as u64
    }

    /// An entry that is not in the journaled stream yet.
    pub fn entry(&self, revision: u64) -> Option<&UploadEntry> {
        let index = revision.checked_sub(self.tail_from() + 1)?;
        self.tail.get(usize::try_from(index).ok()?)
    }

    /// Applies an entry; none where it repeats a former one.
    fn accept(&mut self, entry: UploadEntry) -> Result<Option<Vec<Change>>, Refusal> {
        let before = self.stream.revision();
        let changes = self.stream.replay(entry.clone())?;
        let is_new = self.stream.revision() != before;
        if is_new {
            self.tail.push(entry);
        }
        Ok(is_new.then_some(changes))
    }

    /// Gives the news that bring a copy with this revision of the same stream to the present one.
    fn state_for(&self, shown: Option<u64>) -> StreamState {
        let known = shown.and_then(|revision| revision.checked_sub(self.tail_from()));
        match known.and_then(|known| self.tail.get(usize::try_from(known).ok()?..)) {
            Some(missing) => StreamState::Entries(missing.to_vec()),
            None => StreamState::Checkpoint(self.stream.checkpoint()),
        }
    }
}

impl Owner {
    /// Takes an upload of an edge, which is answered once the journal has it.
    pub(super) fn upload(&mut self, turn: Turn, edge: BootId, upload: Upload, out: &mut Vec<OwnerEffect>) {
        let Upload { id, by, entry } = upload;
        let is_check = entry.is_none();
        let taken = self.check_uploader(turn, &by);
        match taken.and_then(|()| entry.map_or(Ok(()), |entry| self.accept(turn, entry))) {
            Ok(()) if !is_check => self.journal.defer(OnCommit::Uploaded(edge, id)),
            answer => self.send(edge, ToEdge::Uploaded(id, answer), out),
        }
    }

    /// Whether an uploader may upload at this moment.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn check_uploader(&self, turn: Turn, by: &Uploader) -> Result<(), Refusal> {
        if self.has_ended() {
            return refuse(AckCode::RoomNotFound, "the room has just closed");
        }
        if self.state.room_type() != RoomType::P2m {
            return refuse(AckCode::UnsupportedChannel, "only broadcasts take data signals");
        }
        let may = match by {
            Uploader::Token(token) => self.state.may_upload(turn.shared, token),
            Uploader::Member(key) => self.state.publishes(key),
        };
        if may {
            return Ok(());
        }
        refuse(AckCode::Unauthenticated, "the ingest token is wrong or has expired; join again for a new one")
    }

    /// Whether a JOIN of this user to a broadcast of this name would make it a publisher. A room that has closed does
    /// not stand in the way of its successor.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn may_broadcast(&self, turn: Turn, user: &UserId) -> Result<(), Refusal> {
        if self.has_ended() {
            return Ok(());
        }
        if self.state.has_kicked(turn.shared, user) {
            return refuse(AckCode::PermissionNotFound, "the user was put out of this room");
        }
        self.state.may_broadcast(user)
    }

    /// A member goes of its own accord; a streamer's broadcast ends with it.
    pub(super) fn leave(&mut self, turn: Turn, key: &MemberKey, out: &mut Vec<OwnerEffect>) {
        let published = self.state.publishes(key);
        self.remove(turn, key, out);
        if published && self.state.publishers().is_empty() && !self.has_ended() {
            self.end_streams(turn);
        }
    }

    /// Ends all streams, as an upload would.
    pub(super) fn end_streams(&mut self, turn: Turn) {
        let live = self.streams.iter().filter(|(_, owned)| !owned.stream.has_ended());
        for id in live.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            let end = Payload::End(EndStream { playlist: PlaylistRef { id, version: None } });
            let _ = self.accept(turn, UploadEntry::new(end, UnixTime::default()));
        }
    }

    /// Shows all that was accepted, although nothing is journaled any more: the room is over.
    pub(super) fn show_streams(&mut self, out: &mut Vec<OwnerEffect>) {
        let shown = self.journal.take_deferred().into_iter();
        let streams = shown.filter(|shown| matches!(shown, OnCommit::Stream { .. } | OnCommit::Uploaded(..))).collect();
        self.run_on_commit(streams, out);
    }

    fn accept(&mut self, turn: Turn, entry: UploadEntry) -> Result<(), Refusal> {
        let playlist = entry.playlist().clone();
        let is_first = !self.streams.contains_key(&playlist);
        if is_first && !matches!(entry.payload, Payload::Variant(_)) {
            return refuse(AckCode::TrackNotFound, "there is no such playlist; updateVariant makes one");
        }
        if is_first && self.streams.len() >= self.streams_settings.max_playlists {
            return refuse(AckCode::RoomFull, "the room has as many playlists as it may");
        }
        let new = || OwnedStream::new(Stream::new(self.streams_settings.hls));
        let mut owned = self.streams.remove(&playlist).unwrap_or_else(new);
        let accepted = owned.accept(entry.clone());
        let (revision, checkpoint) = (owned.stream.revision(), is_first.then(|| owned.stream.checkpoint()));
        let plays = owned.stream.playable() && !owned.stream.has_ended();
        if !is_first || accepted.is_ok() {
            self.streams.insert(playlist.clone(), owned);
        }
        if let Some(changes) = accepted? {
            let state = checkpoint.map_or_else(|| StreamState::Entries(vec![entry]), StreamState::Checkpoint);
            let position = StreamPosition { term: self.ownership.term, revision };
            self.journal_entry(&playlist, revision, is_first);
            let update = StreamUpdate { playlist: playlist.clone(), position, state };
            self.journal.defer(OnCommit::Stream { changes, update });
        }
        self.playlist_plays(turn, playlist, plays);
        Ok(())
    }

    fn journal_entry(&mut self, playlist: &ObjectId, revision: u64, is_first: bool) {
        let Some(owned) = self.streams.get_mut(playlist) else { return };
        self.journal.change(Field::Entry(playlist.clone(), revision));
        if is_first || owned.tail.len() >= CHECKPOINT_EVERY {
            for (revision, _) in (owned.tail_from() + 1..).zip(&owned.tail) {
                self.journal.change(Field::Entry(playlist.clone(), revision));
            }
            owned.tail.clear();
            self.journal.change(Field::Stream(playlist.clone()));
        }
    }

    pub(super) fn show_stream(&self, changes: Vec<Change>, update: StreamUpdate, out: &mut Vec<OwnerEffect>) {
        out.extend(changes.into_iter().map(|change| OwnerEffect::Live(update.playlist.clone(), change)));
        self.tell_stream(&update, out);
    }

    /// Tells the edges at other nodes; the one beside this owner has no copy.
    fn tell_stream(&self, update: &StreamUpdate, out: &mut Vec<OwnerEffect>) {
        for edge in self.edges.keys().filter(|edge| Some(**edge) != self.ownership.owner) {
            self.send(*edge, ToEdge::Stream(Box::new(update.clone())), out);
        }
    }

    fn news_of(&self, playlist: &ObjectId, owned: &OwnedStream, shown: Option<u64>) -> StreamUpdate {
        let position = StreamPosition { term: self.ownership.term, revision: owned.stream.revision() };
        StreamUpdate { playlist: playlist.clone(), position, state: owned.state_for(shown) }
    }

    /// The streams of which an edge shows less than this owner has.
    pub(super) fn streams_for(&self, edge: BootId, shown: &[KnownStream]) -> Vec<StreamUpdate> {
        let others = |_: &(&ObjectId, &OwnedStream)| Some(edge) != self.ownership.owner;
        let streams = self.streams.iter().filter(others);
        let update = streams.map(|(playlist, owned)| {
            let shown = shown.iter().find(|shown| shown.playlist == *playlist).map(|shown| shown.position);
            let same =
                |position: &StreamPosition| position.term == self.ownership.term || position.revision <= owned.base;
            self.news_of(playlist, owned, shown.filter(same).map(|position| position.revision))
        });
        update.collect()
    }

    /// Takes the streams of an edge that has more of a former owner than the journal had.
    pub(super) fn catch_up(&mut self, turn: Turn, shown: &[KnownStream], out: &mut Vec<OwnerEffect>) {
        for KnownStream { playlist, position, checkpoint } in shown {
            let behind = match self.streams.get(playlist) {
                // Without the entries since then they could not be added to it.
                Some(owned) => position.revision > owned.base && owned.tail_from() == owned.base,
                None => true,
            };
            let restored = checkpoint.as_ref().filter(|_| behind && position.term < self.ownership.term);
            if let Some(stream) = restored.and_then(|text| Stream::restore(text.as_bytes()).ok()) {
                self.replace_stream(turn, playlist, stream, out);
            }
        }
    }

    /// Puts a stream in place of one that is behind, and what was accepted since the takeover on top of it.
    fn replace_stream(&mut self, turn: Turn, playlist: &ObjectId, stream: Stream, out: &mut Vec<OwnerEffect>) {
        let mut owned = OwnedStream::new(stream);
        let tail = self.streams.remove(playlist).map(|before| before.tail).unwrap_or_default();
        tail.into_iter().for_each(|entry| _ = owned.accept(entry));
        let update = self.news_of(playlist, &owned, None);
        let plays = owned.stream.playable() && !owned.stream.has_ended();
        out.push(OwnerEffect::Everything(playlist.clone(), owned.stream.everything()));
        owned.tail.clear();
        self.streams.insert(playlist.clone(), owned);
        self.journal.change(Field::Stream(playlist.clone()));
        self.tell_stream(&update, out);
        self.playlist_plays(turn, playlist.clone(), plays);
    }

    /// Takes the streams over from the journal.
    pub(super) fn restore_streams(
        &mut self,
        streams: Vec<(ObjectId, String)>,
        entries: BTreeMap<(ObjectId, u64), UploadEntry>,
    ) {
        for (playlist, text) in streams {
            let Ok(mut stream) = Stream::restore(text.as_bytes()) else { continue };
            for ((_, revision), entry) in entries.range((playlist.clone(), 0)..=(playlist.clone(), u64::MAX)) {
                if *revision == stream.revision() + 1 {
                    let _ = stream.replay(entry.clone());
                }
            }
            self.journal.change(Field::Stream(playlist.clone()));
            self.streams.insert(playlist, OwnedStream::new(stream));
        }
        entries.into_keys().for_each(|(playlist, revision)| self.journal.change(Field::Entry(playlist, revision)));
    }

    /// The streams as fields of a whole journal.
    pub(super) fn stream_fields(&self) -> impl Iterator<Item = (Field, Value)> + '_ {
        self.checkpoints().map(|(playlist, text)| (Field::Stream(playlist), Value::Stream(text)))
    }

    /// All streams, written down.
    pub fn checkpoints(&self) -> impl Iterator<Item = (ObjectId, String)> + '_ {
        self.streams.iter().map(|(playlist, owned)| (playlist.clone(), owned.stream.checkpoint()))
    }

    /// Shows the streams after a takeover, those of the edge beside it where they are further.
    pub fn adopt_streams(&mut self, turn: Turn, copies: &[KnownStream], out: &mut Vec<OwnerEffect>) {
        // No edge is attached yet, and nothing may be shown that is behind what is shown here.
        self.catch_up(turn, copies, &mut Vec::new());
        for (playlist, owned) in &self.streams {
            out.push(OwnerEffect::Everything(playlist.clone(), owned.stream.everything()));
        }
    }

    /// Gives the streams away, as copies, where the ownership is lost.
    pub fn take_streams(&mut self) -> BTreeMap<ObjectId, StreamCopy> {
        let term = self.ownership.term;
        let copy = |OwnedStream { stream, .. }| StreamCopy {
            position: StreamPosition { term, revision: stream.revision() },
            stream,
        };
        std::mem::take(&mut self.streams).into_iter().map(|(playlist, owned)| (playlist, copy(owned))).collect()
    }

    /// Notes whether a broadcast plays live.
    fn playlist_plays(&mut self, turn: Turn, id: ObjectId, live: bool) {
        if self.state.playing().any(|playing| *playing == id) == live {
            return;
        }
        let decided = self.state.decide(turn.shared, self.durations(), &RoomCommand::Playlist { id, live });
        self.journal.change(Field::Room);
        if decided == Ok(true) {
            self.list_changed();
        }
    }
}

impl From<hls::Refusal> for Refusal {
    fn from(refusal: hls::Refusal) -> Self {
        Self { code: refusal.code, reason: refusal.reason }
    }
}
