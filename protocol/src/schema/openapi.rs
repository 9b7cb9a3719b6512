//! `openapi.json`: the HTTP side as OpenAPI 3.1.
//!
//! Bodies are the types of [`super::bundle`]. An answer's status is one of those of its code.

mod folder;
mod methods;
mod playback;

use serde_json::{Map, Value, json};

use super::VERSION;
use crate::code::AckCode;
use crate::limits::NUMBERS_BELOW;

/// Codes with which a data signal can be answered.
const INGEST: &[AckCode] = &[
    AckCode::Ok,
    AckCode::InvalidSignal,
    AckCode::UnsupportedChannel,
    AckCode::Unauthenticated,
    AckCode::RoomNotFound,
    AckCode::TrackNotFound,
    AckCode::RoomFull,
    AckCode::SequenceConflict,
];
/// Codes with which a pushing encoder can be answered.
const PUSHED: &[AckCode] = &[
    AckCode::Ok,
    AckCode::InvalidSignal,
    AckCode::Unauthenticated,
    AckCode::PermissionNotFound,
    AckCode::RoomNotFound,
    AckCode::RoomFull,
    AckCode::Unavailable,
];

pub(super) fn openapi() -> Value {
    let mut paths = paths();
    methods::complete(&mut paths);
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Roomcast over HTTP",
            "version": VERSION,
            "summary": "Uploads of HLS media, playback and health.",
            "description": "The WebSocket is described in asyncapi.json. Uploads and playback answer pages of every origin \
                (Access-Control-Allow-Origin: *, unless the server names some), with an OPTIONS preflight, answered 204, that \
                lists the methods of the address in Access-Control-Allow-Methods. A method that an address has not, as \
                DELETE of a playlist, is answered with 405, `Allow` and code 2001 (response MethodNotAllowed). Preflights \
                and such methods are no operations below. All of it is served over HTTP/1.1 and HTTP/2, but for the WebSocket: that is \
                opened over HTTP/1.1. A request may be answered before its body has ended, by its path or its token \
                alone: over HTTP/1.1 the connection is then closed, over HTTP/2 the stream is reset with NO_ERROR. \
                Before an address is looked at, a request of HTTP/1.1 may be answered with 400, 408 or 431, all without \
                a body, and the connection is closed: it is no HTTP, its head took longer than `requestTimeout`, or its \
                head is larger than the limits `requestHead` and `requestHeaders` of limits.json. An address that is \
                none of these is answered with 404: a page to whoever accepts `text/html`, else a line of text. \
                A server with a key wants an access token (access-token.schema.json) with every request that has one \
                of the security schemes below; a server without a key wants none.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:8080", "description": "A server started with its defaults." }],
        "tags": [
            { "name": "signaling", "description": "The WebSocket." },
            { "name": "ingest", "description": "Data signals of a streamer." },
            { "name": "playback", "description": "Low-Latency HLS for any player." },
            { "name": "operation", "description": "Health, and the demo page." },
        ],
        "paths": paths,
        "components": { "schemas": { "DataSignalForm": multipart() }, "parameters": parameters(), "responses": responses(), "headers": {
            "Retry-After": methods::retry_after(),
        }, "securitySchemes": {
            "accessToken": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token, as access-token.schema.json describes it." },
            "accessTokenInAddress": { "type": "apiKey", "in": "query", "name": "access_token", "description": "The same in the address." },
            "accessTokenInSubprotocol": { "type": "apiKey", "in": "header", "name": "Sec-WebSocket-Protocol", "description": "The same as a subprotocol beside `roomcast.v1`, with `roomcast.token.` in front." },
            "encoderPassword": { "type": "http", "scheme": "basic", "description": "The same as a password; the user does not count." },
            "ingestToken": { "type": "http", "scheme": "bearer", "description": "The ingest token of the JOIN ack (`b.hls.ingest.token`)." },
        } },
    })
}

fn paths() -> Value {
    json!({
        "/ws": { "get": upgrade() },
        "/rooms/{rid}/data": { "parameters": [parameter("rid")], "post": data_signal() },
        "/rooms/{rid}/ingest/{playlistId}/{trackId}": { "parameters": [parameter("rid"), parameter("playlistId"), parameter("trackId")],
            "put": pushed("pushMedia"), "post": pushed("postMedia"), "delete": tidied("deleteMedia") },
        "/rooms/{rid}/ingest/{playlistId}/Streams({trackId})": { "parameters": [parameter("rid"), parameter("playlistId"), parameter("trackId")],
            "put": pushed("pushStream"), "post": pushed("postStream"), "delete": tidied("deleteStream") },
        "/live/{rid}/{playlistId}/playlist.m3u8": playback::multivariant(),
        "/live/{rid}/{playlistId}/{trackId}/playlist.m3u8": playback::media_playlist(),
        "/live/{rid}/{playlistId}/{trackId}/{objectId}": playback::object(),
        "/healthz": { "get": text("healthz", "Whether the process is alive", &[("200", "Alive.")]) },
        "/readyz": { "get": text("readyz", "Whether joins are taken", &[("200", "Ready."), ("503", "Draining.")]) },
        "/metrics": { "get": metrics() },
        "/auth/check": { "get": check() },
        "/api/revoke": { "post": revoke() },
        "/auth/play": { "get": play() },
        "/schema": { "get": folder::leads_to_index() },
        "/schema/": { "get": folder::index() },
        "/schema/{file}": { "parameters": [parameter("file")], "get": folder::published() },
        "/": { "get": page() },
    })
}

fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn parameters() -> Value {
    let path = |name: &str, text: &str, schema: &str| json!({ "name": name, "in": "path", "required": true, "description": text, "schema": { "$ref": schema } });
    let query = |name: &str, text: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": text, "schema": schema });
    let number = json!({ "type": "integer", "minimum": 0, "maximum": NUMBERS_BELOW - 1 });
    let object = "data-signals.schema.json#/$defs/ObjectId";
    json!({
        "rid": path("rid", "The room.", "client-messages.schema.json#/$defs/RoomId"),
        "playlistId": path("playlistId", "The multivariant playlist, as uploaded.", object),
        "trackId": path("trackId", "The variant or rendition, as uploaded.", object),
        "objectId": path("objectId", "The initialization section, part or segment, as uploaded.", object),
        "file": { "name": "file", "in": "path", "required": true, "schema": { "type": "string" },
            "description": "A file of the published schema, by its path within the folder, such as `codes.json` or `vectors/state-machine.json`." },
        "_HLS_msn": query("_HLS_msn", "Answer once the playlist has the segment with this media sequence number.", number.clone()),
        "_HLS_part": query("_HLS_part", "Answer once the playlist has this part of the segment; only with `_HLS_msn`.", number),
        "_HLS_skip": query("_HLS_skip", "A delta update will do; the whole playlist is an answer too.", json!({ "type": "string", "enum": ["YES", "v2"] })),
    })
}

fn responses() -> Value {
    let error = |text: &str| json!({ "description": text, "content": answer() });
    let mut responses = methods::responses();
    responses.insert("Error".into(), error("Any other code of codes.json, with one of its HTTP statuses."));
    responses.into()
}

fn answer() -> Value {
    json!({ "application/json": { "schema": { "$ref": "data-answers.schema.json#/$defs/DataAnswer" } } })
}

/// One response for each HTTP status of these codes.
fn answers(codes: &[AckCode]) -> Map<String, Value> {
    let mut answers = Map::new();
    for code in codes {
        let status = code.http().to_string();
        let text = format!("{} {}: {}", code.number(), code.name(), code.meaning());
        let before = answers.get(&status).and_then(|known: &Value| known["description"].as_str());
        let text = before.map_or_else(|| text.clone(), |before| format!("{before} {text}"));
        answers.insert(status, json!({ "description": text, "content": answer() }));
    }
    answers.insert("default".into(), json!({ "$ref": "#/components/responses/Error" }));
    answers
}

fn revoke() -> Value {
    let refusals = [
        AckCode::InvalidSignal,
        AckCode::Unauthenticated,
        AckCode::PermissionNotFound,
        AckCode::RateLimited,
        AckCode::Unavailable,
    ];
    let mut responses = answers(&refusals);
    responses.shift_insert(
        0,
        "200".into(),
        json!({ "description": "Every node refuses the tokens within a second.",
        "content": { "application/json": { "schema": { "$ref": "access-token.schema.json#/$defs/RevokeAnswer" } } } }),
    );
    json!({
        "operationId": "revoke", "tags": ["operation"], "summary": "Refuses tokens before their end",
        "description": "All tokens that fit what the request names and were issued until now. Their connections are closed with 4001, their pushes end. The token of the request grants `admin`: without `id`, or for the very room that is named.",
        "security": with_key(&["accessToken"]),
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "access-token.schema.json#/$defs/Revoke" } } } },
        "responses": responses,
    })
}

