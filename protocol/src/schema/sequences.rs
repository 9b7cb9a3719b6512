//! The schema of the sequences of messages.

use serde_json::Value;

use super::compose::Document;
use crate::client::sequence::Sequences;

pub(super) fn schema() -> Value {
    let text = "Messages to and from one client, step by step, and what its bookkeeping must make of them.";
    Document::written().of::<Sequences>("sequences", "Sequences", text)
}
