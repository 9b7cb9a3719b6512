//! Test vectors: valid messages, and invalid ones with the reason, for every message there is.
//!
//! Invalid ones are made from valid ones by one change that the schema and the decoder both refuse. What no schema
//! can say (a count of bytes, a base64 that is none) is no vector but a test of the server.

mod answers;
mod client;
mod data;
mod server;

use serde_json::{Value, json};

use super::{File, VERSION};

/// Vectors of one message.
pub struct Vectors {
    /// Name of the message, as in its schema.
    pub message: &'static str,
    /// Messages that are accepted.
    pub valid: Vec<Value>,
    /// Messages that are refused, and why.
    pub invalid: Vec<(String, Value)>,
}

/// Vectors of what a client sends.
#[must_use]
pub fn client_messages() -> Vec<Vectors> {
    client::vectors()
}

/// Vectors of what the server sends.
#[must_use]
pub fn server_messages() -> Vec<Vectors> {
    server::vectors()
}

/// Vectors of data signals in the JSON form.
#[must_use]
pub fn data_signals() -> Vec<Vectors> {
    data::vectors()
}

/// Vectors of answers over HTTP.
#[must_use]
pub fn data_answers() -> Vec<Vectors> {
    answers::vectors()
}

pub(super) fn files() -> Vec<File> {
    let all = [
        ("client-messages", client_messages()),
        ("server-messages", server_messages()),
        ("data-signals", data_signals()),
        ("data-answers", data_answers()),
    ];
    all.into_iter()
        .map(|(name, vectors)| File::json(&format!("vectors/{name}.json"), &document(name, &vectors)))
        .collect()
}

fn document(name: &str, all: &[Vectors]) -> Value {
    let invalid = |(reason, value): &(String, Value)| json!({ "reason": reason, "value": value });
    let entry = |vectors: &Vectors| {
        json!({
            "message": vectors.message,
            "valid": vectors.valid,
            "invalid": vectors.invalid.iter().map(invalid).collect::<Vec<_>>(),
        })
    };
    json!({
        "version": VERSION,
        "schema": format!("{name}.schema.json"),
        "vectors": all.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// A message with another value at a path.
fn with(message: &Value, path: &str, value: Value) -> Value {
    let mut changed = message.clone();
    let (parent, member) = path.rsplit_once('/').expect("a path starts with a slash");
    changed.pointer_mut(parent).expect("the parent is there")[member] = value;
    changed
}

/// A message without a member.
fn without(message: &Value, path: &str) -> Value {
    let mut changed = message.clone();
    let (parent, member) = path.rsplit_once('/').expect("a path starts with a slash");
    let parent = changed.pointer_mut(parent).and_then(Value::as_object_mut).expect("the parent is an object");
    parent.shift_remove(member).expect("the member is there");
    changed
}

/// The invalid vectors that leave one of these members out.
fn missing(message: &Value, paths: &[&str]) -> Vec<(String, Value)> {
    paths.iter().map(|path| (format!("{path} is missing"), without(message, path))).collect()
}

/// The invalid vectors that put something wrong at a path.
fn wrong(message: &Value, changes: Vec<(&str, Value, &str)>) -> Vec<(String, Value)> {
    changes.into_iter().map(|(path, value, why)| (format!("{path} {why}"), with(message, path, value))).collect()
}
