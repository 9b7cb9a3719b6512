//! Every door of a server with a key, without a token and with one.

use std::collections::BTreeSet;

use reqwest::Method;
use roomcast_protocol::schema;
use roomcast_tests::raw::{HANDSHAKE, Raw};
use roomcast_tests::server::Server;
use roomcast_tests::token::token;
use serde_json::{Value, json};

use super::closed;

/// A door: its method and address, as the published OpenAPI document names them, an address to try, and the status
/// without a token.
const DOORS: [(&str, &str, &str, u16); 24] = [
    ("get", "/ws", "/ws", 401),
    ("post", "/rooms/{room}/data", "/rooms/demo/data", 401),
    ("put", "/rooms/{room}/ingest/{playlist}/{track}", "/rooms/demo/ingest/main/v0", 401),
    ("post", "/rooms/{room}/ingest/{playlist}/{track}", "/rooms/demo/ingest/main/v0", 401),
    ("delete", "/rooms/{room}/ingest/{playlist}/{track}", "/rooms/demo/ingest/main/v0", 401),
    ("put", "/rooms/{room}/ingest/{playlist}/{track}", "/rooms/demo/ingest/main/v0/seg-1.m4s", 401),
    ("put", "/rooms/{room}/ingest/{playlist}/{track}", "/rooms/demo/ingest/main/manifest.mpd", 401),
    ("get", "/live/{room}/{playlist}/playlist.m3u8", "/live/demo/main/playlist.m3u8", 401),
    ("get", "/live/{room}/{playlist}/{track}/playlist.m3u8", "/live/demo/main/v0/playlist.m3u8", 401),
    ("get", "/live/{room}/{playlist}/{track}/{object}", "/live/demo/main/v0/x.m4s", 401),
    ("get", "/live/{room}/{playlist}/{track}/{object}", "/live/@/demo/main/v0/x.m4s", 401),
    ("get", "/metrics", "/metrics", 401),
    ("get", "/auth/check", "/auth/check", 401),
    ("post", "/api/revoke", "/api/revoke", 401),
    ("get", "/auth/play", "/auth/play?uri=/live/demo/main/playlist.m3u8", 401),
    ("get", "/healthz", "/healthz", 200),
    ("get", "/readyz", "/readyz", 200),
    ("get", "/schema", "/schema", 200),
    ("get", "/schema/", "/schema/", 200),
    ("get", "/schema/{file}", "/schema/codes.json", 200),
    ("get", "/", "/", 200),
    ("get", "/", "/call/demo", 200),
    ("get", "/", "/watch/demo", 200),
    ("get", "/", "/nowhere", 404),
];

async fn status(server: &Server, method: &str, path: &str) -> u16 {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("it is a method");
    let client = reqwest::Client::new();
    client.request(method, server.url(path)).send().await.expect("the server answers").status().as_u16()
}

#[tokio::test]
async fn without_a_token_no_door_opens_but_those_of_the_page_and_of_health() {
    let server = closed(&[]).await;
    for (method, _, path, expected) in DOORS {
        assert_eq!(status(&server, method, path).await, expected, "{method} {path}");
    }
    assert_eq!(Raw::dial(&server.address).await.request("GET", "/ws", HANDSHAKE).await.0, 401);
}

/// Addresses and methods of the server stand in the OpenAPI document, which other tests hold true.
#[test]
fn every_published_address_is_among_the_doors() {
    let files = schema::files();
    let openapi = files.iter().find(|file| file.path == "openapi.json").expect("it is published");
    let openapi: Value = serde_json::from_str(&openapi.text).unwrap();
    let published: BTreeSet<(String, String)> = openapi["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
        })
        .filter(|(method, _)| ["get", "put", "post", "delete"].contains(&method.as_str()))
        .collect();
    let shape = |path: &str| {
        path.split('/').map(|name| if name.contains('{') { "{}" } else { name }).collect::<Vec<_>>().join("/")
    };
    let doors: BTreeSet<_> = DOORS.iter().map(|(method, path, ..)| ((*method).to_owned(), shape(path))).collect();
    for (method, path) in published {
        assert!(doors.contains(&(method.clone(), shape(&path))), "{method} {path} is tried without a token");
    }
}

