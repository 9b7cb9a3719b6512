//! The answer to a data signal: `{"c": CODE, "s": NAME, "b": BODY}` with the code's HTTP status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Reason;
use crate::ack::name;
use crate::code::AckCode;

/// Every name of an answer.
pub const NAMES: [&str; 8] = [
    "UPDATE_VARIANT",
    "UPDATE_RENDITION",
    "UPDATE_SEGMENT",
    "UPDATE_PART",
    "END_STREAM",
    name::INGEST,
    name::AUTH_CHECK,
    name::UNKNOWN,
];

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
    /// Description of the error, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<String>,
    /// The reason, where an access token is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Reads an answer as one who knows this version: unlike serde, it refuses codes and names that the protocol does not know.
///
/// # Errors
/// A sentence when it is no answer of this version of the protocol.
pub fn decode(text: &str) -> Result<DataAck, String> {
    if !text.trim_start().starts_with('{') {
        return Err("an answer is an object".to_owned());
    }
    let answer: DataAck = serde_json::from_str(text).map_err(|error| error.to_string())?;
    AckCode::from_number(answer.code).ok_or_else(|| format!("{} is no code", answer.code))?;
    if !NAMES.contains(&&*answer.name) {
        return Err("there is no such name".to_owned());
    }
    Ok(answer)
}
