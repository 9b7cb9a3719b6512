//! One broadcast: joins over WebSocket, which gives the ingest token, and uploads parts over one HTTP connection.

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::Value;
use tokio::task::JoinSet;

use super::clip::Clip;
use super::track::{PartPosition, Track};
use super::upload::{Form, Signal, Target};
use super::{PART_MICROS, PARTS};
use crate::error::Error;
use crate::http::Http;
use crate::load_clients::{address, source};
use crate::signal::{SessionIdentity, accepted, name};
use crate::wire::Connection;

/// Time when the media was taken, as it claims: milliseconds since 1970.
const EPOCH: u64 = 1_732_287_600_000;

/// A streamer; its room loses it when it is dropped.
#[derive(Debug)]
pub struct Streamer {
    http: Http,
    target: Target,
    track: Track,
    uploads: u64,
    next: PartPosition,
    _stage: JoinSet<()>,
}

impl Streamer {
    /// Creates a room that goes by a number, and declares a variant.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn start(server: SocketAddr, number: usize, form: Form) -> Result<Self, Error> {
        Self::start_with(server, number, form, None).await
    }

    /// The same with an access token.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn start_with(server: SocketAddr, number: usize, form: Form, token: Option<&str>) -> Result<Self, Error> {
        let room = format!("live-{number}");
        let member = SessionIdentity { room_type: "p2m", room: room.clone(), user: "streamer".into() };
        let mut connection = Connection::open(server, source(number), &address(token)).await?;
        let (path, token) = join(&mut connection, &member).await?;
        let mut stage = JoinSet::new();
        // The task that reads answers pings.
        stage.spawn(async move { while connection.read(|_| {}).await.is_ok() {} });
        let target = Target { server, path, token, form };
        let http = Http::open(server, number).await?;
        let (track, next) = (Track::new(server, &room), PartPosition { msn: 0, part: 0 });
        let mut streamer = Self { http, target, track, uploads: 0, next, _stage: stage };
        streamer.declare().await?;
        Ok(streamer)
    }

    /// The place of the part that is uploaded next.
    pub fn next(&self) -> PartPosition {
        self.next
    }

    /// The track that viewers ask for.
    pub fn track(&self) -> &Track {
        &self.track
    }

    /// Uploads so many parts, one after the other.
    ///
    /// # Errors
    /// When the server refuses one.
    pub async fn upload(&mut self, clip: &Clip, parts: u64) -> Result<(), Error> {
        for _ in 0..parts {
            let request = self.request(clip);
            self.send(&request).await?;
            self.answered().await?;
        }
        Ok(())
    }

    /// The upload of the next part, ready to be sent.
    pub fn request(&mut self, clip: &Clip) -> Vec<u8> {
        let place = self.next;
        let PartPosition { msn, part } = place;
        let payload = format!(
            r#"{{"playlist":{{"id":"main"}},"variant":{{"id":"v0"}},"segment":{{"id":"s{msn}.m4s","sequence":{msn},"programDateTime":{}}},"part":{{"id":"{}","sequence":{part},"duration":{},"independent":{}DATA}}}}"#,
            EPOCH + msn * PARTS * PART_MICROS / 1000,
            place.name(),
            PART_MICROS as f64 / 1e6,
            part == 0
        );
        self.next = place.next();
        self.signal("updatePart", payload, "data", clip)
    }

    /// Sends an upload, and tells when its last byte was given to the system.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, request: &[u8]) -> Result<Instant, Error> {
        self.http.send(request).await?;
        Ok(Instant::now())
    }

    /// Waits for the answer to what was sent.
    ///
    /// # Errors
    /// When it is a refusal.
    pub async fn answered(&mut self) -> Result<(), Error> {
        self.http.receive().await.map(|_| ())
    }

    async fn declare(&mut self) -> Result<(), Error> {
        let payload = format!(
            r#"{{"playlist":{{"id":"main"}},"variant":{{"id":"v0","codecs":"avc1.42e01e,mp4a.40.2","bandwidth":1500000,"targetDuration":2,"targetPartDuration":{},"resolution":"1280x720","frameRate":30}},"segment":{{"map":{{"id":"init.mp4"DATA}}}}}}"#,
            PART_MICROS as f64 / 1e6
        );
        let request = self.signal("updateVariant", payload, "map", &Clip::new(1000));
        self.send(&request).await?;
        self.answered().await
    }

    fn signal(&mut self, action: &'static str, payload: String, part: &'static str, clip: &Clip) -> Vec<u8> {
        self.uploads += 1;
        let clip = &clip.varied(self.uploads);
        self.target.request(&Signal { number: self.uploads, action, payload, part, clip })
    }
}

/// Joins; returns where to upload, and with which token.
async fn join(connection: &mut Connection, member: &SessionIdentity) -> Result<(String, String), Error> {
    connection.send(&member.join(true)).await?;
    let mut ack = None;
    while ack.is_none() {
        connection
            .read(|message| {
                if name(message) == b"JOIN" {
                    ack = Some(accepted(message).map(|()| message.to_vec()));
                }
            })
            .await?;
    }
    let ack = ack.unwrap_or(Ok(Vec::new()))?;
    let value: Value = serde_json::from_slice(&ack).unwrap_or_default();
    let ingest = &value["b"]["hls"]["ingest"];
    match (ingest["url"].as_str(), ingest["token"].as_str()) {
        (Some(url), Some(token)) => Ok((url.to_owned(), token.to_owned())),
        _ => Err(Error::Refused("the ack of JOIN has no ingest address".into())),
    }
}
