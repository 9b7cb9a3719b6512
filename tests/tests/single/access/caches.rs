//! Caches in front: what their secret opens, and what they are told of viewers.

use reqwest::Method;
use roomcast_tests::broadcast::get;
use roomcast_tests::media;
use roomcast_tests::raw::{HANDSHAKE, Raw};
use roomcast_tests::server::Server;
use roomcast_tests::token::{SECRET, now, token, with_claims};
use serde_json::{Value, json};

use super::closed;

const CDN: &str = "cdn-0123456789abcdef0123456789abcdef";
const OTHER: &str = "cdn-fedcba9876543210fedcba9876543210";
const LIST: &str = "/demo/main/playlist.m3u8";

async fn status(server: &Server, method: &str, path: &str, bearer: &str) -> u16 {
    let method = Method::from_bytes(method.as_bytes()).expect("it is a method");
    let request = reqwest::Client::new().request(method, server.url(path)).bearer_auth(bearer);
    request.send().await.expect("the server answers").status().as_u16()
}

#[tokio::test]
async fn the_secret_of_a_cdn_opens_plain_paths_of_playlists_and_media_and_nothing_else() {
    let path = std::env::temp_dir().join(format!("roomcast-cdn-{}", uuid::Uuid::new_v4()));
    std::fs::write(&path, CDN).unwrap();
    let flags = ["--auth-secret", SECRET, "--cdn-secret", &format!("file:{}", path.display())];
    let mut server = Server::alone(&flags).await;
    let streamer = token("streamer", json!({ "id": "demo", "publish": true }));
    let push = reqwest::Client::new().put(server.url("/rooms/demo/ingest/main/v0")).bearer_auth(&streamer);
    assert_eq!(push.body(std::fs::read(media::clip()).unwrap()).send().await.unwrap().status(), 200);
    let plain = format!("/live{LIST}");
    for (what, method, path, bearer, expected) in [
        ("a playlist", "GET", plain.clone(), CDN, 200),
        ("the head of one", "HEAD", plain.clone(), CDN, 200),
        ("a room that is not there", "GET", "/live/nobody/main/playlist.m3u8".into(), CDN, 404),
        ("another secret", "GET", plain.clone(), OTHER, 401),
        ("the beginning of it", "GET", plain.clone(), &CDN[..CDN.len() - 1], 401),
        ("the key of the tokens", "GET", plain.clone(), SECRET, 401),
        ("a path with a token", "GET", format!("/live/@x{LIST}"), CDN, 401),
        ("the secret in the path", "GET", format!("/live/@{CDN}{LIST}"), "", 401),
        ("the secret in the query", "GET", format!("{plain}?access_token={CDN}"), "", 401),
        ("a push", "PUT", "/rooms/demo/ingest/main/v0".into(), CDN, 401),
        ("an upload", "POST", "/rooms/demo/data".into(), CDN, 401),
        ("metrics", "GET", "/metrics".into(), CDN, 401),
        ("a check", "GET", "/auth/check".into(), CDN, 401),
        ("a question", "GET", format!("/auth/play?uri={plain}"), CDN, 401),
    ] {
        assert_eq!(status(&server, method, &path, bearer).await, expected, "{what}");
    }
    let handshake = format!("{HANDSHAKE}Authorization: Bearer {CDN}\r\n");
    assert_eq!(Raw::dial(&server.address).await.request("GET", "/ws", &handshake).await.0, 401);
    std::fs::write(&path, OTHER).unwrap();
    server.signal("-HUP").await;
    server.logged("the secrets of the CDN were read again").await;
    let both = (status(&server, "GET", &plain, CDN).await, status(&server, "GET", &plain, OTHER).await);
    assert_eq!(both, (401, 200));
    std::fs::remove_file(&path).unwrap();
}

/// Asks with an original address in the header, and with another header.
async fn asked(server: &Server, original: &str, header: (&str, &str)) -> (u16, String, String) {
    let request = reqwest::Client::new().get(server.url("/auth/play")).header("x-original-uri", original);
    let answer = request.header(header.0, header.1).send().await.expect("the server answers");
    let head =
        |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().expect("it is ASCII")).to_owned();
    (answer.status().as_u16(), head("cache-control"), head("www-authenticate"))
}

#[tokio::test]
async fn a_proxy_is_told_whether_it_may_serve_what_it_was_asked_for() {
    let server = closed(&[]).await;
    let good = token("viewer", json!({ "id": "demo", "play": true }));
    let none = ("x-nothing", "");
    for (what, original, header, expected) in [
        ("in the path", format!("/live/@{good}{LIST}"), none, 204),
        ("percent-coded", format!("/live/%40{good}/%64emo/main/v0/x.m4s?_HLS_msn=1"), none, 204),
        ("as bearer", format!("/live{LIST}"), ("authorization", &*format!("Bearer {good}")), 204),
        ("in the query", format!("/live{LIST}?access_token={good}"), none, 204),
        ("the path wins", format!("/live/@x{LIST}"), ("authorization", &*format!("Bearer {good}")), 401),
        ("nowhere", format!("/live{LIST}"), none, 401),
        ("another room", format!("/live/@{good}/other/main/playlist.m3u8"), none, 403),
        ("another room, percent-coded", format!("/live/@{good}/%6fther/main/playlist.m3u8"), none, 403),
        ("dots", format!("/live/@{good}/demo/../other/playlist.m3u8"), none, 403),
        ("double encoding", format!("/live/@{good}/%2564emo/main/playlist.m3u8"), none, 403),
        ("not below /live", "/metrics".into(), ("authorization", &*format!("Bearer {good}")), 403),
        ("two addresses", format!("/live/@{good}{LIST}"), ("x-original-uri", "/live/other/main/playlist.m3u8"), 403),
    ] {
        let (status, age, challenge) = asked(&server, &original, header).await;
        assert_eq!(status, expected, "{what}");
        match status {
            204 => {
                let rest = age.strip_prefix("private, max-age=").and_then(|rest| rest.parse::<u64>().ok());
                assert!(rest.is_some_and(|rest| (590..=600).contains(&rest)), "{what}: {age}");
            }
            _ => assert!(age == "no-store" && challenge.starts_with("Bearer "), "{what}: {age}; {challenge}"),
        }
    }
    let claims = json!({ "sub": "ann", "iat": now() - 60, "exp": now() - 10, "room": { "play": true } });
    let (status, age, _) = asked(&server, &format!("/live/@{}{LIST}", with_claims(claims)), none).await;
    assert_eq!((status, &*age), (204, "private, max-age=0"), "within the leeway");
    let claims = json!({ "sub": "ann", "iat": now() - 60, "exp": now() - 40, "room": { "play": true } });
    assert_eq!(asked(&server, &format!("/live/@{}{LIST}", with_claims(claims)), none).await.0, 401);
    let question = server.url(&format!("/auth/play?uri=%2Flive%2F@{good}%2Fdemo%2Fmain%2Fplaylist.m3u8%3Fa%26b"));
    assert_eq!(get(&question).await.status(), 204);
    let body: Value = get(&server.url("/auth/play")).await.json().await.unwrap();
    assert_eq!((&body["c"], &body["b"]["reason"]), (&json!(4051), &json!("not_granted")));
    assert_eq!(get(&Server::start(&[]).await.url("/auth/play")).await.status(), 204, "an open server");
}