fn upgrade() -> Value {
    let refusals = [
        AckCode::InvalidSignal,
        AckCode::Unauthenticated,
        AckCode::PermissionNotFound,
        AckCode::RateLimited,
        AckCode::Unavailable,
    ];
    let mut responses = answers(&refusals);
    responses.insert(
        "426".into(),
        json!({ "description": "The request is no handshake of version 13, or a HEAD.",
        "headers": { "Upgrade": { "description": "The protocol to upgrade to.", "schema": { "const": "websocket" } },
            "Sec-WebSocket-Version": { "description": "The version that is spoken.", "schema": { "const": "13" } } },
        "content": answer() }),
    );
    responses.shift_insert(0, "101".into(), json!({ "description": "The connection is a WebSocket now; see asyncapi.json.",
        "headers": { "Sec-WebSocket-Protocol": { "description": "Echoed when it was offered.", "schema": { "const": "roomcast.v1" } } } }));
    json!({
        "operationId": "connect", "tags": ["signaling"], "summary": "Opens the WebSocket (RFC 6455)", "security": with_key(&["accessToken", "accessTokenInSubprotocol", "accessTokenInAddress"]),
        "parameters": [{ "name": "Sec-WebSocket-Protocol", "in": "header", "required": false,
            "description": "The subprotocol, `roomcast.v1`; may be left out.", "schema": { "type": "string" } }],
        "responses": responses,
    })
}

fn data_signal() -> Value {
    let mut responses = answers(INGEST);
    let also = [
        ("408", "The upload took longer than the server waits."),
        ("413", "The upload is larger than the server takes."),
    ];
    for (status, text) in also {
        responses.insert(status.into(), json!({ "description": text, "content": answer() }));
    }
    json!({
        "operationId": "uploadDataSignal", "tags": ["ingest"], "summary": "Uploads one data signal",
        "description": "A signal that is repeated with the same bytes is answered again and changes nothing.",
        "security": [{ "ingestToken": [] }],
        "requestBody": { "required": true, "content": {
            "application/json": { "schema": { "$ref": "data-signals.schema.json" } },
            "multipart/form-data": { "schema": { "$ref": "#/components/schemas/DataSignalForm" }, "encoding": {
                "signal": { "contentType": "application/json" },
                "data": { "contentType": "application/octet-stream" },
                "map": { "contentType": "application/octet-stream" },
            } },
        } },
        "responses": responses,
    })
}

/// A body that is no text. (OpenAPI 3.1 would not need the schema; generators do.)
pub(super) fn bytes() -> Value {
    json!({ "schema": { "type": "string", "format": "binary" } })
}

/// The signal without its `data` members, whose bytes are parts of their own.
fn multipart() -> Value {
    let bytes = |text: &str| json!({ "type": "string", "format": "binary", "description": text });
    json!({
        "title": "DataSignalForm", "description": "A data signal, and its media as parts of their own.",
        "type": "object", "required": ["signal"], "additionalProperties": false,
        "properties": {
            "signal": { "type": "object", "description": "The data signal without `data` members; `numbytes` counts those of the parts." },
            "data": bytes("The bytes of a part or segment."),
            "map": bytes("The bytes of an initialization section."),
        },
    })
}

/// Fragmented MP4 as encoders push it, one request for the whole broadcast or one per segment.
fn pushed(id: &str) -> Value {
    let mut responses = answers(PUSHED);
    let also = [
        (
            "404",
            "There is no such room, or no such address. With 2001: a name that a room, playlist or track cannot have.",
        ),
        ("408", "Nothing came for too long."),
        ("409", "The room has as many publishers as it may. With 2001: a newer request pushes to this track."),
        ("412", "Media came before the initialization section; send that first."),
        ("413", "A box is larger than the server takes."),
        ("415", "Not fragmented MP4 that can be played: the text names the box or the codec."),
    ];
    for (status, text) in also {
        responses.insert(status.into(), json!({ "description": text, "content": answer() }));
    }
    let duration = |name: &str, text: &str, example: &str| {
        json!({ "name": name, "in": "query", "required": false,
        "description": format!("{text} A whole number with its unit, other spellings of the server's settings are taken as well. \
            `part` is no longer than `segment`, and `segment` no longer than `target`; else 400."),
        "schema": { "type": "string", "pattern": "^(?:[1-9][0-9]{2,5}ms|[1-9][0-9]{0,2}s)$", "examples": [example] } })
    };
    json!({
        "operationId": id, "tags": ["ingest"], "summary": "Pushes the media of a track, as ffmpeg writes it",
        "description": "The request itself makes the broadcast room and publishes in it. The body is fragmented MP4 (CMAF), \
            mostly chunked and as long as the broadcast; with one request per segment, anything may follow the track in the path. \
            `Streams(NAME)` in the path names the track as the DASH-IF Live Media Ingest Protocol does. \
            An `mfra` box or the brand `lmsg` ends the track; when all have ended, so does the broadcast. A newer request for a \
            track replaces the one before. With a key it needs the grant `publish`, and publishes as the token's subject.",
        "security": with_key(ENCODER),
        "parameters": [
            duration("segment", "Length of segments; each begins at the first sync sample after it.", "2s"),
            duration("part", "Longest part.", "350ms"),
            duration("target", "No segment may round to more whole seconds.", "4s"),
        ],
        "requestBody": { "required": false, "description": "The media. Nothing at all is taken, too, and changes nothing.", "content": {
            "video/mp4": bytes(), "audio/mp4": bytes(), "application/octet-stream": bytes(),
        } },
        "responses": responses,
    })
}

