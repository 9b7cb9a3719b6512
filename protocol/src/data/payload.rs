//! The payloads of data signals.
//!
//! Whatever ends up inside a playlist line is checked here for characters that would break out of it.

use serde::{Deserialize, Serialize};

use super::media::{Media, ProgramDateTime, Seconds, lenient_option};
use crate::id::ObjectId;

/// Names a playlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaylistRef {
    /// The multivariant playlist's id.
    pub id: ObjectId,
    /// The sender's version of the playlist.
    #[serde(default, deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// Names a variant or rendition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackRef {
    /// The track's id.
    pub id: ObjectId,
}

/// Names an initialization section that was uploaded before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRef {
    /// The init section's id.
    pub id: ObjectId,
}

/// Payload of `updateVariant`: makes or changes a variant; the playlist is made by the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdateVariant {
    /// The playlist.
    pub playlist: PlaylistRef,
    /// The variant.
    pub variant: Variant,
    /// Its initialization section.
    pub segment: WithMap,
}

/// The `segment` member of `updateVariant`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithMap {
    /// The initialization section.
    pub map: InitSection,
}

/// An initialization section (`EXT-X-MAP`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitSection {
    /// Its id, the file name in the playlist.
    pub id: ObjectId,
    /// Its bytes.
    pub data: Media,
}

/// A variant stream (`EXT-X-STREAM-INF`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// The variant's id.
    pub id: ObjectId,
    /// RFC 6381 names of all codecs, joined by commas.
    #[serde(deserialize_with = "codecs")]
    pub codecs: String,
    /// Peak bits per second, more than 0.
    #[serde(deserialize_with = "bandwidth")]
    pub bandwidth: u64,
    /// The group of audio renditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<ObjectId>,
    /// The sender's version of the variant.
    #[serde(default, deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The longest a segment gets, in seconds.
    pub target_duration: Seconds,
    /// The longest a part gets, in seconds.
    pub target_part_duration: Seconds,
    /// Width and height in pixels, `1280x720`.
    #[serde(default, deserialize_with = "resolution", skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// Frames per second, more than 0 and at most 1000.
    #[serde(default, deserialize_with = "frame_rate", skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
}

/// Payload of `updateSegment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateSegment {
    /// The playlist.
    pub playlist: PlaylistRef,
    /// The variant, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<TrackRef>,
    /// The rendition, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendition: Option<TrackRef>,
    /// The segment.
    pub segment: SegmentData,
}

/// A whole segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// When its first sample was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_date_time: Option<ProgramDateTime>,
    /// Its initialization section; absent: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapRef>,
    /// Its bytes.
    pub data: Media,
}

/// Payload of `updatePart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatePart {
    /// The playlist.
    pub playlist: PlaylistRef,
    /// The variant, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<TrackRef>,
    /// The rendition, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendition: Option<TrackRef>,
    /// The segment the part belongs to.
    pub segment: SegmentHead,
    /// The part.
    pub part: PartData,
}

/// The segment a part belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// When its first sample was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_date_time: Option<ProgramDateTime>,
    /// Its initialization section; absent: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapRef>,
}

/// A part (`EXT-X-PART`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartData {
    /// The part's id, the file name in the playlist.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndStream {
    /// The playlist.
    pub playlist: PlaylistRef,
}

fn codecs<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".,_- +".contains(&byte);
    if text.is_empty() || text.len() > 256 || !text.bytes().all(legal) {
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
        Some(rate) if !(rate > 0.0 && rate <= 1000.0) => {
            Err(serde::de::Error::custom("`frameRate` must be more than 0 and at most 1000"))
        }
        _ => Ok(rate),
    }
}
