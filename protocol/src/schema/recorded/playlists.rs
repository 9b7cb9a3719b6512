//! `vectors/playlists.json`: uploads and playlists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every broadcast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PlaylistVectors {
    /// The version of the schema.
    pub version: String,
    /// Broadcasts. Each begins with nothing.
    pub broadcasts: Vec<Broadcast>,
}

/// The uploads of one multivariant playlist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Broadcast {
    /// Name of the case that the playlist shows.
    pub name: String,
    /// Duration of the media that a playlist lists, in milliseconds (`--hls-window`).
    pub window: u64,
    /// The uploads, and between them what is read, in order.
    pub steps: Vec<Step>,
}

/// An upload, or a playlist that is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Step {
    /// Time of the upload, in milliseconds since 1970.
    pub at: i64,
    /// A data signal that is uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<Value>,
    /// The code of the answer to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c: Option<u16>,
    /// The path of a playlist below that of the broadcast, with its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The playlist, in lines. Where neither these nor a status are told, the request waits for more uploads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// The HTTP status of a playlist that is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}
