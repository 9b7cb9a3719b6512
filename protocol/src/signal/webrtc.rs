//! `OFFER`, `ANSWER` and `ICE`: WebRTC signaling, relayed with the sender's JSON untouched.
//!
//! The server checks the form of these members and reads no meaning from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The members of `OFFER`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offer {
    /// The session description (RFC 8866).
    pub sdp: String,
    /// Options of the offer.
    #[serde(rename = "op", default, deserialize_with = "crate::strict::object")]
    pub options: OfferOptions,
}

/// Options of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct OfferOptions {
    /// An ICE restart.
    pub restarting: bool,
    /// The offer is for forwarding to HLS.
    pub hls_forwarding: bool,
}

/// The members of `ANSWER`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The session description (RFC 8866).
    pub sdp: String,
}

/// The members of `ICE`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IceCandidate {
    /// The candidate: a string or an `RTCIceCandidateInit` object.
    #[serde(rename = "sdp")]
    #[schemars(schema_with = "text_or_object")]
    pub candidate: Value,
}

fn text_or_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "title": "Candidate", "anyOf": [{ "type": "string" }, { "type": "object" }] })
}
