//! A streamer that uploads made-up media.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::Client;
use crate::server::Server;
use crate::with_timeout;

/// Encoding of a data signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Media as base64 in `data` members.
    Json,
    /// Media as parts of `multipart/form-data`.
    Multipart,
}

impl Encoding {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Json, Self::Multipart];
}

/// A streamer.
#[derive(Debug)]
pub struct Streamer {
    /// Its signaling.
    pub client: Client,
    http: reqwest::Client,
    /// Address for uploads.
    pub url: String,
    /// Its ingest token.
    pub token: String,
}

impl Streamer {
    /// Creates room `demo`.
    ///
    /// # Panics
    /// When the join ack has no ingest address.
    pub async fn start(server: &Server) -> Self {
        Self::start_in(server, "demo").await
    }

    /// Creates the room of this name.
    ///
    /// # Panics
    /// When the join ack has no ingest address.
    pub async fn start_in(server: &Server, room: &str) -> Self {
        let mut client = Client::connect(server, "ann", "p2m").await;
        room.clone_into(&mut client.room);
        Self::of(server, client).await
    }

    /// Creates the room of this client.
    ///
    /// # Panics
    /// When the join ack has no ingest address.
    pub async fn of(server: &Server, mut client: Client) -> Self {
        let ack = client.ask_to_join(true).await;
        let ingest = &ack["b"]["hls"]["ingest"];
        let url = server.url(ingest["url"].as_str().expect("an ingest url"));
        let token = ingest["token"].as_str().expect("an ingest token").to_owned();
        Self { client, http: reqwest::Client::new(), url, token }
    }

    /// Posts a body as it is.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn post(&self, token: Option<&str>, content_type: &str, body: impl Into<reqwest::Body>) -> Response {
        let mut request = self.http.post(&self.url).header("content-type", content_type).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        with_timeout("the answer to an upload", request.send()).await.expect("the server answers")
    }

    /// Sends a data signal and gives the status and answer.
    ///
    /// # Panics
    /// When the answer is no JSON.
    pub async fn upload(&self, action: &str, numbytes: usize, payload: Value) -> (StatusCode, Value) {
        let signal = data_signal(action, numbytes, payload);
        let response = self.post(Some(&self.token), "application/json", signal.to_string()).await;
        let status = response.status();
        (status, response.json().await.expect("answers are JSON"))
    }

    /// Sends a data signal with this media in either encoding, and gives the status and answer.
    ///
    /// # Panics
    /// When the answer is no JSON.
    pub async fn send(&self, encoding: Encoding, action: &str, payload: Value, media: &[u8]) -> (StatusCode, Value) {
        let (content_type, body) = self.written(encoding, action, payload, media);
        let response = self.post(Some(&self.token), content_type, body).await;
        let status = response.status();
        (status, response.json().await.expect("answers are JSON"))
    }

    /// The content type and the body of a data signal with this media, sent now.
    ///
    /// # Panics
    /// When the clock stands before 1970.
    #[must_use]
    pub fn written(&self, encoding: Encoding, action: &str, payload: Value, media: &[u8]) -> (&'static str, Vec<u8>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_millis();
        let mut signal = json!({"action": action, "version": 1, "id": Uuid::new_v4().to_string(),
            "timestamp": now.to_string(), "numbytes": media.len(), "payload": payload});
        let (place, part) = match action {
            "updatePart" => ("/payload/part", "data"),
            "updateSegment" => ("/payload/segment", "data"),
            _ => ("/payload/segment/map", "map"),
        };
        let place = signal.pointer_mut(place).filter(|_| !media.is_empty());
        match (encoding, place) {
            (Encoding::Json, place) => {
                if let Some(place) = place {
                    place["data"] = STANDARD.encode(media).into();
                }
                ("application/json", signal.to_string().into_bytes())
            }
            (Encoding::Multipart, place) => {
                let media = place.map(|_| (part, media));
                let signal = signal.to_string();
                let parts = [Some(("signal", signal.as_bytes())), media];
                (MULTIPART, multipart(parts.into_iter().flatten()))
            }
        }
    }

    /// Declares variant `v0` of playlist `main`: segments of 1 s, parts of 0.5 s.
    pub async fn variant(&self) -> (StatusCode, Value) {
        let (numbytes, payload) = variant_payload("main");
        self.upload("updateVariant", numbytes, payload).await
    }

    /// Uploads part `index` of segment `sequence`.
    pub async fn part(&self, sequence: u64, index: u64) -> (StatusCode, Value) {
        let (numbytes, payload) = part_payload("main", sequence, index);
        self.upload("updatePart", numbytes, payload).await
    }

    /// Uploads segment `sequence` as a whole.
    pub async fn segment(&self, sequence: u64) -> (StatusCode, Value) {
        let bytes = [part_bytes(sequence, 0), part_bytes(sequence, 1)].concat();
        let payload = json!({"playlist": {"id": "main"}, "variant": {"id": "v0"},
            "segment": {"id": format!("s{sequence}.m4s"), "sequence": sequence, "duration": 1, "data": STANDARD.encode(&bytes)}});
        self.upload("updateSegment", bytes.len(), payload).await
    }

    /// Ends the stream.
    pub async fn end(&self) -> (StatusCode, Value) {
        self.upload("endStream", 0, json!({"playlist": {"id": "main"}})).await
    }
}

/// A data signal in JSON.
#[must_use]
pub fn data_signal(action: &str, numbytes: usize, payload: Value) -> Value {
    json!({"action": action, "version": 1, "id": Uuid::new_v4().to_string(), "timestamp": "1732287600123",
        "numbytes": numbytes, "payload": payload})
}

/// Returns the number of bytes of media, and the payload, to declare variant `v0` of a playlist: segments of 1 s, parts
/// of 0.5 s.
#[must_use]
pub fn variant_payload(playlist: &str) -> (usize, Value) {
    let payload = json!({"playlist": {"id": playlist}, "variant": {"id": "v0", "codecs": "avc1.42e01e,mp4a.40.2",
        "bandwidth": 800_000, "targetDuration": 1, "targetPartDuration": 0.5, "resolution": "640x360", "frameRate": 30},
        "segment": {"map": {"id": "init.mp4", "data": STANDARD.encode(b"init")}}});
    (4, payload)
}

/// The same for part `index` of segment `sequence`.
#[must_use]
pub fn part_payload(playlist: &str, sequence: u64, index: u64) -> (usize, Value) {
    let bytes = part_bytes(sequence, index);
    let id = format!("p{}.m4s", sequence * 2 + index);
    let payload = json!({"playlist": {"id": playlist}, "variant": {"id": "v0"},
        "segment": {"id": format!("s{sequence}.m4s"), "sequence": sequence},
        "part": {"id": id, "sequence": index, "duration": 0.5, "independent": index == 0, "data": STANDARD.encode(&bytes)}});
    (bytes.len(), payload)
}

/// The content type of [`multipart`].
pub const MULTIPART: &str = "multipart/form-data; boundary=end-of-part";

/// A multipart body of these parts.
#[must_use]
pub fn multipart<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let head = format!("--end-of-part\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--end-of-part--\r\n");
    body
}

/// The made-up bytes of a part.
#[must_use]
pub fn part_bytes(sequence: u64, index: u64) -> Vec<u8> {
    format!("bytes of part {index} of segment {sequence};").into_bytes()
}

/// A GET.
///
/// # Panics
/// When the server does not answer.
pub async fn get(url: &str) -> Response {
    with_timeout("an answer", reqwest::get(url)).await.expect("the server answers")
}
