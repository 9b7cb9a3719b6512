//! Answers that come before the end of the request: they reach the client, and the connection ends soon after them.

use std::future::poll_fn;
use std::net::IpAddr;

use http::Request;
use roomcast_tests::media;
use roomcast_tests::member::{TestMember, Who};
use roomcast_tests::raw::Raw;
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Far more than the buffers of two kernels and the server hold.
const ENDLESS: usize = 64 << 20;

/// Addresses that answer a request with a body early, and their statuses.
const EARLY: [(&str, &str, u16); 12] = [
    ("PUT", "/nothing/here", 404),
    ("POST", "/nothing", 404),
    ("PUT", "/healthz", 405),
    ("POST", "/schema/limits.json", 405),
    ("POST", "/schema/nothing", 404),
    ("POST", "/ws", 405),
    ("POST", "/live/demo/main/v0/playlist.m3u8", 405),
    ("POST", "/live/demo", 404),
    ("POST", "/rooms/demo/data", 401),
    ("POST", "/rooms/a%20b/data", 400),
    ("PUT", "/rooms/demo/ingest/main", 404),
    ("PUT", "/rooms/demo/ingest/main/v0?part=1h", 400),
];

/// Sends a body without end until the connection breaks.
async fn breaks(raw: &mut Raw, name: &str) {
    let chunk = [b"8000\r\n", &[7; 0x8000][..], b"\r\n"].concat();
    let sending = async {
        let mut sent = 0;
        while raw.stream.write_all(&chunk).await.is_ok() {
            sent += chunk.len();
            assert!(sent < ENDLESS, "{name}: the server takes a body that it has refused");
        }
    };
    with_timeout("the connection to end", sending).await;
}

#[tokio::test]
async fn a_refused_body_is_not_read_on_at_any_address() {
    let server = Server::alone(&[]).await;
    let lengths = ["Transfer-Encoding: chunked", "Content-Length: 1000000000"];
    let all = EARLY.iter().flat_map(|early| lengths.map(|length| (early, length)));
    let refused = all.map(|((method, path, status), length)| {
        let address = &server.address;
        async move {
            let mut raw = Raw::dial(address).await;
            let (answered, head) = raw.request(method, path, &format!("{length}\r\n")).await;
            assert_eq!(answered, *status, "{method} {path}: {head}");
            assert!(head.to_lowercase().contains("connection: close"), "{method} {path}: {head}");
            breaks(&mut raw, path).await;
        }
    });
    futures_util::future::join_all(refused).await;
}

