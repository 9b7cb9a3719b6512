//! Members and addresses: room types, sessions, members and recipients.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{SessionId, UserId};
use crate::limits::MAX_WORDS;

/// Type of a room (`ch`): its purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoomType {
    /// A call of two users.
    P2p,
    /// A group chat.
    M2m,
    /// A group chat without video.
    A2m,
    /// A live broadcast.
    P2m,
}

/// Kind of media that a session carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Camera and microphone.
    Stream,
    /// A shared screen.
    Screenshare,
}

/// Kind of program that a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Host {
    /// An iOS app.
    #[serde(rename = "iOS")]
    Ios,
    /// An iOS app's broadcast extension.
    #[serde(rename = "iOS_EX")]
    IosExtension,
    /// An Android app.
    Android,
    /// A web page.
    Web,
    /// A web page made for streamers.
    #[serde(rename = "Web_Studio")]
    WebStudio,
    /// A program without a user in front of it, or on a desktop.
    Server,
}

/// The sender's session (`ss`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The user.
    pub user_id: UserId,
    /// The user's session, unique among the user's own.
    pub session_id: SessionId,
    /// Kind of media that the session carries.
    pub category: Category,
    /// Kind of program that the client is.
    pub host: Host,
    /// The device, in the client's own words.
    #[serde(deserialize_with = "crate::strict::words")]
    #[schemars(length(max = MAX_WORDS))]
    pub device_id: String,
}

impl Session {
    /// The member this session is in a room.
    #[must_use]
    pub fn key(&self) -> MemberKey {
        MemberKey { user_id: self.user_id.clone(), session_id: self.session_id.clone() }
    }
}

/// A member of a room: one session of one user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberKey {
    /// The user.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
}

/// Recipient of a signal (`to`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Recipient {
    /// Every session of a user.
    User(UserId),
    /// One session.
    Session(MemberKey),
}

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Recipient;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a user id or {userId, sessionId}")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Recipient, E> {
                UserId::parse(text).map(Recipient::User).map_err(E::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Recipient, A::Error> {
                MemberKey::deserialize(MapAccessDeserializer::new(map)).map(Recipient::Session)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Recipient {
    /// The user in either form.
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        match self {
            Self::User(user_id) => user_id,
            Self::Session(key) => &key.user_id,
        }
    }

    /// Whether a member is meant.
    #[must_use]
    pub fn matches(&self, key: &MemberKey) -> bool {
        match self {
            Self::User(user_id) => *user_id == key.user_id,
            Self::Session(session) => session == key,
        }
    }
}
