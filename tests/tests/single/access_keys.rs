//! A key set that somebody else publishes: its keys are taken, fetched again, and kept when it fails or lies.

mod signer;

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::{Value, json};

use crate::publisher::{Answer, Publisher};
use signer::{AUDIENCE, Signer};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const FAILURES: &str = "roomcast_access_key_fetch_failures_total";

impl Answer {
    /// A good answer with these keys.
    fn keys(keys: &[&Signer]) -> Self {
        Self::jwks(&json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() }))
    }

    fn jwks(jwks: &Value) -> Self {
        Self::Response("200 OK\r\nCache-Control: max-age=3600", jwks.to_string().into_bytes())
    }
}

async fn server(publisher: &Publisher, more: &[&str]) -> Server {
    let flags = ["--auth-jwks", &publisher.url, "--auth-audience", AUDIENCE];
    Server::alone(&[&flags[..], more].concat()).await
}

/// Status and reason of `/auth/check` for a token.
async fn check(server: &Server, token: &str) -> (u16, String) {
    let request = reqwest::Client::new().get(server.url("/auth/check")).bearer_auth(token).send();
    let response = with_timeout("the answer of /auth/check", request).await.expect("the server answers");
    let status = response.status();
    assert_eq!(status == StatusCode::SERVICE_UNAVAILABLE, response.headers().contains_key("retry-after"));
    let body: Value = response.json().await.expect("JSON");
    (status.as_u16(), body["b"]["reason"].as_str().unwrap_or_default().to_owned())
}

/// A number of `/metrics`, which a server with a key gives to an administrator.
async fn metric(server: &Server, token: &str, name: &str) -> Option<f64> {
    let request = reqwest::Client::new().get(server.url("/metrics")).bearer_auth(token).send();
    let text = with_timeout("the metrics", request).await.expect("the server answers").text().await.expect("text");
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

fn refused(reason: &str) -> (u16, String) {
    (401, reason.to_owned())
}

fn good() -> (u16, String) {
    (200, String::new())
}

#[tokio::test]
async fn a_key_verifies_tokens_of_its_own_type_alone() {
    let keys = [Signer::es256("ec"), Signer::ed_dsa("ed"), Signer::rsa("rs", "RS256"), Signer::rsa("ps", "PS256")];
    let shared = Signer::secret("oct", SECRET.as_bytes());
    let [ec, ed, rs, ps] = &keys;
    let publisher = Publisher::start(Answer::keys(&[ec])).await;
    let mut server = server(&publisher, &[]).await;
    server.becomes_ready(true).await;
    publisher.answer(Answer::keys(&[ec, ed, rs, ps, &shared]));
    server.signal("-HUP").await;
    server.logged("key 5 of 5 is left out: it is a shared secret").await;
    for key in &keys {
        assert_eq!(check(&server, &key.token("1")).await, good(), "{}", key.id);
    }
    // A key of another name, of another type, and the public key taken for a secret.
    assert_eq!(check(&server, &ec.token_as("ES256", "ed", "1")).await, refused("unknown_key"));
    assert_eq!(check(&server, &rs.token_as("RS256", "ps", "1")).await, refused("signature"));
    assert_eq!(check(&server, &ec.token_as("EdDSA", "ed", "1")).await, refused("signature"));
    assert_eq!(check(&server, &shared.token("1")).await, refused("algorithm"));
    let confused = Signer::secret("rs", rs.jwk()["n"].as_str().unwrap().as_bytes());
    assert_eq!(check(&server, &confused.token("1")).await, refused("algorithm"));
    assert_eq!(check(&server, &Signer::es256("ec").token("1")).await, refused("signature"));
}

#[tokio::test]
async fn a_new_key_is_fetched_once_however_many_ask_and_a_flood_fetches_nothing() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let publisher = Publisher::start(Answer::keys(&[&old])).await;
    let server = server(&publisher, &["--auth-secret", SECRET]).await;
    server.becomes_ready(true).await;
    assert_eq!(check(&server, &old.token("1")).await, good());
    assert_eq!(publisher.requests(), 1);
    publisher.answer(Answer::keys(&[&new]));
    let tokens: Vec<_> = (0..20).map(|id| new.token(&id.to_string())).collect();
    let checked = join_all(tokens.iter().map(|token| check(&server, token))).await;
    assert!(checked.iter().all(|checked| *checked == good()), "{checked:?}");
    assert_eq!(publisher.requests(), 2);
    // The key that is gone verifies nothing, and what nobody has signed is not asked about again.
    let flood: Vec<_> = (0..100).map(|id| new.token_as("ES256", &format!("none{id}"), "1")).collect();
    let checked = join_all(flood.iter().map(|token| check(&server, token))).await;
    assert!(checked.iter().all(|checked| *checked == refused("unknown_key")), "{checked:?}");
    assert_eq!(check(&server, &old.token("1")).await, refused("unknown_key"));
    assert_eq!(publisher.requests(), 2);
    // The secret of the settings signs beside them.
    assert_eq!(check(&server, &Signer::secret("any", SECRET.as_bytes()).token("1")).await, good());
}

