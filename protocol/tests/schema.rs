//! The published schema: current, and of one mind with the decoders about every vector.

use std::path::Path;

use jsonschema::Validator;
use roomcast_protocol::schema::{self, Vectors, vectors};
use roomcast_protocol::signal::{RoomType, SignalKind};
use roomcast_protocol::{ack, data, signal};
use serde_json::Value;

/// The folder of the web client's generated modules.
const WEB: &str = "web/src/client/generated";

fn committed(folder: &str, path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}; run `make schema`", file.display()))
}

#[test]
fn the_committed_schema_is_current() {
    for (folder, files) in [("schema", schema::files()), (WEB, schema::typescript::files())] {
        for file in files {
            let text = committed(folder, &file.path);
            assert_eq!(text, file.text, "{folder}/{} is not current: run `make schema`", file.path);
        }
    }
}

fn validator(name: &str) -> Validator {
    let files = schema::files();
    let file = files.iter().find(|file| file.path == format!("{name}.schema.json")).expect("the schema is published");
    let schema = serde_json::from_str(&file.text).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("it is a schema")
}

/// Schema and decoder accept every valid vector and refuse every invalid one.
fn agree(name: &str, all: &[Vectors], decode: impl Fn(&Value) -> Result<(), String>) {
    let validator = validator(name);
    for vectors in all {
        assert!(vectors.valid.len() >= 2 && vectors.invalid.len() >= 3, "{} has too few vectors", vectors.message);
        for value in &vectors.valid {
            assert_eq!(decode(value), Ok(()), "{}: {value}", vectors.message);
            let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {value}\n{errors:?}", vectors.message);
        }
        for (reason, value) in &vectors.invalid {
            assert!(decode(value).is_err(), "the decoder takes {}, where {reason}: {value}", vectors.message);
            assert!(!validator.is_valid(value), "the schema takes {}, where {reason}: {value}", vectors.message);
        }
    }
}

#[test]
fn schema_and_decoder_agree_on_client_messages() {
    // As a server reads them: what is no signal of a room may be a renewal.
    let decode = |value: &Value| match signal::decode(value.to_string()) {
        Err(refusal) if refusal.kind == Some(signal::SignalKind::Renew) => {
            signal::Renew::decode(&value.to_string()).map(drop).map_err(|refusal| refusal.reason)
        }
        decoded => decoded.map(drop).map_err(|refusal| refusal.reason),
    };
    agree("client-messages", &vectors::client_messages(), decode);
}

#[test]
fn schema_and_decoder_agree_on_server_messages() {
    agree("server-messages", &vectors::server_messages(), |value| ack::decode(&value.to_string()).map(drop));
}

#[test]
fn schema_and_decoder_agree_on_data_signals() {
    let decode = |value: &Value| data::decode(value.to_string().as_bytes()).map(drop).map_err(|refusal| refusal.reason);
    agree("data-signals", &vectors::data_signals(), decode);
}

#[test]
fn schema_and_decoder_agree_on_data_answers() {
    agree("data-answers", &vectors::data_answers(), |value| data::answer::decode(&value.to_string()).map(drop));
}

/// `message` of a vector is its type in `types.schema.json`, which leaves other spellings of numbers and dates out.
#[test]
fn vectors_name_a_type_of_the_bundle() {
    let files = schema::files();
    let text = &files.iter().find(|file| file.path == "types.schema.json").expect("it is published").text;
    let bundle: Value = serde_json::from_str(text).expect("it is JSON");
    let all =
        [vectors::client_messages(), vectors::server_messages(), vectors::data_signals(), vectors::data_answers()];
    let mut others = Vec::new();
    for vectors in all.iter().flatten() {
        let name = vectors.message;
        assert!(bundle["$defs"].get(name).is_some(), "types.schema.json has no {name}");
        let document = serde_json::json!({ "$ref": format!("#/$defs/{name}"), "$defs": bundle["$defs"] });
        let validator = jsonschema::validator_for(&document).expect("it is a schema");
        others.extend(vectors.valid.iter().filter(|value| !validator.is_valid(value)).map(|_| name));
    }
    assert_eq!(others, ["UpdateVariant", "UpdatePart"]);
}

#[test]
fn what_is_published_as_data_satisfies_its_schema() {
    let documents = [
        ("codes", "codes.json"),
        ("limits", "limits.json"),
        ("state-machine", "state-machine.json"),
        ("state-machine-traces", "vectors/state-machine.json"),
        ("sequences", "vectors/sequences.json"),
        ("media", "vectors/media.json"),
        ("playlists", "vectors/playlists.json"),
        ("exchanges", "vectors/exchanges.json"),
    ];
    for (name, path) in documents {
        let document: Value = serde_json::from_str(&committed("schema", path)).expect("it is JSON");
        let errors: Vec<String> = validator(name).iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
    }
}

