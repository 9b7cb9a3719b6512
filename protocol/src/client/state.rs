//! The client's state machine: one table of legal moves.
//!
//! Time is no part of it; whoever drives it decides when an event has happened.

/// State of a client in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing was asked yet.
    Idle,
    /// `JOIN` is sent for the first time.
    Initializing,
    /// A member.
    Joined,
    /// Left of its own accord.
    Leaved,
    /// The network is down.
    WaitingNetwork,
    /// `JOIN` is sent again.
    Reinitializing,
    /// For good: a new attempt is a new machine.
    Failed,
}

/// What happens to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The first `JOIN` was sent, or one after leaving.
    JoinSent,
    /// The join ack said 200.
    JoinAccepted,
    /// The join ack said anything else but 503.
    JoinRefused,
    /// `LEAVE` was sent.
    LeaveSent,
    /// `JOIN` was sent again after a recoverable failure or a lost network.
    JoinResent,
    /// The network went down.
    NetworkDown,
    /// Something from which there is no way back.
    Unrecoverable,
}

/// Every legal move: from, event, to.
pub const MOVES: &[(State, Event, State)] = &[
    (State::Idle, Event::JoinSent, State::Initializing),
    (State::Initializing, Event::JoinAccepted, State::Joined),
    (State::Initializing, Event::JoinRefused, State::Failed),
    (State::Joined, Event::LeaveSent, State::Leaved),
    (State::Joined, Event::JoinResent, State::Reinitializing),
    (State::Joined, Event::NetworkDown, State::WaitingNetwork),
    (State::Joined, Event::Unrecoverable, State::Failed),
    (State::Leaved, Event::JoinSent, State::Initializing),
    (State::WaitingNetwork, Event::JoinResent, State::Reinitializing),
    (State::Reinitializing, Event::JoinAccepted, State::Joined),
    (State::Reinitializing, Event::JoinRefused, State::Failed),
];

impl State {
    /// The state after an event, or `None` when the event does not move this state.
    #[must_use]
    pub fn after(self, event: Event) -> Option<Self> {
        MOVES.iter().find(|(from, on, _)| (*from, *on) == (self, event)).map(|(_, _, to)| *to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn failed_has_no_way_out() {
        assert!(MOVES.iter().all(|(from, _, _)| *from != State::Failed));
    }

    #[test]
    fn no_state_moves_two_ways_on_one_event() {
        for (index, (from, event, _)) in MOVES.iter().enumerate() {
            assert!(MOVES[index + 1..].iter().all(|(f, e, _)| (f, e) != (from, event)));
        }
    }

    #[test]
    fn a_call_survives_a_lost_network() {
        let path = [Event::JoinSent, Event::JoinAccepted, Event::NetworkDown, Event::JoinResent, Event::JoinAccepted];
        let end = path.iter().try_fold(State::Idle, |state, event| state.after(*event));
        assert_eq!(end, Some(State::Joined));
    }

    proptest! {
        #[test]
        fn joined_is_only_reached_through_an_accepted_join(picks in proptest::collection::vec(0..MOVES.len(), 0..40)) {
            let mut state = State::Idle;
            for pick in picks {
                let event = MOVES[pick].1;
                if let Some(next) = state.after(event) {
                    prop_assert!(next != State::Joined || event == Event::JoinAccepted);
                    state = next;
                }
            }
        }
    }
}
