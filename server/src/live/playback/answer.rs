//! The answers to players, built from prepared data.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

use roomcast_protocol::code::AckCode;

use super::freshness::NEVER;
use super::waiting::PlaybackError;
use crate::live::stored::{OutOfReach, Stored};
use crate::response::pieces::{Chain, SendCheck};
use crate::response::range::{Selection, select};
use crate::response::text::Text;
use crate::response::{answer, coding, pieces};

const PLAYLIST_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");

/// Returns a playlist, compressed with gzip if the client accepts it.
pub fn playlist(request: &HttpRequest, text: &Text, fresh: HeaderValue) -> HttpResponse {
    let gzip = coding::takes_gzip(request.headers());
    let body = if gzip { text.gzip() } else { text.plain() };
    let mut response = HttpResponse::with_body(StatusCode::OK, pieces::body(body.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, PLAYLIST_TYPE);
    headers.insert(CACHE_CONTROL, fresh);
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// An object, or what a request wants of it; `guard` is made for what is sent in several pieces.
pub fn object(
    request: &HttpRequest,
    stored: &Stored,
    bytes: Chain,
    fresh: HeaderValue,
    guard: impl FnOnce() -> Option<SendCheck>,
) -> HttpResponse {
    let (length, tag) = (bytes.len(), || stored.tag(&bytes));
    let selection = select(request.method(), request.headers(), length, tag);
    let tag = tag();
    let (status, body, range) = match selection {
        Selection::Whole => (StatusCode::OK, bytes, None),
        Selection::NotModified => (StatusCode::NOT_MODIFIED, Chain::default(), None),
        Selection::Unsatisfiable => {
            (StatusCode::RANGE_NOT_SATISFIABLE, Chain::default(), Some(format!("bytes */{length}")))
        }
        Selection::Bytes(first, last) => {
            let range = format!("bytes {first}-{last}/{length}");
            (StatusCode::PARTIAL_CONTENT, bytes.slice(first..=last), Some(range))
        }
    };
    let mut response = HttpResponse::with_body(status, pieces::guarded(body, guard));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, if status == StatusCode::RANGE_NOT_SATISFIABLE { NEVER } else { fresh });
    headers.insert(ETAG, tag);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status.is_success() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(stored.content_type()));
    }
    if let Some(range) = range {
        headers.insert(CONTENT_RANGE, HeaderValue::try_from(range).expect("letters and digits"));
    }
    response
}

/// Answers why there is neither; `missing` says how long a cache may know that there is nothing.
pub fn stopped(stop: &PlaybackError, missing: impl FnOnce() -> HeaderValue) -> HttpResponse {
    match stop {
        PlaybackError::BadId(error) => bad_request(error.to_string()),
        PlaybackError::Refused(reason) => bad_request((*reason).to_owned()),
        PlaybackError::TooLong => {
            kept(AckCode::Unavailable, "what was asked for did not come in time".to_owned(), NEVER)
        }
        PlaybackError::OutOfReach => kept(AckCode::Unavailable, OutOfReach.to_string(), NEVER),
        PlaybackError::NotYet => kept(AckCode::TrackNotFound, "it is announced and has not come yet".to_owned(), NEVER),
        PlaybackError::NotPlayable => {
            kept(AckCode::TrackNotFound, AckCode::TrackNotFound.meaning().to_owned(), missing())
        }
    }
}

/// Returns the answer to a request that is invalid in the present state.
pub fn bad_request(reason: String) -> HttpResponse {
    kept(AckCode::InvalidSignal, reason, NEVER)
}

fn kept(code: AckCode, reason: String, fresh: HeaderValue) -> HttpResponse {
    let mut response = answer::error(code, reason);
    response.headers_mut().insert(CACHE_CONTROL, fresh);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::RETRY_AFTER;

    #[test]
    fn media_out_of_reach_is_to_be_asked_for_again() {
        let response = stopped(&PlaybackError::OutOfReach, || NEVER);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "1");
        assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), NEVER);
    }
}
