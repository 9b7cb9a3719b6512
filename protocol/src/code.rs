//! The closed registry of ack codes and WebSocket close codes: one table each.
//!
//! Never maps errors of other crates; each layer names the code itself.

mod reaction;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use reaction::{Asked, Pause, Reaction, Retry};

use crate::named::named;

macro_rules! ack_codes {
    ($($variant:ident = $number:literal, $name:literal, $http:literal, $text:literal;)*) => {
        /// The code `c` of an ack or of an answer to a data signal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AckCode {
            $(#[doc = $text] $variant,)*
        }

        impl AckCode {
            /// Every code, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number),* }
            }

            /// The constant's name in the documentation.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The HTTP status of an answer that carries this code, unless another says it more exactly.
            #[must_use]
            pub const fn http(self) -> u16 {
                match self { $(Self::$variant => $http),* }
            }

            /// Meaning of the code, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

ack_codes! {
    Ok = 200, "OK", 200, "The signal was carried out.";
    Internal = 500, "INTERNAL_SERVER_ERROR", 500, "The server failed; the client fails, and does not come back by itself.";
    Unavailable = 503, "SERVICE_UNAVAILABLE", 503, "The server cannot answer now; try again.";
    InvalidSignal = 2001, "INVALID_SIGNAL", 400, "The signal is malformed.";
    UnsupportedChannel = 2002, "UNSUPPORTED_CHANNEL", 400, "The signal does not exist in this type of room.";
    RoomNotFound = 4001, "ROOM_NOT_FOUND", 404, "There is no such room.";
    NotRoomMember = 4002, "NOT_ROOM_MEMBER", 404, "The sender or the target is not a member of the room.";
    RecipientNotMember = 4003, "RECIPIENT_NOT_MEMBER", 404, "The recipient is not a member of the room.";
    TrackNotFound = 4005, "TRACK_NOT_FOUND", 404, "There is no such playlist, variant or rendition.";
    AlreadyExistRoom = 4022, "ALREADY_EXIST_ROOM", 409, "The room to be created exists already.";
    AlreadyIsPublisher = 4023, "ALREADY_IS_PUBLISHER", 409, "The sender publishes already.";
    UserLeft = 4024, "USER_LEFT", 410, "The recipient has left the room.";
    RoomFull = 4025, "ROOM_FULL", 409, "The room holds no more members of this kind.";
    SequenceConflict = 4026, "SEQUENCE_CONFLICT", 409,
        "Other bytes were accepted for this part or segment, or it is older than the window.";
    RateLimited = 4029, "RATE_LIMITED", 429,
        "More than the server permits: rooms of a connection, connections of an address, revocations of tokens.";
    Unauthenticated = 4041, "UNAUTHENTICATED", 401, "The token is missing, wrong or expired.";
    PermissionNotFound = 4051, "PERMISSION_NOT_FOUND", 403, "The sender may not do this.";
}

impl AckCode {
    /// The code with this number, if it is one of the registry.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

impl Serialize for AckCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.number())
    }
}

impl<'de> Deserialize<'de> for AckCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u16::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| serde::de::Error::custom(format!("{number} is no ack code")))
    }
}

named! {
    /// Class of a close code: the reaction of a client.
    CloseClass {
        Reconnect = "reconnect", "Connect again after a delay, with exponential backoff and full jitter, queueing signals meanwhile.";
        ClientFault = "fail", "Do not come back: the client is at fault, and its state becomes `failed`.";
        Final = "stop", "Do not come back by itself: another party, or the application, ended the connection.";
    }
}

/// Returns the client's reaction to a connection that closed with this WebSocket close code.
///
/// Codes outside the registry count as a lost connection.
#[must_use]
pub const fn close_class(code: u16) -> CloseClass {
    match code {
        1000 | 4000 | 4001 => CloseClass::Final,
        1002 | 1003 | 1007..=1009 => CloseClass::ClientFault,
        _ => CloseClass::Reconnect,
    }
}

macro_rules! close_codes {
    ($($variant:ident = $number:literal, $reason:literal, $text:literal;)*) => {
        /// The code and reason with which the server closes a WebSocket.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CloseCode {
            $(#[doc = $text] $variant,)*
        }

        impl CloseCode {
            /// Every way the server closes a connection.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number on the wire (RFC 6455, section 7.4).
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number),* }
            }

            /// The reason on the wire.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason),* }
            }

            /// Explains in a sentence when the server closes so.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

close_codes! {
    Normal = 1000, "", "The client closed; the close is answered.";
    IdleTimeout = 1001, "idle timeout", "No message went either way for ten minutes.";
    TooOld = 1001, "connection too old", "The connection is two hours old.";
    Protocol = 1002, "protocol error", "A frame breaks RFC 6455.";
    Binary = 1003, "text only", "A binary message was sent.";
    InvalidUtf8 = 1007, "invalid UTF-8", "A text message is not UTF-8.";
    RateLimit = 1008, "rate limit", "The client sent more than its rate for a minute on end.";
    TooBig = 1009, "message too big", "A frame or message is over its limit.";
    Internal = 1011, "internal error", "The server failed.";
    ServiceRestart = 1012, "service restart", "The server drains.";
    SlowConsumer = 1013, "slow consumer", "The outbound queue went over its bound.";
    SessionReplaced = 4000, "session replaced", "A newer connection took the session over.";
    TokenExpired = 4001, "token expired", "The access token ended while the connection was open.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ack_codes_are_unique_and_found_by_number() {
        for (index, code) in AckCode::ALL.iter().enumerate() {
            assert_eq!(AckCode::from_number(code.number()), Some(*code));
            assert!(AckCode::ALL[index + 1..].iter().all(|other| other.number() > code.number()));
        }
        assert_eq!(AckCode::from_number(4711), None);
    }

    #[test]
    fn close_codes_tell_who_reconnects() {
        for code in [1001, 1006, 1011, 1012, 1013] {
            assert_eq!(close_class(code), CloseClass::Reconnect);
        }
        for code in [1002, 1003, 1007, 1008, 1009] {
            assert_eq!(close_class(code), CloseClass::ClientFault);
        }
        for code in [1000, 4000, 4001] {
            assert_eq!(close_class(code), CloseClass::Final);
        }
    }
}
