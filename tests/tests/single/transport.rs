//! Tests of the layer below requests: HTTP/2 with and without TLS, silent and slow peers, bounds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use reqwest::{Client, Version};
use roomcast_tests::broadcast::{Streamer, get};
use roomcast_tests::raw::{HANDSHAKE, Raw};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::certificate::Files;

const MEDIA: &str = "/live/demo/main/v0/playlist.m3u8";
const MEBIBYTE: usize = 1 << 20;

/// A stream with one part, and a client of HTTP/2 without TLS.
async fn live(flags: &[&str]) -> (Server, Streamer, Client) {
    let server = Server::start(flags).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    streamer.part(0, 0).await;
    (server, streamer, Client::builder().http2_prior_knowledge().build().expect("a working machine"))
}

/// Uploads a segment of this many bytes as `s0.m4s`, of a stream of its own.
async fn large(server: &Server, bytes: usize) -> Streamer {
    let streamer = Streamer::start(server).await;
    streamer.variant().await;
    let payload = json!({"playlist": {"id": "main"}, "variant": {"id": "v0"},
        "segment": {"id": "s0.m4s", "sequence": 0, "duration": 1, "data": STANDARD.encode(vec![7; bytes])}});
    assert_eq!(streamer.upload("updateSegment", bytes, payload).await.0, 200);
    streamer
}

/// As Java's client asks for HTTP/2 without TLS, with every request.
#[tokio::test]
async fn a_connection_that_asks_for_another_protocol_is_told_that_it_ends() {
    let server = Server::start(&[]).await;
    let asks = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n";
    let upload = format!("{asks}Content-Type: application/json\r\nContent-Length: 2\r\n");
    for (method, path, headers, body, expected) in
        [("GET", "/healthz", asks, "", 200), ("POST", "/rooms/demo/data", &*upload, "{}", 401)]
    {
        let mut raw = Raw::dial(&server.address).await;
        raw.send(format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n{body}").as_bytes()).await;
        let (status, head) = raw.answer().await;
        let head = head.to_lowercase();
        assert_eq!(status, expected, "{head}");
        assert!(head.contains("connection: close\r\n") && !head.contains("upgrade"), "{head}");
        with_timeout("the end of the connection", raw.drain()).await;
    }
    assert_eq!(Raw::dial(&server.address).await.request("GET", "/ws", HANDSHAKE).await.0, 101);
}

#[tokio::test]
async fn many_reloads_wait_on_one_http2_connection() {
    let (server, streamer, client) = live(&[]).await;
    let url = server.url(&format!("{MEDIA}?_HLS_msn=0&_HLS_part=1"));
    let warm = with_timeout("an answer", client.get(server.url(MEDIA)).send()).await.unwrap();
    assert_eq!((warm.version(), warm.status().as_u16()), (Version::HTTP_2, 200));
    assert!(warm.headers().contains_key("date") && warm.headers().contains_key("content-length"));
    let waiting: Vec<_> = (0..200).map(|_| tokio::spawn(client.get(&url).send())).collect();
    // On the same connection, opened behind all others.
    with_timeout("an answer", client.get(server.url(MEDIA)).send()).await.unwrap();
    assert!(waiting.iter().all(|waiter| !waiter.is_finished()));
    streamer.part(0, 1).await;
    for waiter in waiting {
        let answer = with_timeout("the reload", waiter).await.unwrap().unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        assert!(answer.text().await.unwrap().contains("URI=\"p1.m4s\""));
    }
}

#[tokio::test]
async fn http2_carries_uploads_ranges_and_heads() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    let client = Client::builder().http2_prior_knowledge().build().unwrap();
    let bytes = vec![9; 3 * MEBIBYTE];
    let signal = json!({"action": "updateSegment", "version": 1, "id": "7f0c2d3e-7d43-4f0e-8f6b-0d5e0e3a7c11",
        "timestamp": "1732287600123", "numbytes": bytes.len(), "payload": {"playlist": {"id": "main"},
        "variant": {"id": "v0"}, "segment": {"id": "s0.m4s", "sequence": 0, "duration": 1, "data": STANDARD.encode(&bytes)}}});
    let upload = client.post(server.url("/rooms/demo/data")).bearer_auth(&streamer.token);
    let upload = upload.header("content-type", "application/json").body(signal.to_string()).send();
    let answer = with_timeout("the upload", upload).await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_2, 200), "{:?}", answer.text().await);
    let url = server.url("/live/demo/main/v0/s0.m4s");
    let whole = with_timeout("the segment", client.get(&url).send()).await.unwrap();
    assert!(with_timeout("the segment", whole.bytes()).await.unwrap() == bytes);
    let head = with_timeout("the head", client.head(&url).send()).await.unwrap();
    assert_eq!(head.headers()["content-length"], bytes.len().to_string().as_str());
    let range = with_timeout("the range", client.get(&url).header("range", "bytes=-70000").send()).await.unwrap();
    assert_eq!((range.status().as_u16(), range.bytes().await.unwrap().len()), (206, 70_000));
    let tag = head.headers()["etag"].clone();
    let known = with_timeout("the news", client.get(&url).header("if-none-match", tag).send()).await.unwrap();
    assert_eq!(known.status(), 304);
}

