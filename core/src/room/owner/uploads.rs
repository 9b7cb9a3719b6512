//! Uploads to the room's broadcasts: who may upload, and which broadcasts play.

use std::collections::BTreeMap;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{EndStream, Payload, PlaylistRef};
use roomcast_protocol::id::{ObjectId, UserId};
use roomcast_protocol::signal::RoomType;

use super::journal::OnCommit;
use super::record::Field;
use super::{Owner, OwnerEffect, Turn};
use crate::cluster::BootId;
use crate::hls::UploadEntry;
use crate::room::message::ToEdge;
use crate::room::state::RoomCommand;
use crate::room::streams::{KnownStream, StreamCopy, Upload, Uploader};
use crate::room::{Refusal, refuse};
use crate::time::UnixTime;

impl Owner {
    /// Takes an upload of an edge, which is answered once the journal has it.
    pub(super) fn upload(&mut self, turn: Turn, edge: BootId, upload: Upload, out: &mut Vec<OwnerEffect>) {
        let Upload { id, by, entry } = upload;
        let is_check = entry.is_none();
        let taken = self.check_uploader(turn, &by);
        match taken.and_then(|()| entry.map_or(Ok(()), |entry| self.accept(turn, entry))) {
            Ok(()) if !is_check => self.journal.defer(OnCommit::Uploaded(edge, id)),
            answer => self.edges.send(edge, ToEdge::Uploaded(id, answer), out),
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

    fn accept(&mut self, turn: Turn, entry: UploadEntry) -> Result<(), Refusal> {
        let playlist = entry.playlist().clone();
        let plays = self.streams.accept(entry, &mut self.journal)?;
        self.note_playing(turn, playlist, plays);
        Ok(())
    }

    /// Ends all streams, as an upload would.
    pub(super) fn end_streams(&mut self, turn: Turn) {
        for id in self.streams.going_on() {
            let end = Payload::End(EndStream { playlist: PlaylistRef { id, version: None } });
            let _ = self.accept(turn, UploadEntry::new(end, UnixTime::default()));
        }
    }

    /// Takes the streams of an edge that has more of a former owner than the journal had.
    pub(super) fn catch_up(&mut self, turn: Turn, shown: &[KnownStream], out: &mut Vec<OwnerEffect>) {
        let replaced = self.streams.catch_up(shown, (&mut self.journal, &self.edges), out);
        replaced.into_iter().for_each(|(playlist, plays)| self.note_playing(turn, playlist, plays));
    }

    /// All streams, written down.
    pub fn checkpoints(&self) -> impl Iterator<Item = (ObjectId, String)> + '_ {
        self.streams.checkpoints()
    }

    /// Shows the streams after a takeover, those of the edge beside it where they are further.
    pub fn adopt_streams(&mut self, turn: Turn, copies: &[KnownStream], out: &mut Vec<OwnerEffect>) {
        // No edge is attached yet, and nothing may be shown that is behind what is shown here.
        self.catch_up(turn, copies, &mut Vec::new());
        self.streams.show_everything(out);
    }

    /// Gives the streams away, as copies, where the ownership is lost.
    pub fn take_streams(&mut self) -> BTreeMap<ObjectId, StreamCopy> {
        self.streams.take()
    }

    /// Notes whether a broadcast plays live.
    fn note_playing(&mut self, turn: Turn, id: ObjectId, live: bool) {
        if self.state.playing().any(|playing| *playing == id) == live {
            return;
        }
        let decided = self.decide(turn, &RoomCommand::Playlist { id, live });
        self.journal.change(Field::Room);
        if decided == Ok(true) {
            self.list_changed();
        }
    }
}
