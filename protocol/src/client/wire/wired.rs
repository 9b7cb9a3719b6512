//! The interpreter of the table of the wire: the state machine under its watchdog, told of messages, dials and closes.
//!
//! Counts the `JOIN`s that stayed without an ack, over however many connections. Knows no connection and sends nothing.

use schemars::JsonSchema;
use serde::Serialize;

use super::leave::{LeaveRow, leave_row};
use super::{Facts, WIRE};
use crate::client::close::{close_outcome, renewed_outcome};
use crate::client::machine::MAX_JOINS;
use crate::client::outcome::Outcome;
use crate::client::state::{Event, State};
use crate::client::watchdog::{Role, Seen, Watched};
use crate::named::named;
use crate::signal::RoomType;

named! {
    /// Cause for which a `JOIN` gets no ack, or is not sent at all.
    Cause {
        Close = "close", "The connection closed.";
        Dial = "dial", "A dial failed.";
        Tick = "tick", "A rule of the watchdog held.";
    }
}

/// States in which a cause counts as a `JOIN` without an ack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Counted {
    /// The cause.
    pub cause: Cause,
    /// The states.
    pub states: &'static [State],
}

/// Causes for which a `JOIN` without an ack is counted, by state. A client that was joined once may dial for as long as
/// it likes.
pub const COUNTED: &[Counted] = &[
    Counted { cause: Cause::Close, states: &[State::Initializing, State::Reinitializing] },
    Counted { cause: Cause::Dial, states: &[State::Initializing] },
    Counted { cause: Cause::Tick, states: &[State::Initializing, State::Reinitializing] },
];

/// Result of a line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// This is to be done; the state is already the one after.
    Outcome(Outcome),
    /// An event or outcome that has no effect in this state.
    Ignored(Option<Event>),
}

/// A state, what the watchdog remembers, and how many `JOIN`s had no ack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wired {
    watched: Watched,
    unanswered: u32,
}

impl Wired {
    /// A machine at its beginning.
    #[must_use]
    pub fn new(room_type: RoomType, role: Role) -> Self {
        Self { watched: Watched::new(room_type, role), unanswered: 0 }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.watched.state()
    }

    /// Changes sides.
    pub const fn set_role(&mut self, role: Role) {
        self.watched.set_role(role);
    }

    /// Takes `hb.interval` of a join ack, in milliseconds.
    pub const fn set_heartbeat(&mut self, interval: u64) {
        self.watched.set_heartbeat(interval);
    }

    /// An event happened. `false` when it does not move the state.
    pub fn event(&mut self, now: u64, event: Event) -> bool {
        let moved = self.watched.event(now, event);
        if moved && matches!(event, Event::JoinSent | Event::JoinAccepted) {
            self.unanswered = 0;
        }
        moved
    }

    /// Something was seen.
    pub fn see(&mut self, now: u64, seen: impl Into<Seen>) {
        self.watched.see(now, seen);
    }

    /// A second has passed.
    pub fn tick(&mut self, now: u64) -> Option<Outcome> {
        let outcome = self.watched.due(now)?;
        self.lead(now, Some(Cause::Tick), outcome)
    }

    /// The connection closed; `renewed` where the application has given another access token for it, which counts once.
    pub fn close(&mut self, now: u64, code: u16, renewed: bool) -> Option<Outcome> {
        self.closed(now, Some(Cause::Close), code, renewed)
    }

    /// The same of a connection that may not have come about.
    pub(in crate::client) fn closed(
        &mut self,
        now: u64,
        cause: Option<Cause>,
        code: u16,
        renewed: bool,
    ) -> Option<Outcome> {
        let instead = renewed_outcome(code).filter(|_| renewed);
        self.lead(now, cause, instead.unwrap_or(close_outcome(code)))
    }

    /// A message came, or a dial failed. Every line that holds counts, in order.
    pub fn read(&mut self, now: u64, facts: &Facts<'_>) -> Vec<Done> {
        let cause = facts.status.map(|_| Cause::Dial);
        let mut done = Vec::new();
        for row in WIRE.iter().filter(|row| row.when.holds(facts)) {
            if let Some(event) = row.event.filter(|event| !self.event(now, *event)) {
                done.push(Done::Ignored(Some(event)));
            }
            if let Some(outcome) = row.outcome {
                done.push(self.lead(now, cause, outcome).map_or(Done::Ignored(None), Done::Outcome));
            }
            row.observation.into_iter().for_each(|observation| self.see(now, observation));
            row.role.into_iter().for_each(|role| self.set_role(role));
        }
        done
    }

    /// The application leaves.
    pub fn leave(&mut self, now: u64) -> &'static LeaveRow {
        let row = leave_row(self.state());
        if let Some(event) = row.event {
            self.event(now, event);
        }
        row
    }

    /// Does what an outcome means for the state; it is the end where `JOIN` was sent in vain as often as is worth trying.
    pub(in crate::client) fn lead(&mut self, now: u64, cause: Option<Cause>, outcome: Outcome) -> Option<Outcome> {
        let state = self.state();
        let counts = |counted: &&Counted| Some(counted.cause) == cause && counted.states.contains(&state);
        if COUNTED.iter().any(|counted| counts(&counted)) {
            self.unanswered += 1;
        }
        let again = !matches!(outcome, Outcome::Stop | Outcome::Fail);
        let end = again && self.unanswered >= MAX_JOINS;
        self.watched.act(now, if end { Outcome::Fail } else { outcome })
    }
}
