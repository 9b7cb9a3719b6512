//! The schemas of `state-machine.json` and of the traces that go with it.

use serde_json::{Value, json};

use super::VERSION;
use crate::client::{Event, Observation, Outcome, State};

/// The schema of the state machine's table.
pub(super) fn table() -> Value {
    let names = |text: &str| json!({ "description": text, "type": "array", "items": { "$ref": "#/$defs/named" } });
    let list = |of: &str, text: &str| json!({ "description": text, "type": "array", "items": { "$ref": format!("#/$defs/{of}") } });
    let ms =
        |text: &str| json!({ "description": format!("{text}, in milliseconds."), "type": "integer", "minimum": 0 });
    let count = |text: &str| json!({ "description": text, "type": "integer", "minimum": 1 });
    let members = json!({
        "version": { "description": "The version of this shape.", "const": 1 },
        "initial": { "$ref": "#/$defs/state" },
        "states": list("stateRow", "Every state."),
        "events": names("What moves states."),
        "observations": names("What else the watchdog sees."),
        "moves": list("move", "Every legal move. Any other event leaves the state as it is and is reported."),
        "watchdog": described("What finds out that something is wrong.", &json!({
            "interval": ms("How often the rules are looked at"),
            "window": ms("How long re-joins and counts are remembered"),
            "maxRejoins": count("Re-joins within the window; one more is a failure."),
            "rules": list("rule", "In this order: the first that holds decides."),
        })),
        "outcomes": list("outcomeRow", "What rules and close codes lead to: the first of the events that moves the state happens."),
        "close": list("close", "Close code to outcome; the line without a code is for every other one."),
        "reconnect": described("How long to wait before connecting again.", &json!({
            "base": ms("First step of the delay; it doubles"),
            "max": ms("Longest delay"),
            "jitter": { "description": "A delay is uniform between 0 and its step.", "const": "full" },
        })),
        "joinAck": described("How the ack of JOIN is waited for.", &json!({
            "timeout": ms("How long the ack of JOIN is waited for"),
            "attempts": count("How many JOIN are sent in all."),
        })),
    });
    let mut document = object(&members, &[]);
    head(&mut document, "state-machine", "The client's half of the protocol as a table that an interpreter can run.");
    document["$defs"] = definitions();
    document
}

/// The schema of the traces.
pub(super) fn traces() -> Value {
    let step = object(
        &json!({
            "at": { "description": "When, in milliseconds.", "type": "integer", "minimum": 0 },
            "on": { "description": "An event, an observation, `tick` or `close`.", "type": "string" },
            "code": { "description": "The close code.", "type": "integer", "minimum": 0, "maximum": 65_535 },
            "state": { "description": "The state after.", "enum": State::ALL.iter().map(|state| state.name()).collect::<Vec<_>>() },
            "do": { "description": "Outcomes, or `ignored`.", "type": "array", "items": { "type": "string" } },
        }),
        &["code"],
    );
    let trace = object(
        &json!({
            "name": { "description": "What it shows.", "type": "string" },
            "room": { "description": "The type of room.", "enum": ["p2p", "m2m", "a2m", "p2m"] },
            "role": { "description": "The client's side.", "enum": ["publisher", "viewer"] },
            "steps": { "description": "What happens, in order.", "type": "array", "items": step },
        }),
        &[],
    );
    let members = json!({ "version": { "description": "The version of the schema.", "const": VERSION }, "traces": { "description": "Every trace.", "type": "array", "items": trace } });
    let mut document = object(&members, &[]);
    head(
        &mut document,
        "state-machine-traces",
        "What an interpreter of the table must make of what happens to a client.",
    );
    document
}

fn definitions() -> Value {
    let states: Vec<&str> = State::ALL.iter().map(|state| state.name()).collect();
    let events: Vec<&str> = Event::ALL.iter().map(|event| event.name()).collect();
    let outcomes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.name()).collect();
    let seen: Vec<&str> = Observation::ALL.iter().map(|seen| seen.name()).chain(events.iter().copied()).collect();
    let text = json!({ "description": "What it means, in a sentence.", "type": "string" });
    let number = json!({ "description": "How many, or how many milliseconds.", "type": "integer", "minimum": 0 });
    let many = |of: &str| json!({ "description": "Any of these.", "type": "array", "items": { "$ref": format!("#/$defs/{of}") } });
    let rule = json!({
        "id": { "description": "The rule's name.", "type": "string" }, "text": text, "states": many("state"),
        "roomTypes": { "description": "Only in these types of room.", "type": "array", "items": { "enum": ["p2p", "m2m", "a2m", "p2m"] } },
        "role": { "description": "Only on this side.", "enum": ["publisher", "viewer"] },
        "kind": { "description": "How it is judged.", "enum": ["timeout", "count", "consecutive"] },
        "start": { "description": "What starts the wait.", "anyOf": [{ "$ref": "#/$defs/seen" }, many("seen")] },
        "cancelledBy": many("seen"), "after": number, "observation": { "$ref": "#/$defs/seen" }, "count": number,
        "reset": { "description": "What starts the count anew.", "anyOf": [{ "$ref": "#/$defs/seen" }, many("seen")] },
        "within": number, "then": { "$ref": "#/$defs/outcome" },
    });
    let optional = ["roomTypes", "role", "start", "cancelledBy", "after", "observation", "count", "reset", "within"];
    json!({
        "state": { "description": "A state.", "enum": states },
        "event": { "description": "An event.", "enum": events },
        "seen": { "description": "An event or observation.", "enum": seen },
        "outcome": { "description": "An outcome.", "enum": outcomes },
        "named": object(&json!({ "name": { "description": "The name.", "type": "string" }, "text": text }), &[]),
        "stateRow": object(&json!({ "name": { "$ref": "#/$defs/state" }, "text": text,
            "final": { "description": "There is no way out.", "const": true } }), &["final"]),
        "move": object(&json!({ "from": { "$ref": "#/$defs/state" }, "on": { "$ref": "#/$defs/event" },
            "to": { "$ref": "#/$defs/state" } }), &[]),
        "outcomeRow": object(&json!({ "name": { "$ref": "#/$defs/outcome" }, "text": text, "states": many("state"),
            "events": many("event") }), &[]),
        "close": object(&json!({ "code": { "description": "The close code.", "type": "integer", "minimum": 0, "maximum": 65_535 },
            "default": { "description": "The line for every other code.", "const": true },
            "do": { "$ref": "#/$defs/outcome" } }), &["code", "default"]),
        "rule": object(&rule, &optional),
    })
}

fn head(document: &mut Value, name: &str, description: &str) {
    document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["$id"] = json!(format!("https://roomcast.example/schema/{VERSION}/{name}.schema.json"));
    document["description"] = json!(description);
}

fn described(text: &str, members: &Value) -> Value {
    let mut schema = object(members, &[]);
    schema["description"] = json!(text);
    schema
}

fn object(members: &Value, optional: &[&str]) -> Value {
    let names = members.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let required: Vec<String> = names.into_iter().filter(|name| !optional.contains(&name.as_str())).collect();
    json!({ "type": "object", "properties": members, "required": required, "additionalProperties": false })
}
