//! `vectors/media.json`: the media files beside it, taken apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every media file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MediaVectors {
    /// The version of the schema.
    pub version: String,
    /// The files, one track each. They begin at the same media time.
    pub tracks: Vec<MediaTrack>,
}

/// A file with one track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct MediaTrack {
    /// The file, below `vectors/`.
    pub file: String,
    /// Kind of media that it carries: `video` or `audio`.
    pub kind: String,
    /// `codecs` of this track alone.
    pub codecs: String,
    /// Bits a second at most, over each segment.
    pub bandwidth: u64,
    /// `resolution`, of video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// `frameRate`, of video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// `targetDuration`, in seconds: one for all tracks.
    pub target_duration: f64,
    /// `targetPartDuration`, in seconds: one for all tracks.
    pub target_part_duration: f64,
    /// The initialization section.
    pub map: MediaRange,
    /// The segments, in order; the file holds nothing else.
    pub segments: Vec<MediaSegment>,
}

/// Bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MediaRange {
    /// Offset of the first of them.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// A segment. Its bytes are those of its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MediaSegment {
    /// Its number, `segment.sequence`.
    pub sequence: u64,
    /// Its duration in seconds, `segment.duration`: the sum of those of its parts.
    pub duration: f64,
    /// Its bytes.
    pub bytes: MediaRange,
    /// Its parts, in order.
    pub parts: Vec<MediaPart>,
}

/// A part: a `moof` and its `mdat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MediaPart {
    /// Its number within the segment, `part.sequence`.
    pub sequence: u64,
    /// Its duration in seconds, `part.duration`: from its start to the start of the next, each moment rounded up to a
    /// microsecond.
    pub duration: f64,
    /// Whether it begins with a sync sample, `part.independent`.
    pub independent: bool,
    /// Its bytes.
    pub bytes: MediaRange,
}
