//! The payloads of data signals.
//!
//! Texts that end up inside a playlist line are checked here for characters that would break out of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::media::{Media, ProgramDateTime, Seconds, lenient_option, lenient_schema, part_target, part_target_schema};
use crate::id::ObjectId;
use crate::limits;

/// Names a playlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaylistRef {
    /// The multivariant playlist's id.
    pub id: ObjectId,
    /// The sender's version of the playlist.
    #[serde(default, deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "lenient_schema")]
    pub version: Option<u64>,
}

/// Names a variant or rendition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackRef {
    /// The track's id.
    pub id: ObjectId,
}

/// Names an initialization section that was uploaded before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MapRef {
    /// The init section's id.
    pub id: ObjectId,
}

/// Payload of `updateVariant`: makes or changes a variant; the playlist is made by the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UpdateVariant {
    /// The playlist.
    #[serde(deserialize_with = "crate::strict::object")]
    pub playlist: PlaylistRef,
    /// The variant.
    #[serde(deserialize_with = "crate::strict::object")]
    pub variant: Variant,
    /// Its initialization section.
    #[serde(deserialize_with = "crate::strict::object")]
    pub segment: WithMap,
}

/// The `segment` member of `updateVariant`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithMap {
    /// The initialization section.
    #[serde(deserialize_with = "crate::strict::object")]
    pub map: InitSection,
}

/// An initialization section (`EXT-X-MAP`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InitSection {
    /// Its id, the file name in the playlist.
    pub id: ObjectId,
    /// Its bytes; a part of its own in the multipart form.
    #[serde(default)]
    pub data: Media,
}

/// A variant stream (`EXT-X-STREAM-INF`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// The variant's id.
    pub id: ObjectId,
    /// RFC 6381 names of all codecs, joined by commas.
    #[serde(deserialize_with = "codecs")]
    #[schemars(regex(pattern = "^[A-Za-z0-9.,_ +-]{1,256}$"))]
    pub codecs: String,
    /// Peak bits per second, more than 0.
    #[serde(deserialize_with = "bandwidth")]
    #[schemars(range(min = 1))]
    pub bandwidth: u64,
    /// The group of audio renditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<ObjectId>,
    /// The sender's version of the variant.
    #[serde(default, deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "lenient_schema")]
    pub version: Option<u64>,
    /// The longest a segment gets, in seconds, once its duration is rounded to the nearest integer.
    pub target_duration: Seconds,
    /// The longest a part gets, in seconds; 0: the stream has no parts.
    #[serde(with = "part_target")]
    #[schemars(schema_with = "part_target_schema")]
    pub target_part_duration: Option<Seconds>,
    /// Width and height in pixels, `1280x720`.
    #[serde(default, deserialize_with = "resolution", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{1,5}x[0-9]{1,5}$"))]
    pub resolution: Option<String>,
    /// Frames per second, more than 0 and at most 1000.
    #[serde(default, deserialize_with = "frame_rate", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000))]
    pub frame_rate: Option<f64>,
    /// Whether every segment begins with a sync sample; absent: true.
    #[serde(default = "promised", skip_serializing_if = "Clone::clone")]
    pub independent_segments: bool,
}

const fn promised() -> bool {
    true
}

/// Payload of `updateSegment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UpdateSegment {
    /// The playlist.
    #[serde(deserialize_with = "crate::strict::object")]
    pub playlist: PlaylistRef,
    /// The variant, where it is one.
    #[serde(default, deserialize_with = "crate::strict::optional", skip_serializing_if = "Option::is_none")]
    pub variant: Option<TrackRef>,
    /// The rendition, where it is one.
    #[serde(default, deserialize_with = "crate::strict::optional", skip_serializing_if = "Option::is_none")]
    pub rendition: Option<TrackRef>,
    /// The segment.
    #[serde(deserialize_with = "crate::strict::object")]
    pub segment: SegmentData,
}

