//! Changes that the caller of a stream must execute: objects to store and to remove, playlists to publish.
//!
//! Changes must be executed in order: bytes are stored before a playlist lists them, and removed long after the last
//! playlist listed them (rfc8216bis, 6.2.2). This module only describes changes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roomcast_protocol::id::ObjectId;
use serde::{Deserialize, Serialize};

use super::media::MediaRef;

/// A change to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An object is served under its name from now on.
    Store {
        /// The track it belongs to.
        track: ObjectId,
        /// Its file name within the track.
        object: ObjectId,
        /// The object to serve.
        media: Object,
    },
    /// An object is not served any more.
    Remove {
        /// The track it belongs to.
        track: ObjectId,
        /// Its file name within the track.
        object: ObjectId,
    },
    /// The media playlist of a track changed.
    MediaPlaylist {
        /// The track.
        track: ObjectId,
        /// The playlist, and the data that waiting requests need.
        snapshot: Arc<Snapshot>,
    },
    /// The multivariant playlist changed. First given when a variant can play.
    Multivariant(Arc<str>),
}

/// An object of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The bytes, in pieces that follow each other; a single one where all of them are at hand.
    pub pieces: Vec<MediaRef>,
    /// Kind of the object.
    pub kind: ObjectKind,
    /// Their media type, as in `Content-Type`.
    pub content_type: &'static str,
}

impl Object {
    /// Returns the bytes, if all of them are in memory in one piece.
    #[must_use]
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.pieces[..] {
            [piece] => piece.bytes(),
            _ => None,
        }
    }
}

/// Kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ObjectKind {
    /// An initialization section (`EXT-X-MAP`).
    Init,
    /// A part (`EXT-X-PART`).
    Part,
    /// A segment.
    Segment,
}

/// A media playlist, rendered once for all requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The text.
    pub playlist: Bytes,
    /// The text of the delta update; absent where there is nothing to skip, and at the end.
    pub delta: Option<Bytes>,
    /// The last segment and part that it lists.
    pub position: PlaylistPosition,
    /// Whether the playlist has its end tag.
    pub ended: bool,
    /// `EXT-X-TARGETDURATION`, whole seconds.
    pub target_duration: Duration,
    /// `PART-TARGET`; `None` in a stream without parts, whose reloads never block.
    pub part_target: Option<Duration>,
    /// The name under which the next part will be listed (`EXT-X-PRELOAD-HINT`).
    pub hint: Option<ObjectId>,
    /// Whether it lists parts.
    pub has_parts: bool,
}

/// The end of a media playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaylistPosition {
    /// Media sequence number of the last segment, also while it is open.
    pub msn: u64,
    /// Number of listed parts of that segment.
    pub parts: u64,
    /// Whether that segment is finished: it gets no more parts.
    pub finished: bool,
}
