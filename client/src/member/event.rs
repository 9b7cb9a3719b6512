//! Events that a member reports to the application.

use roomcast_protocol::ack::{JoinAck, Participant, RoomClosedReason};
use roomcast_protocol::client::{Outgoing, State};
use serde_json::Value;

/// An event of a member.
///
/// `Refused` for a `JOIN` or with code 500, `Kicked`, `RoomClosed`, `Closed` and `Unreachable` are followed by the state
/// `failed` and the end.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberEvent {
    /// The server accepted a `JOIN`: the first, or one after a lost connection. `resumed` tells whether the seat in
    /// the room was kept.
    Joined(Box<JoinAck>),
    /// The state machine moved.
    StateChanged(State),
    /// The members that may publish are others, or other things hold for them.
    Participants(Vec<Participant>),
    /// A signal from another member: its `data` object with `sq`. Each is delivered once and in order.
    Forwarded(Value),
    /// Signals with these numbers are lost for good.
    Gap {
        /// The first number.
        from: u64,
        /// The last number.
        to: u64,
    },
    /// The member was put out of the room; the `KICK` itself came before as `Forwarded`.
    Kicked,
    /// The server closed the room.
    RoomClosed(RoomClosedReason),
    /// The server refused a signal.
    Refused {
        /// Name of the signal.
        signal: String,
        /// The ack code.
        code: u16,
        /// The server's sentence.
        message: String,
    },
    /// A signal of the application will not be said: too many waited for the room, or the member came to its end.
    Dropped {
        /// The signal.
        signal: Outgoing,
    },
    /// The connection was closed with a code that forbids to reconnect.
    Closed {
        /// The WebSocket close code.
        code: u16,
        /// The server's reason.
        reason: String,
    },
    /// No connection came about, `JOIN` went unanswered, or joining again did not help, as often as is worth trying; or
    /// nobody else came to a call.
    Unreachable {
        /// The last failure.
        reason: String,
    },
}
