//! Building blocks: schemas of types, merged into schemas of whole messages.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::VERSION;

/// One document under construction: definitions are shared among its messages.
pub(super) struct Document {
    generator: SchemaGenerator,
}

impl Document {
    pub fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = false);
        Self { generator: settings.into_generator() }
    }

    /// A document about what is only ever written here: a member that is left out at times is optional.
    pub fn written() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = false);
        Self { generator: settings.for_serialize().into_generator() }
    }

    /// The schema of a struct with its members in place.
    pub fn object<T: JsonSchema>(&mut self) -> Value {
        T::json_schema(&mut self.generator).to_value()
    }

    /// A schema that refers to a type's definition.
    pub fn reference<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// The document of one type.
    pub fn of<T: JsonSchema>(mut self, name: &str, title: &str, description: &str) -> Value {
        let mut schema = self.object::<T>();
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["$id"] = json!(format!("https://roomcast.example/schema/{VERSION}/{name}.schema.json"));
        schema["title"] = json!(title);
        schema["description"] = json!(description);
        let mut definitions = self.generator.take_definitions(true);
        for (name, definition) in &mut definitions {
            name_it(definition, name);
        }
        schema["$defs"] = definitions.into();
        schema
    }

    /// Closes the document: one of these messages, each a definition of its own.
    pub fn finish(mut self, name: &str, title: &str, description: &str, messages: Vec<(String, Value)>) -> Value {
        let one_of: Vec<Value> =
            messages.iter().map(|(name, _)| json!({ "$ref": format!("#/$defs/{name}") })).collect();
        let mut definitions: Map<String, Value> = messages.into_iter().collect();
        definitions.extend(self.generator.take_definitions(true));
        for (name, definition) in &mut definitions {
            name_it(definition, name);
        }
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("https://roomcast.example/schema/{VERSION}/{name}.schema.json"),
            "title": title,
            "description": description,
            "oneOf": one_of,
            "$defs": definitions,
        })
    }
}

/// An object schema of these members; all are required but those named in `optional`.
pub(super) fn object_of(title: &str, description: &str, members: Vec<(&str, Value)>, optional: &[&str]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).filter(|name| !optional.contains(name)).collect();
    let properties: Map<String, Value> = members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "title": title, "description": description, "type": "object", "properties": properties, "required": required })
}

/// Adds the members of an object schema to another.
pub(super) fn merge(into: &mut Value, from: &Value) {
    for part in ["properties", "required"] {
        match (into[part].clone(), &from[part]) {
            (Value::Object(mut there), Value::Object(more)) => {
                there.extend(more.clone());
                into[part] = Value::Object(there);
            }
            (Value::Array(mut there), Value::Array(more)) => {
                there.extend(
                    more.iter().filter(|name| !into[part].as_array().is_some_and(|list| list.contains(name))).cloned(),
                );
                into[part] = Value::Array(there);
            }
            _ => {}
        }
    }
}

/// Makes a member required, or takes it out.
pub(super) fn require(schema: &mut Value, name: &str) {
    if let Some(list) = schema["required"].as_array_mut() {
        list.push(json!(name));
    }
}

pub(super) fn remove(schema: &mut Value, name: &str) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.shift_remove(name);
    }
    if let Some(list) = schema["required"].as_array_mut() {
        list.retain(|entry| entry != name);
    }
}

/// Gives a definition its title: generators name types by it.
fn name_it(definition: &mut Value, name: &str) {
    if let Some(definition) = definition.as_object_mut() {
        definition.entry("title").or_insert_with(|| json!(name));
    }
}

/// A member of one fixed value, with its type, which generators do not guess.
pub(super) fn constant(text: &str, value: impl Into<Value>) -> Value {
    let value = value.into();
    let kind = if value.is_number() { "integer" } else { "string" };
    json!({ "description": text, "type": kind, "const": value })
}
