//! The client's state machine: one table of states, events and legal moves.
//!
//! Time is no part of it; the caller decides when an event has happened. The code, the published JSON and its
//! documentation come from the tables of this file.

use schemars::JsonSchema;
use serde::Serialize;

use crate::named::named;

named! {
    /// State of a client in one room.
    State {
        Idle = "idle", "Nothing was asked yet.";
        Initializing = "initializing", "`JOIN` is asked for the first time: a connection is dialled, or the ack is awaited.";
        Joined = "joined", "A member of the room.";
        Leaved = "leaved", "Left of its own accord. It may join again as a new member: without `resumeFrom`, and with nothing kept of what it said.";
        WaitingNetwork = "waitingNetwork", "The network is down; connections are tried with growing delays.";
        Reinitializing = "reinitializing", "`JOIN` is asked again: its ack is awaited, or once more a connection is dialled.";
        Failed = "failed", "The end: a new attempt is a new machine.";
    }
}

named! {
    /// An event that may move the state. The watchdog sees every event as well, whether it moves the state or not.
    /// Every event is seen by the watchdog as well, whether it moves the state or not.
    Event {
        JoinSent = "joinSent", "The application joins, for the first time or after leaving. It happens before the connection is dialled, so that no dial fails in `idle`.";
        JoinAccepted = "joinAccepted", "The join ack said 200.";
        JoinRefused = "joinRefused", "The join ack said anything but 200 and 503, or none came as often as is worth trying.";
        LeaveSent = "leaveSent", "`LEAVE` was sent.";
        JoinResent = "joinResent", "`JOIN` was sent again: after a recoverable failure, over a new connection, or because the application wants its ack.";
        NetworkDown = "networkDown", "The connection was lost in a way that lets the client come back.";
        Unrecoverable = "unrecoverable", "Something from which there is no way back.";
    }
}

/// A legal move of the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Move {
    /// The state before.
    pub from: State,
    /// The event.
    pub on: Event,
    /// The state after.
    pub to: State,
}

const fn step(from: State, on: Event, to: State) -> Move {
    Move { from, on, to }
}

/// Every legal move. Any other event leaves the state as it is and is reported to the caller.
pub const MOVES: &[Move] = &[
    step(State::Idle, Event::JoinSent, State::Initializing),
    step(State::Initializing, Event::JoinAccepted, State::Joined),
    step(State::Initializing, Event::JoinRefused, State::Failed),
    step(State::Joined, Event::LeaveSent, State::Leaved),
    step(State::Joined, Event::JoinResent, State::Reinitializing),
    step(State::Joined, Event::NetworkDown, State::WaitingNetwork),
    step(State::Joined, Event::Unrecoverable, State::Failed),
    step(State::Leaved, Event::JoinSent, State::Initializing),
    step(State::WaitingNetwork, Event::JoinResent, State::Reinitializing),
    step(State::Reinitializing, Event::JoinAccepted, State::Joined),
    step(State::Reinitializing, Event::JoinRefused, State::Failed),
];

impl State {
    /// State in which every machine begins.
    pub const INITIAL: Self = Self::Idle;

    /// The state after an event, or `None` when the event does not move this state.
    #[must_use]
    pub fn after(self, event: Event) -> Option<Self> {
        MOVES.iter().find(|step| (step.from, step.on) == (self, event)).map(|step| step.to)
    }

    /// Whether there is no way out.
    #[must_use]
    pub fn is_final(self) -> bool {
        MOVES.iter().all(|step| step.from != self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn failed_alone_has_no_way_out() {
        assert!(State::ALL.iter().all(|state| state.is_final() == (*state == State::Failed)));
    }

    #[test]
    fn no_state_moves_two_ways_on_one_event() {
        for (index, step) in MOVES.iter().enumerate() {
            assert!(MOVES[index + 1..].iter().all(|other| (other.from, other.on) != (step.from, step.on)));
        }
    }

    #[test]
    fn names_are_those_of_the_wire_and_lead_back() {
        let names: Vec<_> = State::ALL.iter().map(|state| state.name()).collect();
        let wire = ["idle", "initializing", "joined", "leaved", "waitingNetwork", "reinitializing", "failed"];
        assert_eq!(names, wire);
        assert!(State::ALL.iter().all(|state| State::from_name(state.name()) == Some(*state)));
        assert!(Event::ALL.iter().all(|event| Event::from_name(event.name()) == Some(*event)));
    }

    #[test]
    fn a_call_survives_a_lost_network() {
        let path = [Event::JoinSent, Event::JoinAccepted, Event::NetworkDown, Event::JoinResent, Event::JoinAccepted];
        let end = path.iter().try_fold(State::INITIAL, |state, event| state.after(*event));
        assert_eq!(end, Some(State::Joined));
    }

    proptest! {
        #[test]
        fn joined_is_only_reached_through_an_accepted_join(picks in proptest::collection::vec(0..MOVES.len(), 0..40)) {
            let mut state = State::INITIAL;
            for pick in picks {
                let event = MOVES[pick].on;
                if let Some(next) = state.after(event) {
                    prop_assert!(next != State::Joined || event == Event::JoinAccepted);
                    state = next;
                }
            }
        }
    }
}
