//! `asyncapi.json`: the WebSocket as AsyncAPI 3.0, seen from the server.
//!
//! Payloads are the types of [`super::bundle`]. Each message has an operation of its own: generators name what they make
//! by operations and messages.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{VERSION, bundle};
use crate::code::{CloseClass, CloseCode, close_class};

/// Signals that have an ack of their own.
const ACKED: [(&str, &str); 3] = [("Join", "JoinAck"), ("Heartbeat", "HeartbeatAck"), ("Renew", "RenewAck")];

pub(super) fn asyncapi() -> Value {
    let types = bundle::definitions();
    let (client, server) = (message_names(&types["ClientMessage"]), message_names(&types["ServerMessage"]));
    let definitions: Map<String, Value> =
        client.iter().chain(&server).map(|name| (name.clone(), message(name, &types[name]))).collect();
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

fn message(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "title": name, "summary": schema["description"], "contentType": "application/json",
        "payload": { "$ref": format!("#/$defs/{name}") } })
}

fn servers() -> Value {
    json!({
        "local": { "host": "127.0.0.1:8080", "protocol": "ws", "description": "A server started with its defaults." },
        "public": { "host": "{host}", "protocol": "wss", "description": "A server behind a proxy that ends TLS.",
            "variables": { "host": { "description": "Its public name.", "default": "rooms.example.com" } } },
    })
}

/// Text about the reactions of a client to the close codes.
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

/// One operation for each message that is received, with its answers, and one for each that is sent.
fn operations(client: &[String], server: &[String]) -> Value {
    let channel = json!({ "$ref": "#/channels/ws" });
    let named = |name: &str| json!({ "$ref": format!("#/channels/ws/messages/{name}") });
    let mut operations = Map::new();
    for name in client {
        let ack = ACKED.iter().find(|(signal, _)| signal == name).map(|(_, ack)| *ack);
        let text = ack.map_or_else(
            || "Answered only when it is refused, with ErrorAck.".to_owned(),
            |ack| format!("Answered with {ack}, or with ErrorAck when it is refused."),
        );
        // One reply: of several modelina makes a Java type that Jackson cannot tell apart.
        let replies = [named(ack.unwrap_or("ErrorAck"))];
        operations.insert(
            format!("receive{name}"),
            json!({ "action": "receive", "channel": channel, "title": format!("Receive{name}"),
            "description": text, "messages": [named(name)], "reply": { "channel": channel, "messages": replies } }),
        );
    }
    for name in server {
        let text = match name.as_str() {
            "ErrorAck" => "The answer to what is refused.",
            name if ACKED.iter().any(|(_, ack)| *ack == name) => "The answer to a signal.",
            name if name.starts_with("Forwarded") => "The signal of another member: it has no `c`, and `sq` in front.",
            _ => "Answers no signal.",
        };
        operations.insert(
            format!("send{name}"),
            json!({ "action": "send", "channel": channel, "title": format!("Send{name}"),
            "description": text, "messages": [named(name)] }),
        );
    }
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