/// A whole segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SegmentData {
    /// The segment's id, the file name in the playlist.
    pub id: ObjectId,
    /// Its media sequence number.
    pub sequence: u64,
    /// Its duration in seconds.
    pub duration: Seconds,
    /// Whether timestamps or codecs do not go on from the segment before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub discontinuity: bool,
    /// Time at which its first sample was captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_date_time: Option<ProgramDateTime>,
    /// Its initialization section; absent: the newest.
    #[serde(default, deserialize_with = "crate::strict::optional", skip_serializing_if = "Option::is_none")]
    pub map: Option<MapRef>,
    /// Its bytes; a part of its own in the multipart form.
    #[serde(default)]
    pub data: Media,
}

/// Payload of `updatePart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UpdatePart {
    /// The playlist.
    #[serde(deserialize_with = "crate::strict::object")]
    pub playlist: PlaylistRef,
    /// The variant, where it is one.
    #[serde(default, deserialize_with = "crate::strict::optional", skip_serializing_if = "Option::is_none")]
    pub variant: Option<TrackRef>,
    /// The rendition, where it is one.
    #[serde(default, deserialize_with = "crate::strict::optional", skip_serializing_if = "Option::is_none")]
    pub rendition: Option<TrackRef>,
    /// The segment the part belongs to.
    #[serde(deserialize_with = "crate::strict::object")]
    pub segment: SegmentHead,
    /// The part.
    #[serde(deserialize_with = "crate::strict::object")]
    pub part: PartData,
}

/// The segment a part belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SegmentHead {
    /// The segment's id, the file name in the playlist.
    pub id: ObjectId,
    /// Its media sequence number.
    pub sequence: u64,
    /// Its duration in seconds, where known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Seconds>,
    /// Whether timestamps or codecs do not go on from the segment before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub discontinuity: bool,
    /// Time at which its first sample was captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_date_time: Option<ProgramDateTime>,
    /// Its initialization section; absent: the newest.
    #[serde(default, deserialize_with = "crate::strict::optional", skip_serializing_if = "Option::is_none")]
    pub map: Option<MapRef>,
}

/// A part (`EXT-X-PART`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartData {
    /// The part's id. It is the file name in the playlist if it is the hinted one: the id of the part before with the number in it
    /// one higher. A part that comes with another id is listed under the hinted name.
    pub id: ObjectId,
    /// Its place within the segment, from 0.
    pub sequence: u64,
    /// Its duration in seconds.
    pub duration: Seconds,
    /// Whether it starts with a sync sample.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub independent: bool,
    /// Whether its bytes are missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap: bool,
    /// Its bytes; may be left out of a gap.
    #[serde(default)]
    pub data: Media,
}

/// Payload of `endStream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndStream {
    /// The playlist.
    #[serde(deserialize_with = "crate::strict::object")]
    pub playlist: PlaylistRef,
}

fn codecs<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".,_- +".contains(&byte);
    if text.is_empty() || text.len() > limits::CODECS || !text.bytes().all(legal) {
        return Err(serde::de::Error::custom("`codecs` must be 1 to 256 characters of A-Z a-z 0-9 . , _ + -"));
    }
    Ok(text)
}

fn bandwidth<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("`bandwidth` must be more than 0")),
        bits => Ok(bits),
    }
}

fn resolution<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let number = |text: &str| text.len() <= 5 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('x') {
        Some((width, height)) if number(width) && number(height) => Ok(Some(text)),
        _ => Err(serde::de::Error::custom("`resolution` must look like 1280x720")),
    }
}

fn frame_rate<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let rate = Option::<f64>::deserialize(deserializer)?;
    match rate {
        Some(rate) if !(rate > 0.0 && rate <= f64::from(limits::FRAME_RATE)) => {
            Err(serde::de::Error::custom("`frameRate` must be more than 0 and at most 1000"))
        }
        _ => Ok(rate),
    }
}
