//! Outcomes: the reactions of a client to a failure, and the event of the state table that each leads to.
//!
//! A rule of the watchdog, a close code and a line about the wire each end in one outcome. Of the outcome's events the
//! first that moves the state happens; when none does, the first of them is seen by the watchdog and the state stays.

use schemars::JsonSchema;
use serde::Serialize;

use super::state::{Event, State};
use crate::named::named;

named! {
    /// Reaction of a client to a failure.
    Outcome {
        Rejoin = "rejoin", "Send `JOIN` again: at once, or where `over` says so over a new connection after a delay. Every rule of the watchdog starts afresh.";
        Redial = "redial", "Close the connection, dial anew after a delay and send `JOIN` again. The wait for its ack runs on.";
        Reconnect = "reconnect", "Connect again after a delay, queueing signals meanwhile, and send `JOIN` again.";
        Stop = "stop", "Do not reconnect: another party, or the application itself, ended the connection.";
        Fail = "fail", "Do not reconnect: the client is at fault, or it has tried often enough.";
    }
}

named! {
    /// The connection over which a client goes on.
    Connection {
        Same = "same", "The one it has.";
        New = "new", "Another one: it lets go of the one it has, and dials after the delay of `reconnect`.";
        None = "none", "None: it closes the one it has.";
    }
}

/// The states in which a client says something to the server.
pub const SPEAKING: &[State] = &[State::Initializing, State::Joined, State::Reinitializing];
/// The states in which a client has a connection or wants one.
const CONNECTING: &[State] = &[State::Initializing, State::Joined, State::WaitingNetwork, State::Reinitializing];
/// The states in which a client waits for the ack of `JOIN`.
const ASKING: &[State] = &[State::Initializing, State::Reinitializing];

/// An event that happens before those of an outcome, in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Before {
    /// The state.
    pub state: State,
    /// The event.
    pub event: Event,
}

/// Connection over which a client goes on, in some states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Over {
    /// The states, each as it was before the outcome.
    pub states: &'static [State],
    /// The connection.
    pub connection: Connection,
}

/// An outcome, as published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OutcomeRow {
    /// The outcome.
    pub name: Outcome,
    /// Description of the outcome, in one sentence.
    pub text: &'static str,
    /// States in which it can come about; in others it is ignored, which is reported.
    pub states: &'static [State],
    /// Connection over which the client goes on, by state.
    pub over: &'static [Over],
    /// Action before the events; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// Candidate events: the first that moves the state happens; if none does, the first of the list.
    pub events: &'static [Event],
}

const END: Before = Before { state: State::WaitingNetwork, event: Event::JoinResent };

impl Outcome {
    /// Candidate events, of which the first that moves the state happens.
    #[must_use]
    pub const fn events(self) -> &'static [Event] {
        match self {
            Self::Rejoin => &[Event::JoinResent],
            Self::Redial => &[],
            Self::Reconnect => &[Event::NetworkDown],
            Self::Stop | Self::Fail => &[Event::JoinRefused, Event::Unrecoverable],
        }
    }

    /// Returns the states in which it can come about.
    #[must_use]
    pub const fn states(self) -> &'static [State] {
        match self {
            Self::Rejoin => SPEAKING,
            Self::Redial => ASKING,
            Self::Reconnect | Self::Stop | Self::Fail => CONNECTING,
        }
    }

    /// Action before the events of this outcome. The state table leads from `waitingNetwork` to `failed` only through
    /// another attempt to join.
    #[must_use]
    pub const fn before(self) -> Option<Before> {
        match self {
            Self::Stop | Self::Fail => Some(END),
            Self::Rejoin | Self::Redial | Self::Reconnect => None,
        }
    }

    const fn over(self) -> &'static [Over] {
        match self {
            Self::Rejoin => &[
                Over { states: &[State::Joined], connection: Connection::Same },
                Over { states: ASKING, connection: Connection::New },
            ],
            Self::Redial => &[Over { states: ASKING, connection: Connection::New }],
            Self::Reconnect => &[Over { states: CONNECTING, connection: Connection::New }],
            Self::Stop | Self::Fail => &[Over { states: CONNECTING, connection: Connection::None }],
        }
    }

    /// The connection over which the client goes on, by the state before the outcome. `None` where the outcome cannot
    /// come about.
    #[must_use]
    pub fn connection(self, before: State) -> Option<Connection> {
        self.over().iter().find(|over| over.states.contains(&before)).map(|over| over.connection)
    }

    /// The event this outcome is in a state. `None` where it cannot come about, or is no event.
    #[must_use]
    pub fn event_in(self, state: State) -> Option<Event> {
        let moving = self.events().iter().find(|event| state.after(**event).is_some());
        moving.or(self.events().first()).copied().filter(|_| self.states().contains(&state))
    }

    /// This outcome, as published.
    #[must_use]
    pub const fn row(self) -> OutcomeRow {
        let (name, text, states) = (self, self.text(), self.states());
        OutcomeRow { name, text, states, over: self.over(), before: self.before(), events: self.events() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_ends_every_state_in_which_the_client_wants_a_connection() {
        for outcome in [Outcome::Fail, Outcome::Stop] {
            for state in outcome.states() {
                let first = outcome.before().filter(|before| before.state == *state);
                let state = first.and_then(|before| state.after(before.event)).unwrap_or(*state);
                let end = outcome.event_in(state).and_then(|event| state.after(event));
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
    fn nothing_comes_about_where_no_connection_is_wanted() {
        for state in [State::Idle, State::Leaved, State::Failed] {
            assert!(Outcome::ALL.iter().all(|outcome| !outcome.states().contains(&state)));
        }
    }

    #[test]
    fn every_outcome_says_over_which_connection_in_each_of_its_states() {
        for outcome in Outcome::ALL {
            let told = outcome.over().iter().flat_map(|over| over.states);
            assert!(told.clone().all(|state| outcome.states().contains(state)));
            assert_eq!(told.count(), outcome.states().len(), "{outcome:?}");
        }
    }
}
