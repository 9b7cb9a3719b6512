//! Uploads to the room's broadcasts: authorization, acceptance, and the end of all streams.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{EndStream, Payload, PlaylistRef};
use roomcast_protocol::signal::RoomType;

use super::OwnerEffect;
use super::edges::Edges;
use super::journal::OnCommit;
use super::room::JournaledRoom;
use super::streams::OwnedStreams;
use crate::cluster::BootId;
use crate::hls::UploadEntry;
use crate::room::message::ToEdge;
use crate::room::state::RoomState;
use crate::room::streams::{Upload, Uploader};
use crate::room::{Refusal, refuse};
use crate::time::{Instant, UnixTime};

/// Checks whether an uploader may upload at this moment.
fn check_uploader(state: &RoomState, shared: Instant, by: &Uploader) -> Result<(), Refusal> {
    if state.room_type() != RoomType::P2m {
        return refuse(AckCode::UnsupportedChannel, "only broadcasts take data signals");
    }
    let may = match by {
        Uploader::Token(token) => state.may_upload(shared, token),
        Uploader::Member(key) => state.publishes(key),
    };
    if may {
        return Ok(());
    }
    refuse(AckCode::Unauthenticated, "the ingest token is wrong or has expired; join again for a new one")
}

impl OwnedStreams {
    /// Handles an upload of an edge. It is answered once it is journaled.
    pub fn upload(
        &mut self,
        room: &mut JournaledRoom,
        shared: Instant,
        (edge, Upload { id, by, entry }): (BootId, Upload),
        edges: &Edges,
        out: &mut Vec<OwnerEffect>,
    ) {
        let is_check = entry.is_none();
        let taken = check_uploader(&room.state, shared, &by);
        match taken.and_then(|()| entry.map_or(Ok(()), |entry| self.accept(entry, room, shared))) {
            Ok(()) if !is_check => room.journal.defer(OnCommit::Uploaded(edge, id)),
            answer => edges.send(edge, ToEdge::Uploaded(id, answer), out),
        }
    }

    /// Ends all streams, as an upload of an end signal would.
    pub fn end_all(&mut self, room: &mut JournaledRoom, shared: Instant) {
        for id in self.going_on() {
            let end = Payload::End(EndStream { playlist: PlaylistRef { id, version: None } });
            let _ = self.accept(UploadEntry::new(end, UnixTime::default()), room, shared);
        }
    }
}
