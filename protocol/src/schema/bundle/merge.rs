//! The shapes of one signal as one type: generators make types of signals, not of conditions.

use serde_json::{Map, Value, json};

/// Two shapes of a signal, the one they become, and what is true of members in only one of them.
struct Pair {
    shapes: [String; 2],
    merged: String,
    notes: &'static [(&'static str, &'static str)],
}

/// Signals that go to somebody in groups, and to everybody elsewhere.
const IN_GROUP: [&str; 6] = ["Offer", "Answer", "Ice", "ForwardedOffer", "ForwardedAnswer", "ForwardedIce"];
const TO: &[(&str, &str)] = &[("to", "In rooms `m2m` and `a2m` it is never left out.")];
/// Data signals about a variant or a rendition.
const OF_TRACK: [&str; 2] = ["UpdateSegment", "UpdatePart"];
const TRACK: &[(&str, &str)] =
    &[("variant", "Either this or `rendition`."), ("rendition", "Either this or `variant`.")];

fn pairs() -> Vec<Pair> {
    let group = IN_GROUP.map(|name| Pair {
        shapes: [name.to_owned(), format!("{name}InGroup")],
        merged: name.to_owned(),
        notes: TO,
    });
    let track = OF_TRACK.map(|name| Pair {
        shapes: [format!("{name}OfVariant"), format!("{name}OfRendition")],
        merged: name.to_owned(),
        notes: TRACK,
    });
    group.into_iter().chain(track).collect()
}

/// Replaces the shapes of each signal by one definition, in the unions too.
pub(super) fn shapes(all: &mut Map<String, Value>) {
    for pair in pairs() {
        let [one, other] = &pair.shapes;
        let (Some(first), Some(second)) = (all.shift_remove(one), all.shift_remove(other)) else {
            panic!("{one} and {other} are definitions");
        };
        let mut schema = both(&first, &second, pair.notes);
        rename(&mut schema, one, &pair.merged);
        all.insert(pair.merged.clone(), schema);
        for union in all.values_mut().filter_map(|schema| schema.get_mut("oneOf")?.as_array_mut()) {
            let named = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
            union.retain(|choice| *choice != named(other));
            union.iter_mut().filter(|choice| **choice == named(one)).for_each(|choice| *choice = named(&pair.merged));
        }
    }
}

/// A schema that takes what either takes.
fn both(one: &Value, other: &Value, notes: &[(&str, &str)]) -> Value {
    let mut merged = one.clone();
    let (Some(mine), Some(theirs)) = (one["properties"].as_object(), other["properties"].as_object()) else {
        return merged;
    };
    let mut properties = Map::new();
    for (name, schema) in mine.iter().chain(theirs) {
        let schema = match (mine.get(name), theirs.get(name)) {
            (Some(one), Some(other)) => both(one, other, notes),
            _ => schema.clone(),
        };
        properties.insert(name.clone(), noted(schema, name, notes));
    }
    let needed = |schema: &Value, name: &Value| schema["required"].as_array().is_some_and(|list| list.contains(name));
    if let Some(list) = merged.get_mut("required").and_then(Value::as_array_mut) {
        list.retain(|name| needed(other, name));
    }
    merged["properties"] = properties.into();
    merged
}

fn noted(mut schema: Value, name: &str, notes: &[(&str, &str)]) -> Value {
    if let Some((_, note)) = notes.iter().find(|(noted, _)| *noted == name) {
        let before = schema["description"].as_str().map_or_else(String::new, |text| format!("{text} "));
        schema["description"] = json!(format!("{before}{note}"));
    }
    schema
}

/// Titles that begin with the name of a shape begin with that of the signal.
fn rename(schema: &mut Value, from: &str, to: &str) {
    match schema {
        Value::Object(members) => {
            if let Some(rest) = members
                .get("title")
                .and_then(Value::as_str)
                .and_then(|title| title.strip_prefix(from))
                .map(str::to_owned)
            {
                members.insert("title".into(), json!(format!("{to}{rest}")));
            }
            members.values_mut().for_each(|value| rename(value, from, to));
        }
        Value::Array(entries) => entries.iter_mut().for_each(|value| rename(value, from, to)),
        _ => {}
    }
}
