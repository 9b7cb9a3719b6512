//! The end of a token.

use std::time::{Duration, Instant};

use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use roomcast_tests::token::{SECRET, now, with_claims};
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
