//! Tests of the memory of an idle connection: connections that wait in thousands have to be small.

use roomcast_tests::broadcast::Streamer;
use roomcast_tests::raw::Raw;
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Connections before the first measurement, which pay for what is there once.
const FIRST: usize = 100;
const MEASURED: usize = 400;
const MEDIA: &str = "/live/demo/main/v0/playlist.m3u8";

fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: live.example\r\nUser-Agent: a player\r\nAccept: */*\r\n\
         Accept-Encoding: identity\r\nOrigin: https://page.example\r\nReferer: https://page.example/\r\n\r\n"
    )
}

async fn asked(peer: &mut Raw, requests: String) {
    with_timeout("a request to go out", peer.stream.write_all(requests.as_bytes())).await.expect("the server listens");
}

/// Reads until an answer ends so.
async fn heard(peer: &mut Raw, end: &str) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        let read = with_timeout("an answer", peer.stream.read_buf(&mut bytes)).await.expect("an answer");
        assert!(read > 0, "{}", String::from_utf8_lossy(&bytes));
    }
    assert!(bytes.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&bytes));
}

#[tokio::test]
async fn idle_connections_and_waiting_viewers_are_small() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    // The target duration is so long that no wait ends by itself.
    let variant = json!({"playlist": {"id": "main"}, "variant": {"id": "v0", "codecs": "avc1.42e01e,mp4a.40.2",
        "bandwidth": 800_000, "targetDuration": 6, "targetPartDuration": 0.5, "resolution": "640x360", "frameRate": 30},
        "segment": {"map": {"id": "init.mp4", "data": "aW5pdA=="}}});
    assert_eq!(streamer.upload("updateVariant", 4, variant).await.0, 200);
    for (sequence, index) in [(0, 0), (0, 1), (1, 0)] {
        assert_eq!(streamer.part(sequence, index).await.0, 200);
    }
    let mut peers = Vec::new();
    let mut memory = Vec::new();
    for count in [FIRST, MEASURED] {
        for _ in 0..count {
            let mut peer = Raw::dial(&server.address).await;
            asked(&mut peer, request("/healthz")).await;
            heard(&mut peer, "ok\n").await;
            peers.push(peer);
        }
        memory.push(server.memory());
    }
    let (warm, measured) = peers.split_at_mut(FIRST);
    for group in [warm, measured] {
        for peer in group {
            // Once the first answer is here, the second request is being handled.
            let next = request(&format!("{MEDIA}?_HLS_msn=1&_HLS_part=1"));
            asked(peer, request("/healthz") + &next).await;
            heard(peer, "ok\n").await;
        }
        memory.push(server.memory());
    }
    for peer in &peers {
        let early = peer.stream.try_read(&mut [0]);
        assert!(early.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "a viewer did not wait");
    }
    let each = |from: usize| (memory[from + 1].saturating_sub(memory[from]) * 1024) / MEASURED;
    let (idle, waiting) = (each(0), each(2));
    assert!(idle < 14 * 1024, "{idle} bytes for an idle connection: {memory:?} KiB");
    assert!(waiting < 6 * 1024, "{waiting} bytes more for a viewer who waits: {memory:?} KiB");
    println!("{idle} bytes for an idle connection, {waiting} more for a viewer who waits");
    assert_eq!(streamer.part(1, 1).await.0, 200);
    for peer in &mut peers {
        heard(peer, "\n").await;
    }
}
