//! Tests of the delivery of playlists and media: compressed, in ranges, with ages for caches, to pages of other
//! origins.

use std::io::Read as _;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use roomcast_tests::broadcast::{Streamer, part_bytes};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;

const MULTIVARIANT: &str = "/live/demo/main/playlist.m3u8";
const MEDIA: &str = "/live/demo/main/v0/playlist.m3u8";
const PART: &str = "/live/demo/main/v0/p0.m4s";

/// A server with a stream of some segments, the last of them open with one part.
async fn live(flags: &[&str], segments: u64) -> (Server, Streamer) {
    let server = Server::start(flags).await;
    let streamer = streamed(&server, segments).await;
    (server, streamer)
}

async fn streamed(server: &Server, segments: u64) -> Streamer {
    let streamer = Streamer::start(server).await;
    assert_eq!(streamer.variant().await.0, 200);
    for sequence in 0..segments {
        assert_eq!(streamer.part(sequence, 0).await.0, 200);
        assert_eq!(streamer.part(sequence, 1).await.0, 200);
    }
    assert_eq!(streamer.part(segments, 0).await.0, 200);
    streamer
}

async fn ask(server: &Server, method: Method, path: &str, headers: &[(&'static str, &str)]) -> Response {
    let given = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("text in ASCII")));
    let request = Client::new().request(method, server.url(path)).headers(given.collect::<HeaderMap>());
    with_timeout("an answer", request.send()).await.expect("the server answers")
}

async fn get(server: &Server, path: &str, headers: &[(&'static str, &str)]) -> Response {
    ask(server, Method::GET, path, headers).await
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().expect("text in ASCII"))
}

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).expect("gzip");
    text
}

#[tokio::test]
async fn playlists_come_in_gzip_to_those_who_take_it_and_only_to_them() {
    let (server, _streamer) = live(&[], 20).await;
    for path in [MULTIVARIANT, MEDIA, &format!("{MEDIA}?_HLS_skip=YES"), &format!("{MEDIA}?_HLS_msn=3")] {
        let plain = get(&server, path, &[]).await;
        assert_eq!(
            (header(&plain, "content-encoding"), header(&plain, "vary")),
            (None, Some("Accept-Encoding")),
            "{path}"
        );
        assert_eq!(header(&plain, "content-type"), Some("application/vnd.apple.mpegurl"), "{path}");
        let plain = plain.text().await.unwrap();
        assert_eq!(plain.contains("#EXT-X-SKIP"), path.contains("skip"), "{path}");
        for takes in ["gzip", "br, gzip;q=0.1, *;q=0"] {
            let zipped = get(&server, path, &[("accept-encoding", takes)]).await;
            let said = (header(&zipped, "content-encoding"), header(&zipped, "vary"));
            assert_eq!(said, (Some("gzip"), Some("Accept-Encoding")), "{path}");
            let length = header(&zipped, "content-length").map(str::to_owned);
            let bytes = zipped.bytes().await.unwrap();
            assert_eq!(length, Some(bytes.len().to_string()));
            assert_eq!(unzipped(&bytes), plain, "{path}");
            let head = ask(&server, Method::HEAD, path, &[("accept-encoding", takes)]).await;
            assert_eq!(header(&head, "content-length").map(str::to_owned), length, "{path}");
        }
        let refused = get(&server, path, &[("accept-encoding", "gzip;q=0, br")]).await;
        assert_eq!(refused.text().await.unwrap(), plain, "{path}");
    }
    let part = get(&server, "/live/demo/main/v0/p40.m4s", &[("accept-encoding", "gzip")]).await;
    assert_eq!((header(&part, "content-encoding"), header(&part, "vary")), (None, None));
    assert_eq!(part.bytes().await.unwrap(), part_bytes(20, 0));
}

