//! `POST /rooms/{room}/data`: data signals.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use roomcast_core::room;
use roomcast_core::time::UnixTime;
use roomcast_protocol::ack::name::UNKNOWN;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{self, DataAckBody, DataSignal};
use roomcast_protocol::id::RoomId;

use crate::clock::unix_millis;
use crate::config::to_usize;
use crate::http::answer;
use crate::node::Node;
use crate::room::Ingest;

/// Takes one data signal in its JSON form.
pub async fn data(
    request: HttpRequest,
    room: web::Path<String>,
    body: Result<Bytes, actix_web::Error>,
    node: web::Data<Node>,
) -> HttpResponse {
    let received = unix_millis();
    let body = match body {
        Ok(body) => body,
        Err(error) => return unreadable(&error),
    };
    if !is_json(&request) {
        return answer::error(AckCode::InvalidSignal, "a data signal comes as application/json");
    }
    let signal = match data::decode(&body) {
        Ok(signal) => signal,
        Err(refusal) => return malformed(refusal),
    };
    if signal.payload.media_bytes() > to_usize(node.settings.max_upload) {
        return too_large();
    }
    let (name, id) = (signal.payload.name(), signal.id);
    let delay = i64::try_from(received).unwrap_or(i64::MAX).saturating_sub_unsigned(signal.timestamp);
    let body = DataAckBody { id: Some(id), delay: Some(delay), msg: None };
    match ingest(&request, &room, signal, received, &node).await {
        Ok(()) => answer::data(AckCode::Ok, name, body),
        Err(refusal) => answer::data(refusal.code, name, DataAckBody { msg: Some(refusal.reason), ..body }),
    }
}

async fn ingest(
    request: &HttpRequest,
    room: &str,
    signal: DataSignal,
    received: u64,
    node: &Node,
) -> Result<(), room::Refusal> {
    let refuse = |code, reason: &str| room::Refusal { code, reason: reason.to_owned() };
    let id = RoomId::parse(room).map_err(|error| refuse(AckCode::InvalidSignal, &error.to_string()))?;
    let token = bearer(request).ok_or_else(|| refuse(AckCode::Unauthenticated, "the ingest token is missing"))?;
    let gone = || refuse(AckCode::RoomNotFound, "there is no such room");
    let actor = node.rooms.find(&id).ok_or_else(gone)?;
    let message =
        Ingest { token: token.to_owned(), payload: signal.payload, received: UnixTime::from_millis(received) };
    actor.send(message).await.unwrap_or_else(|_| Err(gone()))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn is_json(request: &HttpRequest) -> bool {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn malformed(refusal: data::Refusal) -> HttpResponse {
    let body = DataAckBody { id: refusal.id, delay: None, msg: Some(refusal.reason) };
    answer::data(AckCode::InvalidSignal, refusal.name.unwrap_or(UNKNOWN), body)
}

fn unreadable(error: &actix_web::Error) -> HttpResponse {
    if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    answer::error(AckCode::InvalidSignal, format!("the body could not be read: {error}"))
}

fn too_large() -> HttpResponse {
    let mut response = answer::error(AckCode::InvalidSignal, "the upload is larger than the server takes");
    response.head_mut().status = StatusCode::PAYLOAD_TOO_LARGE;
    response
}