#[tokio::test]
async fn the_number_of_streams_is_announced() {
    let server = Server::start(&["--max-streams", "7"]).await;
    let mut raw = Raw::dial(&server.address).await;
    // In pieces: what comes first need not be all of it.
    for piece in [&b"PR"[..], b"I * HTTP/2.0\r\n", b"\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        raw.send(piece).await;
        tokio::task::yield_now().await;
    }
    let mut head = [0; 9];
    with_timeout("the settings", raw.stream.read_exact(&mut head)).await.unwrap();
    assert_eq!(head[3], 4, "SETTINGS comes first");
    let mut settings = vec![0; usize::from(head[2])];
    with_timeout("the settings", raw.stream.read_exact(&mut settings)).await.unwrap();
    let streams = settings.chunks(6).find(|setting| setting[..2] == [0, 3]).expect("MAX_CONCURRENT_STREAMS");
    assert_eq!(streams[2..], [0, 0, 0, 7]);
}

#[tokio::test]
async fn an_http2_connection_ends_with_the_server() {
    let (mut server, _streamer, client) = live(&["--shutdown-timeout", "10s"]).await;
    let url = server.url(&format!("{MEDIA}?_HLS_msn=0&_HLS_part=1"));
    let waiting = tokio::spawn(client.get(&url).send());
    with_timeout("an answer", client.get(server.url(MEDIA)).send()).await.unwrap();
    let asked = Instant::now();
    server.terminate().await;
    assert_eq!(with_timeout("the answer", waiting).await.unwrap().unwrap().status(), 503);
    assert!(server.ended().await.success());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn tls_carries_http2_http1_and_websockets() {
    let files = Files::new("tls");
    let server = Server::start(&files.flags()).await;
    let two = files.client().build().unwrap();
    let answer = with_timeout("an answer", two.get(server.url("/healthz")).send()).await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_2, 200));
    let one = files.client().http1_only().build().unwrap();
    let answer = with_timeout("an answer", one.get(server.url("/healthz")).send()).await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_11, 200));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_tungstenite::Connector::Rustls(Arc::new(tls));
    let request = server.url("/ws").replacen("https", "wss", 1).into_client_request().unwrap();
    let opened = tokio_tungstenite::connect_async_tls_with_config(request, None, false, Some(connector));
    let (mut socket, _) = with_timeout("a WebSocket", opened).await.unwrap();
    futures_util::SinkExt::send(&mut socket, "nonsense".into()).await.unwrap();
    let ack = with_timeout("an answer", socket.next()).await.unwrap().unwrap().into_text().unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&ack).unwrap()["c"], 2001, "{ack}");
}

