//! Tests of the files published for code generators: they refer to nothing outside each file, and use only keywords
//! that generators know.

use jsonschema::Validator;
use roomcast_protocol::schema::{self, Vectors, vectors};
use roomcast_protocol::signal::SignalKind;
use serde_json::{Value, json};

fn document(path: &str) -> Value {
    let files = schema::files();
    let file = files.iter().find(|file| file.path == path).expect("it is published");
    serde_json::from_str(&file.text).expect("it is JSON")
}

fn walk(path: &str, value: &Value, check: &impl Fn(&str, &Value)) {
    check(path, value);
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| walk(&format!("{path}/{name}"), value, check))
        }
        Value::Array(entries) => entries.iter().for_each(|value| walk(path, value, check)),
        _ => {}
    }
}

#[test]
fn each_document_stands_alone() {
    for path in ["types.schema.json", "asyncapi.json", "openapi.json"] {
        let document = document(path);
        walk(path, &document, &|at, value| {
            assert_eq!(value.get("$id"), None, "{at}");
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let place = reference.strip_prefix('#').unwrap_or_else(|| panic!("{at} refers to {reference}"));
                assert!(document.pointer(place).is_some(), "{at}: {reference} leads nowhere");
            }
        });
    }
}

#[test]
fn schemas_for_generators_are_plain() {
    let plain = |at: &str, value: &Value| {
        assert!(!value["type"].is_array(), "{at} has several types");
        assert_ne!(value["type"], "null", "{at} is null");
        let choices = ["oneOf", "anyOf"].into_iter().filter_map(|word| value[word].as_array()).flatten();
        choices.for_each(|choice| assert_eq!(choice.get("const"), None, "{at} is no enum"));
        if value["anyOf"].is_array() || value["oneOf"].is_array() {
            assert!(value["title"].is_string(), "{at} is a choice without a name");
        }
    };
    walk("types", &document("types.schema.json")["$defs"], &plain);
    for path in ["asyncapi.json", "openapi.json"] {
        walk(path, &document(path)["components"]["schemas"], &plain);
    }
}

/// Counts the valid vectors of each message that its type takes: all, or those that are spelled as it says.
fn taken(name: &str, all: &[Vectors], every: bool) {
    let mut types = document("types.schema.json");
    types["oneOf"] = json!([{ "$ref": format!("#/$defs/{name}") }]);
    let validator: Validator = jsonschema::validator_for(&types).expect("it is a schema");
    for vectors in all {
        let taken = vectors.valid.iter().filter(|value| validator.is_valid(value)).count();
        let wanted = if every { vectors.valid.len() } else { 1 };
        assert!(taken >= wanted, "{}: {taken} of {} are taken", vectors.message, vectors.valid.len());
    }
}

#[test]
fn types_for_generators_take_the_messages() {
    taken("ClientMessage", &vectors::client_messages(), true);
    taken("ServerMessage", &vectors::server_messages(), true);
    taken("DataSignal", &vectors::data_signals(), false);
}

#[test]
fn each_message_has_one_operation() {
    let document = document("asyncapi.json");
    let operations = document["operations"].as_object().expect("operations");
    for kind in SignalKind::ALL {
        assert!(operations.contains_key(&format!("receive{kind:?}")), "{kind:?}");
        assert_eq!(kind.is_forwarded(), operations.contains_key(&format!("sendForwarded{kind:?}")), "{kind:?}");
    }
    let messages = document["components"]["messages"].as_object().expect("messages");
    assert_eq!(messages.len(), operations.len());
    operations.values().for_each(|operation| assert_eq!(operation["messages"].as_array().map(Vec::len), Some(1)));
}