#[tokio::test]
async fn who_waits_gets_gzip_too_and_the_same_as_all_others() {
    let (server, streamer) = live(&[], 20).await;
    let path = format!("{MEDIA}?_HLS_msn=20&_HLS_part=1&_HLS_skip=YES");
    let server = std::sync::Arc::new(server);
    let ask = |takes: &'static str| {
        let (server, path) = (std::sync::Arc::clone(&server), path.clone());
        tokio::spawn(async move { get(&server, &path, &[("accept-encoding", takes)]).await.bytes().await.unwrap() })
    };
    let (zipped, again, plain) = (ask("gzip"), ask("gzip"), ask("identity"));
    // Answered behind the three above, on connections that were opened later.
    get(&server, MEDIA, &[]).await;
    assert!(!zipped.is_finished() && !plain.is_finished());
    streamer.part(20, 1).await;
    let (zipped, again, plain) = (zipped.await.unwrap(), again.await.unwrap(), plain.await.unwrap());
    assert_eq!(zipped, again);
    assert_eq!(unzipped(&zipped).into_bytes(), plain);
    let late = get(&server, &path, &[("accept-encoding", "gzip")]).await.bytes().await.unwrap();
    assert_eq!(late, zipped, "the same request is the same answer, before and after");
}

#[tokio::test]
async fn media_comes_in_ranges() {
    let (server, _streamer) = live(&[], 1).await;
    let whole = part_bytes(0, 0);
    let length = whole.len();
    let first = get(&server, PART, &[]).await;
    assert_eq!((first.status().as_u16(), header(&first, "accept-ranges")), (200, Some("bytes")));
    let tag = header(&first, "etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"'), "{tag} is strong");
    for (range, from, to) in [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=7-", 7, length - 1),
        ("bytes=-4", length - 4, length - 1),
        ("bytes=3-99999", 3, length - 1),
    ] {
        let response = get(&server, PART, &[("range", range)]).await;
        assert_eq!(response.status(), 206, "{range}");
        assert_eq!(header(&response, "content-range"), Some(format!("bytes {from}-{to}/{length}").as_str()));
        assert_eq!((header(&response, "content-type"), header(&response, "etag")), (Some("video/mp4"), Some(&*tag)));
        assert_eq!(response.bytes().await.unwrap(), whole[from..=to], "{range}");
    }
    let beyond = get(&server, PART, &[("range", &format!("bytes={length}-"))]).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(header(&beyond, "content-range"), Some(format!("bytes */{length}").as_str()));
    for range in ["bytes=0-1,4-5", "bytes=9-1", "lines=1-2"] {
        let response = get(&server, PART, &[("range", range)]).await;
        assert_eq!(response.status(), 200, "{range}");
        assert_eq!(response.bytes().await.unwrap(), whole, "{range}");
    }
    for (given, status) in [(&*tag, 206), ("\"other\"", 200), ("Sun, 22 Nov 2026 21:00:00 GMT", 200)] {
        let response = get(&server, PART, &[("range", "bytes=0-0"), ("if-range", given)]).await;
        assert_eq!(response.status(), status, "{given}");
    }
}

#[tokio::test]
async fn who_has_an_object_is_not_sent_it_again() {
    let (server, _streamer) = live(&[], 1).await;
    let head = ask(&server, Method::HEAD, PART, &[]).await;
    assert_eq!(header(&head, "content-length"), Some(part_bytes(0, 0).len().to_string().as_str()));
    let tag = header(&head, "etag").expect("a tag").to_owned();
    let known = get(&server, PART, &[("if-none-match", &format!("\"x\", W/{tag}"))]).await;
    assert_eq!((known.status().as_u16(), header(&known, "etag")), (304, Some(&*tag)));
    assert_eq!(header(&known, "cache-control"), Some("max-age=6"));
    let other = get(&server, "/live/demo/main/v0/p1.m4s", &[("if-none-match", &tag)]).await;
    assert_eq!(other.status(), 200, "other bytes have another tag");
    assert_ne!(header(&other, "etag"), Some(&*tag));
}

#[tokio::test]
async fn caches_are_told_how_long_an_answer_is_good() {
    let (server, streamer) = live(&["--room-linger", "1s"], 3).await;
    let missing = "/live/demo/main/v0/missing.m4s";
    let nowhere = "/live/demo/main/v9/playlist.m3u8";
    for (path, status, age) in [
        (MEDIA.to_owned(), 200, "max-age=1"),
        (format!("{MEDIA}?_HLS_msn=2"), 200, "max-age=6"),
        (format!("{MEDIA}?_HLS_msn=2&_HLS_part=1&_HLS_skip=YES"), 200, "max-age=6"),
        (MULTIVARIANT.to_owned(), 200, "max-age=1"),
        (PART.to_owned(), 200, "max-age=6"),
        (missing.to_owned(), 404, "max-age=1"),
        (nowhere.to_owned(), 404, "max-age=1"),
        (format!("{nowhere}?_HLS_msn=2"), 404, "max-age=4"),
        (format!("{MEDIA}?_HLS_msn=99"), 400, "no-store"),
        (format!("{MEDIA}?_HLS_msn=x"), 400, "no-store"),
        (format!("{MEDIA}?_HLS_part=1"), 400, "no-store"),
        (format!("{MEDIA}?_HLS_msn=3&_HLS_part=1"), 503, "no-store"),
    ] {
        let response = get(&server, &path, &[]).await;
        assert_eq!((response.status().as_u16(), header(&response, "cache-control")), (status, Some(age)), "{path}");
    }
    streamer.end().await;
    for path in [MEDIA, &format!("{MEDIA}?_HLS_msn=2")] {
        let ended = get(&server, path, &[]).await;
        assert_eq!(header(&ended, "cache-control"), Some("max-age=1"), "another broadcast may follow: {path}");
    }
}

#[tokio::test]
async fn pages_of_all_origins_may_read_errors_included() {
    let (server, _streamer) = live(&[], 1).await;
    let paths = [
        (MEDIA, 200),
        (PART, 200),
        ("/live/demo/main/v0/none.m4s", 404),
        ("/live/demo/main/v9/playlist.m3u8", 404),
        ("/live/demo/main/v0/playlist.m3u8?_HLS_part=1", 400),
    ];
    for (path, status) in paths {
        for origin in [None, Some(("origin", "https://page.example"))] {
            let response = get(&server, path, origin.as_slice()).await;
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(header(&response, "access-control-allow-origin"), Some("*"), "{path}");
            let exposed = header(&response, "access-control-expose-headers").expect("exposed headers");
            for name in ["Content-Length", "Content-Range", "ETag", "Date", "Age"] {
                assert!(exposed.split(", ").any(|exposed| exposed == name), "{name} in {exposed}");
            }
        }
    }
    let asked = [
        ("origin", "https://page.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "range"),
    ];
    for path in [MEDIA, PART, "/rooms/demo/data"] {
        let preflight = ask(&server, Method::OPTIONS, path, &asked).await;
        assert_eq!(preflight.status(), 204, "{path}");
        assert_eq!(header(&preflight, "access-control-allow-origin"), Some("*"), "{path}");
        assert!(header(&preflight, "access-control-allow-headers").unwrap().contains("Range"), "{path}");
        assert!(header(&preflight, "access-control-max-age").is_some(), "{path}");
    }
    let other = ask(&server, Method::DELETE, MEDIA, &[]).await;
    assert_eq!((other.status().as_u16(), header(&other, "allow")), (405, Some("GET, HEAD, OPTIONS")));
}

#[tokio::test]
async fn only_pages_of_the_named_origins_may_read() {
    let flags = ["--cors-origin", "https://a.example,https://b.example"];
    let (server, _streamer) = live(&flags, 1).await;
    for path in [MEDIA, PART, "/live/demo/main/v0/none.m4s", "/rooms/demo/data"] {
        let method = if path.ends_with("data") { Method::POST } else { Method::GET };
        let known = ask(&server, method.clone(), path, &[("origin", "https://b.example")]).await;
        assert_eq!(header(&known, "access-control-allow-origin"), Some("https://b.example"), "{path}");
        let other = ask(&server, method, path, &[("origin", "https://c.example")]).await;
        assert_eq!(header(&other, "access-control-allow-origin"), None, "{path}");
        for response in [known, other] {
            let vary: Vec<_> = response.headers().get_all("vary").iter().collect();
            assert!(vary.iter().any(|vary| *vary == "Origin"), "{path}: a cache keeps them apart");
        }
    }
}

#[tokio::test]
async fn only_whole_addresses_lead_anywhere() {
    let (server, _streamer) = live(&[], 1).await;
    for path in ["/live/demo/main/v0/%70layli%73t.m3u8", "/%6cive/demo/main/v0/playlist.m3u8", MULTIVARIANT] {
        assert_eq!(get(&server, path, &[]).await.status(), 200, "{path}");
    }
    for path in
        ["/live", "/live/", "/live/demo/main", "/live/demo/main/v0/", "/live/demo//v0/p0.m4s", "/lives/demo/x/y"]
    {
        let response = get(&server, path, &[]).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "content-type").map(|of| of.starts_with("text/plain"))),
            (404, Some(true)),
            "{path}"
        );
    }
    let bad = get(&server, "/live/de%2Fmo/main/v0/p0.m4s", &[]).await;
    assert_eq!(bad.status(), 400, "a name with a slash is no id");
}

