//! ICE servers that a service hands out: members get them beside those of the settings, and keep them when it fails.
//! Secrets of TURN servers change without a restart.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roomcast_tests::client::Client;
use roomcast_tests::server::{Server, program};
use roomcast_tests::with_timeout;
use serde_json::{Value, json};

use crate::publisher::{Answer, Publisher};
use crate::settings::{refusal, run};

const TOKEN: &str = "geheim-token";
const FAILURES: &str = "roomcast_ice_fetch_failures_total";

/// A relay whose credentials are secret.
fn relay(name: &str) -> Value {
    json!({"urls": [format!("turn:{name}:3478?transport=udp")], "username": "geheim-user", "credential": "geheim-word"})
}

fn guarded(servers: &Value) -> Answer {
    Answer::Guarded(TOKEN, Box::new(Answer::created(&json!({ "iceServers": servers }))))
}

async fn server(publisher: &Publisher, more: &[&str]) -> Server {
    Server::alone(&[&["--ice-url", &publisher.url, "--ice-token", TOKEN][..], more].concat()).await
}

/// The ICE servers that a member of a room of its own is told.
async fn told(server: &Server) -> Value {
    let mut client = Client::connect(server, "ann", "p2p").await;
    client.room = uuid::Uuid::new_v4().to_string();
    client.ask_to_join(true).await["b"]["es"]["icfg"].clone()
}

