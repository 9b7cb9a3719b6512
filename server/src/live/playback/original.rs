//! The address that a proxy was asked for, before it asks here. Pure.
//!
//! Proxies normalize addresses each in its own way. An address that two of them could read differently is none: what is
//! judged here has to be what they fetch.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use percent_encoding::percent_decode_str;

use roomcast_protocol::id::RoomId;

use super::address::{LiveAddress, split_token};
use crate::access::arrival;

/// The header that holds the original address.
const HEADER: &str = "x-original-uri";
/// The parameter that holds it.
const PARAMETER: &str = "uri";

/// The original address: whose media, and which token came with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Original {
    /// The room.
    pub room: RoomId,
    /// The token in the path.
    pub token: Option<String>,
    /// The token in the query.
    pub parameter: Option<String>,
}

/// Returns the original address of a proxy's question.
pub fn of(request: &HttpRequest) -> Option<Original> {
    Original::parse(&address(request.headers(), request.query_string())?)
}

/// Returns the address as text. A viewer may send one of the two along, and it must not stand for the proxy's: of
/// several there is none.
fn address(headers: &HeaderMap, query: &str) -> Option<String> {
    let in_headers = headers.get_all(HEADER).map(|value| value.to_str().ok().map(str::to_owned));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let in_query = pairs
        .filter(|(name, _)| *name == PARAMETER)
        .map(|(_, value)| percent_decode_str(value).decode_utf8().ok().map(Into::into));
    let mut all = in_headers.chain(in_query);
    all.next().filter(|_| all.next().is_none())?
}

impl Original {
    /// Takes an address apart; none for anything but a path below `/live`, with or without a query.
    pub fn parse(address: &str) -> Option<Self> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        if query.contains('#') {
            return None;
        }
        let names: Option<Vec<_>> = path.strip_prefix('/')?.split('/').map(name).collect();
        let path = format!("/{}", names?.join("/"));
        let (token, path) = split_token(path.strip_prefix("/live")?);
        let room = RoomId::parse(LiveAddress::of(path)?.room()).ok()?;
        Some(Self { room, token: token.map(str::to_owned), parameter: arrival::parameter_of(query) })
    }
}

/// A name between slashes, decoded once. Rooms, tracks and tokens are of these characters, and so is nothing that two
/// servers read differently: no slash, no backslash, no percent sign.
fn name(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    let is_name = !matches!(&*decoded, "" | "." | "..") && decoded.bytes().all(legal);
    is_name.then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn parsed(address: &str) -> Option<(String, Option<String>, Option<String>)> {
        Original::parse(address).map(|Original { room, token, parameter }| (room.to_string(), token, parameter))
    }

    #[test]
    fn rooms_and_tokens_are_found() {
        let some = |text: &str| Some(text.to_owned());
        for (address, expected) in [
            ("/live/b/main/playlist.m3u8", ("b".to_owned(), None, None)),
            ("/live/@a.b-c_d/b/main/v0/1.m4s", ("b".to_owned(), some("a.b-c_d"), None)),
            ("/live/%40a.b.c/%62/main/v0/playlist.m3u8?_HLS_msn=1", ("b".to_owned(), some("a.b.c"), None)),
            ("/l%69ve/b/main/playlist.m3u8?x&access_token=a.b.c", ("b".to_owned(), None, some("a.b.c"))),
            ("/live/@/b/main/playlist.m3u8", ("b".to_owned(), some(""), None)),
        ] {
            assert_eq!(parsed(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn addresses_that_can_be_read_in_two_ways_are_none() {
        for address in [
            "",
            "/",
            "live/b/main/playlist.m3u8",
            "http://x/live/b/main/playlist.m3u8",
            "//x/live/b/main/playlist.m3u8",
            "/livex/b/main/playlist.m3u8",
            "/metrics",
            "/ws",
            "/live",
            "/live/",
            "/live/b",
            "/live/b/main/v0/x/y",
            "/live//b/main/playlist.m3u8",
            "/live/@a//b/main/playlist.m3u8",
            "/live/@a/b/main/playlist.m3u8/",
            "/live/@a/a/../b/playlist.m3u8",
            "/live/@a/./b/main/playlist.m3u8",
            "/live/@a/%2e%2e/b/playlist.m3u8",
            "/live/@a/a%2f..%2fb/main/playlist.m3u8",
            "/live/@a/a%5cb/main/playlist.m3u8",
            "/live/@a/a\\b/main/playlist.m3u8",
            "/live/@a/%2562/main/playlist.m3u8",
            "/live/@a/%zz/main/playlist.m3u8",
            "/live/@a/%/main/playlist.m3u8",
            "/live/@a/%ff/main/playlist.m3u8",
            "/live/@a/b%00/main/playlist.m3u8",
            "/live/@a/b%0d%0a/main/playlist.m3u8",
            "/live/@a/b;x/main/playlist.m3u8",
            "/live/@a/b+/main/playlist.m3u8",
            "/live/@a/b#/main/playlist.m3u8",
            "/live/@a/b/main/playlist.m3u8?#",
            "/live/@a/@b/main/playlist.m3u8",
            "/live/@a/caf\u{e9}/main/playlist.m3u8",
        ] {
            assert_eq!(parsed(address), None, "{address}");
        }
    }

    #[test]
    fn the_address_comes_from_one_place() {
        let asked = |uri: &str, headers: &[&'static str]| {
            let request = TestRequest::with_uri(uri);
            let request = headers.iter().fold(request, |request, value| request.append_header((HEADER, *value)));
            let request = request.to_http_request();
            address(request.headers(), request.query_string())
        };
        assert_eq!(asked("/auth/play", &["/live/b"]).as_deref(), Some("/live/b"));
        assert_eq!(asked("/auth/play?uri=%2Flive%2F%2562+%3Fa%26b", &[]).as_deref(), Some("/live/%62+?a&b"));
        for (uri, headers) in [
            ("/auth/play", &[][..]),
            ("/auth/play", &["/live/a", "/live/b"]),
            ("/auth/play?uri=/live/a", &["/live/b"]),
            ("/auth/play?uri=/live/a&uri=/live/b", &[]),
            ("/auth/play?uri=%ff", &[]),
        ] {
            assert_eq!(asked(uri, headers), None, "{uri} {headers:?}");
        }
    }
}
