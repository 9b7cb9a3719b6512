//! Broadcast data shared by owner and edges: uploads, and copies of a stream that follow its owner.
//!
//! Only the owner accepts uploads. A copy applies the accepted entries in order; a copy that lacks entries receives a
//! checkpoint.

use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::MemberKey;
use serde::{Deserialize, Serialize};

use crate::hls::{Change, Stream, UploadEntry};

/// The position of a stream at an owner: the owner's term, and the revision of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct StreamPosition {
    /// The term of the owner.
    pub term: u64,
    /// The revision of the stream.
    pub revision: u64,
}

/// The authority of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Uploader {
    /// The bearer of an ingest token.
    Token(String),
    /// A member that the node itself keeps in the room as publisher for the encoders that push to it.
    Member(MemberKey),
}

/// An upload in transit to the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The id of the upload at its edge.
    pub id: u64,
    /// Its authority.
    pub by: Uploader,
    /// The entry. `None` only checks whether the uploader may upload.
    pub entry: Option<UploadEntry>,
}

/// A stream as an edge has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownStream {
    /// Its playlist.
    pub playlist: ObjectId,
    /// The position of the edge's copy.
    pub position: StreamPosition,
    /// A checkpoint of the copy, for an owner that may hold less.
    pub checkpoint: Option<String>,
}

/// An update for a copy of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamUpdate {
    /// Its playlist.
    pub playlist: ObjectId,
    /// The position of the copy after the update.
    pub position: StreamPosition,
    /// The data that updates the copy.
    pub state: StreamState,
}

/// The data that updates a copy to a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamState {
    /// The whole stream.
    Checkpoint(String),
    /// The last entries up to that position.
    Entries(Vec<UploadEntry>),
}

/// The outcome of applying an update to a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowOutcome {
    /// The copy has not changed.
    Known,
    /// The copy has changed as given.
    Changes(Vec<Change>),
    /// The copy was replaced. Contains everything that is served from now on.
    Everything(Vec<Change>),
    /// The copy lacks earlier entries, so that a checkpoint is needed.
    Behind,
}

/// A copy of a stream.
#[derive(Debug, Clone)]
pub struct StreamCopy {
    /// Its position.
    pub position: StreamPosition,
    /// The stream.
    pub stream: Stream,
}

impl StreamCopy {
    /// Applies an update of the owner. A copy is never replaced by an older one.
    pub fn follow(copy: &mut Option<Self>, position: StreamPosition, state: StreamState) -> FollowOutcome {
        if copy.as_ref().is_some_and(|copy| copy.position >= position) {
            return FollowOutcome::Known;
        }
        match state {
            StreamState::Checkpoint(text) => match Stream::restore(text.as_bytes()) {
                Ok(stream) => {
                    let everything = stream.everything();
                    *copy = Some(Self { position, stream });
                    FollowOutcome::Everything(everything)
                }
                Err(_) => FollowOutcome::Behind,
            },
            StreamState::Entries(entries) => {
                copy.as_mut().map_or(FollowOutcome::Behind, |copy| copy.append(position, entries))
            }
        }
    }

    fn append(&mut self, position: StreamPosition, entries: Vec<UploadEntry>) -> FollowOutcome {
        let before = position.revision.saturating_sub(entries.len() as u64);
        let revision = self.stream.revision();
        let Some(known) = revision.checked_sub(before) else { return FollowOutcome::Behind };
        let mut changes = Vec::new();
        for entry in entries.into_iter().skip(usize::try_from(known).unwrap_or(usize::MAX)) {
            match self.stream.replay(entry) {
                Ok(made) => changes.extend(made),
                Err(_) => return FollowOutcome::Behind,
            }
        }
        if self.stream.revision() != position.revision.max(revision) {
            return FollowOutcome::Behind;
        }
        self.position = position;
        FollowOutcome::Changes(changes)
    }
}
