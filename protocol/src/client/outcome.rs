//! What a client does about a failure, and which event of the state table that is.
//!
//! A rule of the watchdog and a close code each end in one outcome. Of the outcome's events the first that moves the
//! state happens; when none does, the first of them is seen by the watchdog and the state stays.

use serde::Serialize;

use crate::named::named;
use super::state::{Event, State};

named! {
    /// What a client does about a failure.
    Outcome {
        Rejoin = "rejoin", "Send `JOIN` again. Every rule of the watchdog starts afresh.";
        Reconnect = "reconnect", "Connect again after a delay, queueing signals meanwhile, and send `JOIN` again.";
        Stop = "stop", "Do not reconnect: another party, or the application itself, ended the connection.";
        Fail = "fail", "Do not reconnect: the client is at fault, or it has tried often enough.";
    }
}

/// The states in which a client says something to the server; in the others there is nothing to do about a failure.
pub const SPEAKING: &[State] = &[State::Initializing, State::Joined, State::Reinitializing];

/// An outcome, as published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutcomeRow {
    /// The outcome.
    pub name: Outcome,
    /// What it means.
    pub text: &'static str,
    /// Where it can come about; elsewhere it is ignored, which is reported.
    pub states: &'static [State],
    /// Of these the first that moves the state happens.
    pub events: &'static [Event],
}

impl Outcome {
    /// Of these the first that moves the state happens.
    #[must_use]
    pub const fn events(self) -> &'static [Event] {
        match self {
            Self::Rejoin => &[Event::JoinResent],
            Self::Reconnect => &[Event::NetworkDown],
            Self::Stop | Self::Fail => &[Event::JoinRefused, Event::Unrecoverable],
        }
    }

    /// The event this outcome is in a state. `None` where it cannot come about.
    #[must_use]
    pub fn event_in(self, state: State) -> Option<Event> {
        let moving = self.events().iter().find(|event| state.after(**event).is_some());
        moving.or(self.events().first()).copied().filter(|_| SPEAKING.contains(&state))
    }

    /// This outcome, as published.
    #[must_use]
    pub const fn row(self) -> OutcomeRow {
        OutcomeRow { name: self, text: self.text(), states: SPEAKING, events: self.events() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_ends_every_state_in_which_the_client_speaks() {
        for state in SPEAKING {
            for outcome in [Outcome::Fail, Outcome::Stop] {
                let end = outcome.event_in(*state).and_then(|event| state.after(event));
                assert_eq!(end, Some(State::Failed));
            }
        }
    }

    #[test]
    fn joining_again_keeps_the_state_until_there_was_an_ack() {
        assert_eq!(Outcome::Rejoin.event_in(State::Initializing), Some(Event::JoinResent));
        assert_eq!(State::Initializing.after(Event::JoinResent), None);
        assert_eq!(State::Joined.after(Event::JoinResent), Some(State::Reinitializing));
    }

    #[test]
    fn nothing_comes_about_where_nothing_is_said() {
        for state in [State::Idle, State::Leaved, State::WaitingNetwork, State::Failed] {
            assert!(Outcome::ALL.iter().all(|outcome| outcome.event_in(state).is_none()));
        }
    }
}
