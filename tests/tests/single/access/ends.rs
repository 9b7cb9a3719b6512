//! The end of a token.

use std::time::{Duration, Instant};

use roomcast_tests::broadcast::{Encoding, Streamer};
use roomcast_tests::client::Client;
use roomcast_tests::raw::Raw;
use roomcast_tests::server::Server;
use roomcast_tests::token::{SECRET, now, token, with_claims};
use serde_json::json;

#[tokio::test]
async fn a_connection_outlives_its_token_by_the_grace_and_its_member_stays() {
    let server = Server::start(&["--auth-secret", SECRET, "--auth-grace", "1s", "--auth-leeway", "1s"]).await;
    let grant = json!({ "create": true, "join": true, "publish": true });
    let lasting = |seconds: u64| {
        with_claims(json!({ "sub": "ann", "iat": now(), "exp": now() + seconds, "room": grant.clone() }))
    };
    let begun = Instant::now();
    let mut ann = Client::connect_with_token(&server, "ann", "p2m", &lasting(3)).await;
    let ack = ann.ask_to_join(true).await;
    let ends = ack["b"]["hls"]["ingest"]["expires"].as_u64().unwrap();
    assert!(ends <= (now() + 4) * 1000, "the ingest token ends with the connection");
    assert_eq!(ann.closed().await, (4001, "token expired".to_owned()));
    assert!(begun.elapsed() >= Duration::from_millis(2900), "not before its end");
    // With a new token the session goes on.
    let mut again = Client::connect_with_token(&server, "ann", "p2m", &lasting(600)).await;
    let ack = again.join_with(json!({ "resumeFrom": ack["b"]["sq"] })).await;
    assert_eq!((&ack["c"], &ack["b"]["resumed"]), (&json!(200), &json!(true)));
}

#[tokio::test]
async fn media_of_a_token_that_is_over_is_not_sent_to_its_end() {
    let server = Server::start(&["--auth-secret", SECRET, "--auth-grace", "1s"]).await;
    let grant = json!({ "create": true, "join": true, "publish": true, "play": true });
    let mut ann = Client::connect_with_token(&server, "ann", "p2m", &token("ann", grant)).await;
    ann.room = "demo".to_owned();
    let streamer = Streamer::of(&server, ann).await;
    assert_eq!(streamer.variant().await.0, 200);
    let media = vec![7; 12 << 20];
    let segment = json!({"playlist": {"id": "main"}, "variant": {"id": "v0"},
        "segment": {"id": "s0.m4s", "sequence": 0, "duration": 1}});
    assert_eq!(streamer.send(Encoding::Multipart, "updateSegment", segment, &media).await.0, 200);
    // The third one's token ends by itself: between clocks that differ it would open, and it is sent no more.
    for (user, life) in [("vera", 600), ("eve", 600), ("mia", 1)] {
        let claims = json!({ "sub": user, "iat": now(), "exp": now() + life, "room": { "play": true } });
        let path = format!("/live/@{}/demo/main/v0/s0.m4s", with_claims(claims));
        let mut viewer = Raw::dial_narrow(server.next_address()).await;
        let (status, head) = viewer.request("GET", &path, "").await;
        assert_eq!(status, 200, "{head}");
        let admin = token("boss", json!({ "admin": true }));
        let revoke = reqwest::Client::new().post(server.url("/api/revoke")).bearer_auth(admin);
        let revoked = revoke.body(json!({ "sub": "eve" }).to_string()).send().await.expect("the server answers");
        assert_eq!(revoked.status(), 200);
        // Tokens of media that is being sent are looked at once a second.
        tokio::time::sleep(Duration::from_millis(1100 + if life == 1 { 1500 } else { 0 })).await;
        match user {
            "eve" | "mia" => assert!(viewer.count_to_end().await < media.len(), "the rest is not sent to {user}"),
            _ => assert_eq!(viewer.body(&head).await.len(), media.len()),
        }
    }
}
