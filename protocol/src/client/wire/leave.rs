//! Reaction of the machine to the application's leaving, by state. Only a member's state moves; in all other states the
//! machine ends.

use schemars::JsonSchema;
use serde::Serialize;

use crate::client::state::{Event, State};
use crate::named::named;

named! {
    /// An action of a client that leaves.
    LeaveAct {
        SendLeave = "sendLeave", "Send `LEAVE`, if a connection is open, and close it.";
        Drop = "drop", "Drop the machine with its queue, and any connection or dial. Nothing that comes counts any more.";
    }
}

/// Reaction to the application's leaving, in some states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LeaveRow {
    /// The states.
    pub states: &'static [State],
    /// The actions, in this order.
    #[serde(rename = "do")]
    pub acts: &'static [LeaveAct],
    /// The event that follows; it is ignored where it moves nothing. Absent: none, the state stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
}

/// Every state, once. A client that is in no room has nothing to leave. Before the ack of `JOIN` the server may know
/// the member already, so it is told as well; while the network is down the server cannot be told, and removes the
/// member after the heartbeat timeout.
pub const LEAVE: &[LeaveRow] = &[
    LeaveRow { states: &[State::Joined], acts: &[LeaveAct::SendLeave], event: Some(Event::LeaveSent) },
    LeaveRow {
        states: &[State::Initializing, State::Reinitializing],
        acts: &[LeaveAct::SendLeave, LeaveAct::Drop],
        event: None,
    },
    LeaveRow { states: &[State::WaitingNetwork], acts: &[LeaveAct::Drop], event: None },
    LeaveRow { states: &[State::Idle, State::Leaved, State::Failed], acts: &[], event: Some(Event::LeaveSent) },
];

/// Returns the reaction to leaving in a state.
pub(super) fn leave_row(state: State) -> &'static LeaveRow {
    LEAVE.iter().find(|row| row.states.contains(&state)).expect("every state has a line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_line() {
        for state in State::ALL {
            assert_eq!(LEAVE.iter().filter(|row| row.states.contains(state)).count(), 1, "{state:?}");
        }
    }
}
