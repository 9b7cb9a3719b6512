//! Answers in the form of the protocol: `{"c": CODE, "s": NAME, "b": BODY}` with the code's HTTP status.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};

use roomcast_protocol::ack::name::UNKNOWN;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{DataAck, DataAckBody};

/// Seconds after which a request that met 503 or 429 may be repeated.
const RETRY_AFTER: (HeaderName, &str) = (header::RETRY_AFTER, "1");

/// The challenge to a request without its token (RFC 6750, section 3).
const BEARER: (HeaderName, &str) = (header::WWW_AUTHENTICATE, "Bearer realm=\"roomcast\"");

/// Returns the HTTP status of a code.
pub fn status(code: AckCode) -> StatusCode {
    StatusCode::from_u16(code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns an answer to a data signal.
pub fn data(code: AckCode, name: &str, body: DataAckBody) -> HttpResponse {
    let mut response = HttpResponse::build(status(code));
    match code {
        AckCode::Unavailable | AckCode::RateLimited => _ = response.insert_header(RETRY_AFTER),
        AckCode::Unauthenticated => _ = response.insert_header(BEARER),
        _ => {}
    }
    response.json(DataAck { code: code.number(), name: name.to_owned(), body })
}

/// Returns an error that belongs to no signal, with another status than that of its code.
pub fn with_status(status: StatusCode, code: AckCode, reason: impl Into<String>) -> HttpResponse {
    named_with_status(status, code, UNKNOWN, DataAckBody { msg: Some(reason.into()), ..DataAckBody::default() })
}

/// Returns a named data answer with this status instead of that of its code.
pub fn named_with_status(status: StatusCode, code: AckCode, name: &str, body: DataAckBody) -> HttpResponse {
    debug_assert!(code.statuses().contains(&status.as_u16()), "{status} with {code:?} is not published");
    let mut response = data(code, name, body);
    *response.status_mut() = status;
    response
}

/// A sentence for people and programs that look at the status alone.
pub fn text(status: StatusCode, sentence: &'static str) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header(RETRY_AFTER);
    }
    response.content_type("text/plain; charset=utf-8").body(sentence)
}

/// Returns an error that belongs to no signal.
pub fn error(code: AckCode, reason: impl Into<String>) -> HttpResponse {
    data(code, UNKNOWN, DataAckBody { msg: Some(reason.into()), ..DataAckBody::default() })
}
