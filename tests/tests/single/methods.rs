//! Methods of every address: HEAD beside GET, OPTIONS, and 405 for all others.

use reqwest::{Client, Method, Response};
use roomcast_tests::broadcast::Streamer;
use roomcast_tests::raw::{HANDSHAKE, Raw};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;

const READ_ONLY: &str = "GET, HEAD, OPTIONS";
const PLAYLIST: &str = "/live/demo/main/v0/playlist.m3u8";

async fn ask(server: &Server, method: Method, path: &str) -> Response {
    with_timeout("an answer", Client::new().request(method, server.url(path)).send()).await.expect("the server answers")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

/// A broadcast with one part.
async fn live() -> (Server, Streamer) {
    let server = Server::alone(&[]).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    streamer.part(0, 0).await;
    (server, streamer)
}

#[tokio::test]
async fn head_is_answered_like_get_wherever_get_is() {
    let (server, _streamer) = live().await;
    for path in [
        "/",
        "/call/x",
        "/group/x",
        "/watch/x",
        "/broadcast/x",
        "/healthz",
        "/readyz",
        "/metrics",
        "/ws",
        "/schema/limits.json",
        "/schema/nothing",
        "/nothing",
        "/nothing/here",
        "/live/demo/main/playlist.m3u8",
        PLAYLIST,
        "/live/demo/main/v0/p0.m4s",
        "/live/demo/main/v0/none.m4s",
        "/live/demo",
    ] {
        let (get, head) = (ask(&server, Method::GET, path).await, ask(&server, Method::HEAD, path).await);
        assert_eq!(head.status(), get.status(), "{path}");
        for name in ["content-type", "etag", "cache-control"] {
            assert_eq!(header(&head, name), header(&get, name), "{path}: {name}");
        }
        assert!(head.bytes().await.expect("an empty body").is_empty(), "{path}");
    }
    assert_eq!(ask(&server, Method::HEAD, "/ws").await.status(), 426);
    assert_eq!(Raw::dial(&server.address).await.request("HEAD", "/ws", HANDSHAKE).await.0, 426);
}

#[tokio::test]
async fn head_never_waits() {
    let (server, streamer) = live().await;
    let blocked = format!("{PLAYLIST}?_HLS_msn=0&_HLS_part=1");
    let head = ask(&server, Method::HEAD, &blocked).await;
    assert_eq!(
        (head.status().as_u16(), header(&head, "cache-control")),
        (200, "no-store"),
        "it is not the one asked for"
    );
    let hinted = "/live/demo/main/v0/p1.m4s";
    let head = ask(&server, Method::HEAD, hinted).await;
    assert_eq!((head.status().as_u16(), header(&head, "cache-control")), (404, "no-store"));
    assert_eq!(ask(&server, Method::HEAD, &format!("{PLAYLIST}?_HLS_msn=9")).await.status(), 400);
    streamer.part(0, 1).await;
    for (path, kept) in [(blocked.as_str(), "max-age=6"), (hinted, "max-age=6")] {
        let head = ask(&server, Method::HEAD, path).await;
        assert_eq!((head.status().as_u16(), header(&head, "cache-control")), (200, kept), "{path}");
    }
}

#[tokio::test]
async fn an_address_that_exists_says_which_methods_it_takes() {
    let (server, _streamer) = live().await;
    let brew = Method::from_bytes(b"BREW").expect("a method");
    let push = "DELETE, OPTIONS, POST, PUT";
    for (path, allowed) in [
        ("/", READ_ONLY),
        ("/call/x", READ_ONLY),
        ("/healthz", READ_ONLY),
        ("/metrics", READ_ONLY),
        ("/ws", READ_ONLY),
        ("/schema/codes.json", READ_ONLY),
        (PLAYLIST, READ_ONLY),
        ("/rooms/demo/data", "OPTIONS, POST"),
        ("/rooms/demo/ingest/main/v0", push),
        ("/rooms/demo/ingest/main/v0/1.m4s", push),
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, brew.clone()] {
            if allowed.split(", ").any(|allowed| allowed == method.as_str()) {
                continue;
            }
            let refused = ask(&server, method.clone(), path).await;
            assert_eq!((refused.status().as_u16(), header(&refused, "allow")), (405, allowed), "{method} {path}");
            let text = refused.text().await.expect("a body");
            assert!(text.contains(allowed), "{method} {path}: {text}");
        }
        let options = ask(&server, Method::OPTIONS, path).await;
        assert_eq!((options.status().as_u16(), header(&options, "allow")), (204, allowed), "{path}");
    }
    for path in ["/nothing", "/nothing/here", "/rooms/demo", "/rooms/demo/ingest/main", "/live/demo", "/schema/none"] {
        for method in [Method::GET, Method::POST, Method::PATCH] {
            assert_eq!(ask(&server, method.clone(), path).await.status(), 404, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn deleting_under_a_name_that_cannot_be_is_refused_like_pushing() {
    let server = Server::alone(&[]).await;
    for (path, status) in [("demo/ingest/main/v0", 200), ("a%20b/ingest/main/v0", 404), ("demo/ingest/main/v%200", 404)]
    {
        for method in [Method::DELETE, Method::PUT] {
            let refused = if method == Method::PUT && status == 200 { 415 } else { status };
            let path = format!("/rooms/{path}");
            let asked = Client::new().request(method.clone(), server.url(&path)).body("no media");
            assert_eq!(with_timeout("an answer", asked.send()).await.unwrap().status(), refused, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_preflight_is_told_the_methods_of_the_address() {
    let server = Server::alone(&["--cors-origin", "https://a.example"]).await;
    for (path, methods) in [
        ("/rooms/demo/ingest/main/v0", "DELETE, OPTIONS, POST, PUT"),
        ("/rooms/demo/data", "OPTIONS, POST"),
        (PLAYLIST, READ_ONLY),
    ] {
        let asked = Client::new().request(Method::OPTIONS, server.url(path)).header("origin", "https://a.example");
        let answer =
            with_timeout("an answer", asked.header("access-control-request-method", "PUT").send()).await.unwrap();
        assert_eq!(header(&answer, "access-control-allow-methods"), methods, "{path}");
        assert_eq!(header(&answer, "access-control-allow-origin"), "https://a.example", "{path}");
    }
}

#[tokio::test]
async fn who_is_refused_for_now_is_told_when_to_come_back() {
    let server = Server::alone(&["--max-connections-per-address", "1"]).await;
    let _first = Raw::open(&server.address, "/ws").await;
    let (status, head) = Raw::dial(&server.address).await.request("GET", "/ws", HANDSHAKE).await;
    assert!(status == 429 && head.to_lowercase().contains("retry-after: 1"), "{head}");

    let (server, _streamer) = live().await;
    // After three target durations.
    let answer = ask(&server, Method::GET, &format!("{PLAYLIST}?_HLS_msn=0&_HLS_part=1")).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (503, "1"));
    assert!(header(&answer, "access-control-expose-headers").contains("Retry-After"), "scripts may read it");
}