#[tokio::test]
async fn a_publisher_that_fails_or_lies_leaves_the_keys_as_they_are() {
    let key = Signer::es256("key");
    let elsewhere = Publisher::start(Answer::keys(&[&Signer::es256("evil")])).await;
    let redirect: &'static str = Box::leak(format!("302 Found\r\nLocation: {}", elsewhere.url).into_boxed_str());
    let publisher = Publisher::start(Answer::keys(&[&key])).await;
    let mut server = server(&publisher, &[]).await;
    server.becomes_ready(true).await;
    let token = key.token("1");
    assert_eq!(metric(&server, &token, FAILURES).await, Some(0.0));
    assert!(metric(&server, &token, "roomcast_access_keys_age_seconds").await.is_some_and(|age| age < 20.0));
    let big = json!({ "keys": [key.jwk()], "more": "x".repeat(1024 * 1024) });
    let lies = [
        Answer::Response("500 Internal Server Error", Vec::new()),
        Answer::Response(redirect, Vec::new()),
        Answer::jwks(&big),
        Answer::jwks(&json!({ "keys": [] })),
        Answer::jwks(&json!({ "keys": [Signer::secret("key", SECRET.as_bytes()).jwk()] })),
        Answer::Response("200 OK", b"<html>".to_vec()),
        Answer::Silence,
    ];
    let mut failures = 0.0;
    for (index, lie) in lies.into_iter().enumerate() {
        publisher.answer(lie);
        server.signal("-HUP").await;
        if index == 0 {
            server.logged("the keys of access tokens were not fetched from").await;
        }
        let failed = async {
            while metric(&server, &token, FAILURES).await.is_none_or(|count| count <= failures) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        with_timeout(&format!("fetch {index} to fail"), failed).await;
        failures = metric(&server, &token, FAILURES).await.expect("a number");
        assert_eq!(check(&server, &key.token("2")).await, good(), "{index}");
    }
    assert_eq!(elsewhere.requests(), 0, "a redirect was followed");
    server.becomes_ready(true).await;
    publisher.answer(Answer::keys(&[&key]));
    server.signal("-HUP").await;
    server.logged("can be fetched again").await;
}

#[tokio::test]
async fn a_server_whose_keys_never_came_is_not_ready_until_they_do() {
    let key = Signer::es256("key");
    let publisher = Publisher::start(Answer::Response("503 Service Unavailable", Vec::new())).await;
    let server = server(&publisher, &[]).await;
    server.becomes_ready(false).await;
    let said = reqwest::get(server.url("/readyz")).await.unwrap().text().await.unwrap();
    assert_eq!(said, "the keys of access tokens were not fetched yet\n");
    assert_eq!(check(&server, &key.token("1")).await, (503, "busy".to_owned()));
    publisher.answer(Answer::keys(&[&key]));
    server.becomes_ready(true).await;
    assert_eq!(check(&server, &key.token("1")).await, good());
}

#[tokio::test]
async fn checks_of_unknown_tokens_are_bounded_and_known_ones_are_not_affected() {
    let key = Signer::es256("key");
    let publisher = Publisher::start(Answer::keys(&[&key])).await;
    let server = server(&publisher, &["--auth-max-checks", "1"]).await;
    server.becomes_ready(true).await;
    // Over one connection, so that one worker judges all.
    let client = reqwest::Client::new();
    let ask = |token: String| {
        let request = client.get(server.url("/auth/check")).bearer_auth(token).send();
        async move {
            let response = with_timeout("the answer", request).await.expect("the server answers");
            let status = response.status().as_u16();
            response.bytes().await.expect("the whole answer");
            status
        }
    };
    let known = key.token("known");
    let taken = async { while ask(known.clone()).await != 200 {} };
    with_timeout("the first check", taken).await;
    let mut busy = 0;
    for id in 0..20 {
        busy += usize::from(ask(key.token(&id.to_string())).await == 503);
        assert_eq!(ask(known.clone()).await, 200);
    }
    assert!(busy >= 10, "{busy} of 20");
}

#[tokio::test]
async fn a_key_set_may_be_a_file_and_is_read_again_with_sighup() {
    let (old, new) = (Signer::ed_dsa("old"), Signer::ed_dsa("new"));
    let path = roomcast_tests::server::program().with_file_name(format!("{}.json", uuid::Uuid::new_v4()));
    let write = |key: &Signer| std::fs::write(&path, json!({ "keys": [key.jwk()] }).to_string()).unwrap();
    write(&old);
    let file = path.to_str().unwrap();
    let mut server = Server::alone(&["--auth-jwks", file, "--auth-audience", AUDIENCE]).await;
    server.becomes_ready(true).await;
    assert_eq!(check(&server, &old.token("1")).await, good());
    write(&new);
    server.signal("-HUP").await;
    server.logged("are verified by the keys \"new\"").await;
    assert_eq!(check(&server, &old.token("1")).await, refused("unknown_key"));
    assert_eq!(check(&server, &new.token("1")).await, good());
    std::fs::remove_file(path).unwrap();
}
