//! Reads the token of a request, from any place where it may stand.

use actix_web::dev::RequestHead;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, SEC_WEBSOCKET_PROTOCOL};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use roomcast_protocol::access::TOKEN_SUBPROTOCOL;

/// The parameter of an address that holds a token.
pub const PARAMETER: &str = "access_token";

/// Returns the token of a WebSocket handshake: Bearer, a subprotocol, or a parameter.
pub fn of_handshake(request: &RequestHead) -> Option<String> {
    let headers = &request.headers;
    bearer(headers).or_else(|| subprotocol(headers)).map(str::to_owned).or_else(|| parameter(request))
}

/// Returns the token of an encoder: Bearer, the password of Basic, or a parameter.
pub fn of_encoder(request: &RequestHead) -> Option<String> {
    let headers = &request.headers;
    bearer(headers).map(str::to_owned).or_else(|| basic_password(headers)).or_else(|| parameter(request))
}

/// Returns the token of any request, in whatever way.
pub fn of_any(request: &RequestHead) -> Option<String> {
    of_encoder(request).or_else(|| subprotocol(&request.headers).map(str::to_owned))
}

/// Returns the token of `Authorization: Bearer` (RFC 6750, section 2.1).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "bearer")
}

/// Returns the token in the address (RFC 6750, section 2.3). A token needs no percent-coding.
pub fn parameter(request: &RequestHead) -> Option<String> {
    parameter_of(request.uri.query().unwrap_or_default())
}

/// Returns the token in a query.
pub fn parameter_of(query: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == PARAMETER).map(|(_, token)| token.to_owned())
}

/// Returns the password of `Authorization: Basic` (RFC 7617), whoever the user is.
fn basic_password(headers: &HeaderMap) -> Option<String> {
    let decoded = STANDARD.decode(credentials(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

fn credentials<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then_some(credentials.trim())
}

fn subprotocol(headers: &HeaderMap) -> Option<&str> {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).find_map(|offered| offered.trim().strip_prefix(TOKEN_SUBPROTOCOL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_token_arrives_in_every_documented_way() {
        let with = |name: &'static str, value: &'static str| {
            TestRequest::with_uri("/ws").insert_header((name, value)).to_http_request()
        };
        let basic = "Basic YW55OmEuYi5j"; // any:a.b.c
        assert_eq!(of_handshake(with("authorization", "bearer a.b.c").head()).as_deref(), Some("a.b.c"));
        let offered = "roomcast.v1, roomcast.token.a.b.c";
        assert_eq!(of_handshake(with("sec-websocket-protocol", offered).head()).as_deref(), Some("a.b.c"));
        assert_eq!(of_handshake(with("authorization", basic).head()), None);
        assert_eq!(of_encoder(with("authorization", basic).head()).as_deref(), Some("a.b.c"));
        let asked = TestRequest::with_uri("/ws?x=1&access_token=a.b.c").to_http_request();
        for token in [of_handshake(asked.head()), of_encoder(asked.head()), of_any(asked.head())] {
            assert_eq!(token.as_deref(), Some("a.b.c"));
        }
        for (name, value) in [
            ("authorization", "Bearer"),
            ("authorization", "Basic !"),
            ("authorization", "Basic YQ=="),
            ("sec-websocket-protocol", "roomcast.v1"),
        ] {
            assert_eq!(of_any(with(name, value).head()), None, "{value}");
        }
    }
}
