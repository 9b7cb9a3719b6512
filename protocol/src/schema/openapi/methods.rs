//! Answers that belong to methods rather than to an address: HEAD beside GET, 405, and `Retry-After`.

use serde_json::{Map, Value, json};

/// Statuses that say when to ask again.
const FOR_NOW: [&str; 2] = ["429", "503"];

/// Adds to every operation what all have in common.
pub(super) fn complete(paths: &mut Value) {
    for (path, item) in paths.as_object_mut().into_iter().flatten() {
        let Some(item) = item.as_object_mut() else { continue };
        if let (Some(get), false) = (item.get("get"), item.contains_key("head")) {
            let head = head(get, path);
            item.insert("head".into(), head);
        }
        for operation in item.values_mut().filter_map(|operation| operation.get_mut("responses")) {
            finish(operation);
        }
    }
}

/// Answers that operations refer to.
pub(super) fn responses() -> Map<String, Value> {
    let allow = json!({ "description": "The methods of the address.", "required": true,
        "schema": { "type": "string", "examples": ["GET, HEAD, OPTIONS"] } });
    let answer = json!({ "description": "The address exists and takes other methods.",
        "headers": { "Allow": allow }, "content": super::answer() });
    let early = |text: &str| json!({ "description": format!("{text} No body; the connection is closed.") });
    Map::from_iter([
        ("MethodNotAllowed".to_owned(), answer),
        ("NoRequest".to_owned(), early("The request is no HTTP/1.1.")),
        ("HeadTooSlow".to_owned(), early("The head of the request did not come within `requestTimeout`.")),
        ("HeadTooLarge".to_owned(), early("The head of the request is over `requestHead` or `requestHeaders`.")),
    ])
}

/// The description of a header that says when to ask again.
pub(super) fn retry_after() -> Value {
    json!({ "description": "Seconds after which the request may be repeated.",
        "schema": { "type": "integer", "minimum": 0 } })
}

/// The operation of a HEAD: that of its GET, without parameters that let it wait and without a body.
fn head(get: &Value, path: &str) -> Value {
    let mut head = get.clone();
    let id = get["operationId"].as_str().unwrap_or_default();
    head["operationId"] = format!("head{}{}", id[..1].to_uppercase(), &id[1..]).into();
    head["summary"] = format!("{}, without the body", get["summary"].as_str().unwrap_or_default()).into();
    if path == "/ws" {
        head["responses"] = json!({ "426": get["responses"]["426"] });
        head.as_object_mut().map(|head| head.remove("parameters"));
    }
    for response in head["responses"].as_object_mut().into_iter().flatten().map(|(_, response)| response) {
        response.as_object_mut().map(|response| response.remove("content"));
    }
    head
}

fn finish(responses: &mut Value) {
    for status in FOR_NOW {
        if let Some(response) = responses.get_mut(status) {
            response["headers"]["Retry-After"] = json!({ "$ref": "#/components/headers/Retry-After" });
        }
    }
    if let Some(responses) = responses.as_object_mut() {
        let common =
            [("400", "NoRequest"), ("405", "MethodNotAllowed"), ("408", "HeadTooSlow"), ("431", "HeadTooLarge")];
        for (status, name) in common {
            let response = || json!({ "$ref": format!("#/components/responses/{name}") });
            responses.entry(status).or_insert_with(response);
        }
    }
}