#[tokio::test]
async fn a_silent_connection_is_closed_and_holds_up_no_shutdown() {
    let mut server = Server::start(&["--request-timeout", "500ms", "--shutdown-timeout", "10s"]).await;
    for first in [&b""[..], b"P", b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM"] {
        let mut raw = Raw::dial(&server.address).await;
        raw.send(first).await;
        let mut rest = Vec::new();
        let _ = with_timeout("the end of the connection", raw.stream.read_to_end(&mut rest)).await;
    }
    let _silent = Raw::dial(&server.address).await;
    get(&server.url("/healthz")).await;
    let asked = Instant::now();
    server.terminate().await;
    assert!(server.ended().await.success());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn half_a_head_is_answered_408_whichever_request_of_its_connection_it_is() {
    let server = Server::start(&["--request-timeout", "1s"]).await;
    for whole in [0, 1, 3] {
        let mut raw = Raw::dial(&server.address).await;
        for _ in 0..whole {
            let (status, head) = raw.request("GET", "/healthz", "").await;
            assert_eq!(status, 200);
            raw.body(&head).await;
        }
        raw.send(b"GET /healthz HTTP/1.1\r\nHo").await;
        assert_eq!(raw.answer().await.0, 408, "behind {whole} others");
        raw.ends().await;
    }
    // One that comes in pieces, but in time, is answered; so is the one behind it.
    let mut raw = Raw::dial(&server.address).await;
    for _ in 0..2 {
        for piece in ["GET /healthz HTTP/1.1\r\n", "Host: test\r\n", "\r\n"] {
            raw.send(piece.as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let (status, head) = raw.answer().await;
        assert_eq!(status, 200);
        raw.body(&head).await;
    }
}

#[tokio::test]
async fn a_waiter_that_leaves_is_let_go_at_once() {
    let (server, _streamer, _) = live(&[]).await;
    let mut raw = Raw::dial(&server.address).await;
    let request = format!("GET {MEDIA}?_HLS_msn=0&_HLS_part=1 HTTP/1.1\r\nHost: test\r\n\r\n");
    raw.send(request.as_bytes()).await;
    get(&server.url(MEDIA)).await;
    let left = Instant::now();
    raw.stream.shutdown().await.unwrap();
    let mut answer = String::new();
    with_timeout("the end of the connection", raw.stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(left.elapsed() < Duration::from_secs(1), "not only when the wait is over: {:?}", left.elapsed());
}

#[tokio::test]
async fn slow_downloads_hold_little_and_are_ended() {
    let server = Server::start(&["--stall-timeout", "2s", "--max-upload", "16MiB"]).await;
    let _streamer = large(&server, 8 * MEBIBYTE).await;
    let before = server.memory();
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut raw = Raw::dial(&server.address).await;
        let (status, _) = raw.request("GET", "/live/demo/main/v0/s0.m4s", "").await;
        assert_eq!(status, 200);
        slow.push(raw);
    }
    let held = server.memory().saturating_sub(before);
    assert!(held < 8 * 1024, "20 downloads of 8 MiB hold {held} KiB");
    let begun = Instant::now();
    for raw in &mut slow {
        raw.until_cut().await;
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn slow_readers_of_http2_hold_little() {
    let server = Server::start(&["--stall-timeout", "2s"]).await;
    let _streamer = large(&server, 8 * MEBIBYTE).await;
    let client = Client::builder().http2_prior_knowledge().http2_initial_stream_window_size(65_535).build().unwrap();
    let url = server.url("/live/demo/main/v0/s0.m4s");
    let before = server.memory();
    let mut slow = Vec::new();
    for _ in 0..50 {
        slow.push(with_timeout("the head", client.get(&url).send()).await.unwrap());
    }
    let held = server.memory().saturating_sub(before);
    assert!(held < 8 * 1024, "50 downloads of 8 MiB hold {held} KiB");
    // Taking nothing for this long is the very thing.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for response in slow {
        assert!(
            with_timeout("the end of the stream", response.bytes()).await.is_err(),
            "it was cancelled for taking nothing"
        );
    }
    assert_eq!(with_timeout("an answer", client.get(server.url("/healthz")).send()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_websocket_is_not_opened_over_http2() {
    let (server, _streamer, client) = live(&[]).await;
    assert_eq!(with_timeout("an answer", client.get(server.url("/ws")).send()).await.unwrap().status(), 400);
    let mut raw = Raw::dial(&server.address).await;
    assert_eq!(raw.request("GET", "/ws", HANDSHAKE).await.0, 101, "the same address takes them over HTTP/1.1");
}

#[tokio::test]
async fn a_fast_download_is_not_held_back() {
    let server = Server::start(&[]).await;
    let _streamer = large(&server, 12 * MEBIBYTE).await;
    for client in [Client::new(), Client::builder().http2_prior_knowledge().build().unwrap()] {
        let answer =
            with_timeout("the head", client.get(server.url("/live/demo/main/v0/s0.m4s")).send()).await.unwrap();
        assert_eq!(with_timeout("12 MiB", answer.bytes()).await.unwrap().len(), 12 * MEBIBYTE);
    }
}
