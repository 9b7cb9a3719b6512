//! The published documents as TypeScript modules, for a client that is built with them: message types, codes, limits,
//! the state table and its interpreter.
//!
//! Made from the documents of `super::documents`, never from the Rust types, so that both forms say the same. Texts
//! for people become comments or are left out: what runs in a page should be small.

mod types;
mod value;

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::File;
use crate::code::{AckCode, CloseCode};
use types::Types;
use value::{comment, constant_name, literal};

const HEAD: &str = "// Made by `make schema` from the published protocol. Do not edit.\n";
const INTERPRETER: &str = include_str!("../../../schema/interpreters/state_machine.ts");
/// The documents whose types a client needs.
const MESSAGES: [&str; 4] = ["client-messages", "server-messages", "data-signals", "data-answers"];

/// Every module, with its path within the folder that they are written into.
#[must_use]
pub fn files() -> Vec<File> {
    let documents: Map<String, Value> = super::files().into_iter().filter_map(parsed).collect();
    let module = |name: &str, text: String| File { path: format!("{name}.ts"), text: format!("{HEAD}{text}") };
    vec![
        module("messages", messages(&documents)),
        module("codes", codes(&documents["codes.json"])),
        module("limits", limits(&documents["limits.json"])),
        module("machine", machine(&documents["state-machine.json"])),
        module("interpreter", INTERPRETER.to_owned()),
    ]
}

fn parsed(file: File) -> Option<(String, Value)> {
    serde_json::from_str(&file.text).ok().map(|document| (file.path, document))
}

fn messages(documents: &Map<String, Value>) -> String {
    let mut types = Types::default();
    for name in MESSAGES {
        types.add_document(&documents[&format!("{name}.schema.json")]);
    }
    types.text()
}

fn codes(document: &Value) -> String {
    let mut text = String::from("\nexport const Code = {\n");
    for code in AckCode::ALL {
        writeln!(text, "{}  {}: {},", comment("  ", code.meaning()), code.name(), code.number()).expect(IN_MEMORY);
    }
    text.push_str("} as const;\n\nexport const CloseCode = {\n");
    for code in CloseCode::ALL {
        let name = constant_name(&format!("{code:?}"));
        writeln!(text, "{}  {name}: {},", comment("  ", code.meaning()), code.number()).expect(IN_MEMORY);
    }
    text.push_str("} as const;\n\n/** The member `action` of a message, by the name of its signal. */\nexport const ACTIONS = {\n");
    for signal in entries(document, "signals") {
        writeln!(text, "  {}: {},", word(signal, "s"), literal(&signal["action"], 0)).expect(IN_MEMORY);
    }
    text.push_str("} as const;\n");
    named(&mut text, "Kind of request that is answered.", "Asked", &names(entries(document, "ack").next(), "client"));
    named(&mut text, "Reaction of a client to an ack or answer.", "Reaction", &listed(document, "reactions"));
    named(&mut text, "Delay before a client sends something again.", "Pause", &listed(document, "pauses"));
    text.push_str(RETRY);
    let reactions = literal(&table(document, |code| code["client"].clone()), 0);
    let retries = literal(&table(document, |code| without_texts(&code["retry"])), 0);
    writeln!(text, "\n/** By code. */\nexport const REACTIONS: Readonly<Record<number, Reactions>> = {reactions};")
        .expect(IN_MEMORY);
    writeln!(text, "\n/** By code. */\nexport const RETRIES: Readonly<Record<number, readonly Retry[]>> = {retries};")
        .expect(IN_MEMORY);
    text
}

const RETRY: &str = "
export type Reactions = Readonly<Record<Asked, Reaction>>;

/** Rule for repeating a request that was refused temporarily. */
export interface Retry {
  of: Asked;
  pause: Pause;
  /** How often at most; null: without a bound of its own. */
  times: number | null;
  /** Whether nothing that was said after it is carried out before it. */
  keepsOrder: boolean;
}
";

/// A type that is one of these names.
fn named(text: &mut String, told: &str, name: &str, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| value::quoted(name)).collect();
    writeln!(text, "\n{}export type {name} = {};", comment("", told), names.join(" | ")).expect(IN_MEMORY);
}

