//! Traces: what happens to a client, step by step, and what an interpreter of the table must make of it.
//!
//! The expected values come from running [`Watched`]. Together the traces use every move, every event that some state
//! ignores, every rule with its success, its bound and its reset, and every close code of the table.

mod closes;
#[cfg(test)]
mod interpreter;
mod moves;
mod rules;
mod special;
#[cfg(test)]
mod tests;

use serde::Serialize;

use super::state::{Event, State};
use super::watchdog::{Observation, Role, Watched};
use crate::signal::RoomType;

/// What a step does when it has no effect: an event that moves nothing, or a close where nothing is said.
pub const IGNORED: &str = "ignored";
/// What a step with a close code is called.
pub const CLOSE: &str = "close";

/// What happens to one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// What it shows.
    pub name: String,
    /// The type of room.
    pub room: RoomType,
    /// The client's side.
    pub role: Role,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One step of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When, in milliseconds.
    pub at: u64,
    /// An event, an observation, or `close`.
    pub on: &'static str,
    /// The close code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The state after.
    pub state: State,
    /// Outcomes, or `ignored`.
    #[serde(rename = "do")]
    pub done: Vec<&'static str>,
}

/// A trace while it is being recorded.
struct Recorder {
    trace: Trace,
    watched: Watched,
}

impl Recorder {
    fn new(name: impl Into<String>, room: RoomType, role: Role) -> Self {
        let trace = Trace { name: name.into(), room, role, steps: Vec::new() };
        Self { trace, watched: Watched::new(room, role) }
    }

    /// Leads the client into a state, at time 0.
    fn lead(mut self, to: State) -> Self {
        use Event::{JoinAccepted, JoinRefused, JoinResent, JoinSent, LeaveSent, NetworkDown};
        let path: &[Event] = match to {
            State::Idle => &[],
            State::Initializing => &[JoinSent],
            State::Joined => &[JoinSent, JoinAccepted],
            State::Leaved => &[JoinSent, JoinAccepted, LeaveSent],
            State::WaitingNetwork => &[JoinSent, JoinAccepted, NetworkDown],
            State::Reinitializing => &[JoinSent, JoinAccepted, JoinResent],
            State::Failed => &[JoinSent, JoinRefused],
        };
        path.iter().for_each(|event| self.event(0, *event));
        self
    }

    fn step(&mut self, at: u64, on: &'static str, code: Option<u16>, done: Option<&'static str>) {
        let state = self.watched.state();
        self.trace.steps.push(Step { at, on, code, state, done: done.into_iter().collect() });
    }

    fn event(&mut self, at: u64, event: Event) {
        let moved = self.watched.event(at, event);
        self.step(at, event.name(), None, (!moved).then_some(IGNORED));
    }

    fn see(&mut self, at: u64, observation: Observation) {
        self.watched.see(at, observation);
        self.step(at, observation.name(), None, None);
    }

    fn tick(&mut self, at: u64) {
        self.watched.see(at, Observation::Tick);
        let outcome = self.watched.tick(at);
        self.step(at, Observation::Tick.name(), None, outcome.map(super::Outcome::name));
    }

    fn close(&mut self, at: u64, code: u16) {
        let outcome = self.watched.close(at, code);
        self.step(at, CLOSE, Some(code), Some(outcome.map_or(IGNORED, super::Outcome::name)));
    }
}

/// Every trace, in a fixed order.
#[must_use]
pub fn traces() -> Vec<Trace> {
    let recorders = moves::all().chain(rules::all()).chain(closes::all()).chain(special::all());
    recorders.map(|recorder| recorder.trace).collect()
}
