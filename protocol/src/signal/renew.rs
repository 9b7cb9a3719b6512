//! `RENEW`: another access token for a connection, in place of the one that it came with.
//!
//! It is about no room, so it has none of the common members of other signals.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Refusal, SignalKind};
use crate::access::MAX_TOKEN;
use crate::code::AckCode;
use crate::json;

/// The members of `RENEW`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renew {
    /// The access token, of the same subject.
    #[schemars(length(min = 1, max = MAX_TOKEN))]
    pub token: String,
}

/// The members that a client sends.
#[derive(Serialize, Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(borrow)]
    token: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

impl Renew {
    /// Reads the message of a client.
    ///
    /// # Errors
    /// A refusal with code 2001, which does not quote the message: it may hold a token.
    pub fn decode(message: &str) -> Result<Self, Refusal> {
        let refused = |reason: String| {
            let (code, kind) = (AckCode::InvalidSignal, Some(SignalKind::Renew));
            Refusal { code, kind, reason, quotable: false, numbered: None }
        };
        let envelope: Envelope<'_> = json::from_str(message).map_err(|error| refused(error.to_string()))?;
        let (action, name) = (SignalKind::Renew.action(), SignalKind::Renew.name());
        if envelope.action != action || envelope.data.s != name {
            return Err(refused(format!("`s` must be {name} where `action` is {action}")));
        }
        let token = envelope.data.token.into_owned();
        match token.len() {
            1..=MAX_TOKEN => Ok(Self { token }),
            _ => Err(refused(format!("`token` must have 1 to {MAX_TOKEN} characters"))),
        }
    }

    /// Writes the message of a client.
    ///
    /// # Panics
    /// Never: texts serialise.
    #[must_use]
    pub fn encode(&self) -> String {
        let data = Data { s: SignalKind::Renew.name().into(), token: (&*self.token).into() };
        let envelope = Envelope { action: SignalKind::Renew.action().into(), data };
        serde_json::to_string(&envelope).expect("texts serialise")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::decode;
    use proptest::prelude::*;

    #[test]
    fn no_signal_of_a_room_is_a_renewal() {
        let refused = decode(r#"{"action":"renew","data":{"s":"RENEW","token":"a.b.c"}}"#).unwrap_err();
        assert_eq!(
            (refused.code, refused.kind, refused.quotable),
            (AckCode::InvalidSignal, Some(SignalKind::Renew), false)
        );
        let misnamed = decode(r#"{"action":"join","data":{"s":"RENEW","token":"a.b.c"}}"#).unwrap_err();
        assert!(!misnamed.quotable && !misnamed.reason.contains("a.b.c"));
        for wrong in [
            r#"{"action":"renew","data":{"s":"RENEW"}}"#,
            r#"{"action":"renew","data":{"s":"RENEW","token":""}}"#,
            r#"{"action":"renew","data":{"s":"RENEW","token":7}}"#,
            r#"{"action":"renew","data":{"s":"JOIN","token":"a.b.c"}}"#,
            r#"{"action":"leave","data":{"s":"RENEW","token":"a.b.c"}}"#,
            r#"{"action":"renew"}"#,
            "[]",
        ] {
            let refused = Renew::decode(wrong).unwrap_err();
            assert!(!refused.quotable && !refused.reason.contains("a.b.c"), "{wrong}");
        }
        let long = Renew { token: "t".repeat(MAX_TOKEN + 1) }.encode();
        assert!(Renew::decode(&long).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(token in "[!-~]{1,200}") {
            let renew = Renew { token };
            prop_assert_eq!(Renew::decode(&renew.encode()).unwrap(), renew);
        }

        #[test]
        fn anything_else_is_refused_and_never_quoted(text in ".{0,200}") {
            prop_assert!(Renew::decode(&text).is_err_and(|refused| !refused.quotable));
        }
    }
}
