//! `updateRendition`: another track beside the variants, such as sound in another language.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::media::{Seconds, part_target, part_target_schema};
use super::payload::{PlaylistRef, WithMap};
use crate::id::ObjectId;
use crate::limits;

/// Payload of `updateRendition`: makes or changes a rendition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UpdateRendition {
    /// The playlist.
    #[serde(deserialize_with = "crate::strict::object")]
    pub playlist: PlaylistRef,
    /// The rendition.
    #[serde(deserialize_with = "crate::strict::object")]
    pub rendition: Rendition,
    /// Its initialization section.
    #[serde(deserialize_with = "crate::strict::object")]
    pub segment: WithMap,
}

/// Kind of media that a rendition carries (`TYPE` of `EXT-X-MEDIA`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RenditionType {
    /// Sound.
    Audio,
    /// Another picture.
    Video,
    /// Words.
    Subtitles,
}

/// A rendition (`EXT-X-MEDIA`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rendition {
    /// The rendition's id.
    pub id: ObjectId,
    /// Kind of media that it carries.
    #[serde(rename = "type")]
    pub kind: RenditionType,
    /// The group that variants name.
    pub group_id: ObjectId,
    /// Name that is shown to people: 1 to 128 characters without quotes and control characters.
    #[serde(deserialize_with = "quotable")]
    #[schemars(regex(pattern = r#"^[^"\x00-\x1f\x7f-\x9f]{1,128}$"#))]
    pub name: String,
    /// The language (RFC 5646).
    #[serde(default, deserialize_with = "language", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9-]{1,35}$"))]
    pub language: Option<String>,
    /// Whether it plays unless the viewer chooses another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// Whether a player may choose it by language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_select: Option<bool>,
    /// Channels, such as `2` or `6`.
    #[serde(default, deserialize_with = "channels", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9/,._-]{1,32}$"))]
    pub channels: Option<String>,
    /// The longest a segment gets, in seconds, once its duration is rounded to the nearest integer.
    pub target_duration: Seconds,
    /// The longest a part gets, in seconds; 0: the stream has no parts.
    #[serde(with = "part_target")]
    #[schemars(schema_with = "part_target_schema")]
    pub target_part_duration: Option<Seconds>,
}

fn quotable<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if !(1..=128).contains(&text.chars().count()) || text.contains(|c: char| c == '"' || c.is_control()) {
        return Err(serde::de::Error::custom("expected 1 to 128 characters without quotes and control characters"));
    }
    Ok(text)
}

fn language<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    checked(deserializer, limits::LANGUAGE, legal, "expected a language tag, 1 to 35 characters of A-Z a-z 0-9 -")
}

fn channels<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"/,._-".contains(&byte);
    checked(deserializer, limits::CHANNELS, legal, "expected 1 to 32 characters of A-Z a-z 0-9 / , . _ -")
}

fn checked<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
    longest: usize,
    legal: fn(u8) -> bool,
    expected: &str,
) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if text.is_empty() || text.len() > longest || !text.bytes().all(legal) => {
            Err(serde::de::Error::custom(expected))
        }
        text => Ok(text),
    }
}