#[tokio::test]
async fn the_page_comes_in_gzip_and_only_when_it_is_new() {
    let server = Server::start(&[]).await;
    let plain = get(&server, "/watch/demo", &[]).await;
    assert_eq!((header(&plain, "content-encoding"), header(&plain, "vary")), (None, Some("Accept-Encoding")));
    let tag = header(&plain, "etag").expect("a tag").to_owned();
    let plain = plain.text().await.unwrap();
    let zipped = get(&server, "/call/demo", &[("accept-encoding", "gzip")]).await;
    assert_eq!((header(&zipped, "content-encoding"), header(&zipped, "etag")), (Some("gzip"), Some(&*tag)));
    assert_eq!(unzipped(&zipped.bytes().await.unwrap()), plain);
    let known = get(&server, "/call/demo", &[("if-none-match", &tag)]).await;
    assert_eq!((known.status().as_u16(), header(&known, "cache-control")), (304, Some("no-cache")));
    let start = get(&server, "/", &[("if-none-match", &tag)]).await;
    assert_eq!(start.status(), 200, "at another depth the document has another base");
    assert_eq!(get(&server, "/assets/none.js", &[]).await.status(), 404);
}

#[tokio::test]
async fn rooms_do_not_answer_for_each_other() {
    let (server, _streamer) = live(&[], 1).await;
    for path in [
        "/live/other/main/v0/playlist.m3u8",
        "/live/other/main/v0/p0.m4s",
        "/live/other/main/playlist.m3u8",
        "/live/demo/other/v0/p0.m4s",
        "/live/demo/main/other/p0.m4s",
    ] {
        let response = get(&server, path, &[]).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.json::<serde_json::Value>().await.unwrap()["c"], 4005, "{path}");
    }
}

#[tokio::test]
async fn a_drain_answers_all_who_wait_at_once() {
    // With several nodes the others would go on.
    let mut server = Server::alone(&[]).await;
    let _streamer = streamed(&server, 3).await;
    let urls = [server.url(&format!("{MEDIA}?_HLS_msn=3&_HLS_part=1")), server.url("/live/demo/main/v0/p7.m4s")];
    // Over connections that are open already: one that waits to be accepted is cut by the drain.
    let mut waiting = Vec::new();
    for url in urls {
        let (client, media) = (reqwest::Client::new(), server.url(MEDIA));
        with_timeout("the playlist", client.get(media).send()).await.unwrap().bytes().await.unwrap();
        waiting.push(tokio::spawn(async move { client.get(url).send().await.unwrap() }));
    }
    for _ in 0..3 {
        get(&server, MEDIA, &[]).await;
    }
    assert!(waiting.iter().all(|waiter| !waiter.is_finished()));
    let asked = std::time::Instant::now();
    server.terminate().await;
    for waiter in waiting {
        let answer = with_timeout("the answer", waiter).await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "cache-control")), (503, Some("no-store")));
    }
    assert!(asked.elapsed() < std::time::Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(server.ended().await.success());
}