/// The names of the members of a member.
fn names<'a>(value: Option<&'a Value>, member: &str) -> Vec<&'a str> {
    let members = value.and_then(|value| value[member].as_object());
    members.into_iter().flat_map(Map::keys).map(String::as_str).collect()
}

/// The names in a list of a document.
fn listed<'a>(document: &'a Value, list: &'a str) -> Vec<&'a str> {
    entries(document, list).map(|entry| word(entry, "name")).collect()
}

/// A value for each ack code.
fn table(document: &Value, of: impl Fn(&Value) -> Value) -> Value {
    let rows = entries(document, "ack").map(|code| (code["code"].to_string(), of(code)));
    Value::Object(rows.filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty())).collect())
}

fn limits(document: &Value) -> String {
    let mut text = String::new();
    for limit in entries(document, "limits") {
        let told = format!("{} In {}.", word(limit, "meaning"), word(limit, "unit"));
        let name = constant_name(word(limit, "name"));
        writeln!(text, "\n{}export const {name} = {};", comment("", &told), limit["value"]).expect(IN_MEMORY);
    }
    text
}

fn machine(document: &Value) -> String {
    let mut text = String::new();
    constant(&mut text, "The table that the interpreter runs.", "TABLE", &without_texts(document));
    text.push_str("\nexport type State = (typeof TABLE.states)[number]['name'];\n");
    text.push_str("export type MachineEvent = (typeof TABLE.events)[number]['name'];\n");
    text.push_str("export type Observation = (typeof TABLE.observations)[number]['name'];\n");
    text.push_str("export type Outcome = (typeof TABLE.outcomes)[number]['name'];\n");
    text.push_str("export type RuleId = (typeof TABLE.watchdog.rules)[number]['id'];\n");
    text
}

fn constant(text: &mut String, told: &str, name: &str, value: &Value) {
    let value = literal(value, 0);
    writeln!(text, "\n{}export const {name} = {value} as const;", comment("", told)).expect(IN_MEMORY);
}

/// The same without the members `text`, at any depth.
fn without_texts(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| *name != "text");
            Value::Object(kept.map(|(name, value)| (name.clone(), without_texts(value))).collect())
        }
        Value::Array(entries) => Value::Array(entries.iter().map(without_texts).collect()),
        other => other.clone(),
    }
}

const IN_MEMORY: &str = "writing into memory does not fail";

fn entries<'a>(document: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    document[name].as_array().into_iter().flatten()
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("the published documents name what they list")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str) -> String {
        files().into_iter().find(|file| file.path == name).unwrap().text
    }

    #[test]
    fn codes_and_limits_are_constants_with_their_meaning() {
        let codes = module("codes.ts");
        assert!(
            codes.contains("  /** The room holds no more members of this kind. */\n  ROOM_FULL: 4025,\n"),
            "{codes}"
        );
        assert!(codes.contains("  SESSION_REPLACED: 4000,\n") && codes.contains("  ICE: 'iceCandidate',\n"), "{codes}");
        assert!(module("limits.ts").contains("export const OFFLINE_BYTES = 262144;\n"));
    }

    #[test]
    fn the_table_has_no_texts() {
        let machine = module("machine.ts");
        assert!(machine.contains("{ from: 'idle', on: 'joinSent', to: 'initializing' }"), "{machine}");
        assert!(!machine.contains("text:"), "{machine}");
    }

    #[test]
    fn messages_are_types_under_the_names_of_the_schema() {
        let messages = module("messages.ts");
        for expected in [
            "export type ClientMessage =\n  | Join\n",
            "export interface LeaveData {\n",
            "  s: 'LEAVE';\n",
            "export type RoomType = 'p2p' | 'm2m' | 'a2m' | 'p2m';\n",
            "  to?: Recipient | null;\n",
            "  pps: Participants;\n",
            "export type Participants = Participant[];\n",
        ] {
            assert!(messages.contains(expected), "{expected} is not in\n{messages}");
        }
        assert!(!messages.contains(": unknown;"), "{messages}");
    }
}
