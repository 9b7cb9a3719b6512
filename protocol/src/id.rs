//! Identifiers, validated when they are parsed: who holds one holds a legal one.
//!
//! Cheap to clone. Room and object identifiers become parts of URLs and file names in playlists, so they are
//! made of unreserved characters (RFC 3986, section 2.3) and are never `.` or `..`.

use std::fmt;
use std::sync::Arc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::MAX_ID;

/// Reason why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to 128 characters of {allowed}")]
pub struct InvalidId {
    kind: &'static str,
    allowed: &'static str,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $allowed:literal, $legal:expr, dots: $dots:literal, $pattern:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and makes an identifier of it.
            ///
            /// # Errors
            /// [`InvalidId`] when it is empty, longer than 128 characters or has a character that is not allowed.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let legal: fn(u8) -> bool = $legal;
                let dots = !$dots && matches!(text, "." | "..");
                // Without leaving early: so the compiler looks at many bytes at a time.
                let all = || text.bytes().fold(true, |all, byte| all & legal(byte));
                if text.is_empty() || text.len() > MAX_ID || dots || !all() {
                    return Err(InvalidId { kind: $kind, allowed: $allowed });
                }
                Ok(Self(text.into()))
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let text = concat!("1 to 128 characters of ", $allowed, ".");
                schemars::json_schema!({ "type": "string", "description": text, "minLength": 1, "maxLength": 128, "pattern": $pattern })
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a string")
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

/// A pattern for everything but `.` and `..`, without the look-ahead that not every language has.
macro_rules! no_dots {
    ($plain:literal, $any:literal) => {
        concat!(
            "^(?:[",
            $plain,
            "][",
            $any,
            "]{0,127}|\\.[",
            $plain,
            "][",
            $any,
            "]{0,126}|\\.\\.[",
            $any,
            "]{1,126})$"
        )
    };
}

const fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

identifier!(
    /// Name of a room (`rid`): 1–128 of `A-Z a-z 0-9 . _ ~ -`, not `.` or `..`.
    RoomId, "a room id", "A-Z a-z 0-9 . _ ~ - (and not . or ..)", |b| unreserved(b) || b == b'~', dots: false,
    no_dots!("A-Za-z0-9_~-", "A-Za-z0-9._~-")
);
identifier!(
    /// A user: 1–128 printable ASCII characters.
    UserId, "a user id", "printable ASCII", |b| matches!(b, b' '..=b'~'), dots: true, "^[ -~]{1,128}$"
);
identifier!(
    /// A session of a user, one per device and purpose: 1–128 printable ASCII characters.
    SessionId, "a session id", "printable ASCII", |b| matches!(b, b' '..=b'~'), dots: true, "^[ -~]{1,128}$"
);
identifier!(
    /// A playlist, variant, rendition, segment, part or map: 1–128 of `A-Z a-z 0-9 . _ -`, not `.` or `..`.
    ObjectId, "an object id", "A-Z a-z 0-9 . _ - (and not . or ..)", unreserved, dots: false,
    no_dots!("A-Za-z0-9_-", "A-Za-z0-9._-")
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dots_alone_are_no_file_name() {
        assert!(RoomId::parse("..").is_err());
        assert!(ObjectId::parse(".").is_err());
        assert!(ObjectId::parse("...").is_ok());
        assert!(UserId::parse("..").is_ok());
    }

    #[test]
    fn length_is_bounded() {
        assert!(RoomId::parse("").is_err());
        assert!(RoomId::parse(&"a".repeat(128)).is_ok());
        assert!(RoomId::parse(&"a".repeat(129)).is_err());
    }

    proptest! {
        #[test]
        fn object_ids_never_leave_their_directory(text in ".{0,20}") {
            if let Ok(id) = ObjectId::parse(&text) {
                prop_assert!(!id.as_str().contains(['/', '\\', '%', '?', '#', '"', '\n', ' ']));
                prop_assert!(id.as_str() != "." && id.as_str() != "..");
            }
        }

        #[test]
        fn ids_survive_json(text in "[ -~]{1,128}") {
            let id = UserId::parse(&text).unwrap();
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<UserId>(&json).unwrap(), id);
        }
    }
}
