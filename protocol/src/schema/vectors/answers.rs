//! Vectors of answers over HTTP.

use serde_json::{Value, json};

use super::{Vectors, missing, with, wrong};
use crate::code::AckCode;
use crate::data::answer::NAMES;

const ID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

pub(super) fn vectors() -> Vec<Vectors> {
    vec![Vectors { message: "DataAnswer", valid: valid(), invalid: invalid() }]
}

fn taken(name: &str) -> Value {
    json!({ "c": 200, "s": name, "b": { "id": ID, "delay": 12 } })
}

fn refused(code: AckCode, name: &str) -> Value {
    json!({ "c": code.number(), "s": name, "b": { "msg": code.meaning() } })
}

/// Every name, and every code.
fn valid() -> Vec<Value> {
    let names = NAMES.iter().map(|name| taken(name));
    let refusals = AckCode::ALL.iter().filter(|code| **code != AckCode::Ok).map(|code| refused(*code, "UPDATE_PART"));
    let mut all: Vec<Value> = names.chain(refusals).collect();
    let token = with(&refused(AckCode::Unauthenticated, "UNKNOWN"), "/b/reason", json!("expired"));
    let behind = with(&taken("UPDATE_PART"), "/b/delay", json!(-40));
    let pushed = json!({ "c": 200, "s": "INGEST", "b": {} });
    all.extend([token, behind, pushed, with(&taken("END_STREAM"), "/b/newer", json!("is ignored"))]);
    all
}

fn invalid() -> Vec<(String, Value)> {
    let answer = taken("UPDATE_PART");
    let mut invalid = missing(&answer, &["/c", "/s", "/b"]);
    invalid.extend(wrong(
        &answer,
        vec![
            ("/c", json!(4711), "is no code"),
            ("/c", json!(413), "is an HTTP status and no code"),
            ("/c", json!("200"), "is no number"),
            ("/s", json!("UPDATE_EVERYTHING"), "is no name"),
            ("/s", json!(7), "is no text"),
            ("/b", json!("taken"), "is no object"),
            ("/b/id", json!(7), "is no text"),
            ("/b/delay", json!("12"), "is no number"),
            ("/b/delay", json!(1.5), "is no whole number"),
            ("/b/msg", json!(7), "is no text"),
            ("/b/reason", json!("because"), "is no reason"),
        ],
    ));
    invalid.push(("the answer is no object".to_owned(), json!([200, "UPDATE_PART", {}])));
    invalid
}
