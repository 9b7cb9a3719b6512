//! Access tokens of a client, and what a server says of them: after a refused handshake, and for people.

mod token;

use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{RequestBuilder, StatusCode};
use roomcast_protocol::access::{Grant, Reason};
use serde::Deserialize;

use crate::{Error, ServerAddress, Trust};

pub use token::{AccessToken, subject};
pub(crate) use token::{Life, Token};

/// Time for the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The answer of a server about a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The server wants no token.
    Open,
    /// The token is good.
    Good(Box<TokenInfo>),
    /// The server refuses the token.
    Refused {
        /// The ack code.
        code: u16,
        /// The reason.
        reason: Option<Reason>,
        /// The server's sentence.
        message: String,
    },
}

/// The answer of a server about a good token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TokenInfo {
    /// The subject.
    #[serde(rename = "sub")]
    pub subject: String,
    /// The end in seconds since 1970.
    #[serde(rename = "exp")]
    pub expires: u64,
    /// The name to be shown to others.
    #[serde(default)]
    pub name: Option<String>,
    /// The grants.
    #[serde(default, rename = "room")]
    pub grant: Option<Grant>,
}

/// The body of every answer of `/auth/check`.
#[derive(Debug, Deserialize)]
struct Answer {
    c: u16,
    b: Body,
}

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(default)]
    open: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    msg: Option<String>,
    #[serde(flatten)]
    info: serde_json::Map<String, serde_json::Value>,
}

/// Asks `/auth/check` of a server about a token.
///
/// # Errors
/// [`Error::Unreachable`] if there is no answer, or the answer is not that of a Roomcast server.
pub async fn check(server: &ServerAddress, trust: &Trust, token: Option<&str>) -> Result<Verdict, Error> {
    let mut request = trust.http()?.get(server.resolve("/auth/check")?).timeout(TIMEOUT);
    if let Some(token) = token {
        request = bearer(request, token)?;
    }
    let response = request.send().await.map_err(|error| unreachable(reason(&error)))?;
    let status = response.status();
    let text = read(response).await?;
    verdict(status, &text).ok_or_else(|| unreachable(format!("/auth/check answered {status}, and in no known words")))
}

/// Adds a token to a request, in a header that no log shows.
///
/// # Errors
/// [`Error::Token`] when it has characters that no token has.
pub(crate) fn bearer(request: RequestBuilder, token: &str) -> Result<RequestBuilder, Error> {
    let mut value = reqwest::header::HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Error::Token)?;
    value.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, value))
}

fn unreachable(reason: String) -> Error {
    Error::Unreachable { reason }
}

fn reason(error: &reqwest::Error) -> String {
    crate::tls::explain(error).unwrap_or_else(|| match error {
        error if error.is_timeout() => "no answer in time".to_owned(),
        error if error.is_connect() => "no connection".to_owned(),
        _ => "no HTTP answer".to_owned(),
    })
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|error| unreachable(reason(&error)))? {
        text.extend_from_slice(&bytes);
        if text.len() > LONGEST_ANSWER {
            return Err(unreachable("the answer of /auth/check is too long".to_owned()));
        }
    }
    Ok(text)
}

fn verdict(status: StatusCode, text: &[u8]) -> Option<Verdict> {
    let Answer { c, b: Body { open, reason, msg, info } } = serde_json::from_slice(text).ok()?;
    match (status.is_success(), open) {
        (true, true) => Some(Verdict::Open),
        (true, false) => Some(Verdict::Good(serde_json::from_value(info.into()).ok()?)),
        (false, _) => {
            // A later server may have further reasons; its sentence is told all the same.
            let reason = reason.and_then(|name| Reason::ALL.iter().copied().find(|reason| reason.name() == name));
            Some(Verdict::Refused { code: c, reason, message: msg? })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_what_is_none_is_no_verdict() {
        let read = |status: u16, text: &str| verdict(StatusCode::from_u16(status).unwrap(), text.as_bytes());
        assert_eq!(read(200, r#"{"c":200,"s":"AUTH_CHECK","b":{"open":true}}"#), Some(Verdict::Open));
        let good = r#"{"c":200,"b":{"open":false,"sub":"ann","iat":1,"exp":9,"name":"Ann","room":{"join":true}}}"#;
        let Some(Verdict::Good(info)) = read(200, good) else { panic!("good") };
        assert_eq!((info.subject.as_str(), info.expires, info.name.as_deref()), ("ann", 9, Some("Ann")));
        assert!(info.grant.is_some_and(|grant| grant.join && !grant.publish));
        let refused = read(401, r#"{"c":4041,"b":{"reason":"expired","msg":"it ended"}}"#);
        let expected = Verdict::Refused { code: 4041, reason: Some(Reason::Expired), message: "it ended".into() };
        assert_eq!(refused, Some(expected));
        let later = read(403, r#"{"c":4051,"b":{"reason":"of_tomorrow","msg":"no"}}"#);
        assert_eq!(later, Some(Verdict::Refused { code: 4051, reason: None, message: "no".into() }));
        for (status, text) in [(200, "<html>"), (404, "{}"), (200, r#"{"c":200,"b":{}}"#), (401, r#"{"c":1,"b":{}}"#)] {
            assert_eq!(read(status, text), None, "{text}");
        }
    }
}
