//! `asyncapi.json`: the WebSocket as AsyncAPI 3.0, seen from the server.
//!
//! Payloads are references to the published schemas.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{VERSION, messages};
use crate::code::{CloseClass, CloseCode, close_class};

/// Signals that have an ack of their own.
const ACKED: [(&str, &str); 3] = [("Join", "JoinAck"), ("Heartbeat", "HeartbeatAck"), ("Renew", "RenewAck")];

pub(super) fn asyncapi() -> Value {
    let client = message_names(&messages::client_messages());
    let server = message_names(&messages::server_messages());
    let mut definitions = Map::new();
    definitions.extend(client.iter().map(|name| message("client-messages", name)));
    definitions.extend(server.iter().map(|name| message("server-messages", name)));
    let in_channel: Map<String, Value> = definitions
        .keys()
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Roomcast signaling",
            "version": VERSION,
            "description": "The WebSocket of a Roomcast server, seen from the server: it receives what clients send. HTTP is \
                described in openapi.json.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": { "ws": {
            "address": "/ws",
            "title": "Signaling",
            "description": closing(),
            "messages": in_channel,
            "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0", "headers": { "type": "object", "properties": {
                "Sec-WebSocket-Protocol": { "type": "string", "description": "May be left out; `roomcast.v1` is echoed when offered. A browser brings its access token as `roomcast.token.JWT` beside it, which is not echoed.", "examples": ["roomcast.v1", "roomcast.v1, roomcast.token.JWT"] },
            } } } },
        } },
        "operations": operations(&client, &server),
        "components": { "messages": definitions, "securitySchemes": {
            "accessToken": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "At a server with a key: a token as access-token.schema.json describes it. Refused with HTTP 401 before the upgrade; `/auth/check` (openapi.json) tells the reason." },
            "accessTokenInAddress": { "type": "httpApiKey", "in": "query", "name": "access_token", "description": "The same in the address." },
        } },
    })
}

fn message_names(document: &Value) -> Vec<String> {
    let name = |reference: &Value| reference["$ref"].as_str()?.rsplit('/').next().map(str::to_owned);
    document["oneOf"].as_array().into_iter().flatten().filter_map(name).collect()
}

fn message(document: &str, name: &str) -> (String, Value) {
    let payload = json!({ "$ref": format!("{document}.schema.json#/$defs/{name}") });
    (name.to_owned(), json!({ "name": name, "contentType": "application/json", "payload": payload }))
}

fn servers() -> Value {
    json!({
        "local": { "host": "127.0.0.1:8080", "protocol": "ws", "description": "A server started with its defaults." },
        "public": { "host": "{host}", "protocol": "wss", "description": "A server behind a proxy that ends TLS.",
            "variables": { "host": { "description": "Its public name.", "default": "rooms.example.com" } } },
    })
}

/// What the close codes ask of a client.
fn closing() -> String {
    let mut text = "Text messages of UTF-8 JSON. The server closes with one of these codes:\n".to_owned();
    for code in CloseCode::ALL {
        let client = match close_class(code.number()) {
            CloseClass::Reconnect => "reconnect with backoff and jitter",
            CloseClass::ClientFault => "the client is at fault and fails",
            CloseClass::Final => "do not reconnect",
        };
        let _ = write!(text, "\n- {}: {} Then: {client}.", code.number(), code.meaning());
    }
    text
}

fn operations(client: &[String], server: &[String]) -> Value {
    let names = |names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| json!({ "$ref": format!("#/channels/ws/messages/{name}") })).collect()
    };
    let channel = json!({ "$ref": "#/channels/ws" });
    let receive = |title: &str, text: &str, received: &[&str], replies: &[&str]| {
        json!({ "action": "receive", "channel": channel, "title": title, "description": text, "messages": names(received),
            "reply": { "channel": channel, "messages": names(replies) } })
    };
    let others: Vec<&str> =
        client.iter().map(String::as_str).filter(|name| ACKED.iter().all(|(signal, _)| signal != name)).collect();
    let all: Vec<&str> = server.iter().map(String::as_str).collect();
    let mut operations = Map::new();
    for (signal, ack) in ACKED {
        let text = format!("The signal is answered with {ack} or with an error.");
        operations.insert(format!("receive{signal}"), receive(signal, &text, &[signal], &[ack, "ErrorAck"]));
    }
    let text = "Signals that are answered only when they are refused.";
    operations.insert("receiveSignal".into(), receive("Signal", text, &others, &["ErrorAck"]));
    operations.insert(
        "deliver".into(),
        json!({ "action": "send", "channel": channel, "title": "Deliver", "messages": names(&all),
            "description": "Acks have a member `c`; a forwarded signal has none, and `sq` in front." }),
    );
    Value::Object(operations)
}

#[cfg(test)]
mod tests {
    use super::ACKED;
    use crate::signal::SignalKind;

    #[test]
    fn what_has_an_ack_is_said_to_have_one() {
        for kind in SignalKind::ALL {
            let said = ACKED.iter().any(|(name, _)| *name == format!("{kind:?}"));
            assert_eq!(said, kind.is_acked(), "{kind:?}");
        }
    }
}
