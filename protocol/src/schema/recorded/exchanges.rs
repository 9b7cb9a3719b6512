//! `vectors/exchanges.json`: requests and responses.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ExchangeVectors {
    /// The version of the schema.
    pub version: String,
    /// Actions before the first request, in one sentence.
    pub before: String,
    /// The exchanges. Each is with one server in the state in which those before it left it.
    pub exchanges: Vec<Exchange>,
}

/// A request and its response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Exchange {
    /// Name of the case that the exchange shows.
    pub name: String,
    /// The request.
    pub request: Request,
    /// The response.
    pub response: Response,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers that matter, by names in lower case. `{ingestToken}` stands for the ingest token, and `{etag}` for the
    /// `ETag` of the response before.
    pub headers: BTreeMap<String, String>,
    /// The body; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}

/// The body of a request. Without `json` it is the media alone, or the zeros.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Body {
    /// A data signal, without its media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// The media that belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// Place in `json` into which the media goes, in base64: a JSON pointer (RFC 6901). The body is the JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64_at: Option<String>,
    /// The name of the part that is the media. The body is `multipart/form-data`, and `json` its first part, `signal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Number of zero bytes that the body consists of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zeros: Option<u64>,
}

/// Bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Media {
    /// The file, below `vectors/`.
    pub file: String,
    /// Offset of the first of them.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers that matter, by names in lower case; there are others.
    pub headers: BTreeMap<String, String>,
    /// Members of its JSON; there are others, such as `b.delay` and the sentence `b.msg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bytes that it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
}
