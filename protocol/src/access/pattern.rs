//! Patterns of room names: exact, or a beginning with `*` behind it.

use std::str::FromStr;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::RoomId;

/// The regular expression of a pattern.
pub(super) const PATTERN: &str = r"^[A-Za-z0-9._~-]{0,127}(?:[A-Za-z0-9._~-]|\*)$";

/// The schema of a pattern that may be absent.
pub(super) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": PATTERN })
}

/// A text that is neither a room name nor the beginning of one with `*` behind it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no room name, nor the beginning of one with a single `*` at its end")]
pub struct InvalidPattern(pub String);

/// The names of rooms for which a grant holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RoomPattern {
    /// One room.
    Exact(RoomId),
    /// Every room whose name begins so.
    Prefix(String),
}

impl RoomPattern {
    /// Whether the pattern names a room.
    #[must_use]
    pub fn matches(&self, room: &RoomId) -> bool {
        match self {
            Self::Exact(name) => name == room,
            Self::Prefix(start) => room.as_str().starts_with(start.as_str()),
        }
    }

    /// Whether every room that another pattern names is named by this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(room)) => self.matches(room),
            (Self::Exact(_), Self::Prefix(_)) => false,
            (Self::Prefix(start), Self::Prefix(longer)) => longer.starts_with(start.as_str()),
        }
    }
}

impl FromStr for RoomPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let invalid = || InvalidPattern(text.chars().take(MAX_SHOWN).collect());
        let Some(start) = text.strip_suffix('*') else {
            return RoomId::parse(text).map(Self::Exact).map_err(|_| invalid());
        };
        // A beginning is legal where something legal follows it; `.` and `..` alone are no names, but begin some.
        let named = RoomId::parse(&format!("{start}-"));
        named.map(|_| Self::Prefix(start.to_owned())).map_err(|_| invalid())
    }
}

/// Characters of an invalid pattern that are repeated to its sender.
const MAX_SHOWN: usize = 40;

impl std::fmt::Display for RoomPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(f),
            Self::Prefix(start) => write!(f, "{start}*"),
        }
    }
}

impl Serialize for RoomPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoomPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, room: &str) -> bool {
        pattern.parse::<RoomPattern>().unwrap().matches(&RoomId::parse(room).unwrap())
    }

    #[test]
    fn a_pattern_is_a_name_or_a_beginning() {
        assert!(matches("demo", "demo") && !matches("demo", "demo2") && !matches("demo", "dem"));
        assert!(matches("demo-*", "demo-1") && matches("demo-*", "demo-") && !matches("demo-*", "demo"));
        assert!(matches("*", "anything") && matches(".*", ".hidden") && !matches(".*", "x"));
    }

    #[test]
    fn anything_else_is_no_pattern() {
        for bad in ["", "**", "a*b", "*a", "demo%2d*", "%64emo", "a b", "a/*", "ä*", ".", ".."] {
            assert!(bad.parse::<RoomPattern>().is_err(), "{bad}");
        }
        assert!(format!("{}*", "a".repeat(128)).parse::<RoomPattern>().is_err(), "no room is so long");
    }

    proptest! {
        #[test]
        fn a_pattern_names_its_own_room_and_survives_its_text(name in "[A-Za-z0-9_~-]{1,40}", cut in 0_usize..40) {
            let room = RoomId::parse(&name).unwrap();
            for text in [name.clone(), format!("{}*", &name[..cut.min(name.len())])] {
                let pattern: RoomPattern = text.parse().unwrap();
                prop_assert!(pattern.matches(&room));
                prop_assert_eq!(pattern.to_string().parse::<RoomPattern>().unwrap(), pattern);
            }
        }
    }
}
