//! Traces: what happens to a client, step by step, and what an interpreter of the table must make of it.
//!
//! The expected values come from running [`Wired`]. Together the traces use every move, every event that some state
//! ignores, every rule with its success, its bound and its reset, every close code of the table, every line about the
//! wire and leaving in every state.

mod closes;
mod ends;
mod entries;
#[cfg(test)]
mod interpreter;
mod messages;
mod moves;
mod rules;
mod special;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::backoff::{Delay, delays};
use super::outcome::{Connection, Outcome};
use super::state::{Event, State};
use super::watchdog::{Observation, Role};
use super::wire::{Done, Facts, LeaveAct, Wired};
use crate::id::{SessionId, UserId};
use crate::signal::{MemberKey, RoomType};

/// Result of a step without effect: an event that moves nothing, or a close that means nothing.
pub const IGNORED: &str = "ignored";
/// Name of a step with a close code.
pub const CLOSE: &str = "close";
/// Name of a step with a message of the server.
pub const MESSAGE: &str = "message";
/// Name of a step with a failed dial.
pub const DIAL: &str = "dial";
/// Name of a step in which the application leaves.
pub const LEAVE: &str = "leave";

/// Everything that an interpreter of the table has to get right.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Vectors {
    /// The version of the schema.
    pub version: &'static str,
    /// Every trace.
    pub traces: Vec<Trace>,
    /// Reconnect delays of one client, in order: `n` begins at 0 and grows by 1 with each.
    pub delays: Vec<Delay>,
}

/// A sequence of steps of one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Trace {
    /// Name of the case that the trace shows.
    pub name: String,
    /// The type of room.
    pub room: RoomType,
    /// The client's side at the beginning.
    pub role: Role,
    /// The session that the client is, where messages come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub me: Option<MemberKey>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Step {
    /// Time of the step, in milliseconds.
    pub at: u64,
    /// An event, an observation (`tick` is one), `close`, `message`, `dial` (one that failed) or `leave`.
    pub on: &'static str,
    /// The close code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Whether the application has given another access token; absent: no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub renewed: bool,
    /// The message of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// Number of the client's offers without an answer after the message; absent: none.
    #[serde(skip_serializing_if = "is_none")]
    pub open: u64,
    /// The HTTP status that refused the upgrade; absent: there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The state after.
    pub state: State,
    /// Outcomes, what leaving asks for, or `ignored`.
    #[serde(rename = "do")]
    pub done: Vec<&'static str>,
    /// The connection over which the client goes on, by `outcomes[].over` and the state before; absent: no outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<Connection>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_none(open: &u64) -> bool {
    *open == 0
}

/// The session that every trace is about.
fn me() -> MemberKey {
    let user_id = UserId::parse("ann").expect("it is an id");
    MemberKey { user_id, session_id: SessionId::parse("a1").expect("it is an id") }
}

/// A trace while it is being recorded.
struct Recorder {
    trace: Trace,
    wired: Wired,
}

impl Recorder {
    fn new(name: impl Into<String>, room: RoomType, role: Role) -> Self {
        let trace = Trace { name: name.into(), room, role, me: None, steps: Vec::new() };
        Self { trace, wired: Wired::new(room, role) }
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

    /// Notes a step; what makes it more than a name is filled in by the caller.
    fn step(&mut self, at: u64, on: &'static str, done: Vec<&'static str>) -> &mut Step {
        let (state, before) = (self.wired.state(), self.trace.steps.last().map_or(State::INITIAL, |step| step.state));
        let over = done.iter().find_map(|name| Outcome::from_name(name)?.connection(before));
        let step = Step { at, on, code: None, renewed: false, message: None, open: 0, status: None, state, done, over };
        self.trace.steps.push(step);
        self.trace.steps.last_mut().expect("one was pushed")
    }

    fn event(&mut self, at: u64, event: Event) {
        let moved = self.wired.event(at, event);
        self.step(at, event.name(), if moved { vec![] } else { vec![IGNORED] });
    }

    fn see(&mut self, at: u64, observation: Observation) {
        self.wired.see(at, observation);
        self.step(at, observation.name(), vec![]);
    }

    fn tick(&mut self, at: u64) {
        self.wired.see(at, Observation::Tick);
        let outcome = self.wired.tick(at);
        self.step(at, Observation::Tick.name(), outcome.map(Outcome::name).into_iter().collect());
    }

    fn close(&mut self, at: u64, code: u16) {
        let outcome = self.wired.close(at, code, false);
        self.step(at, CLOSE, vec![outcome.map_or(IGNORED, Outcome::name)]).code = Some(code);
    }

    /// The same, where the application has another access token.
    fn close_renewed(&mut self, at: u64, code: u16) {
        let outcome = self.wired.close(at, code, true);
        let step = self.step(at, CLOSE, vec![outcome.map_or(IGNORED, Outcome::name)]);
        (step.code, step.renewed) = (Some(code), true);
    }

    fn message(&mut self, at: u64, message: Value) {
        self.message_with(at, message, 0);
    }

    /// A message after which so many offers are without an answer.
    fn message_with(&mut self, at: u64, message: Value, open: u64) {
        let session = self.trace.me.get_or_insert_with(me);
        if let Some(interval) = message["b"]["hb"]["interval"].as_u64() {
            self.wired.set_heartbeat(interval);
        }
        let done = self.wired.read(at, &Facts::of_message(&message, session, open));
        let step = self.step(at, MESSAGE, done.into_iter().map(Done::name).collect());
        (step.message, step.open) = (Some(message), open);
    }

    fn dial(&mut self, at: u64, status: Option<u16>) {
        let done = self.wired.read(at, &Facts::of_dial(status));
        self.step(at, DIAL, done.into_iter().map(Done::name).collect()).status = status;
    }

    fn leave(&mut self, at: u64) {
        let before = self.wired.state();
        let row = self.wired.leave(at);
        let ignored = (row.event.is_some() && self.wired.state() == before).then_some(IGNORED);
        self.step(at, LEAVE, row.acts.iter().map(|act| LeaveAct::name(*act)).chain(ignored).collect());
    }
}

impl Done {
    const fn name(self) -> &'static str {
        match self {
            Self::Outcome(outcome) => outcome.name(),
            Self::Ignored(_) => IGNORED,
        }
    }
}

/// Every trace, in a fixed order.
#[must_use]
pub fn traces() -> Vec<Trace> {
    let recorders = moves::all().chain(rules::all()).chain(entries::all()).chain(closes::all()).chain(special::all());
    recorders.chain(messages::all()).chain(ends::all()).map(|recorder| recorder.trace).collect()
}

/// Everything, as published.
#[must_use]
pub fn vectors(version: &'static str) -> Vectors {
    Vectors { version, traces: traces(), delays: delays() }
}
