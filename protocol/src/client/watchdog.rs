//! The watchdog: what a client saw and what follows, as one table of data.
//!
//! The rules are declarative, so that the same table drives an interpreter in any language. Every second the first rule
//! that holds decides; [`Watched`] is the interpreter in Rust. It knows no clock: times are milliseconds and arguments.

mod observation;
mod rules;
mod watched;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::json;

pub use observation::{Observation, Seen};
pub use rules::RULES;
pub use watched::Watched;

use super::outcome::Outcome;
use super::state::State;
use crate::limits::JOIN_ATTEMPTS;
use crate::named::named;
use crate::signal::RoomType;

/// Interval at which the rules are evaluated, in milliseconds.
pub const INTERVAL: u64 = 1000;
/// Time for which observations and re-joins are counted, in milliseconds.
pub const WINDOW: u64 = 60_000;
/// Maximum number of times within [`WINDOW`] that the watchdog joins again; the next time it fails instead. The first
/// `JOIN` is not counted.
pub const MAX_REJOINS: u32 = JOIN_ATTEMPTS;
/// The rule whose time follows `hb.interval`.
const HEARTBEAT: &str = "heartbeat";

named! {
    /// The side of a broadcast that a client is on. The owner of a room (`admin`) is a publisher.
    Role {
        Publisher = "publisher", "Media flows from this client.";
        Viewer = "viewer", "Media flows to this client.";
    }
}

/// One case of the watchdog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// Description of the rule, in one sentence.
    pub text: &'static str,
    /// States in which it holds. On the way into any other state all that it saw is forgotten.
    pub states: &'static [State],
    /// The types of room in which it holds; every type when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_types: Option<&'static [RoomType]>,
    /// The side of a broadcast for which it holds; for both when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The condition.
    #[serde(flatten)]
    pub kind: Kind,
    /// The outcome when the condition holds.
    pub then: Outcome,
}

/// Condition of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Kind {
    /// Something began and did not end in time. A beginning while it is under way changes nothing. Never forgotten.
    Timeout {
        /// Observations that start the wait.
        start: &'static [Seen],
        /// Observations that end the wait.
        cancelled_by: &'static [Seen],
        /// Timeout in milliseconds.
        after: u64,
    },
    /// Something was seen too often.
    Count {
        /// The observation that is counted.
        observation: Observation,
        /// Number of observations at which the rule holds.
        count: usize,
        /// Time within which they are counted, in milliseconds.
        within: u64,
    },
    /// Something was seen too often in a row.
    Consecutive {
        /// The observation that is counted.
        observation: Observation,
        /// Number of observations at which the rule holds.
        count: usize,
        /// Observations that reset the count.
        reset: &'static [Seen],
        /// Time within which they are counted, in milliseconds.
        within: u64,
    },
}

impl JsonSchema for Rule {
    fn schema_name() -> Cow<'static, str> {
        "Rule".into()
    }

    /// Flat, as generators of other languages like it: the members that belong to one kind are optional.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let states = generator.subschema_for::<State>();
        let (seen, watched) = (generator.subschema_for::<Seen>(), generator.subschema_for::<Observation>());
        let (room, role, outcome) = (
            generator.subschema_for::<RoomType>(),
            generator.subschema_for::<Role>(),
            generator.subschema_for::<Outcome>(),
        );
        let number = |text: &str| json!({ "description": text, "type": "integer", "minimum": 0 });
        let list = |text: &str, of: &Schema| json!({ "description": text, "type": "array", "items": of });
        json_schema!({
            "type": "object",
            "description": "One case of the watchdog.",
            "properties": {
                "id": { "description": "Its name.", "type": "string" },
                "text": { "description": "Description of the rule, in one sentence.", "type": "string" },
                "states": list("States in which it holds; on the way into any other state all that it saw is forgotten.", &states),
                "roomTypes": list("The types of room in which it holds; absent: every type.", &room),
                "role": { "allOf": [role], "description": "The side of a broadcast for which it holds; absent: both." },
                "kind": { "description": "The condition.", "type": "string", "enum": ["timeout", "count", "consecutive"] },
                "start": list("Observations that start the wait, unless it is under way.", &seen),
                "cancelledBy": list("Observations that end the wait.", &seen),
                "after": number("Timeout in milliseconds."),
                "observation": { "allOf": [watched], "description": "The observation that is counted." },
                "count": number("Number of observations at which the rule holds."),
                "reset": list("Observations that reset the count.", &seen),
                "within": number("Time within which they are counted, in milliseconds."),
                "then": outcome,
            },
            "required": ["id", "text", "states", "kind", "then"],
            "additionalProperties": false,
        })
    }
}

impl Rule {
    fn applies(&self, state: State, room_type: RoomType, role: Role) -> bool {
        self.states.contains(&state)
            && self.room_types.is_none_or(|types| types.contains(&room_type))
            && self.role.is_none_or(|of| of == role)
    }

    /// Whether it holds; `answer` is how long a heartbeat may stay unanswered.
    fn holds(&self, times: &[u64], now: u64, answer: u64) -> bool {
        match self.kind {
            Kind::Timeout { start, cancelled_by, .. } if self.id == HEARTBEAT => {
                Kind::Timeout { start, cancelled_by, after: answer }.holds(times, now)
            }
            kind => kind.holds(times, now),
        }
    }
}

impl Kind {
    /// Notes what was seen. Keeps no more times than the rule needs.
    fn see(&self, times: &mut Vec<u64>, seen: Seen, now: u64) {
        let (resets, counted, keep) = match *self {
            Self::Timeout { start, cancelled_by, .. } => (cancelled_by, start.contains(&seen) && times.is_empty(), 1),
            Self::Count { observation, count, .. } => (&[][..], seen == Seen::Observation(observation), count),
            Self::Consecutive { observation, count, reset, .. } => {
                (reset, seen == Seen::Observation(observation), count)
            }
        };
        if resets.contains(&seen) {
            times.clear();
        } else if counted {
            times.push(now);
            times.drain(..times.len().saturating_sub(keep));
        }
    }

    fn holds(&self, times: &[u64], now: u64) -> bool {
        match *self {
            Self::Timeout { after, .. } => times.first().is_some_and(|since| now.saturating_sub(*since) >= after),
            Self::Count { count, within, .. } | Self::Consecutive { count, within, .. } => {
                times.iter().filter(|time| now.saturating_sub(**time) < within).count() >= count
            }
        }
    }
}
