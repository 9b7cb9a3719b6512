//! Files that are part of the binary, as answers.
//!
//! Files are never copied: a peer that reads slowly holds a piece of one. They are compressed once, by the first who
//! takes gzip.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha1::{Digest as _, Sha1};

use super::range::is_known;
use super::text::Text;
use super::{coding, pieces};

/// A file and what its answers share.
pub struct StaticFile {
    text: Text,
    tag: HeaderValue,
    content_type: HeaderValue,
    cache: HeaderValue,
    policy: HeaderValue,
}

/// Returns the content of a file that is embedded in the binary, without a copy of it.
pub fn embedded(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

impl StaticFile {
    /// A file of the binary; `cache` is its `Cache-Control`, `policy` its `Content-Security-Policy`.
    pub fn new(content: Bytes, content_type: HeaderValue, cache: &'static str, policy: HeaderValue) -> Self {
        let tag = tag(&content);
        Self { tag, text: Text::new(content), content_type, cache: HeaderValue::from_static(cache), policy }
    }

    /// Returns the file, or 304 to a client that has it.
    pub fn answer(&self, request: &HeaderMap) -> HttpResponse {
        let mut response = if is_known(request, || self.tag.clone()) {
            self.respond(StatusCode::NOT_MODIFIED, Bytes::new())
        } else {
            self.respond_with_text(request, StatusCode::OK)
        };
        // Weak: the same, compressed or not.
        let tag = HeaderValue::try_from([b"W/", self.tag.as_bytes()].concat()).expect("letters and digits");
        response.headers_mut().insert(ETAG, tag);
        response
    }

    /// Returns the content, compressed or not.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Returns the file as one of those that an address answers with by `Accept`: as an index, or as the explanation of
    /// an error. Conditions of the request do not apply to it.
    pub fn answer_by_accept(&self, request: &HeaderMap, status: StatusCode) -> HttpResponse {
        let mut response = self.respond_with_text(request, status);
        response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        response
    }

    fn respond_with_text(&self, request: &HeaderMap, status: StatusCode) -> HttpResponse {
        let gzip = self.is_text() && coding::takes_gzip(request);
        let body = if gzip { self.text.gzip() } else { self.text.plain() };
        let mut response = self.respond(status, body.clone());
        response.headers_mut().insert(CONTENT_TYPE, self.content_type.clone());
        if gzip {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }

    fn respond(&self, status: StatusCode, body: Bytes) -> HttpResponse {
        let mut response = HttpResponse::with_body(status, pieces::body(body));
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, self.cache.clone());
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // An address may hold a token.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if self.is_text() {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        response
    }

    /// Returns whether gzip makes it smaller: pictures and fonts are compressed already.
    fn is_text(&self) -> bool {
        let of = self.content_type.as_bytes();
        [&b"text/"[..], b"image/svg", b"application/json", b"application/javascript"]
            .iter()
            .any(|kind| of.starts_with(kind))
    }
}

/// Returns a strong entity tag of a text.
fn tag(text: &[u8]) -> HeaderValue {
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha1::digest(text)[..15]));
    HeaderValue::try_from(tag).expect("letters and digits")
}
