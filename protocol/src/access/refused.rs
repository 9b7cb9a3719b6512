//! Reasons why a token is refused, and the sentence that its bearer gets. Neither holds anything of the token.

use serde::{Deserialize, Serialize};

use crate::code::AckCode;

macro_rules! reasons {
    ($($variant:ident = $name:literal, $text:literal;)*) => {
        /// Reason for which a request is refused for its token.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason {
            $(#[doc = $text] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in answers and as a label of metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The meaning, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

reasons! {
    Missing = "missing", "There is no token.";
    Malformed = "malformed", "The token is no signed JWT that the server takes, or longer than 8 KiB.";
    Algorithm = "algorithm", "The token is signed in a way for which the server has no key.";
    UnknownKey = "unknown_key", "The server has no key of the name in `kid`.";
    Signature = "signature", "The signature does not fit the token and the key.";
    Claims = "claims", "A claim is ill-typed or too long.";
    NoExp = "no_exp", "The token has no `exp`.";
    NoIat = "no_iat", "The token has no `iat`.";
    Expired = "expired", "The token has ended.";
    NotYet = "not_yet", "The token begins in the future.";
    Lifetime = "lifetime", "The token is good for longer than the server allows.";
    Issuer = "issuer", "The token comes from another issuer.";
    Audience = "audience", "The token is meant for another audience.";
    Subject = "subject", "The token has no subject that could be a user id, or another than the user.";
    Revoked = "revoked", "The token was revoked.";
    Busy = "busy", "The server checks as many unknown tokens as it may; try again.";
    NotGranted = "not_granted", "The token does not grant this.";
}

impl Reason {
    /// The code of the answer.
    #[must_use]
    pub const fn code(self) -> AckCode {
        match self {
            Self::NotGranted => AckCode::PermissionNotFound,
            Self::Busy => AckCode::Unavailable,
            _ => AckCode::Unauthenticated,
        }
    }
}

/// The refusal of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refused {
    /// The reason.
    pub reason: Reason,
    /// A sentence for its bearer.
    pub sentence: String,
}

impl Refused {
    /// A refusal for a reason, with a sentence.
    #[must_use]
    pub fn new(reason: Reason, sentence: impl Into<String>) -> Self {
        Self { reason, sentence: sentence.into() }
    }
}

/// An action that a token does not grant; the sentence says what it would need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotGranted(pub String);

impl From<NotGranted> for Refused {
    fn from(refused: NotGranted) -> Self {
        Self::new(Reason::NotGranted, refused.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
    }
}
