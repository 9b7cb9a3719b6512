//! The forms of vectors that others record: of media, of playlists and of HTTP exchanges.
//!
//! Their contents come from the reader of media, from the origin's rules and from a running server, none of which this
//! crate knows; the tests of those write the files, and compare the published ones with them.

pub mod exchanges;
pub mod media;
pub mod playlists;

use serde_json::Value;

use super::compose::Document;

/// The schema of `vectors/media.json`.
pub(super) fn media() -> Value {
    let text =
        "Fragmented MP4 for tests of uploaders, taken apart: where its parts are and what is to be said of them.";
    Document::written().of::<media::MediaVectors>("media", "MediaVectors", text)
}

/// The schema of `vectors/playlists.json`.
pub(super) fn playlists() -> Value {
    let text = "Data signals, and the playlists that follow from them.";
    Document::written().of::<playlists::PlaylistVectors>("playlists", "PlaylistVectors", text)
}

/// The schema of `vectors/exchanges.json`.
pub(super) fn exchanges() -> Value {
    let text = "Requests over HTTP to one server, in order, and its responses.";
    Document::written().of::<exchanges::ExchangeVectors>("exchanges", "ExchangeVectors", text)
}
