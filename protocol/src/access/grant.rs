//! The grant object of a token as JSON.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::pattern::{PATTERN, RoomPattern};
use crate::id::RoomId;
use crate::signal::RoomType;

/// The grants of a token, for the rooms that it names. What is absent is not granted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Grant {
    /// The rooms; absent: every room.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::strict::given")]
    #[schemars(with = "RoomNames")]
    pub id: Option<RoomNames>,
    /// To join: a call as one of its sides, a group, a broadcast as a viewer.
    #[serde(skip_serializing_if = "is_false")]
    pub join: bool,
    /// To create rooms. Beside it a call needs `join`, and any other room `publish`.
    #[serde(skip_serializing_if = "RoomTypes::is_none")]
    pub create: RoomTypes,
    /// To publish: a broadcast, also from an encoder, which may create its room with this alone; in a group to ask for
    /// it, and to be accepted.
    #[serde(skip_serializing_if = "is_false")]
    pub publish: bool,
    /// To read playlists and media, and to join a broadcast as a viewer; absent: as `join`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::strict::given")]
    #[schemars(with = "bool")]
    pub play: Option<bool>,
    /// To moderate.
    #[serde(skip_serializing_if = "is_false")]
    pub moderate: bool,
    /// To administer the rooms; without `id` also to read `/metrics`.
    #[serde(skip_serializing_if = "is_false")]
    pub admin: bool,
    /// To join as a user whose id is not the subject of the token.
    #[serde(skip_serializing_if = "is_false")]
    pub fake: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One pattern of room names, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RoomNames {
    /// One.
    One(RoomPattern),
    /// Several.
    Several(Vec<RoomPattern>),
}

impl RoomNames {
    /// Whether one of the patterns names a room.
    #[must_use]
    pub fn matches(&self, room: &RoomId) -> bool {
        match self {
            Self::One(pattern) => pattern.matches(room),
            Self::Several(patterns) => patterns.iter().any(|pattern| pattern.matches(room)),
        }
    }
}

impl RoomNames {
    /// Whether these are all the rooms that a pattern names, or more.
    #[must_use]
    pub fn cover(&self, pattern: &RoomPattern) -> bool {
        match self {
            Self::One(own) => own.covers(pattern),
            Self::Several(own) => own.iter().any(|own| own.covers(pattern)),
        }
    }
}

/// The types of room that may be created: all, none or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RoomTypes {
    /// All or none.
    All(bool),
    /// The types of this list.
    Some(Vec<RoomType>),
}

impl Default for RoomTypes {
    fn default() -> Self {
        Self::All(false)
    }
}

impl RoomTypes {
    /// Whether a type is among them.
    #[must_use]
    pub fn contain(&self, room_type: RoomType) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Some(types) => types.contains(&room_type),
        }
    }

    const fn is_none(&self) -> bool {
        match self {
            Self::All(all) => !*all,
            Self::Some(types) => types.is_empty(),
        }
    }
}

impl JsonSchema for RoomNames {
    fn schema_name() -> Cow<'static, str> {
        "RoomNames".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = PATTERN;
        json_schema!({
            "description": "A room name or the beginning of one with `*` behind it; or a list of these.",
            "type": ["string", "array"],
            "pattern": pattern,
            "items": { "type": "string", "pattern": pattern },
        })
    }
}

impl JsonSchema for RoomTypes {
    fn schema_name() -> Cow<'static, str> {
        "RoomTypes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "true for every type of room, or a list of types.",
            "type": ["boolean", "array"],
            "items": { "type": "string", "enum": ["p2p", "m2m", "a2m", "p2m"] },
        })
    }
}
