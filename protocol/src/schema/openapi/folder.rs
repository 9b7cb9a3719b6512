//! The published schema, as a server serves it.

use serde_json::{Value, json};

pub(super) fn published() -> Value {
    json!({ "operationId": "schema", "tags": ["operation"], "summary": "The published schema, as this very server speaks it",
        "security": [],
        "responses": {
            "200": { "description": "The file.", "content": {
                "application/json": {}, "text/plain": { "schema": { "type": "string" } }, "video/mp4": {} } },
            "304": { "description": "The client has it: `If-None-Match` names its `ETag`." },
            "404": { "description": "There is no such file: a page to whoever accepts `text/html`, else a line of text.",
                "content": { "text/plain": { "schema": { "type": "string" } }, "text/html": { "schema": { "type": "string" } } } },
        } })
}

pub(super) fn leads_to_index() -> Value {
    json!({ "operationId": "schemaFolder", "tags": ["operation"], "summary": "Leads to the files of the published schema", "security": [],
        "responses": { "308": { "description": "The index is at the address with a slash at its end.",
            "headers": { "Location": { "description": "The relative address of the index.", "required": true, "schema": { "const": "schema/" } } } } } })
}

pub(super) fn index() -> Value {
    let file = json!({
        "type": "object", "required": ["path", "type", "bytes"],
        "properties": {
            "path": { "type": "string", "description": "Below `/schema/`." },
            "type": { "type": "string", "description": "The media type." },
            "bytes": { "type": "integer", "minimum": 0, "description": "The length, uncompressed." },
        } });
    let list = json!({
        "type": "object", "required": ["version", "files"],
        "properties": {
            "version": { "type": "string", "description": "The version of the schema." },
            "files": { "type": "array", "items": file, "description": "Every file, by its path." },
        } });
    json!({ "operationId": "schemaIndex", "tags": ["operation"], "summary": "The files of the published schema", "security": [],
        "responses": { "200": { "description": "A page to whoever accepts `text/html`, else a list.",
            "content": { "application/json": { "schema": list }, "text/html": { "schema": { "type": "string" } } } } } })
}
