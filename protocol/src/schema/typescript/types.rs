//! JSON Schema as TypeScript types: the part of it that the published documents use.
//!
//! Shapes and constants become types; patterns and ranges stay with the schema.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::IN_MEMORY;
use super::value::{comment, key, literal};

const LONGEST_LINE: usize = 100;

/// The types of several documents, each name once, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Types {
    definitions: Map<String, Value>,
    text: String,
}

impl Types {
    /// Adds the union that a document is, and its definitions.
    pub(super) fn add_document(&mut self, document: &Value) {
        self.define(name_of(document).expect("a document has a title"), document);
        for (name, schema) in document["$defs"].as_object().into_iter().flatten() {
            self.define(name, schema);
        }
    }

    pub(super) fn text(self) -> String {
        self.text
    }

    /// Declares a type, unless it was declared. Documents share names only for what is the same.
    fn define(&mut self, name: &str, schema: &Value) {
        let known = self.definitions.insert(name.to_owned(), schema.clone());
        if let Some(known) = known {
            assert_eq!(&known, schema, "two types are called {name}");
            return;
        }
        let text = schema["description"].as_str().map_or_else(String::new, |text| comment("", text));
        let declared = match schema["properties"].as_object() {
            Some(properties) => format!("export interface {name} {}\n", self.members(schema, properties)),
            None => format!("export type {name} ={};\n", self.alias(schema)),
        };
        write!(self.text, "\n{text}{declared}").expect(IN_MEMORY);
    }

    /// Returns the right-hand side of a type alias: on lines of its own where it is long.
    fn alias(&mut self, schema: &Value) -> String {
        let options = self.options(schema);
        let line = options.join(" | ");
        if line.len() <= LONGEST_LINE { format!(" {line}") } else { format!("\n  | {}", options.join("\n  | ")) }
    }

    fn members(&mut self, schema: &Value, properties: &Map<String, Value>) -> String {
        let required =
            |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
        let mut text = String::from("{\n");
        for (name, member) in properties {
            let told = member["description"].as_str().map_or_else(String::new, |text| comment("  ", text));
            let mark = if required(name) { "" } else { "?" };
            writeln!(text, "{told}  {}{mark}: {};", key(name), self.expression(member)).expect(IN_MEMORY);
        }
        text + "}"
    }

    fn expression(&mut self, schema: &Value) -> String {
        self.options(schema).join(" | ")
    }

    /// The types of which a value may have any.
    fn options(&mut self, schema: &Value) -> Vec<String> {
        if let Some(path) = schema["$ref"].as_str() {
            return vec![path.rsplit('/').next().expect("a path has an end").to_owned()];
        }
        if let Some(value) = schema.get("const") {
            return vec![literal(value, 0)];
        }
        if let Some(values) = schema["enum"].as_array() {
            return values.iter().map(|value| literal(value, 0)).collect();
        }
        if let Some(schemas) = ["oneOf", "anyOf"].iter().find_map(|word| schema[*word].as_array()) {
            let options = schemas.iter().flat_map(|one| self.options(one)).collect();
            return without_repetitions(options);
        }
        match &schema["type"] {
            Value::String(name) => vec![self.simple(name, schema)],
            Value::Array(names) => {
                names.iter().filter_map(Value::as_str).map(|name| self.simple(name, schema)).collect()
            }
            _ => vec!["unknown".to_owned()],
        }
    }

    fn simple(&mut self, name: &str, schema: &Value) -> String {
        match name {
            "integer" => "number".to_owned(),
            "object" => self.object(schema),
            "array" => {
                let item = self.expression(&schema["items"]);
                if item.contains(' ') { format!("({item})[]") } else { format!("{item}[]") }
            }
            name => name.to_owned(),
        }
    }

    /// An object within a type gets its own name, which is its title.
    fn object(&mut self, schema: &Value) -> String {
        let Some(properties) = schema["properties"].as_object() else { return "object".to_owned() };
        if let Some(name) = name_of(schema) {
            self.define(name, schema);
            return name.to_owned();
        }
        let properties: Vec<_> = properties.iter().map(|(name, member)| (name.clone(), member.clone())).collect();
        let members = properties.iter().map(|(name, member)| {
            let is_required =
                schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name.as_str()));
            format!("{}{}: {}", key(name), if is_required { "" } else { "?" }, self.expression(member))
        });
        format!("{{ {} }}", members.collect::<Vec<_>>().join("; "))
    }
}

fn name_of(schema: &Value) -> Option<&str> {
    schema["title"].as_str()
}

fn without_repetitions(options: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for option in options {
        if !once.contains(&option) {
            once.push(option);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_becomes_types() {
        let mut types = Types::default();
        types.add_document(&json!({
            "title": "Word", "oneOf": [{"$ref": "#/$defs/Said"}, {"type": "null"}],
            "$defs": {"Said": {
                "description": "Said.", "type": "object", "required": ["s", "list"],
                "properties": {
                    "s": {"const": "SAID"}, "list": {"type": "array", "items": {"type": ["integer", "null"]}},
                    "to": {"title": "To", "type": "object", "properties": {"a": {"type": "boolean"}}},
                },
            }},
        }));
        let to = "\nexport interface To {\n  a?: boolean;\n}\n";
        let said = "\n/** Said. */\nexport interface Said {\n  s: 'SAID';\n  list: (number | null)[];\n  to?: To;\n}\n";
        assert_eq!(types.text(), format!("\nexport type Word = Said | null;\n{to}{said}"));
    }

    #[test]
    #[should_panic(expected = "two types are called Same")]
    fn one_name_is_one_type() {
        let mut types = Types::default();
        types.define("Same", &json!({"type": "string"}));
        types.define("Same", &json!({"type": "boolean"}));
    }
}