/// Joins until members are told these servers.
async fn becomes(server: &Server, servers: Value) {
    let told = async {
        while told(server).await["iceServers"] != servers {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    with_timeout(&format!("members to be told {servers}"), told).await;
}

async fn fails_beyond(server: &Server, failures: f64) -> f64 {
    let more = async {
        loop {
            let count = server.metric(FAILURES).await;
            if count > failures {
                return count;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    with_timeout("a fetch to fail", more).await
}

#[tokio::test]
async fn members_get_what_a_service_hands_out_beside_the_servers_of_the_settings() {
    let handed = json!([{"urls": ["stun:handed:3478", "stun:handed:53"]}, relay("handed")]);
    let publisher = Publisher::start(guarded(&handed)).await;
    let flags = ["--ice-server", "stun:own,turn:own", "--turn-secret", "geheim", "--ice-ttl", "2h"];
    let server = server(&publisher, &flags).await;
    let arrived = async { while told(&server).await["iceServers"].as_array().is_none_or(|all| all.len() < 4) {} };
    with_timeout("the servers of the service", arrived).await;
    let told = told(&server).await;
    let is = ["stun:own", "turn:own", "stun:handed:3478", "stun:handed:53", "turn:handed:3478?transport=udp"];
    assert_eq!(told["is"], json!(is));
    assert_eq!(told["iceServers"][0], json!({"urls": ["stun:own"]}));
    assert!(told["iceServers"][1]["username"].as_str().is_some_and(|user| user.ends_with(":ann")), "{told}");
    assert_eq!(json!([told["iceServers"][2], told["iceServers"][3]]), handed);
    let asked = publisher.last_request();
    assert!(asked.starts_with("POST /keys HTTP/1.1\r\n") && asked.ends_with("\r\n\r\n{\"ttl\":7200}"), "{asked}");
    assert!(asked.contains("\r\ncontent-type: application/json\r\n"), "{asked}");
    assert_eq!(publisher.requests(), 1, "a JOIN asks nothing");
    assert!(server.metric("roomcast_ice_servers_age_seconds").await < 20.0);
    assert!(server.metric(FAILURES).await < 1.0);
}

#[tokio::test]
async fn servers_that_change_are_told_from_then_on() {
    let publisher = Publisher::start(guarded(&relay("first"))).await;
    let server = server(&publisher, &[]).await;
    becomes(&server, json!([relay("first")])).await;
    publisher.answer(guarded(&json!([relay("second"), {"urls": "http://geheim"}])));
    server.signal("-HUP").await;
    becomes(&server, json!([relay("second")])).await;
    assert_eq!(publisher.requests(), 2);
}

#[tokio::test]
async fn a_service_that_fails_or_lies_leaves_the_servers_as_they_are() {
    let good = guarded(&json!([relay("good")]));
    let elsewhere = Publisher::start(Answer::created(&json!([relay("evil")]))).await;
    let redirect: &'static str = Box::leak(format!("307 Moved\r\nLocation: {}", elsewhere.url).into_boxed_str());
    let publisher = Publisher::start(good.clone()).await;
    let mut server = server(&publisher, &[]).await;
    becomes(&server, json!([relay("good")])).await;
    let lies = [
        (Answer::Response("500 Internal Server Error", b"geheim".to_vec()), "answered 500 Internal Server Error"),
        (Answer::Guarded("another", Box::new(good.clone())), "answered 401 Unauthorized"),
        (Answer::Response(redirect, Vec::new()), "answered 307 Temporary Redirect, and redirects are not followed"),
        (Answer::created(&json!({"iceServers": [relay("big")], "x": "x".repeat(128 * 1024)})), "longer than 128 KiB"),
        (Answer::created(&json!({"error": "geheim"})), "it has no list `iceServers`"),
        (Answer::created(&json!([relay("bad"), {"urls": 7, "credential": "geheim"}])), "its `urls` is no text"),
        (Answer::created(&json!([{"urls": "https://geheim"}])), "it has no server that can be used"),
        (Answer::Response("200 OK", b"<html>geheim".to_vec()), "it is no JSON"),
        (Answer::Endless, "there is no answer in time"),
        (Answer::Silence, "there is no answer in time"),
    ];
    let mut failures = 0.0;
    for (lie, says) in lies {
        publisher.answer(lie);
        server.signal("-HUP").await;
        let said = server.logged("the ICE servers were not fetched from").await;
        assert!(said.contains(says), "{says}: {said}");
        failures = fails_beyond(&server, failures).await;
        assert_eq!(told(&server).await["iceServers"], json!([relay("good")]), "{says}");
        publisher.answer(good.clone());
        server.signal("-HUP").await;
        server.logged("hands out ICE servers again").await;
    }
    assert_eq!(elsewhere.requests(), 0, "a redirect was followed");
    drop(publisher);
    server.signal("-HUP").await;
    let said = server.logged("the ICE servers were not fetched from").await;
    // A fetch that meets the end of the service loses its connection.
    let is_gone = ["there is no connection to its server", "there is no HTTP answer"].map(|says| said.contains(says));
    assert!(is_gone.contains(&true), "{said}");
    assert_eq!(told(&server).await["iceServers"], json!([relay("good")]));
}

#[tokio::test]
async fn no_secret_of_a_service_gets_into_the_log() {
    let publisher = Publisher::start(guarded(&json!([relay("good"), {"urls": "http://geheim"}]))).await;
    let mut server = server(&publisher, &["--log", "trace"]).await;
    becomes(&server, json!([relay("good")])).await;
    publisher.answer(Answer::created(&json!([{"urls": "geheim"}])));
    server.signal("-HUP").await;
    fails_beyond(&server, 0.0).await;
    server.terminate().await;
    let log = server.rest_of_log().await;
    assert!(log.contains("members get 1 ICE servers") && log.contains("server 2 of 2 is left out"), "{log}");
    assert!(!log.contains("geheim"), "{log}");
}

#[tokio::test]
async fn no_join_waits_for_a_service() {
    let publisher = Publisher::start(Answer::Silence).await;
    let server = server(&publisher, &["--ice-server", "stun:own"]).await;
    server.becomes_ready(true).await;
    let asked = async {
        while publisher.requests() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await
        }
    };
    with_timeout("the service to be asked", asked).await;
    // It was asked, and has neither answered nor been given up.
    let told = told(&server).await;
    assert!(server.metric(FAILURES).await < 1.0);
    assert_eq!(told, json!({"is": ["stun:own"], "iceServers": [{"urls": ["stun:own"]}]}));
    fails_beyond(&server, 0.0).await;
    publisher.answer(guarded(&json!([relay("late")])));
    becomes(&server, json!([{"urls": ["stun:own"]}, relay("late")])).await;
}

/// A file with a secret.
struct SecretFile(std::path::PathBuf);

impl Drop for SecretFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl SecretFile {
    fn new(secret: &str) -> Self {
        let file = Self(program().with_file_name(format!("{}.secret", uuid::Uuid::new_v4())));
        file.write(secret);
        file
    }

    fn write(&self, secret: &str) {
        std::fs::write(&self.0, format!("{secret}\n")).expect("the folder of the program takes files");
    }

    fn setting(&self) -> String {
        format!("file:{}", self.0.display())
    }
}

#[tokio::test]
async fn sighup_reads_the_token_for_a_service_again() {
    let file = SecretFile::new("former");
    let publisher = Publisher::start(guarded(&json!([relay("good")]))).await;
    let mut server = Server::alone(&["--ice-url", &publisher.url, "--ice-token", &file.setting()]).await;
    let said = server.logged("the ICE servers were not fetched from").await;
    assert!(said.contains("answered 401 Unauthorized") && !said.contains("former"), "{said}");
    file.write(TOKEN);
    server.signal("-HUP").await;
    server.logged("SIGHUP: the token for the ICE servers was read again").await;
    becomes(&server, json!([relay("good")])).await;
    file.write("not a token");
    server.signal("-HUP").await;
    server.logged("SIGHUP: the settings stay as they are").await;
}

#[tokio::test]
async fn sighup_reads_the_secret_of_turn_servers_again() {
    let file = SecretFile::new("north");
    let mut server = Server::alone(&["--ice-server", "turn:own", "--turn-secret", &file.setting()]).await;
    // The credential is the HMAC of the user name, as a TURN server makes it.
    let is_signed_by = |told: &Value, secret: &str| {
        let server = &told["iceServers"][0];
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let tag = hmac::sign(&key, server["username"].as_str().expect("a user name").as_bytes());
        server["credential"] == json!(STANDARD.encode(tag))
    };
    assert!(is_signed_by(&told(&server).await, "north"));
    file.write("south");
    server.signal("-HUP").await;
    server.logged("SIGHUP: the secrets of the TURN servers were read again").await;
    assert!(is_signed_by(&told(&server).await, "south"));
    server.signal("-HUP").await;
    server.logged("SIGHUP: nothing has changed").await;
}

#[tokio::test]
async fn check_asks_the_service_once() {
    let publisher = Publisher::start(guarded(&json!([relay("127.0.0.1")]))).await;
    let flags = ["check", "--max-connections=100", "--ice-url", &publisher.url, "--ice-token"];
    let good = run(&[&flags[..], &[TOKEN]].concat(), &[]).await;
    assert_eq!(good.status.code(), Some(0), "{}", String::from_utf8_lossy(&good.stderr));
    let said = refusal(&[&flags[..], &["wrong"]].concat(), &[]).await;
    assert!(said.contains(&format!("--ice-url \"{}\": its server answered 401", publisher.url)), "{said}");
    assert!(!said.contains("wrong"), "{said}");
    assert_eq!(publisher.requests(), 2);
    // Nobody listens on that port.
    let dead = json!([{"urls": "turn:127.0.0.1:1?transport=tcp", "username": "ann", "credential": "geheim"}]);
    publisher.answer(guarded(&dead));
    let tried = run(&["check", "turn", "--ice-url", &publisher.url, "--ice-token", TOKEN], &[]).await;
    let said = String::from_utf8_lossy(&tried.stdout);
    assert!(said.starts_with("turn:127.0.0.1:1?transport=tcp (tcp) does not work: it cannot be reached"), "{said}");
    assert!(tried.status.code() == Some(1) && !said.contains("geheim"), "{said}");
}
