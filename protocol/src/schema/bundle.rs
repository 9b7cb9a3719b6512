//! The types of all messages in the form that code generators take: `types.schema.json`, and the schemas within
//! `asyncapi.json` and `openapi.json`.
//!
//! One definition for each signal and nothing outside the file. What generators cannot carry is said in descriptions;
//! the documents with an `$id` say it exactly, for validators.

mod merge;
mod plain;

use serde_json::{Map, Value, json};

use super::{messages, tokens};

/// Every definition, by its name; references begin with `#/$defs/`.
pub(super) fn definitions() -> Map<String, Value> {
    let mut all = Map::new();
    let documents = [
        messages::client_messages(),
        messages::server_messages(),
        messages::data_signals(),
        messages::data_answers(),
        tokens::access_token(),
    ];
    let mut unions = Map::new();
    for document in documents {
        if let Some(definitions) = document["$defs"].as_object() {
            all.extend(definitions.iter().map(|(name, schema)| (name.clone(), plain::plain(schema))));
        }
        let name = document["title"].as_str().unwrap_or_default();
        if UNIONS.contains(&name) {
            let union = json!({ "title": name, "description": document["description"], "oneOf": document["oneOf"] });
            unions.insert(name.to_owned(), union);
        }
    }
    all.extend(unions);
    merge::shapes(&mut all);
    hoist(all)
}

/// Documents that say one of several messages.
const UNIONS: [&str; 3] = ["ClientMessage", "ServerMessage", "DataSignal"];

/// `types.schema.json`.
pub(super) fn types() -> Value {
    let definitions = definitions();
    let whole = [&UNIONS[..], &["DataAnswer"]].concat();
    let one_of: Vec<Value> = whole.iter().map(|name| json!({ "$ref": format!("#/$defs/{name}") })).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Message",
        "description": "All messages for generators of code: one type for each signal, and nothing outside this file. It takes \
            every message that the other schemas take, in one spelling, but also some that a server refuses: validate against those.",
        "oneOf": one_of,
        "$defs": definitions,
    })
}

/// Puts the definitions that a document refers to into its `components`.
pub(super) fn contain(mut document: Value) -> Value {
    let all = definitions();
    let mut wanted = Vec::new();
    refer(&mut document, &mut wanted);
    let mut schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    while let Some(name) = wanted.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        let mut schema = all.get(&name).unwrap_or_else(|| panic!("{name} is a definition")).clone();
        refer(&mut schema, &mut wanted);
        schemas.insert(name, schema);
    }
    schemas.sort_keys();
    document["components"]["schemas"] = schemas.into();
    document
}

/// Makes references to definitions those to components, and lists the names.
fn refer(value: &mut Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str).and_then(definition) {
                members.insert("$ref".into(), json!(format!("#/components/schemas/{name}")));
                names.push(name);
            }
            members.values_mut().for_each(|value| refer(value, names));
        }
        Value::Array(entries) => entries.iter_mut().for_each(|value| refer(value, names)),
        _ => {}
    }
}

/// The definition that a reference names, in this document or in one beside it.
fn definition(reference: &str) -> Option<String> {
    if reference == "data-signals.schema.json" {
        return Some("DataSignal".into());
    }
    Some(reference.split_once("#/$defs/")?.1.to_owned())
}

/// Makes every schema with a title that stands within another a definition of its own.
fn hoist(all: Map<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    let mut hoisted = Map::new();
    for (name, mut schema) in all {
        if let Some(members) = schema.as_object_mut() {
            members.values_mut().for_each(|value| lift(value, &mut found));
        }
        hoisted.insert(name, schema);
    }
    for (name, schema) in found {
        let there = hoisted.entry(name.clone()).or_insert_with(|| schema.clone());
        assert_eq!(*there, schema, "{name} names two schemas");
    }
    hoisted
}

fn lift(value: &mut Value, found: &mut Map<String, Value>) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|value| lift(value, found)),
        Value::Array(entries) => entries.iter_mut().for_each(|value| lift(value, found)),
        _ => return,
    }
    // A property may be called `title`; a schema has one that is text.
    let Some(name) = value.get("title").and_then(Value::as_str).map(str::to_owned) else { return };
    let reference = json!({ "$ref": format!("#/$defs/{name}") });
    let schema = std::mem::replace(value, reference);
    // Each place says what a choice is there for.
    if let Some(text) = schema.get("description").filter(|_| schema.get("anyOf").is_some()) {
        value["description"] = text.clone();
    }
    let there = found.entry(name.clone()).or_insert_with(|| schema.clone());
    assert_eq!(*there, schema, "{name} names two schemas");
}
