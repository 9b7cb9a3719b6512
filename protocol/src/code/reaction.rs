//! Reactions of a client to an ack, by the request that it answers; and the rules for repeating a request that was
//! refused temporarily.
//!
//! Data only, published as it is. Never decides for an application: where a code is the application's affair, it is told.

use schemars::JsonSchema;
use serde::Serialize;

use super::AckCode;
use crate::named::named;

named! {
    /// Kind of request that is answered.
    Asked {
        Join = "join", "`JOIN`.";
        Heartbeat = "heartbeat", "`HEARTBEAT`.";
        Other = "other", "Any other signal over the WebSocket.";
        Dial = "dial", "The request that opens the WebSocket, refused with the code's HTTP status.";
        Upload = "upload", "A data signal.";
    }
}

named! {
    /// Reaction of a client to an ack or answer.
    Reaction {
        GoOn = "goOn", "Nothing: it was carried out.";
        Tell = "tell", "Tell the application. The membership goes on, and nothing is said again.";
        Retry = "retry", "Say it again as `retry` describes; after the last time tell the application.";
        Ignore = "ignore", "It counts as no answer.";
        Rejoin = "rejoin", "Join again; after an upload, upload again with the new ingest token.";
        Restore = "restore", "Send `updateVariant` or `updateRendition` again, and then the same; once.";
        Reconnect = "reconnect", "Dial again after a delay, as after a dial that failed.";
        Fail = "fail", "The membership is over: tell the application, and close the connection unless it has other \
            rooms. A new attempt is a new machine, and as the same session with its `rt` it takes the seat up that is held until \
            the heartbeat timeout. A client that joins or creates a room makes one by itself after 4001 to a JOIN that creates none, \
            and after 4022: over the same connection, with the same queue, and nothing is told.";
    }
}

named! {
    /// Delay before a client sends something again.
    Pause {
        Reconnect = "reconnect", "The delay of `reconnect` in `state-machine.json`, with a count of its own.";
        RetryAfter = "retryAfter", "The seconds of the header `Retry-After`, else the delay of `reconnect`.";
    }
}

/// Rule by which a client repeats a request that was refused temporarily.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Retry {
    /// The request that was refused.
    pub of: Asked,
    /// Delay before each repetition.
    pub pause: Pause,
    /// Maximum number of repetitions; null: no maximum, until the condition in the text ends it.
    pub times: Option<u32>,
    /// Whether it keeps its place: nothing that was said after it is carried out before it.
    pub keeps_order: bool,
    /// The rest, in a sentence.
    pub text: &'static str,
}

/// Number of times that a refused signal is repeated.
const TIMES: u32 = 3;

const JOIN: Retry = Retry {
    of: Asked::Join,
    pause: Pause::Reconnect,
    times: None,
    keeps_order: true,
    text: "Over a new connection, which may lead to another node. The wait for the ack runs on, and the rule `joinAck` \
        or `rejoinAck` of `state-machine.json` ends it. What the application says meanwhile waits in its order.",
};
const SIGNAL: Retry = Retry {
    of: Asked::Other,
    pause: Pause::Reconnect,
    times: Some(TIMES),
    keeps_order: false,
    text: "With a number `n` of its own, as the refused one has used its number up; behind what was said meanwhile. Only \
        signals of which none depends on another are refused so to a client that numbers: `KICK` and `PUBLISH_ACCEPT`.",
};
const UPLOAD: Retry = Retry {
    of: Asked::Upload,
    pause: Pause::RetryAfter,
    times: None,
    keeps_order: true,
    text: "The same bytes, as long as they are of use: once `partsBeforeGap` later ones were accepted it is listed as a gap. \
        Those may be uploaded meanwhile; they are listed in order. A segment and `endStream` for 10 s; `updateVariant` and \
        `updateRendition` as long as the membership lasts.",
};
const DIAL: Retry = Retry {
    of: Asked::Dial,
    pause: Pause::Reconnect,
    times: None,
    keeps_order: true,
    text: "As any dial that failed; `joinAck.attempts` of `state-machine.json` ends it while the client was never joined.",
};

