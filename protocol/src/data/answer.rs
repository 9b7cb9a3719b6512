//! The answer to a data signal: `{"c": CODE, "s": NAME, "b": BODY}` with the code's HTTP status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Reason;

/// An answer as read by a streamer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataAck {
    /// The code's number.
    #[serde(rename = "c")]
    pub code: u16,
    /// Name of the signal, `UNKNOWN` where it could not be told.
    #[serde(rename = "s")]
    pub name: String,
    /// The body.
    #[serde(rename = "b")]
    pub body: DataAckBody,
}

/// Body of an answer to a data signal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DataAckBody {
    /// The signal's id, where it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Receive time less the signal's `timestamp`, in milliseconds; negative when the clocks differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<i64>,
    /// What is wrong, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<String>,
    /// The reason, where an access token is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}
