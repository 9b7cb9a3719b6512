//! What leaving means in every state. Only a member makes a move by it; in all other states it is the end of the machine.

use schemars::JsonSchema;
use serde::Serialize;

use crate::client::state::{Event, State};
use crate::named::named;

named! {
    /// What a client does that leaves.
    LeaveAct {
        SendLeave = "sendLeave", "Send `LEAVE`, if a connection is open, and close it.";
        Drop = "drop", "Drop the machine with its queue, and any connection or dial. Nothing that comes counts any more.";
    }
}

/// What leaving means in some states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LeaveRow {
    /// The states.
    pub states: &'static [State],
    /// What to do, in this order.
    #[serde(rename = "do")]
    pub acts: &'static [LeaveAct],
    /// What happens then, which is ignored where it moves nothing; absent: nothing, the state stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
}

/// Every state, once. Who is in no room has nothing to leave. Before the ack of `JOIN` the server may know the member already, so it is told as well; while the
/// network is down nobody can be told, and the server removes the member by its silence.
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

/// What leaving means in a state.
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
