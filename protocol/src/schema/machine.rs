//! The schemas of `state-machine.json` and of the traces that go with it.

use serde_json::Value;

use super::compose::Document;
use crate::client::table::Description;
use crate::client::trace::Vectors;

/// The schema of the state machine's table.
pub(super) fn table() -> Value {
    let text = "The client's half of the protocol as a table that an interpreter can run. Times are in milliseconds.";
    Document::written().of::<Description>("state-machine", "StateMachine", text)
}

/// The schema of the traces.
pub(super) fn traces() -> Value {
    let text = "Results that an interpreter of the table must give for the events of a client.";
    Document::written().of::<Vectors>("state-machine-traces", "StateMachineTraces", text)
}
