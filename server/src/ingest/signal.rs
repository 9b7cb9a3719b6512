//! `POST /rooms/{room}/data`: data signals, as JSON or as multipart.

use std::sync::Arc;

use actix::Addr;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use roomcast_core::hls::UploadEntry;
use roomcast_core::room;
use roomcast_core::room::streams::Uploader as Authority;
use roomcast_core::time::UnixTime;
use roomcast_protocol::ack::name::UNKNOWN;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{self, DataAckBody, DataSignal};
use roomcast_protocol::id::RoomId;

use super::body::{self, Bounds, Unreadable};
use super::multipart;
use super::state::IngestState;
use crate::clock::unix_millis;
use crate::response::answer;
use crate::room::{RoomActor, Upload};

/// The maximum number of bytes of a signal besides its media.
const BESIDE_MEDIA: usize = 64 * 1024;

const WRONG: &str = "the ingest token is wrong or has expired; join again for a new one";

/// Encoding of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Json,
    Multipart,
}

/// Handles one data signal.
pub async fn data(
    request: HttpRequest,
    room: web::Path<String>,
    payload: web::Payload,
    ingest: web::Data<IngestState>,
) -> HttpResponse {
    let received = unix_millis();
    let uploader = match authorize(&request, &room, &ingest).await {
        Ok(uploader) => uploader,
        Err(refusal) => return answer::error(refusal.code, refusal.reason),
    };
    let Some(encoding) = encoding(&request) else {
        return answer::error(AckCode::InvalidSignal, "a data signal is application/json or multipart/form-data");
    };
    let bounds = Bounds { bytes: limit(encoding, &ingest), time: ingest.settings.timeout };
    let signal = match body::collect(&request, payload, bounds).await {
        Ok(body) => read(&request, encoding, body),
        Err(unreadable) => return refuse(&unreadable),
    };
    let signal = match signal {
        Ok(signal) => signal,
        Err(refusal) => return malformed(refusal),
    };
    if signal.payload.media_bytes() > ingest.settings.max_bytes {
        return refuse(&Unreadable::TooLarge);
    }
    let (name, id) = (signal.payload.name(), signal.id);
    let delay = i64::try_from(received).unwrap_or(i64::MAX).saturating_sub_unsigned(signal.timestamp);
    let body = DataAckBody { id: Some(id), delay: Some(delay), ..DataAckBody::default() };
    match uploader.ingest(signal, received).await {
        Ok(()) => answer::data(AckCode::Ok, name, body),
        Err(refusal) => answer::data(refusal.code, name, DataAckBody { msg: Some(refusal.reason), ..body }),
    }
}

/// Returns the maximum number of bytes of a body. Base64 encodes three bytes in four.
fn limit(encoding: Encoding, ingest: &IngestState) -> usize {
    let media = ingest.settings.max_bytes;
    let media = match encoding {
        Encoding::Json => media.saturating_mul(4) / 3,
        Encoding::Multipart => media,
    };
    media.saturating_add(BESIDE_MEDIA)
}

/// Decodes a signal. Its media is a slice of a multipart body, or is decoded from JSON, whose text is dropped here.
fn read(request: &HttpRequest, encoding: Encoding, body: Bytes) -> Result<DataSignal, data::Refusal> {
    match encoding {
        Encoding::Json => data::decode(&body),
        Encoding::Multipart => {
            let refuse = |reason| data::Refusal { name: None, id: None, reason };
            let parts = multipart::read(content_type(request), &body).map_err(refuse)?;
            let signal = parts.signal.ok_or_else(|| refuse("the part `signal` is missing".to_owned()))?;
            data::decode_multipart(&signal, parts.data, parts.map)
        }
    }
}

/// An ingest token and the room for which it is presented.
struct AuthorizedUploader {
    token: String,
    room: Addr<RoomActor>,
    id: RoomId,
    ingest: Arc<IngestState>,
}

/// Checks the path and the token before the body is read.
async fn authorize(
    request: &HttpRequest,
    room: &str,
    ingest: &web::Data<IngestState>,
) -> Result<AuthorizedUploader, room::Refusal> {
    let refuse = |code, reason: &str| room::Refusal { code, reason: reason.to_owned() };
    let id = RoomId::parse(room).map_err(|error| refuse(AckCode::InvalidSignal, &error.to_string()))?;
    let token = bearer(request).ok_or_else(|| refuse(AckCode::Unauthenticated, "the ingest token is missing"))?;
    let ingest = Arc::clone(ingest);
    // At a server that wants tokens a stranger is not told which rooms there are, nor of what type.
    let tells = ingest.access.is_open();
    let hidden = |refusal: room::Refusal| match refusal.code {
        AckCode::RoomNotFound | AckCode::UnsupportedChannel if !tells => refuse(AckCode::Unauthenticated, WRONG),
        _ => refusal,
    };
    let room = ingest.rooms.open(&id, false).map_err(|_| hidden(gone()))?;
    let token = token.to_owned();
    let check = Upload { by: Authority::Token(token.clone()), entry: None };
    room.send(check).await.unwrap_or_else(|_| Err(gone())).map_err(hidden)?;
    Ok(AuthorizedUploader { token, room, id, ingest })
}

fn gone() -> room::Refusal {
    room::Refusal { code: AckCode::RoomNotFound, reason: "there is no such room".to_owned() }
}

impl AuthorizedUploader {
    async fn ingest(self, signal: DataSignal, received: u64) -> Result<(), room::Refusal> {
        let entry = UploadEntry::new(signal.payload, UnixTime::from_millis(received));
        let entry = self.ingest.live.index.media.store_upload(&self.id, entry).await?;
        let message = Upload { by: Authority::Token(self.token), entry: Some(entry) };
        self.room.send(message).await.unwrap_or_else(|_| Err(gone()))
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn encoding(request: &HttpRequest) -> Option<Encoding> {
    let essence = content_type(request).split(';').next().unwrap_or_default().trim();
    let is = |name: &str| essence.eq_ignore_ascii_case(name);
    let json = is("application/json").then_some(Encoding::Json);
    json.or_else(|| is("multipart/form-data").then_some(Encoding::Multipart))
}

fn content_type(request: &HttpRequest) -> &str {
    request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn malformed(refusal: data::Refusal) -> HttpResponse {
    let body = DataAckBody { id: refusal.id, msg: Some(refusal.reason), ..DataAckBody::default() };
    answer::data(AckCode::InvalidSignal, refusal.name.unwrap_or(UNKNOWN), body)
}

fn refuse(unreadable: &Unreadable) -> HttpResponse {
    let status = match unreadable {
        Unreadable::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Unreadable::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Unreadable::Broken(_) => StatusCode::BAD_REQUEST,
    };
    answer::with_status(status, AckCode::InvalidSignal, unreadable.to_string())
}