/// The DELETE with which muxers tidy up.
fn tidied(id: &str) -> Value {
    json!({ "operationId": id, "tags": ["ingest"], "summary": "Accepted and ignored: media leaves with the window",
        "security": with_key(ENCODER), "responses": answers(&[AckCode::Ok, AckCode::Unauthenticated, AckCode::PermissionNotFound]) })
}

/// The ways of an encoder's token.
const ENCODER: &[&str] = &["accessToken", "encoderPassword", "accessTokenInAddress"];

/// A server with a key takes one of these; one without takes no token.
fn with_key(schemes: &[&str]) -> Value {
    let none = std::iter::once(json!({}));
    none.chain(schemes.iter().map(|scheme| json!({ (*scheme): [] }))).collect()
}

fn metrics() -> Value {
    let mut operation = text(
        "metrics",
        "Prometheus metrics, unless the server has an address of its own for them; with a key for tokens that grant `admin` in every room",
        &[("200", "The metrics, as text.")],
    );
    operation["security"] = with_key(&["accessToken", "accessTokenInAddress"]);
    for (status, refusal) in answers(&[AckCode::Unauthenticated, AckCode::PermissionNotFound]) {
        operation["responses"][status] = refusal;
    }
    operation
}

/// The address that tells of a token.
fn check() -> Value {
    let query = |name: &str, text: &str, example: &str| {
        json!({ "name": name, "in": "query", "required": false,
        "description": text, "schema": { "type": "string", "examples": [example] } })
    };
    let mut responses = answers(&[AckCode::Unauthenticated, AckCode::PermissionNotFound, AckCode::InvalidSignal]);
    let body = json!({ "$ref": "access-token.schema.json#/$defs/AccessTokenCheckAnswer" });
    let good = json!({ "description": "The token is good, or none is wanted.", "content": { "application/json": { "schema": body } } });
    responses.shift_insert(0, "200".into(), good);
    json!({ "operationId": "checkToken", "tags": ["operation"], "summary": "Tells what the token of the request is good for",
        "description": "For pages of every origin: of a handshake that is refused with 401 a browser tells its page nothing.",
        "security": with_key(&["accessToken", "accessTokenInSubprotocol", "accessTokenInAddress"]),
        "parameters": [
            query("room", "The room in which `grant` is asked for.", "demo"),
            query("grant", "Grants that the token must have, with commas between them.", "join,publish"),
        ],
        "responses": responses })
}

/// The address that proxies ask.
fn play() -> Value {
    let original = |name: &str, place: &str, text: &str| {
        json!({ "name": name, "in": place, "required": false,
        "description": text, "schema": { "type": "string", "examples": ["/live/demo/main/playlist.m3u8"] } })
    };
    let mut responses = answers(&[AckCode::Unauthenticated, AckCode::PermissionNotFound, AckCode::Unavailable]);
    let granted = json!({ "description": "It may be served, or no token is wanted.", "headers": { "Cache-Control": {
        "description": "`private`, and the rest of the token's life as `max-age`.", "schema": { "type": "string" } } } });
    responses.shift_insert(0, "204".into(), granted);
    json!({ "operationId": "checkPlay", "tags": ["operation"], "summary": "Tells a proxy whether it may serve what it was asked for",
        "description": "For `auth_request` of nginx and its likes. The token comes from the path of the original address, \
            from the request, or from `access_token` of the original address. 403 also where there is not one original \
            address, where it is no playlist and no media below `/live`, or where two servers could read it differently.",
        "security": with_key(&["accessToken"]),
        "parameters": [
            original("X-Original-URI", "header", "The path and query that the proxy was asked for, as they came."),
            original("uri", "query", "The same, percent-encoded; in place of the header."),
        ],
        "responses": responses })
}

fn text(id: &str, summary: &str, answers: &[(&str, &str)]) -> Value {
    let plain = json!({ "text/plain": { "schema": { "type": "string" } } });
    let one = |(status, text): &(&str, &str)| ((*status).to_owned(), json!({ "description": text, "content": plain }));
    let responses: Map<String, Value> = answers.iter().map(one).collect();
    json!({ "operationId": id, "tags": ["operation"], "summary": summary, "security": [], "responses": responses })
}

fn page() -> Value {
    json!({ "operationId": "page", "tags": ["operation"], "summary": "The demo page", "security": [],
        "responses": { "200": { "description": "The page.", "content": { "text/html": { "schema": { "type": "string" } } } } } })
}
