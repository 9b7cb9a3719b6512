//! A schema in the few words that all generators know.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::signal::RoomType;

/// The same schema without null, defaults, choices of one, and spellings that nobody needs to write.
pub(super) fn plain(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let mut members = members.clone();
    without_null(&mut members);
    constants(&mut members);
    spellings(&mut members);
    room_types(&mut members);
    numbers(&mut members);
    default(&mut members);
    if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, schema| schema["type"] != "null");
        properties.values_mut().for_each(|schema| *schema = plain(schema));
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(choices) = members.get_mut(word).and_then(Value::as_array_mut) {
            choices.iter_mut().for_each(|schema| *schema = plain(schema));
        }
    }
    if let Some(items) = members.get_mut("items") {
        *items = plain(items);
    }
    members.into()
}

/// Removes null from the types of optional members: a member that may be null may be left out as well, and one of the
/// two forms is enough.
fn without_null(members: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = members.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = &kinds[..] {
            let kind = kind.clone();
            members.insert("type".into(), kind);
        }
    }
    for word in ["anyOf", "allOf"] {
        let Some(Value::Array(choices)) = members.get_mut(word) else { continue };
        choices.retain(|choice| choice["type"] != "null");
        if let [only] = &choices[..] {
            let only = only.clone();
            members.shift_remove(word);
            for (name, value) in only.as_object().into_iter().flatten() {
                members.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}

/// A choice of described constants as `enum`.
fn constants(members: &mut Map<String, Value>) {
    let Some(choices) = members.get("oneOf").and_then(Value::as_array) else { return };
    if !choices.iter().all(|choice| choice.get("const").is_some()) {
        return;
    }
    let choices = choices.clone();
    let told = |choice: &Value| choice["description"].as_str().unwrap_or_default().to_owned();
    let mut text = members.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    for choice in &choices {
        let _ = write!(text, "\n- `{}`: {}", choice["const"].as_str().unwrap_or_default(), told(choice));
    }
    members.shift_remove("oneOf");
    members.insert("type".into(), choices[0]["type"].clone());
    members.insert("enum".into(), choices.iter().map(|choice| choice["const"].clone()).collect());
    members.insert("x-enum-descriptions".into(), choices.iter().map(told).collect());
    members.insert("description".into(), text.into());
}

/// Reduces a value with several spellings to the one to write, and removes the type where several types are read.
fn spellings(members: &mut Map<String, Value>) {
    if let (Some(values), None) = (members.get("enum").and_then(Value::as_array), members.get("type")) {
        let first = values[0].clone();
        members.shift_remove("enum");
        members.insert("type".into(), json!(if first.is_string() { "string" } else { "integer" }));
        members.insert("const".into(), first);
    }
    let title = members.get("title").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some((_, kind)) = WRITTEN_AS.iter().find(|(name, _)| *name == title) {
        let choices = members.shift_remove("anyOf").unwrap_or_default();
        let chosen = choices.as_array().into_iter().flatten().find(|choice| choice["type"] == *kind);
        members.extend(chosen.and_then(Value::as_object).cloned().into_iter().flatten());
        if title != "ProgramDateTime" {
            members.shift_remove("title");
        }
    }
    if members.get("type").is_some_and(Value::is_array) {
        members.retain(|word, _| word == "title" || word == "description");
    }
}

/// Types with several spellings, and the JSON type in which generated code writes them.
const WRITTEN_AS: [(&str, &str); 3] = [("Timestamp", "string"), ("Version", "integer"), ("ProgramDateTime", "string")];

/// Some types of room are the type of all: an enumeration for each would be none of the others.
fn room_types(members: &mut Map<String, Value>) {
    let is_room = |value: &Value| serde_json::from_value::<RoomType>(value.clone()).is_ok();
    let Some(values) = members.get("enum").and_then(Value::as_array) else { return };
    if !values.iter().all(is_room) || members.contains_key("title") {
        return;
    }
    let names: Vec<String> = values.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
    if let Some(Value::String(text)) = members.get_mut("description") {
        let _ = write!(text, " This signal is in {}.", names.join(", "));
    }
    members.retain(|name, _| name == "description");
    members.insert("$ref".into(), json!("#/$defs/RoomType"));
}

/// Integers with the width that holds them, and codes without their list, which may grow.
fn numbers(members: &mut Map<String, Value>) {
    if members.get("type") != Some(&json!("integer")) {
        return;
    }
    if members.get("enum").and_then(Value::as_array).is_some_and(|values| values.len() > 1) {
        members.shift_remove("enum");
        if let Some(Value::String(text)) = members.get_mut("description") {
            text.push_str(" One of those in `codes.json`.");
        }
    }
    // As a range: of a number that is constant some generators make an enumeration that they cannot compile.
    let constant = members.shift_remove("const");
    if let Some(value) = &constant {
        members.insert("minimum".into(), value.clone());
        members.insert("maximum".into(), value.clone());
        members.entry("description").or_insert_with(|| json!(format!("Always {value}.")));
    }
    let small = constant.is_some() || members.get("format") == Some(&json!("uint16"));
    members.insert("format".into(), json!(if small { "int32" } else { "int64" }));
}

/// A default as text: generated types would say it to the server though nobody has.
fn default(members: &mut Map<String, Value>) {
    let Some(value) = members.shift_remove("default") else { return };
    if let (Some(Value::String(text)), false) = (members.get_mut("description"), value == json!("")) {
        let _ = write!(text, " Absent: `{value}`.");
    }
}
