//! Playlists and media, as a player asks for them.

use serde_json::{Value, json};

use super::{answers, parameter};
use crate::code::AckCode;

/// Codes with which a player can be answered instead of the resource that it asked for.
const PLAYBACK: &[AckCode] = &[
    AckCode::InvalidSignal,
    AckCode::Unauthenticated,
    AckCode::PermissionNotFound,
    AckCode::TrackNotFound,
    AckCode::Unavailable,
];

/// The way of a player's token: all addresses in playlists are relative, and inherit it.
const TOKEN: &str = "A player of a server with a key puts `@TOKEN/` in front of the room: \
    `/live/@TOKEN/demo/main/playlist.m3u8`. `access_token` is taken with the multivariant playlist alone, and answered with \
    302 to that address.";

pub(super) fn multivariant() -> Value {
    playlist("MultivariantPlaylist", "The multivariant playlist", &track()[..2], &[])
}

pub(super) fn media_playlist() -> Value {
    let text = "A media playlist; with `_HLS_msn` answered once that segment or part is there";
    playlist("MediaPlaylist", text, &track(), &["_HLS_msn", "_HLS_part", "_HLS_skip"].map(parameter))
}

fn playlist(id: &str, text: &str, path: &[Value], query: &[Value]) -> Value {
    let content = json!({ "application/vnd.apple.mpegurl": { "schema": { "type": "string" } } });
    let headers = json!({
        "Cache-Control": caching(),
        "Content-Encoding": header("`gzip` for those who accept it.", &json!({ "const": "gzip" })),
        "Vary": header("The request headers on which the answer depends.", &json!({ "type": "string" })),
    });
    let found = |content: Option<&Value>| {
        let found = ("200", described("The requested resource.", &headers, content));
        // Media playlists are addressed by the multivariant one, relatively, and so have the token in their path.
        let moved = path.len() == 2;
        std::iter::once(found).chain(moved.then(with_token_in_path)).collect()
    };
    json!({
        "parameters": path,
        "get": operation("get", id, text, query, found(Some(&content))),
        "head": operation("head", id, text, query, found(None)),
    })
}

/// The answer to a token in the query.
fn with_token_in_path() -> (&'static str, Value) {
    let string = json!({ "type": "string" });
    let headers = json!({
        "Location": header("The same playlist with `@TOKEN` in its path, as a relative address.", &string),
        "Cache-Control": header("`no-store`.", &string),
    });
    let text =
        "The server has a key, and `access_token` is good: the playlist is at the address with the token in its path.";
    ("302", described(text, &headers, None))
}

pub(super) fn object() -> Value {
    let text = "An initialization section, part or segment; a hinted part is answered once it is there";
    let content = json!({ "video/mp4": super::bytes() });
    let conditions = [
        ("If-None-Match", "Send nothing if it still has this tag."),
        ("Range", "Send only these bytes; more than one range is answered with the whole."),
        ("If-Range", "Send only the range if it still has this tag, else the whole."),
    ];
    let conditions = conditions.map(|(name, text)| {
        json!({ "name": name, "in": "header", "required": false, "description": text, "schema": { "type": "string" } })
    });
    let string = json!({ "type": "string" });
    let whole = json!({
        "Accept-Ranges": header("Ranges of bytes may be asked for.", &json!({ "const": "bytes" })),
        "Cache-Control": caching(),
        "ETag": header("A strong tag: the same tag means the same bytes.", &string),
    });
    let mut part = whole.clone();
    part["Content-Range"] = header("The range of bytes, and the number of bytes in all.", &string);
    let found = |content: Option<&Value>| {
        vec![
            ("200", described("The requested resource.", &whole, content)),
            ("304", described("It still has the tag that was given.", &whole, None)),
        ]
    };
    let ranged = [
        ("206", described("The bytes that were asked for.", &part, Some(&content))),
        ("416", described("Nothing of it lies in the range.", &part, None)),
    ];
    let got: Vec<_> = found(Some(&content)).into_iter().chain(ranged).collect();
    let path = [&track()[..], &[parameter("objectId")]].concat();
    json!({
        "parameters": path,
        "get": operation("get", "Media", text, &conditions, got),
        "head": operation("head", "Media", text, &conditions[..1], found(None)),
    })
}

fn track() -> [Value; 3] {
    ["rid", "playlistId", "trackId"].map(parameter)
}

fn operation(verb: &str, id: &str, text: &str, parameters: &[Value], found: Vec<(&str, Value)>) -> Value {
    let mut responses = answers(PLAYBACK);
    for (index, (status, response)) in found.into_iter().enumerate() {
        responses.shift_insert(index, status.into(), response);
    }
    json!({ "operationId": format!("{verb}{id}"), "tags": ["playback"], "summary": text, "description": TOKEN,
        "security": super::with_key(&["accessToken", "accessTokenInAddress"]),
        "parameters": parameters, "responses": responses })
}

fn described(text: &str, headers: &Value, content: Option<&Value>) -> Value {
    let mut response = json!({ "description": text, "headers": headers });
    if let Some(content) = content {
        response["content"] = content.clone();
    }
    response
}

fn header(text: &str, schema: &Value) -> Value {
    json!({ "description": text, "schema": schema })
}

fn caching() -> Value {
    header("Time for which a cache may keep it.", &json!({ "type": "string" }))
}
