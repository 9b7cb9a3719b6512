//! Answers in the form of the protocol: `{"c": CODE, "s": NAME, "b": BODY}` with the code's HTTP status.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use roomcast_protocol::ack::name::UNKNOWN;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{DataAck, DataAckBody};

/// The HTTP status of a code.
pub fn status(code: AckCode) -> StatusCode {
    StatusCode::from_u16(code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An answer to a data signal.
pub fn data(code: AckCode, name: &str, body: DataAckBody) -> HttpResponse {
    HttpResponse::build(status(code)).json(DataAck { code: code.number(), name: name.to_owned(), body })
}

/// An error that belongs to no signal.
pub fn error(code: AckCode, reason: impl Into<String>) -> HttpResponse {
    data(code, UNKNOWN, DataAckBody { msg: Some(reason.into()), ..DataAckBody::default() })
}

/// What is answered under addresses that lead nowhere.
pub async fn nothing_here() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("There is nothing here.\n")
}
