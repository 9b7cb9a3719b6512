//! Answers to requests whose token is missing, wrong or not enough.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use roomcast_protocol::access::{Reason, Refused};
use roomcast_protocol::ack::name::UNKNOWN;
use roomcast_protocol::data::{DataAck, DataAckBody};

use crate::response::answer;

/// The challenge to a refused request (RFC 9110, section 11.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// A bearer token.
    Bearer,
    /// A bearer token, or a password: ffmpeg sends that of its address only when it is asked for one. Browsers open a
    /// box for it, so it stands where encoders push alone.
    BearerOrBasic,
}

/// Returns the answer to a refused request.
pub fn refusal(refused: &Refused, challenge: Challenge) -> HttpResponse {
    named(refused, challenge, UNKNOWN)
}

/// Returns the same refusal in an answer with its own name.
pub fn named(refused: &Refused, challenge: Challenge, name: &str) -> HttpResponse {
    let code = refused.reason.code();
    let body =
        DataAckBody { msg: Some(refused.sentence.clone()), reason: Some(refused.reason), ..DataAckBody::default() };
    let ack = DataAck { code: code.number(), name: name.to_owned(), body };
    let mut response = HttpResponse::build(answer::status(code)).json(ack);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match refused.reason {
        Reason::Busy => headers.insert(RETRY_AFTER, HeaderValue::from_static("1")),
        _ => headers.insert(WWW_AUTHENTICATE, bearer(refused)),
    };
    if challenge == Challenge::BearerOrBasic && refused.reason.code().http() == 401 {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"roomcast\""));
    }
    response
}

/// Returns the challenge of RFC 6750, section 3. The sentences are made here, and hold neither quotes nor backslashes.
fn bearer(refused: &Refused) -> HeaderValue {
    let error = match refused.reason {
        Reason::Missing => "invalid_request",
        Reason::NotGranted => "insufficient_scope",
        _ => "invalid_token",
    };
    let described: String = refused.sentence.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).collect();
    let described = described.replace(['"', '\\'], "'");
    let value = format!("Bearer realm=\"roomcast\", error=\"{error}\", error_description=\"{described}\"");
    HeaderValue::try_from(value).expect("printable ASCII")
}
