//! The members that every signal has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::member::{MemberKey, Recipient, RoomType, Session};
use crate::id::RoomId;
use crate::limits::NUMBERS_BELOW;

/// The common members of a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    /// The room's type; must be the room's own.
    #[serde(rename = "ch")]
    pub room_type: RoomType,
    /// The room.
    #[serde(rename = "rid")]
    pub room_id: RoomId,
    /// The sender.
    #[serde(rename = "ss", deserialize_with = "crate::strict::object")]
    pub session: Session,
    /// Recipient, where the signal has one.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
}

/// The sender's number of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Numbered {
    /// The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the
    /// member is ignored, whatever it is.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = NUMBERS_BELOW - 1))]
    pub number: Option<u64>,
}

/// The number of a signal that is refused for something else in it. It is used up all the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefusedNumber {
    /// The room.
    #[serde(rename = "rid")]
    pub room_id: RoomId,
    /// The sender.
    #[serde(rename = "ss")]
    pub member: MemberKey,
    /// The sender's number.
    #[serde(rename = "n", deserialize_with = "crate::strict::required_number")]
    pub number: u64,
}
