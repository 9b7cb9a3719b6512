//! Table of a client's reactions to WebSocket close codes.
//!
//! The classes are those of the registry of close codes; this is the same as a table, for those who read JSON.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::outcome::Outcome;
use crate::code::{CloseClass, CloseCode, close_class};

/// Codes with an outcome of their own, ascending. Any other means a lost connection.
pub const LISTED: &[u16] = &[1000, 1001, 1002, 1003, 1006, 1007, 1008, 1009, 1011, 1012, 1013, 4000, 4001];

/// Reaction to a close: one line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CloseRow {
    /// The close code; the line without one holds for every other code and is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Whether this is the line for every other code.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "yes")]
    pub default: Option<()>,
    /// The reaction.
    #[serde(rename = "do")]
    pub outcome: Outcome,
    /// Reaction if the application supplies an access token other than that of the connection: once, and again only
    /// when a connection has held for `reconnect.settledAfter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewed: Option<Outcome>,
}

impl JsonSchema for CloseRow {
    fn schema_name() -> Cow<'static, str> {
        "CloseRow".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let outcome = generator.subschema_for::<Outcome>();
        json_schema!({
            "type": "object",
            "description": "Reaction to a close. The line of a code, else the one without.",
            "properties": {
                "code": { "description": "The close code.", "type": "integer", "minimum": 0, "maximum": 65_535 },
                "default": { "description": "The line for every other code.", "const": true },
                "do": outcome,
                "renewed": { "allOf": [outcome], "description": "Reaction if the application supplies another \
                    access token than that of the connection: once, and again only when a connection has held for \
                    `reconnect.settledAfter`." },
            },
            "required": ["do"],
            "additionalProperties": false,
        })
    }
}

fn yes<S: Serializer>(_: &Option<()>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(true)
}

/// Returns the client's reaction to a close with this code.
#[must_use]
pub const fn close_outcome(code: u16) -> Outcome {
    match close_class(code) {
        CloseClass::Reconnect => Outcome::Reconnect,
        CloseClass::ClientFault => Outcome::Fail,
        CloseClass::Final => Outcome::Stop,
    }
}

/// Returns the client's reaction to this code if the application supplies another access token.
#[must_use]
pub const fn renewed_outcome(code: u16) -> Option<Outcome> {
    if code == CloseCode::TokenExpired.number() { Some(Outcome::Reconnect) } else { None }
}

/// The whole table.
#[must_use]
pub fn close_rows() -> Vec<CloseRow> {
    let row = |code: &u16| CloseRow {
        code: Some(*code),
        default: None,
        outcome: close_outcome(*code),
        renewed: renewed_outcome(*code),
    };
    let other = CloseRow { code: None, default: Some(()), outcome: Outcome::Reconnect, renewed: None };
    LISTED.iter().map(row).chain([other]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_off_the_list_means_a_lost_connection() {
        for code in (0..=u16::MAX).filter(|code| !LISTED.contains(code)) {
            assert_eq!(close_outcome(code), Outcome::Reconnect, "{code}");
        }
    }

    #[test]
    fn every_code_of_the_server_is_listed() {
        assert!(CloseCode::ALL.iter().all(|code| LISTED.contains(&code.number())));
        assert!(LISTED.is_sorted());
    }

    #[test]
    fn a_line_is_a_code_or_the_default() {
        let json = serde_json::to_value(close_rows()).unwrap();
        assert_eq!(json[0], serde_json::json!({"code": 1000, "do": "stop"}));
        assert_eq!(json[LISTED.len()], serde_json::json!({"default": true, "do": "reconnect"}));
    }
}
