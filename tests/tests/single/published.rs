//! The running server answers as the published schema says.

use reqwest::{Method, Response};
use roomcast_tests::broadcast::get;
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::Value;

const INGEST: &str = "/rooms/demo/ingest/main/v0";

/// Requests that are refused, each with its status.
const REFUSED: [(&str, &str, &[u8], u16); 10] = [
    ("GET", "/ws", b"", 426),
    ("PUT", "/healthz", b"", 405),
    ("PUT", "/rooms/demo/ingest/main", b"", 404),
    ("PUT", "/rooms/demo/ingest/main/v0?part=1h", b"", 400),
    ("PUT", "/rooms/demo/ingest/a%20b/v0", b"", 404),
    ("PUT", INGEST, b"\0\0\0\x10nonsense........", 415),
    ("PUT", INGEST, b"\0\0\0\x10moof\0\0\0\x08mfhd", 412),
    ("POST", "/rooms/a%20b/data", b"", 400),
    ("POST", "/rooms/demo/data", b"", 401),
    ("POST", "/api/revoke", b"{}", 403),
];

async fn published(server: &Server, file: &str) -> Value {
    let text = get(&server.url(&format!("/schema/{file}"))).await.text().await.expect("it is text");
    serde_json::from_str(&text).expect("it is JSON")
}

async fn ask(server: &Server, method: &str, path: &str, body: &'static [u8]) -> Response {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let request = reqwest::Client::new().request(method, server.url(path)).body(body);
    with_timeout("an answer", request.send()).await.expect("the server answers")
}

#[tokio::test]
async fn answers_have_the_statuses_and_names_that_are_published() {
    let server = Server::start(&[]).await;
    let codes = published(&server, "codes.json").await;
    let answers = published(&server, "data-answers.schema.json").await;
    let names = answers["$defs"]["DataAnswer"]["properties"]["s"]["enum"].as_array().unwrap();
    let mut seen = Vec::new();
    for (method, path, body, expected) in REFUSED {
        let response = ask(&server, method, path, body).await;
        let status = response.status().as_u16();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, expected, "{method} {path}: {answer}");
        assert!(names.contains(&answer["s"]), "{method} {path}: {answer}");
        let code = codes["ack"].as_array().unwrap().iter().find(|code| code["code"] == answer["c"]).unwrap();
        assert!(code["statuses"].as_array().unwrap().contains(&status.into()), "{method} {path} {status}: {answer}");
        seen.push(answer["s"].clone());
    }
    assert!(seen.contains(&"INGEST".into()), "{seen:?}");
}