impl AckCode {
    /// Returns the client's reaction to an answer with this code.
    #[must_use]
    pub const fn reaction(self, asked: Asked) -> Reaction {
        match (self, asked) {
            (Self::Ok, _) => Reaction::GoOn,
            (Self::Unavailable | Self::RateLimited, Asked::Upload)
            | (Self::Internal, Asked::Upload)
            | (Self::Unavailable, Asked::Join | Asked::Other) => Reaction::Retry,
            (Self::Unauthenticated | Self::PermissionNotFound, Asked::Dial) => Reaction::Fail,
            (_, Asked::Dial) => Reaction::Reconnect,
            (Self::Unavailable, Asked::Heartbeat) => Reaction::Ignore,
            (Self::Internal, _) | (_, Asked::Join) => Reaction::Fail,
            (Self::RoomNotFound | Self::NotRoomMember, Asked::Heartbeat)
            | (Self::Unauthenticated | Self::RoomNotFound, Asked::Upload) => Reaction::Rejoin,
            (Self::TrackNotFound, Asked::Upload) => Reaction::Restore,
            _ => Reaction::Tell,
        }
    }

    /// Rules for repeating a request that was refused with this code; empty: it is not repeated.
    #[must_use]
    pub const fn retries(self) -> &'static [Retry] {
        match self {
            Self::Unavailable => &[JOIN, SIGNAL, DIAL, UPLOAD],
            Self::RateLimited => &[DIAL, UPLOAD],
            Self::Internal => &[UPLOAD],
            _ => &[],
        }
    }

    /// The HTTP statuses of answers that carry this code: its own first, then others that say it more exactly.
    #[must_use]
    pub const fn statuses(self) -> &'static [u16] {
        match self {
            Self::InvalidSignal => &[400, 404, 405, 408, 409, 412, 413, 415, 426],
            Self::Ok => &[200],
            Self::Internal => &[500],
            Self::Unavailable => &[503],
            Self::UnsupportedChannel => &[400],
            Self::RoomNotFound | Self::NotRoomMember | Self::RecipientNotMember | Self::TrackNotFound => &[404],
            Self::AlreadyExistRoom | Self::AlreadyIsPublisher | Self::RoomFull | Self::SequenceConflict => &[409],
            Self::UserLeft => &[410],
            Self::RateLimited => &[429],
            Self::Unauthenticated => &[401],
            Self::PermissionNotFound => &[403],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_is_described_and_nothing_else() {
        for code in AckCode::ALL {
            for asked in Asked::ALL {
                let again = code.retries().iter().filter(|retry| retry.of == *asked).count();
                let says = matches!(code.reaction(*asked), Reaction::Retry);
                let dials = *asked == Asked::Dial && again > 0;
                assert!(
                    again == usize::from(says) || (dials && code.reaction(*asked) == Reaction::Reconnect),
                    "{code:?} {asked:?}"
                );
            }
        }
    }

    #[test]
    fn a_heartbeat_that_finds_no_seat_joins_again_and_a_failure_ends_everything_but_uploads() {
        use Reaction::{Fail, Ignore, Rejoin, Retry, Tell};
        let of = |code: AckCode| [Asked::Join, Asked::Heartbeat, Asked::Other].map(|asked| code.reaction(asked));
        assert_eq!(of(AckCode::RoomNotFound), [Fail, Rejoin, Tell]);
        assert_eq!(of(AckCode::NotRoomMember), [Fail, Rejoin, Tell]);
        assert_eq!(of(AckCode::Unavailable), [Retry, Ignore, Retry]);
        assert_eq!(of(AckCode::Internal), [Fail, Fail, Fail]);
        assert_eq!(of(AckCode::UserLeft), [Fail, Tell, Tell]);
        assert_eq!(AckCode::Internal.reaction(Asked::Upload), Retry);
    }

    #[test]
    fn the_first_status_is_the_codes_own() {
        assert!(AckCode::ALL.iter().all(|code| code.statuses()[0] == code.http() && code.statuses().is_sorted()));
    }
}
