//! The members that every signal has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::member::{Recipient, RoomType, Session};
use crate::id::RoomId;

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
    /// To whom, where the signal is for somebody.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
}
