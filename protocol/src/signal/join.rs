//! `JOIN`: create, join or resume.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::NUMBERS_BELOW;

/// The engine that carries the media; the server answers [`Engine::Native`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// WebRTC and HLS as this protocol describes them.
    #[default]
    Native,
    /// Agora.
    Agora,
    /// 100ms.
    Hundredms,
    /// `LiveKit`.
    Livekit,
}

/// The members of `JOIN`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Join {
    /// Video enabled.
    #[serde(rename = "ve")]
    pub video: bool,
    /// Audio enabled.
    #[serde(rename = "ae")]
    pub audio: bool,
    /// The engine wanted.
    #[serde(rename = "eg", default)]
    pub engine: Engine,
    /// Options of the join.
    #[serde(rename = "op", default, deserialize_with = "crate::strict::object")]
    pub options: JoinOptions,
}

/// Options of a join.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct JoinOptions {
    /// Create the room; refused when it exists (4022), but not for a session that is a member already, which resumes: a lost
    /// ack may be asked for again by the same `JOIN`.
    pub room_creating: bool,
    /// Let `userId` differ from the token's subject, where permitted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub user_faking: bool,
    /// The highest sequence number received: send everything after it again. The server takes every number of 64 bits, but
    /// gives none from 2^52 on, and takes one from there on as absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_from: Option<u64>,
    /// The `rt` of the last JOIN ack; in the first JOIN random letters of the client's own, so that its repetition is taken if
    /// the ack is lost. Empty: the client keeps tokens from now on, and such a repetition is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_token: Option<String>,
    /// The number below the lowest signal that the client keeps: it numbers what it says. Absent: it does not.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none", deserialize_with = "crate::strict::number")]
    #[schemars(range(max = NUMBERS_BELOW - 1))]
    pub numbers_above: Option<u64>,
}
