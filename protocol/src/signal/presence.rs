//! `HEARTBEAT`, `UPDATE`, `KICK` and `PUBLISH_REQUEST`: who is there and what they send.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::MAX_WORDS;

/// The members of `HEARTBEAT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heartbeat {
    /// Heartbeat id, given back in the ack.
    #[serde(rename = "bid", deserialize_with = "crate::strict::words")]
    #[schemars(length(max = MAX_WORDS))]
    pub beat_id: String,
    /// Whether an ack is wanted.
    #[serde(default = "yes")]
    pub send_ack: bool,
    /// The highest sequence number received: the server need not keep it any more. The server takes every number of 64
    /// bits; one above the last that it gave says nothing.
    #[serde(rename = "sq", default, skip_serializing_if = "Option::is_none")]
    pub received: Option<u64>,
}

const fn yes() -> bool {
    true
}

/// The members of `UPDATE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Update {
    /// Video enabled.
    #[serde(rename = "ve")]
    pub video: bool,
    /// Audio enabled.
    #[serde(rename = "ae")]
    pub audio: bool,
}

/// The members of `KICK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Kick {
    /// Whether all tokens of the user that were issued until now are revoked in this room; for moderators.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoke: bool,
}

/// The members of `PUBLISH_REQUEST`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishRequest {
    /// Video enabled.
    #[serde(rename = "ve")]
    pub video: bool,
    /// Audio enabled.
    #[serde(rename = "ae")]
    pub audio: bool,
    /// Words for the owner.
    #[serde(rename = "msg", default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
