//! Encoders and players with tokens.

use std::process::Stdio;

use reqwest::StatusCode;
use roomcast_tests::media;
use roomcast_tests::raw::Raw;
use roomcast_tests::server::Server;
use roomcast_tests::token::token;
use roomcast_tests::with_timeout;
use serde_json::{Value, json};
use tokio::process::Command;

use super::closed;

const PATH: &str = "/rooms/demo/ingest/main/v0";

async fn pushed(server: &Server, path: &str, token: Option<&str>) -> (StatusCode, Value) {
    let mut request =
        reqwest::Client::new().put(server.url(path)).body(std::fs::read(media::clip()).expect("it was made"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.expect("the server answers");
    (answer.status(), answer.json().await.expect("it is JSON"))
}

async fn status(server: &Server, path: &str) -> u16 {
    reqwest::get(server.url(path)).await.expect("the server answers").status().as_u16()
}

#[tokio::test]
async fn an_encoder_needs_publish_alone_and_a_player_play() {
    let server = closed(&[]).await;
    let streamer = token("streamer", json!({ "id": "demo", "publish": true }));
    let viewer = token("viewer", json!({ "id": "demo", "play": true }));
    let (answered, body) = pushed(&server, PATH, Some(&viewer)).await;
    assert_eq!((answered.as_u16(), &body["c"], &body["b"]["reason"]), (403, &json!(4051), &json!("not_granted")));
    assert_eq!(pushed(&server, PATH, Some(&streamer)).await.0, 200);
    let list = "/demo/main/playlist.m3u8";
    let text = reqwest::get(server.url(&format!("/live/@{viewer}{list}"))).await.unwrap().text().await.unwrap();
    let track = text.lines().find(|line| line.ends_with("/playlist.m3u8")).unwrap_or_else(|| panic!("{text}"));
    assert!(!text.contains('@') && !track.starts_with('/'), "addresses are relative: {text}");
    let track = format!("/live/@{viewer}/demo/main/{track}");
    let text = reqwest::get(server.url(&track)).await.unwrap().text().await.unwrap();
    let media =
        text.lines().rfind(|line| line.ends_with(".m4s") && !line.starts_with('#')).unwrap_or_else(|| panic!("{text}"));
    let media = track.replace("playlist.m3u8", media);
    assert_eq!(status(&server, &media).await, 200);
    // The same bytes for nobody else.
    let plain = media.replace(&format!("@{viewer}/"), "");
    assert_eq!(status(&server, &plain).await, 401);
    for (name, grant) in [
        ("another room", json!({ "id": "other", "play": true })),
        ("a room of the same beginning", json!({ "id": "dem", "play": true })),
        ("no play", json!({ "id": "demo", "publish": true })),
    ] {
        let path = media.replace(&viewer, &token("viewer", grant));
        assert_eq!(status(&server, &path).await, 403, "{name}");
    }
    // Percent-coded names are names all the same.
    let other = token("viewer", json!({ "id": "dfmo", "play": true }));
    for coded in ["d%65mo", "%64emo", "demo%2F..%2Fdemo"] {
        let path = media.replace(&viewer, &other).replace("/demo/", &format!("/{coded}/"));
        assert!([403, 400, 404].contains(&status(&server, &path).await), "{coded}");
    }
    assert_eq!(status(&server, &media.replace("/demo/", "/d%65mo/")).await, 200);
    // Where an address takes a parameter, it leads to the one with the token in the path.
    let asked = server.url(&format!("/live{list}?access_token={viewer}"));
    let followed = reqwest::get(asked).await.unwrap();
    assert!(followed.url().path().starts_with(&format!("/live/@{viewer}/demo/main/")), "{}", followed.url());
    assert_eq!(followed.status(), 200);
    assert_eq!(status(&server, &format!("{plain}?access_token={viewer}")).await, 401, "only there");
}

#[tokio::test]
async fn another_subject_cannot_push_into_a_broadcast_on_air() {
    let server = closed(&["--ingest-linger", "30s"]).await;
    let grant = json!({ "id": "demo", "publish": true });
    let (first, second) = (token("first", grant.clone()), token("second", grant));
    // Half of a body, which is not over.
    let clip = std::fs::read(media::clip()).unwrap();
    let mut open = Raw::dial(&server.address).await;
    let head = format!(
        "PUT {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {first}\r\nContent-Length: {}\r\n\r\n",
        clip.len()
    );
    open.send(&[head.as_bytes(), &clip[..clip.len() / 2]].concat()).await;
    let viewer = token("viewer", json!({ "play": true }));
    let list = format!("/live/@{viewer}/demo/main/playlist.m3u8");
    let on_air = async {
        while status(&server, &list).await != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    with_timeout("the broadcast", on_air).await;
    let (answered, body) = pushed(&server, "/rooms/demo/ingest/main/v1", Some(&second)).await;
    assert_eq!((answered.as_u16(), &body["c"]), (403, &json!(4051)), "{body}");
}

#[tokio::test]
async fn a_refused_push_costs_no_body() {
    let server = closed(&[]).await;
    let mut raw = Raw::dial(&server.address).await;
    let (status, head) = raw.request("PUT", PATH, "Content-Length: 1000000000\r\n").await;
    assert_eq!(status, 401);
    let head = head.to_lowercase();
    assert!(
        head.contains("www-authenticate: bearer ") && head.contains("www-authenticate: basic realm=\"roomcast\""),
        "{head}"
    );
    // And a client that asks first is told so in place of `100 Continue`.
    let mut raw = Raw::dial(&server.address).await;
    let expects = "Content-Length: 1000000000\r\nExpect: 100-continue\r\n";
    assert_eq!(raw.request("PUT", PATH, expects).await.0, 401);
    // Anywhere else no browser opens a box for a password.
    let (_, head) = Raw::dial(&server.address).await.request("GET", "/live/demo/main/playlist.m3u8", "").await;
    assert!(!head.to_lowercase().contains("basic"), "{head}");
}

/// Pushes with ffmpeg and reads the broadcast with ffprobe.
#[tokio::test]
async fn ffmpeg_brings_its_token_in_three_ways() {
    let server = closed(&[]).await;
    for (room, way) in [("password", 0), ("header", 1), ("parameter", 2)] {
        let token = token("ann", json!({ "id": room, "publish": true, "play": true }));
        let path = format!("/rooms/{room}/ingest/main/v0");
        let header = format!("Authorization: Bearer {token}\r\n");
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-i"]).arg(media::clip()).args(["-c", "copy"]).args(media::FRAGMENTED);
        ffmpeg.args(["-method", "PUT"]);
        match way {
            0 => ffmpeg.arg(server.url(&path).replace("http://", &format!("http://any:{token}@"))),
            1 => ffmpeg.args(["-headers", &header]).arg(server.url(&path)),
            _ => ffmpeg.arg(server.url(&format!("{path}?access_token={token}"))),
        };
        let ended = with_timeout("ffmpeg", ffmpeg.stdin(Stdio::null()).kill_on_drop(true).output()).await.unwrap();
        assert!(ended.status.success(), "{room}: {}", String::from_utf8_lossy(&ended.stderr));
        let mut ffprobe = Command::new("ffprobe");
        // The end of the broadcast may be told only later.
        ffprobe.args(["-live_start_index", "0"]);
        ffprobe.args([
            "-v",
            "error",
            "-count_frames",
            "-select_streams",
            "v:0",
            "-show_entries",
            "stream=nb_read_frames",
        ]);
        ffprobe.args(["-of", "csv=p=0"]).arg(server.url(&format!("/live/@{token}/{room}/main/playlist.m3u8")));
        let read = with_timeout("ffprobe", ffprobe.kill_on_drop(true).output()).await.unwrap();
        let frames = String::from_utf8_lossy(&read.stdout);
        assert!(frames.lines().next().is_some_and(|line| line.trim_matches(',') == "180"), "{room}: {frames}");
    }
}