#[tokio::test]
async fn a_client_that_sends_much_before_it_reads_gets_its_answer() {
    let server = Server::alone(&[]).await;
    for (method, path, status) in EARLY {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut raw = Raw::dial(&server.address).await;
        // More than the server reads while it lingers, less than the kernels hold.
        raw.send(&[head.as_bytes(), b"20000\r\n", &[7; 0x20000]].concat()).await;
        assert_eq!(raw.answer().await.0, status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_is_there_whole_leaves_the_connection_open() {
    let server = Server::alone(&[]).await;
    for body in ["Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] {
        let mut raw = Raw::dial(&server.address).await;
        for _ in 0..3 {
            raw.send(format!("POST /nothing HTTP/1.1\r\nHost: test\r\n{body}").as_bytes()).await;
            let (status, head) = raw.answer().await;
            assert!(status == 404 && !head.to_lowercase().contains("connection: close"), "{head}");
            raw.body(&head).await;
        }
    }
}

#[tokio::test]
async fn http2_resets_the_stream_without_an_error_after_the_answer() {
    let server = Server::alone(&[]).await;
    let stream =
        with_timeout("a TCP connection", TcpStream::connect(&server.address)).await.expect("the server listens");
    let (client, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
    let connection = tokio::spawn(connection);
    for (method, path, status) in EARLY {
        let mut client = client.clone().ready().await.expect("the connection stays open");
        let request = Request::builder().method(method).uri(format!("http://test{path}")).body(()).expect("a request");
        let (answer, mut body) = client.send_request(request, false).expect("a stream");
        let answer = with_timeout("the answer", answer).await.expect("an answer");
        assert_eq!(answer.status(), status, "{method} {path}");
        let mut text = answer.into_body();
        while let Some(piece) = with_timeout("the answer", text.data()).await {
            let piece = piece.expect("the answer is whole");
            text.flow_control().release_capacity(piece.len()).expect("it was taken");
        }
        // The server still takes the rest of the body for a moment.
        let _ = body.send_data(vec![7; 1000].into(), false);
        let reset = with_timeout("the reset", poll_fn(|cx| body.poll_reset(cx))).await.expect("a reset");
        assert_eq!(reset, h2::Reason::NO_ERROR, "{method} {path}");
    }
    connection.abort();
}

#[tokio::test]
async fn an_upload_is_judged_by_path_and_token_before_its_body() {
    let server = Server::start(&[]).await;
    let _streamer = roomcast_tests::broadcast::Streamer::start(&server).await;
    let bearer = "Authorization: Bearer wrong\r\n";
    for (path, headers, status) in [
        ("/rooms/demo/data", "", 401),
        ("/rooms/demo/data", bearer, 401),
        ("/rooms/none/data", bearer, 404),
        ("/rooms/none/data", "", 401),
        ("/rooms/a%20b/data", bearer, 400),
    ] {
        // None of the body is sent, and what is said of it is wrong.
        let headers = format!("{headers}Content-Type: text/plain\r\nContent-Length: 99999999999\r\n");
        let mut raw = Raw::dial(server.next_address()).await;
        assert_eq!(raw.request("POST", path, &headers).await.0, status, "{path} {headers}");
    }
}

#[tokio::test]
async fn a_push_is_judged_by_its_room_before_its_body() {
    let server = Server::start(&["--max-rooms", "3"]).await;
    let mut rooms = Vec::new();
    for (room, room_type) in [("call", "p2p"), ("group", "m2m"), ("taken", "p2m")] {
        rooms.push(TestMember::create(&server, Who::new("ann", room_type).in_room(room)).await);
    }
    for (room, status) in [("call", 403), ("group", 403), ("taken", 403), ("further", 503)] {
        // Nothing of the body arrives, or it is empty.
        for body in ["Transfer-Encoding: chunked\r\n", "Content-Length: 99999999\r\n", "Content-Length: 0\r\n"] {
            let mut raw = Raw::dial(server.next_address()).await;
            let (answered, head) = raw.request("PUT", &format!("/rooms/{room}/ingest/main/v0"), body).await;
            assert_eq!(answered, status, "{room} {body}: {head}");
        }
    }
}

#[tokio::test]
async fn malformed_chunks_are_answered_and_counted() {
    let mut server = Server::alone(&["--log", "debug"]).await;
    let malformed = ["zzz\r\n", "3\r\nabc\r\nzzz\r\n", "3\r\nabcdef\r\n", "FFFFFFFFFFFFFFFFFF\r\n"];
    let push = "/rooms/demo/ingest/main/v0";
    let manifest = "/rooms/demo/ingest/main/out.mpd";
    let paths = [(push, 400), (manifest, 400), ("/rooms/demo/data", 405), ("/nothing", 404), ("/healthz", 405)];
    for (path, status) in paths {
        for (count, chunks) in malformed.iter().enumerate() {
            let mut raw = Raw::dial(&server.address).await;
            let head = format!("PUT {path} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
            // With the head, or once the handler reads.
            if count % 2 == 0 {
                raw.send(format!("{head}{chunks}").as_bytes()).await;
            } else {
                raw.send(head.as_bytes()).await;
                raw.send(chunks.as_bytes()).await;
            }
            assert_eq!(raw.answer().await.0, status, "{path} {chunks:?}");
            assert!(!raw.rest().await.contains("HTTP/1.1"), "{path} {chunks:?}: a second answer");
        }
    }
    for _ in malformed {
        server.logged("a malformed request").await;
    }
    // Those of refused bodies are counted if they were read at all.
    assert!(server.metric("roomcast_malformed_requests_total").await > 3.5);
}

#[tokio::test]
async fn a_refused_push_is_one_line_of_the_log_in_words() {
    let mut server = Server::alone(&[]).await;
    let pushes = [
        (
            "/rooms/demo/ingest/main",
            "room=\"demo\" track=\"\" status=404",
            "pushed to /rooms/ROOM/ingest/PLAYLIST/TRACK",
        ),
        ("/rooms/demo/ingest/main/v0?part=1h", "room=\"demo\" track=\"v0\" status=400", "durations must be"),
        (
            "/rooms/a%0Ab%20status%3D200/ingest/main/v0",
            r#"room="a\nb status=200" track="v0" status=404"#,
            "cannot have this name",
        ),
        ("/rooms/demo/ingest/main/Streams(v1)", "room=\"demo\" track=\"v1\" status=415", "not fragmented MP4"),
    ];
    for (host, (path, names, reason)) in (1..).zip(pushes) {
        // A line a second and address, so each of them comes from its own.
        push_from(host, &server.url(path)).await;
        let line = server.logged(names).await;
        assert!(line.contains("WARN") && line.contains(reason), "{line}");
        assert!(!line.contains("Stop(") && !line.contains("Fault("), "{line}");
    }
    for _ in 0..40 {
        push_from(99, &server.url("/rooms/demo/ingest/main/v0?part=1h")).await;
    }
    server.terminate().await;
    server.ended().await;
    let rest = server.rest_of_log().await;
    assert!((1..20).contains(&rest.matches("push refused").count()), "a line a second: {rest}");
}

/// Pushes something that is refused, from an address of its own.
async fn push_from(host: u8, url: &str) {
    let client = reqwest::Client::builder().local_address(IpAddr::from([127, 0, 0, host])).build().expect("a client");
    let answer = with_timeout("an answer", client.put(url).body("no media").send()).await.expect("an answer");
    assert!(answer.status().is_client_error());
}

#[tokio::test]
async fn malformed_requests_are_counted_and_no_error_of_the_server() {
    let mut server = Server::alone(&["--log", "debug"]).await;
    let series = "roomcast_malformed_requests_total";
    assert!(server.metric(series).await.abs() < 0.5);
    let malformed = [
        "GARBAGE\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot a frame of HTTP/2 at all",
    ];
    for request in malformed {
        let mut raw = Raw::dial(&server.address).await;
        raw.send(request.as_bytes()).await;
        raw.drain().await;
        server.logged("a malformed request").await;
    }
    assert!((server.metric(series).await - 4.0).abs() < 0.5);
    server.terminate().await;
    server.ended().await;
    assert!(!server.rest_of_log().await.contains("ERROR"));
}

#[tokio::test]
async fn a_track_is_named_as_in_the_dash_if_protocol() {
    let server = Server::alone(&["--ingest-end-wait", "0s"]).await;
    let put = |path: &str| reqwest::Client::new().put(server.url(path)).body(media::bytes("v"));
    for (path, listed) in [
        ("/rooms/one/ingest/main/Streams(v0)", "/live/one/main/v0/playlist.m3u8"),
        ("/rooms/two/ingest/main/Streams%28video.cmfv%29", "/live/two/main/video.cmfv/playlist.m3u8"),
        ("/rooms/three/ingest/main/Switching(video)/Streams(v0)", "/live/three/main/v0/playlist.m3u8"),
    ] {
        assert_eq!(with_timeout("an answer", put(path).send()).await.expect("an answer").status(), 200, "{path}");
        assert!(server.text(listed).await.contains("#EXTINF"), "{path}");
    }
}