/// Whether a schema says in words what it is, itself or where it refers to.
fn is_described(document: &Value, schema: &Value) -> bool {
    let text = schema["description"].as_str().is_some_and(|text| !text.trim().is_empty());
    let referred = || {
        let path = schema["$ref"].as_str()?.strip_prefix('#')?;
        Some(is_described(document, document.pointer(path)?))
    };
    let of_choice =
        |list: &str| schema[list].as_array().is_some_and(|all| all.iter().all(|one| is_described(document, one)));
    text || referred().unwrap_or_else(|| schema["$ref"].is_string()) || of_choice("allOf")
}

/// Properties and definitions without a description, by their paths.
fn undescribed(document: &Value, part: &Value, path: &str, found: &mut Vec<String>) {
    for list in ["properties", "$defs", "schemas"] {
        for (name, schema) in part[list].as_object().into_iter().flatten() {
            if schema.is_object() && !is_described(document, schema) {
                found.push(format!("{path}/{list}/{name}"));
            }
        }
    }
    match part {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| undescribed(document, inner, &format!("{path}/{name}"), found));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, inner)| undescribed(document, inner, &format!("{path}/{n}"), found));
        }
        _ => {}
    }
}

#[test]
fn every_property_and_every_definition_has_a_description() {
    for file in schema::files() {
        let is_schema = file.path.ends_with(".schema.json") || ["asyncapi.json", "openapi.json"].contains(&&*file.path);
        if is_schema {
            let document: Value = serde_json::from_str(&file.text).expect("it is JSON");
            let mut found = Vec::new();
            undescribed(&document, &document, "", &mut found);
            assert_eq!(found, [] as [String; 0], "{}", file.path);
        }
    }
}

#[test]
fn no_description_begins_with_a_question_word() {
    fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    let is_text = ["description", "text", "meaning", "summary"].contains(&&**name);
                    found.extend(inner.as_str().filter(|_| is_text));
                    texts(inner, found);
                }
            }
            Value::Array(list) => list.iter().for_each(|inner| texts(inner, found)),
            _ => {}
        }
    }
    const QUESTIONS: [&str; 10] = ["Who", "Whose", "Whom", "What", "Which", "How", "That", "Where", "Why", "Whoever"];
    for file in schema::files().iter().filter(|file| file.path.ends_with(".json")) {
        let document: Value = serde_json::from_str(&file.text).expect("it is JSON");
        let mut found = Vec::new();
        texts(&document, &mut found);
        let begins = |text: &&&str| QUESTIONS.contains(&text.split([' ', '.', ',']).next().unwrap_or_default());
        let wrong: Vec<_> = found.iter().filter(begins).collect();
        assert_eq!(wrong, [] as [&&str; 0], "{}", file.path);
    }
}

#[test]
fn a_signal_has_the_types_of_room_that_have_it() {
    let files = schema::files();
    for name in ["client-messages", "server-messages"] {
        let file = files.iter().find(|file| file.path == format!("{name}.schema.json")).expect("it is published");
        let document: Value = serde_json::from_str(&file.text).expect("it is JSON");
        let every =
            document["$defs"]["RoomType"]["enum"].as_array().or(document["$defs"]["RoomType"]["oneOf"].as_array());
        assert_eq!(every.map(Vec::len), Some(4));
        for kind in SignalKind::OF_ROOMS {
            let is =
                |data: &&Value| data["properties"]["s"]["const"] == kind.name() && data["properties"]["ch"].is_object();
            let definitions = document["$defs"].as_object().expect("it has definitions").values();
            let bodies = definitions.flat_map(|one| [one, &one["properties"]["data"]]).filter(is);
            let mut rooms: Vec<_> = bodies.flat_map(|data| rooms(&data["properties"]["ch"])).collect();
            rooms.sort_by_key(|room| ROOMS.iter().position(|known| known == room));
            let allowed = ROOMS.into_iter().filter(|room| kind.allowed_in(*room));
            let there = name == "client-messages" || kind.is_forwarded();
            assert_eq!(rooms, if there { allowed.collect() } else { vec![] }, "{name} {kind:?}");
        }
    }
}

const ROOMS: [RoomType; 4] = [RoomType::P2p, RoomType::M2m, RoomType::A2m, RoomType::P2m];

/// The types of room that a schema of `ch` takes.
fn rooms(schema: &Value) -> Vec<RoomType> {
    match schema["enum"].as_array() {
        Some(names) => names.iter().map(|name| serde_json::from_value(name.clone()).expect("a type of room")).collect(),
        None => ROOMS.to_vec(),
    }
}

#[test]
fn every_member_is_described() {
    fn walk(path: &str, value: &Value) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (name, schema) in properties {
                let told = ["description", "const", "$ref"].iter().any(|word| schema.get(word).is_some());
                assert!(told, "{path}.{name} has no description");
            }
        }
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| walk(&format!("{path}/{name}"), value)),
            Value::Array(entries) => entries.iter().for_each(|value| walk(path, value)),
            _ => {}
        }
    }
    for file in schema::files().iter().filter(|file| file.path.ends_with(".schema.json")) {
        walk(&file.path, &serde_json::from_str(&file.text).unwrap());
    }
}
