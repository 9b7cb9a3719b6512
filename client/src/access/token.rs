//! The access token of a client: a text, or a function that is asked for one at each connection and before it ends.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roomcast_protocol::id::UserId;

type Fetching = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// An access token, or where one comes from. Shown in no log.
#[derive(Clone)]
pub struct AccessToken(Kind);

#[derive(Clone)]
enum Kind {
    Text(Arc<str>),
    Function(Arc<dyn Fn() -> Fetching + Send + Sync>),
}

impl AccessToken {
    /// Uses a fixed token. The member ends at its expiry.
    #[must_use]
    pub fn text(token: impl Into<Arc<str>>) -> Self {
        Self(Kind::Text(token.into()))
    }

    /// A function that is asked at each connection, and so once after the server has closed one because its token was
    /// over; an error counts as a connection that did not come about then. It is also asked before the token of a
    /// connection ends, which takes the next one without being closed: 30 s before, or after half of the time that the
    /// token has left, if that is shorter. A failed fetch is repeated after a pause.
    pub fn function<F, T>(fetch: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String, String>> + Send + 'static,
    {
        Self(Kind::Function(Arc::new(move || Box::pin(fetch()))))
    }

    /// A file with nothing but the token, read at each connection and before the token ends.
    #[must_use]
    pub fn file(path: PathBuf) -> Self {
        let path: Arc<Path> = path.into();
        Self::function(move || {
            let path = Arc::clone(&path);
            async move {
                let reading = tokio::task::spawn_blocking(move || read(&path));
                reading.await.map_err(|error| error.to_string())?
            }
        })
    }

    /// Returns the token of now.
    ///
    /// # Errors
    /// The sentence of the function.
    pub async fn fetch(&self) -> Result<String, String> {
        match &self.0 {
            Kind::Text(token) => Ok(token.to_string()),
            Kind::Function(fetch) => fetch().await,
        }
    }

    /// Returns whether there may be another token later.
    pub(crate) fn changes(&self) -> bool {
        matches!(self.0, Kind::Function(_))
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken")
    }
}

impl From<&str> for AccessToken {
    fn from(token: &str) -> Self {
        Self::text(token)
    }
}

impl From<String> for AccessToken {
    fn from(token: String) -> Self {
        Self::text(token)
    }
}

fn read(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("cannot read the access token {} ({error})", path.display()))?;
    Ok(text.trim().to_owned())
}

/// Returns the subject of a token, as whoever brings it reads it: its signature is the server's to check.
#[must_use]
pub fn subject(token: &str) -> Option<UserId> {
    UserId::parse(claims(token)?.get("sub")?.as_str()?).ok()
}

fn claims(token: &str) -> Option<serde_json::Value> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// A token as it was fetched. Shown in no log.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(Arc<str>);

impl Token {
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the time that the token says it lasts, if it says so.
    pub fn life(&self) -> Option<Life> {
        let claims = claims(&self.0)?;
        let seconds = |name| claims.get(name)?.as_u64();
        let expires = seconds("exp")?;
        Some(Life { issued: seconds("iat").unwrap_or(0), expires })
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// The time from issue to end of a token, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    pub issued: u64,
    pub expires: u64,
}

impl Life {
    pub fn length(self) -> Duration {
        Duration::from_secs(self.expires.saturating_sub(self.issued))
    }

    /// Returns the time left at a time since 1970: never more than the whole, however late a clock is.
    pub fn left(self, unix: Duration) -> Duration {
        Duration::from_secs(self.expires).saturating_sub(unix).min(self.length())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_each_time_and_a_token_is_not_shown() {
        let path = std::env::temp_dir().join(format!("roomcast-token-{}", std::process::id()));
        let token = AccessToken::file(path.clone());
        assert!(token.fetch().await.unwrap_err().contains("cannot read the access token"));
        for text in ["geheim1", "geheim2\n"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(token.fetch().await.as_deref(), Ok(text.trim()));
        }
        std::fs::remove_file(path).unwrap();
        assert!(token.changes() && !AccessToken::text("geheim").changes());
        assert_eq!(format!("{:?} {token:?}", AccessToken::text("geheim")), "AccessToken AccessToken");
    }

    #[test]
    fn the_life_is_read_without_belief_and_is_no_longer_than_the_whole() {
        let with = |claims: &str| Token::from(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims)));
        let life = with(r#"{"iat":100,"exp":160}"#).life().unwrap();
        let left = |seconds| life.left(Duration::from_secs(seconds)).as_secs();
        assert_eq!([left(0), left(100), left(150), left(200)], [60, 60, 10, 0]);
        assert_eq!(with(r#"{"exp":160}"#).life().unwrap().left(Duration::from_secs(100)).as_secs(), 60);
        for none in [with("{}"), with(r#"{"exp":-1}"#), with(r#"{"exp":"9"}"#), with("x"), Token::from(String::new())] {
            assert_eq!(none.life(), None);
        }
        assert_eq!(format!("{:?}", with("{}")), "Token");
    }

    #[test]
    fn the_subject_is_read_without_belief() {
        let with = |claims: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(subject(&with(r#"{"sub":"ann"}"#)), UserId::parse("ann").ok());
        for none in [with("{}"), with(r#"{"sub":1}"#), with(r#"{"sub":""}"#), with("x"), String::new(), "a.!.c".into()]
        {
            assert_eq!(subject(&none), None, "{none}");
        }
    }
}
