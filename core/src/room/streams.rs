//! Broadcasts as owner and edges share them: uploads, and copies of a stream that follow its owner.
//!
//! The owner alone accepts uploads. A copy takes the accepted entries in order; one that lacks some gets a checkpoint.

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
    /// A publisher that a node itself keeps in the room, for the encoders that push to it.
    Member(MemberKey),
}

/// An upload on its way to the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Identifies it at its edge.
    pub id: u64,
    /// Its authority.
    pub by: Uploader,
    /// The entry; none asks only whether the uploader may upload.
    pub entry: Option<UploadEntry>,
}

/// A stream as an edge has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownStream {
    /// Its playlist.
    pub playlist: ObjectId,
    /// The position up to which the edge has it.
    pub position: StreamPosition,
    /// The stream itself, for an owner that may be behind.
    pub checkpoint: Option<String>,
}

/// The state of a stream, for a copy of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamUpdate {
    /// Its playlist.
    pub playlist: ObjectId,
    /// The position of the copy after it.
    pub position: StreamPosition,
    /// The state that leads there.
    pub state: StreamState,
}

/// The state that leads a copy to a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamState {
    /// The whole stream.
    Checkpoint(String),
    /// The last entries before that position.
    Entries(Vec<UploadEntry>),
}

/// The changes that a copy shows after news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowOutcome {
    /// Nothing is new.
    Known,
    /// These changes.
    Changes(Vec<Change>),
    /// Everything that is served from now on.
    Everything(Vec<Change>),
    /// Entries are missing before these, so that the whole stream is needed.
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
    /// Takes news of the owner. A copy is not replaced by an older one.
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
