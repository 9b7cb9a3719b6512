//! `OFFER`, `ANSWER` and `ICE`: WebRTC signaling, relayed with the sender's JSON untouched.
//!
//! The server checks the form of these members and reads no meaning from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The members of `OFFER`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offer {
    /// The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`.
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
    /// The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`.
    pub sdp: String,
}

/// The members of `ICE`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IceCandidate {
    /// The candidate: an `RTCIceCandidateInit` object, or its `candidate` alone as a string.
    #[serde(rename = "sdp")]
    #[schemars(schema_with = "text_or_object")]
    pub candidate: Value,
}

fn text_or_object(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let init = generator.subschema_for::<CandidateInit>();
    schemars::json_schema!({
        "title": "Candidate",
        "description": "The candidate: an `RTCIceCandidateInit` object, or its `candidate` alone as a string.",
        "anyOf": [{ "type": "string" }, init],
    })
}

/// An ICE candidate as WebRTC serializes it (`RTCIceCandidateInit`). The server relays it without a look at its
/// members, and other members with them.
#[derive(JsonSchema)]
#[schemars(rename = "CandidateInit", rename_all = "camelCase")]
#[expect(dead_code, reason = "it is a description: the value is relayed as it is")]
struct CandidateInit {
    /// The candidate-attribute (RFC 8839, 5.1), beginning with `candidate:`; empty: there are no more, which a
    /// recipient ignores.
    candidate: Option<String>,
    /// The identification tag (`a=mid`) of its media section.
    sdp_mid: Option<String>,
    /// The index of its media section in the session description, from 0.
    #[schemars(rename = "sdpMLineIndex")]
    sdp_m_line_index: Option<u16>,
    /// The ICE user name fragment of its generation.
    username_fragment: Option<String>,
}
