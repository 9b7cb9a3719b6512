//! `exchanges.json`: each case asked of a running server, one after the other.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use roomcast_protocol::schema::VERSION;
use roomcast_protocol::schema::recorded::exchanges::{Body, Exchange, ExchangeVectors, Media, Request, Response};
use roomcast_tests::broadcast::{MULTIPART, Streamer, multipart};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::{Value, json};

use crate::cases::{self, Case, Tells};
use crate::{file, hold};

/// The server's bound of an upload: small, so that a larger one is no burden.
const MAX_UPLOAD: &str = "64KiB";
const BEFORE: &str = "A server is started with `--max-upload 64KiB` and else its defaults. A client that stays joins as the one who \
    creates the broadcast room (`p2m`) `demo`; `{ingestToken}` is `b.hls.ingest.token` of its JOIN ack.";

fn bytes(media: &Media) -> Vec<u8> {
    let range = media.offset as usize..(media.offset + media.length) as usize;
    file(&media.file)[range].to_vec()
}

/// The body as it is sent, and its content type, which only a form has by itself.
fn written(body: &Body) -> (Vec<u8>, Option<&'static str>) {
    let media = body.media.as_ref().map(bytes);
    match (&body.json, media) {
        (None, Some(media)) => (media, None),
        (None, None) => (vec![0; body.zeros.unwrap_or(0) as usize], None),
        (Some(signal), media) => match (&body.part, &body.base64_at) {
            (Some(part), _) => {
                let (signal, media) = (signal.to_string(), media.unwrap_or_default());
                (multipart([("signal", signal.as_bytes()), (part, &media)]), Some(MULTIPART))
            }
            (None, Some(pointer)) => {
                let (parent, member) = pointer.rsplit_once('/').expect("a pointer to a member");
                let mut signal = signal.clone();
                signal.pointer_mut(parent).expect("the parent is there")[member] =
                    STANDARD.encode(media.unwrap_or_default()).into();
                (signal.to_string().into_bytes(), None)
            }
            (None, None) => (signal.to_string().into_bytes(), None),
        },
    }
}

/// Reduces a JSON body to the members that do not differ between runs.
fn told(mut json: Value) -> Value {
    if let Some(body) = json.get_mut("b").and_then(Value::as_object_mut) {
        for changing in ["delay", "msg"] {
            body.remove(changing);
        }
    }
    json
}

/// One client with one server.
struct Recording {
    server: Server,
    http: Client,
    token: String,
    etag: String,
    /// Mismatches with the cases.
    wrong: Vec<String>,
}

impl Recording {
    async fn send(&self, request: &Request) -> reqwest::Response {
        let method = Method::from_bytes(request.method.as_bytes()).expect("a method");
        let mut sent = self.http.request(method, self.server.url(&request.path));
        for (name, value) in &request.headers {
            sent = sent.header(name, value.replace("{ingestToken}", &self.token).replace("{etag}", &self.etag));
        }
        if let Some((body, form)) = request.body.as_ref().map(written) {
            sent = form.into_iter().fold(sent, |sent, form| sent.header("content-type", form)).body(body);
        }
        with_timeout("an answer", sent.send())
            .await
            .unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.path))
    }

    async fn exchange(&mut self, case: Case) -> Exchange {
        let response = self.send(&case.request).await;
        let status = response.status().as_u16();
        if status != case.status {
            self.wrong.push(format!("{}: {status}, not {}", case.name, case.status));
        }
        let mut headers = BTreeMap::new();
        for name in case.headers {
            match response.headers().get(*name) {
                Some(value) => {
                    _ = headers.insert((*name).to_owned(), value.to_str().expect("text in ASCII").to_owned())
                }
                None => self.wrong.push(format!("{}: no {name}", case.name)),
            }
        }
        if let Some(etag) = response.headers().get("etag") {
            etag.to_str().expect("text in ASCII").clone_into(&mut self.etag);
        }
        let body = with_timeout("a body", response.bytes()).await.expect("a body");
        let mut seen = Response { status, headers, json: None, text: None, media: None };
        match case.tells {
            Tells::Nothing => {}
            Tells::Json => match serde_json::from_slice(&body) {
                Ok(json) => seen.json = Some(told(json)),
                Err(error) => self.wrong.push(format!("{}: {error}", case.name)),
            },
            Tells::Text => seen.text = Some(String::from_utf8(body.to_vec()).expect("it is text")),
            Tells::Media(media) => {
                if body != bytes(&media) {
                    self.wrong.push(format!("{}: other bytes", case.name));
                }
                seen.media = Some(media);
            }
        }
        Exchange { name: case.name.to_owned(), request: case.request, response: seen }
    }
}

#[tokio::test]
async fn exchanges_are_those_of_a_running_server() {
    let server = Server::alone(&["--max-upload", MAX_UPLOAD]).await;
    let streamer = Streamer::start(&server).await;
    let http = Client::builder().redirect(Policy::none()).build().expect("a client");
    let mut run = Recording { token: streamer.token.clone(), server, http, etag: String::new(), wrong: Vec::new() };
    let mut exchanges = Vec::new();
    for case in cases::all() {
        exchanges.push(run.exchange(case).await);
    }
    assert_eq!(run.wrong, [] as [String; 0]);
    let codes: Vec<Value> =
        exchanges.iter().filter_map(|one| one.response.json.as_ref()).map(|json| json["c"].clone()).collect();
    for code in [200, 2001, 4005, 4026, 4041] {
        assert!(codes.contains(&json!(code)), "{code} is never told: {codes:?}");
    }
    hold("exchanges.json", &ExchangeVectors { version: VERSION.into(), before: BEFORE.into(), exchanges });
}