#[tokio::test]
async fn every_way_of_a_token_opens_its_door() {
    let server = closed(&[]).await;
    let token = token("ann", json!({ "join": true, "admin": true }));
    let client = reqwest::Client::new();
    let get = |path: String| client.get(server.url(&path));
    for (way, request) in [
        ("bearer", get("/auth/check".into()).bearer_auth(&token)),
        ("basic", get("/auth/check".into()).basic_auth("any", Some(&token))),
        ("parameter", get(format!("/auth/check?access_token={token}"))),
        (
            "subprotocol",
            get("/auth/check".into()).header("sec-websocket-protocol", format!("roomcast.v1, roomcast.token.{token}")),
        ),
        ("metrics", get("/metrics".into()).bearer_auth(&token)),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 200, "{way}");
    }
    for headers in [
        format!("Authorization: Bearer {token}\r\n"),
        format!("Sec-WebSocket-Protocol: roomcast.v1, roomcast.token.{token}\r\n"),
    ] {
        let (status, head) =
            Raw::dial(&server.address).await.request("GET", "/ws", &format!("{HANDSHAKE}{headers}")).await;
        assert_eq!(status, 101, "{head}");
        let head = head.to_lowercase();
        let named = head.contains("sec-websocket-protocol: roomcast.v1\r\n");
        assert!(!head.contains("roomcast.token") && named == headers.contains("Protocol"), "{head}");
    }
    let asked = format!("/ws?access_token={token}");
    assert_eq!(Raw::dial(&server.address).await.request("GET", &asked, HANDSHAKE).await.0, 101);
    let basic = format!("{HANDSHAKE}Authorization: Basic YW55Omc=\r\n");
    assert_eq!(Raw::dial(&server.address).await.request("GET", "/ws", &basic).await.0, 401);
}

#[tokio::test]
async fn a_check_tells_what_a_token_is_good_for() {
    let server = closed(&[]).await;
    let grant = json!({ "id": "demo-*", "join": true, "create": ["p2p"] });
    let token = token("ann", grant.clone());
    let ask =
        |query: &str| reqwest::Client::new().get(server.url(&format!("/auth/check{query}"))).bearer_auth(&token).send();
    let answer = ask("").await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        (&body["c"], &body["s"], &body["b"]["sub"], &body["b"]["room"]),
        (&json!(200), &json!("AUTH_CHECK"), &json!("ann"), &grant)
    );
    assert!(body["b"]["exp"].as_u64() > body["b"]["iat"].as_u64() && body["b"]["open"] == false);
    for (query, status) in [
        ("?room=demo-1&grant=join,play", 200),
        ("?room=demo-1&grant=publish", 403),
        ("?room=other&grant=join", 403),
        ("?room=demo-1&grant=fly", 403),
    ] {
        let answer = ask(query).await.unwrap();
        assert_eq!(answer.status(), status, "{query}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["b"]["reason"] == "not_granted", status == 403, "{body}");
    }
    // A browser asks first whether a page of another origin may bring a token.
    let preflight = reqwest::Client::new().request(Method::OPTIONS, server.url("/auth/check")).send().await.unwrap();
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    let headers = preflight.headers()["access-control-allow-headers"].to_str().unwrap().to_owned();
    assert!(headers.contains("Authorization"), "{headers}");
    let open = Server::start(&[]).await;
    let body: Value = reqwest::get(open.url("/auth/check")).await.unwrap().json().await.unwrap();
    assert_eq!(body, json!({ "c": 200, "s": "AUTH_CHECK", "b": { "open": true } }));
}

#[tokio::test]
async fn metrics_want_the_grant_or_an_address_of_their_own() {
    let server = closed(&[]).await;
    let status = |token: String| async {
        reqwest::Client::new().get(server.url("/metrics")).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(token("ann", json!({ "admin": true }))).await, 200);
    assert_eq!(status(token("ann", json!({ "admin": true, "id": "*" }))).await, 403);
    assert_eq!(status(token("ann", json!({ "join": true }))).await, 403);
    let apart = Server::alone(&["--auth-secret", super::SECRET, "--metrics-listen", "127.0.0.1:0"]).await;
    assert_eq!(reqwest::get(apart.url("/metrics")).await.unwrap().status(), 404);
}
