//! `GET /ws`: the opening handshake (RFC 6455, section 4.2).
//!
//! The WebSocket crate accepts drafts and malformed keys; they are refused here.

use actix_http::ws::Codec;
use actix_web::http::header::{HeaderMap, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::WsResponseBuilder;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;

use roomcast_protocol::code::AckCode;

use super::actor::SessionActor;
use crate::config::to_usize;
use crate::http::answer;
use crate::node::Node;

/// The subprotocol, echoed when offered.
const SUBPROTOCOL: &str = "roomcast.v1";

/// Upgrades a request to a session.
///
/// # Errors
/// When the request is no WebSocket handshake.
pub async fn upgrade(
    request: HttpRequest,
    payload: web::Payload,
    node: web::Data<Node>,
) -> Result<HttpResponse, actix_web::Error> {
    if node.is_draining() {
        return Ok(answer::error(AckCode::Unavailable, "the server is stopping"));
    }
    if let Err(reason) = check(request.headers()) {
        return Ok(answer::error(AckCode::InvalidSignal, reason));
    }
    let actor = SessionActor::new(node.clone().into_inner());
    // A transport error is the end of the stream: what arrived before it is still read.
    let bytes = payload.scan((), |(), chunk| std::future::ready(chunk.ok().map(Ok)));
    let codec = Codec::new().max_size(to_usize(node.settings.max_frame));
    WsResponseBuilder::new(actor, &request, bytes).codec(codec).protocols(&[SUBPROTOCOL]).start()
}

fn check(headers: &HeaderMap) -> Result<(), &'static str> {
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err("this address takes WebSocket connections of version 13");
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).and_then(|key| STANDARD.decode(key).ok());
    if key.is_none_or(|key| key.len() != 16) {
        return Err("Sec-WebSocket-Key must be 16 bytes in base64");
    }
    Ok(())
}
