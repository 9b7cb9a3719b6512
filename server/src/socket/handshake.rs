//! The opening handshake (RFC 6455, section 4.2.1), stricter than the WebSocket crate: no drafts, no malformed
//! keys, no request body, and only pages of the origins that are allowed.

use actix_web::HttpRequest;
use actix_web::http::header::{
    ALLOW, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use actix_web::http::{Method, StatusCode, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Reasons why a request becomes no WebSocket connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another method than GET; a HEAD is told to upgrade.
    #[error("WebSocket connections are opened with GET")]
    Method,
    /// A request of HTTP/2, in which nothing is upgraded.
    #[error("WebSocket connections are opened over HTTP/1.1")]
    Http2,
    /// No `Upgrade: websocket` with `Connection: Upgrade`.
    #[error("this address takes WebSocket connections")]
    NoUpgrade,
    /// Another version than 13.
    #[error("this address takes WebSocket connections of version 13")]
    Version,
    /// A malformed key.
    #[error("Sec-WebSocket-Key must be 16 bytes in base64")]
    Key,
    /// A request body.
    #[error("a WebSocket handshake has no body")]
    Body,
    /// A page of another origin.
    #[error("pages of this origin may not connect")]
    Origin,
    /// The address has as many connections as it may.
    #[error("there are too many connections from this address")]
    TooMany,
}

impl Refused {
    /// Returns the HTTP status of the answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Http2 | Self::Key | Self::Body => StatusCode::BAD_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// Headers that tell how to do better.
    #[must_use]
    pub fn headers(self) -> Vec<(HeaderName, &'static str)> {
        match self {
            Self::Method => vec![(ALLOW, "GET")],
            Self::NoUpgrade | Self::Version => vec![(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")],
            _ => Vec::new(),
        }
    }
}

/// Checks a request. An empty list of origins allows all; who sends none is no page.
pub fn check(request: &HttpRequest, allowed_origins: &[String]) -> Result<(), Refused> {
    let headers = request.headers();
    if request.version() == Version::HTTP_2 {
        return Err(Refused::Http2);
    }
    if request.method() == Method::HEAD {
        return Err(Refused::NoUpgrade);
    }
    if request.method() != Method::GET {
        return Err(Refused::Method);
    }
    let upgrade = headers.get(UPGRADE).and_then(|upgrade| upgrade.to_str().ok()).unwrap_or_default();
    let named = upgrade.split(',').any(|name| name.trim().eq_ignore_ascii_case("websocket"));
    if !named || !request.head().upgrade() {
        return Err(Refused::NoUpgrade);
    }
    if request.version() != Version::HTTP_11 {
        return Err(Refused::NoUpgrade);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refused::Version);
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY);
    let key = keys.next().and_then(|key| STANDARD.decode(key).ok());
    if key.is_none_or(|key| key.len() != 16) || keys.next().is_some() {
        return Err(Refused::Key);
    }
    // A length of 0 is no body: the Java library sends it with every handshake.
    let is_empty = |length: &HeaderValue| length.to_str().is_ok_and(|length| length.trim().parse() == Ok(0_u64));
    if !headers.get(CONTENT_LENGTH).is_none_or(is_empty) || headers.contains_key(TRANSFER_ENCODING) {
        return Err(Refused::Body);
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let allowed = allowed_origins.iter().any(|allowed| origin.as_bytes().eq_ignore_ascii_case(allowed.as_bytes()));
    if allowed || allowed_origins.is_empty() { Ok(()) } else { Err(Refused::Origin) }
}

/// Returns the first of the protocols that a request offers and we speak. Several headers are one list (section
/// 11.3.4).
pub fn protocol(headers: &HeaderMap, spoken: &[&'static str]) -> Option<&'static str> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|header| header.to_str().ok());
    let mut names = offered.flat_map(|names| names.split(',')).map(str::trim);
    names.find_map(|name| spoken.iter().copied().find(|spoken| *spoken == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn handshake() -> TestRequest {
        TestRequest::get()
            .insert_header(("upgrade", "WebSocket"))
            .insert_header(("connection", "upgrade"))
            .insert_header(("sec-websocket-version", "13"))
            .insert_header(("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="))
    }

    fn checked(request: TestRequest) -> Result<(), Refused> {
        check(&request.to_http_request(), &[])
    }

    #[test]
    fn a_proper_handshake_is_taken() {
        assert_eq!(checked(handshake()), Ok(()));
        assert_eq!(checked(handshake().insert_header(("content-length", "0"))), Ok(()), "that is no body");
    }

    #[test]
    fn whatever_is_wrong_is_told() {
        assert_eq!(checked(handshake().method(Method::POST)), Err(Refused::Method));
        assert_eq!(checked(handshake().method(Method::HEAD)), Err(Refused::NoUpgrade));
        assert_eq!(checked(handshake().insert_header(("upgrade", "h2c"))), Err(Refused::NoUpgrade));
        assert_eq!(checked(TestRequest::get().insert_header(("upgrade", "websocket"))), Err(Refused::NoUpgrade));
        assert_eq!(checked(handshake().insert_header(("sec-websocket-version", "8"))), Err(Refused::Version));
        assert_eq!(checked(handshake().insert_header(("sec-websocket-key", "c2hvcnQ="))), Err(Refused::Key));
        assert_eq!(
            checked(handshake().append_header(("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="))),
            Err(Refused::Key)
        );
        assert_eq!(checked(handshake().version(Version::HTTP_10)), Err(Refused::NoUpgrade));
        assert_eq!(checked(handshake().insert_header(("content-length", "5"))), Err(Refused::Body));
    }

    #[test]
    fn pages_of_other_origins_are_refused_where_origins_are_named() {
        let allowed = ["https://rooms.example.com".to_owned()];
        let from =
            |origin: &'static str| check(&handshake().insert_header(("origin", origin)).to_http_request(), &allowed);
        assert_eq!(from("https://rooms.example.com"), Ok(()));
        assert_eq!(from("https://rooms.example.com.evil.org"), Err(Refused::Origin));
        assert_eq!(from("null"), Err(Refused::Origin));
        assert_eq!(check(&handshake().to_http_request(), &allowed), Ok(()));
        assert_eq!(checked(handshake().insert_header(("origin", "https://else.where"))), Ok(()));
    }
}
