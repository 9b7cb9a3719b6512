//! The opening handshake: what becomes a connection and what is told otherwise.

use roomcast_tests::raw::{HANDSHAKE, Raw, TEXT, frame};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;

async fn asked(server: &Server, method: &str, headers: &str) -> (u16, String) {
    Raw::dial(&server.address).await.request(method, "/ws", headers).await
}

#[tokio::test]
async fn a_proper_handshake_is_answered_with_the_key_hashed() {
    let server = Server::start(&[]).await;
    // The Java library says that it has no body.
    assert_eq!(asked(&server, "GET", &format!("{HANDSHAKE}Content-Length: 0\r\n")).await.0, 101);
    let (status, head) = asked(&server, "GET", HANDSHAKE).await;
    assert_eq!(status, 101);
    assert!(head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert!(!head.to_lowercase().contains("sec-websocket-protocol"), "none was offered");
}

#[tokio::test]
async fn the_subprotocol_is_echoed_when_offered_and_no_other() {
    let server = Server::start(&[]).await;
    let offer = |names: &str| format!("{HANDSHAKE}Sec-WebSocket-Protocol: {names}\r\n");
    let (_, head) = asked(&server, "GET", &offer("chat, roomcast.v1")).await;
    assert!(head.to_lowercase().contains("sec-websocket-protocol: roomcast.v1"), "{head}");
    // Several headers are one list.
    let (_, head) = asked(&server, "GET", &format!("{}Sec-WebSocket-Protocol: roomcast.v1\r\n", offer("chat"))).await;
    assert!(head.to_lowercase().contains("sec-websocket-protocol: roomcast.v1"), "{head}");
    let (status, head) = asked(&server, "GET", &offer("chat")).await;
    assert_eq!(status, 101);
    assert!(!head.to_lowercase().contains("sec-websocket-protocol"), "{head}");
}

#[tokio::test]
async fn what_is_no_handshake_is_told_so() {
    let server = Server::start(&[]).await;
    let version = |number: &str| HANDSHAKE.replace("Version: 13", &format!("Version: {number}"));
    let key = |key: &str| HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", key);
    for (method, headers, status) in [
        ("POST", HANDSHAKE.to_owned(), 405),
        ("GET", String::new(), 426),
        ("GET", HANDSHAKE.replace("Connection: Upgrade\r\n", ""), 426),
        ("GET", version("8"), 426),
        ("GET", version("7"), 426),
        ("GET", HANDSHAKE.replace("Sec-WebSocket-Version: 13\r\n", ""), 426),
        ("GET", key("c2hvcnQ="), 400),
        ("GET", key("not base64 at all!!!!!!!"), 400),
        ("GET", HANDSHAKE.split("Sec-WebSocket-Key").next().unwrap().to_owned(), 400),
        ("GET", format!("{HANDSHAKE}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), 400),
        ("GET", format!("{HANDSHAKE}Content-Length: 5\r\n"), 400),
        ("GET", format!("{HANDSHAKE}Transfer-Encoding: chunked\r\n"), 400),
    ] {
        let (answered, head) = asked(&server, method, &headers).await;
        assert_eq!(answered, status, "{method} {headers}");
        let versioned = head.to_lowercase().contains("sec-websocket-version: 13");
        assert!(versioned || status != 426, "{head}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_where_origins_are_named() {
    let server = Server::start(&["--allow-origin", "https://a.example", "--allow-origin", "https://b.example"]).await;
    let from = |origin: &str| format!("{HANDSHAKE}Origin: {origin}\r\n");
    for (headers, status) in [
        (from("https://a.example"), 101),
        (from("https://b.example"), 101),
        (from("https://b.example.org"), 403),
        (from("null"), 403),
        (HANDSHAKE.to_owned(), 101),
    ] {
        assert_eq!(asked(&server, "GET", &headers).await.0, status, "{headers}");
    }
    assert_eq!(asked(&Server::start(&[]).await, "GET", &from("https://anywhere.example")).await.0, 101);
}

#[tokio::test]
async fn an_address_has_as_many_connections_as_it_may_until_they_are_gone() {
    let server = Server::start(&["--max-connections-per-address", "2"]).await;
    let first = Raw::open(&server.address, "/ws").await;
    let _second = Raw::open(&server.address, "/ws").await;
    assert_eq!(asked(&server, "GET", HANDSHAKE).await.0, 429);
    drop(first);
    with_timeout("the place of the connection that is gone", async {
        while asked(&server, "GET", HANDSHAKE).await.0 != 101 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn frames_right_behind_the_handshake_are_read_however_many() {
    let server = Server::echo(&[]).await;
    for (count, length) in [(3, 30_000), (200, 1000), (5, 10)] {
        let mut peer = Raw::dial(&server.address).await;
        let message = frame(TEXT, &vec![b'x'; length]);
        let request = format!("GET /echo HTTP/1.1\r\nHost: {}\r\n{HANDSHAKE}\r\n", server.address);
        peer.send(&[request.as_bytes(), &message.repeat(count)].concat()).await;
        assert_eq!(peer.answer().await.0, 101);
        for _ in 0..count {
            assert_eq!(peer.message().await.len(), length);
        }
    }
}
