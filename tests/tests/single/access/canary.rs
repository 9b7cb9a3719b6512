//! A token that is looked for wherever it must not be.

use std::process::Stdio;

use roomcast_tests::client::Client;
use roomcast_tests::raw::{HANDSHAKE, Raw};
use roomcast_tests::server::{Server, program};
use roomcast_tests::token::{SECRET, signed, token};
use serde_json::json;
use tokio::process::Command;

#[tokio::test]
async fn no_token_is_found_in_logs_metrics_or_answers() {
    let mut command = Command::new(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--auth-secret", SECRET]);
    command.args(["--log", "trace,h2=info,actix_http=info,hyper=info,mio=info,polling=info"]).stdout(Stdio::null());
    let mut server = Server::run(command).await;
    let grant = json!({ "create": true, "join": true, "publish": true, "play": true });
    let good = token("ann", grant.clone());
    let bad = signed(&json!({ "alg": "HS256" }), &json!({ "sub": "ann", "room": grant }), SECRET);
    let marks: Vec<&str> = [&good, &bad].iter().flat_map(|token| token.split('.').skip(1)).collect();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut answers = String::new();
    for token in [&good, &bad] {
        for path in [
            "/auth/check",
            "/auth/play?uri=/live/@TOKEN/demo/main/playlist.m3u8",
            "/auth/play?uri=/live/@TOKEN/../demo",
            "/metrics",
            "/nowhere",
            "/live/demo/main/v0/playlist.m3u8?_HLS_msn=x",
            "/live/@TOKEN/demo/main/playlist.m3u8",
            "/live/@TOKEN/demo/main/v0/playlist.m3u8?_HLS_part=1",
            "/live/@TOKEN/demo/x",
            "/live/@TOKEN/de mo/main/playlist.m3u8",
            "/rooms/demo/ingest/main/v0?access_token=TOKEN",
            "/rooms/demo/TOKEN",
        ] {
            let url = server.url(&path.replace("TOKEN", token));
            let put = path.starts_with("/rooms");
            let request = if put { client.put(url).body("no media") } else { client.get(url) };
            answers += &request.bearer_auth(token).send().await.unwrap().text().await.unwrap();
        }
        let offered = format!("{HANDSHAKE}Sec-WebSocket-Protocol: roomcast.v1, roomcast.token.{token}\r\n");
        answers += &Raw::dial(&server.address).await.request("GET", "/ws", &offered).await.1;
    }
    let mut ann = Client::connect_with_token(&server, "ann", "p2m", &good).await;
    answers += &ann.ask_to_join(true).await.to_string();
    answers += &ann.refused("kick", "KICK", json!({ "to": "bob" })).await.to_string();
    drop(ann);
    let admin = token("root", json!({ "admin": true }));
    let metrics = client.get(server.url("/metrics")).bearer_auth(admin).send().await.unwrap();
    answers += &metrics.text().await.unwrap();
    server.terminate().await;
    server.ended().await;
    let log = server.rest_of_log().await;
    assert!(log.contains("DEBUG") || log.contains("INFO"), "{log}");
    for mark in marks {
        assert!(!log.contains(mark), "the log holds a token:\n{log}");
        assert!(!answers.contains(mark), "an answer holds a token:\n{answers}");
    }
}
