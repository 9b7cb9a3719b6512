//! Settings of access tokens.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use roomcast_protocol::access::{GRANT_CLAIM, Policy};

use super::value::{count, count32, time};
use crate::access::{Key, TokenPolicy};
use crate::fetch::Source;
use crate::secret::Secret;
use crate::units::duration;

/// The least length of a secret in bytes: that of the hash (RFC 7518, section 3.2).
const LEAST_SECRET: usize = 32;
/// The longest name of a key.
const LONGEST_NAME: usize = 64;

/// Settings of access tokens.
#[derive(Debug, Clone, Args, Serialize)]
pub struct AccessTokens {
    /// Secret of at least 32 bytes with which tokens are signed (HS256), or `file:PATH`; may be repeated: all verify, the
    /// first signs. `NAME=SECRET` verifies only tokens whose `kid` is NAME; `SECRET;max-ttl=366d` gives its tokens a
    /// bound of their own. With a key every request needs a token.
    #[arg(long, env = "ROOMCAST_AUTH_SECRET", hide_env_values = true, value_delimiter = ',', value_name = "SECRET")]
    #[serde(skip)]
    pub auth_secret: Vec<AuthSecret>,
    /// Key set (JWKS) with the public keys by which tokens are signed: an https address, an http address on loopback, or a
    /// file. It is fetched again by its Cache-Control (5 min to 24 h, else 10 min), and for tokens of unknown keys, at most
    /// every 30 s. Needs --auth-audience.
    #[arg(long, env = "ROOMCAST_AUTH_JWKS", value_name = "URL")]
    #[serde(serialize_with = "shown")]
    pub auth_jwks: Option<Source>,
    /// Signatures of unknown tokens that a worker thread checks by public keys in a second; over it: 503.
    #[arg(long, env = "ROOMCAST_AUTH_MAX_CHECKS", default_value_t = 1000, value_parser = count32, value_name = "COUNT")]
    pub auth_max_checks: u32,
    /// Revocations that are kept, each until the last token that it refuses has ended; over it: 429.
    #[arg(long, env = "ROOMCAST_AUTH_MAX_REVOCATIONS", default_value_t = 100_000, value_parser = count, value_name = "COUNT")]
    pub auth_max_revocations: usize,
    /// Claim of a token that holds its grants.
    #[arg(long, env = "ROOMCAST_AUTH_CLAIM", default_value = GRANT_CLAIM, value_parser = text, value_name = "NAME")]
    pub auth_claim: String,
    /// Audience that tokens must name (`aud`).
    #[arg(long, env = "ROOMCAST_AUTH_AUDIENCE", value_parser = text, value_name = "TEXT")]
    pub auth_audience: Option<String>,
    /// Issuer that tokens must name (`iss`).
    #[arg(long, env = "ROOMCAST_AUTH_ISSUER", value_parser = text, value_name = "TEXT")]
    pub auth_issuer: Option<String>,
    /// Difference allowed between the clocks of those who sign tokens and this server's.
    #[arg(long, env = "ROOMCAST_AUTH_LEEWAY", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub auth_leeway: Duration,
    /// Longest life of a token, from `iat` to `exp`.
    #[arg(long, env = "ROOMCAST_AUTH_MAX_TTL", default_value = "24h", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub auth_max_ttl: Duration,
    /// Time for which a connection outlives its token, before it is closed with 4001.
    #[arg(long, env = "ROOMCAST_AUTH_GRACE", default_value = "25s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub auth_grace: Duration,
}

impl AccessTokens {
    /// Everything that a server wants to know of tokens.
    pub fn token_policy(&self) -> TokenPolicy {
        let (keys, policy, is_remote) = (self.keys(), self.policy(), self.auth_jwks.is_some());
        let (max_checks, max_revocations) = (self.auth_max_checks, self.auth_max_revocations);
        TokenPolicy { keys, policy, max_checks, max_revocations, is_remote }
    }

    /// Returns the keys that stand in the settings.
    pub fn keys(&self) -> Vec<Key> {
        let key = |one: &AuthSecret| Key::secret(one.name.clone(), one.secret.expose(), one.max_ttl);
        self.auth_secret.iter().map(key).collect()
    }

    /// Returns whether there is any key.
    pub fn has_keys(&self) -> bool {
        !self.auth_secret.is_empty() || self.auth_jwks.is_some()
    }

    /// Returns the demands on claims.
    pub fn policy(&self) -> Policy {
        Policy {
            grant_claim: self.auth_claim.clone(),
            audience: self.auth_audience.clone(),
            issuer: self.auth_issuer.clone(),
            leeway: self.auth_leeway,
            max_ttl: self.auth_max_ttl,
        }
    }
}

/// Prints the address of a key set as it is read.
#[expect(clippy::ref_option, reason = "serde asks for it")]
fn shown<S: serde::Serializer>(source: &Option<Source>, serializer: S) -> Result<S::Ok, S::Error> {
    source.as_ref().map(ToString::to_string).serialize(serializer)
}

/// Reads a text that must not be empty.
pub fn text(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("must be a text that is not empty".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// A secret with which tokens are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSecret {
    /// The name of the key.
    pub name: Option<String>,
    /// The secret.
    pub secret: Secret,
    /// The longest life of its tokens.
    pub max_ttl: Option<Duration>,
}

impl FromStr for AuthSecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let given: Secret = text.parse()?;
        let (text, max_ttl) = match given.expose().rsplit_once(";max-ttl=") {
            Some((text, life)) => (text, Some(duration(life).map_err(|error| format!("max-ttl: {error}"))?)),
            None => (given.expose(), None),
        };
        if let Some((_, option)) = text.rsplit_once(';')
            && option.split_once('=').is_some_and(|(name, _)| is_name(name))
        {
            return Err("has an option that is not known: there is `;max-ttl=`, behind the secret".to_owned());
        }
        if text.starts_with('=') {
            return Err("has no name in front of `=`".to_owned());
        }
        let (name, secret) = match text.split_once('=') {
            // The `=` at the end of base64 names nothing.
            Some((name, secret)) if is_name(name) && !secret.trim_matches('=').is_empty() => (Some(name), secret),
            _ => (None, text),
        };
        long_enough(secret)?;
        Ok(Self { name: name.map(str::to_owned), secret: Secret::new(secret), max_ttl })
    }
}

/// Refuses a secret that can be guessed.
pub fn long_enough(secret: &str) -> Result<(), String> {
    match secret.len() {
        LEAST_SECRET.. => Ok(()),
        length => {
            Err(format!("must be at least {LEAST_SECRET} bytes long, and has {length}: `roomcast key` makes one"))
        }
    }
}

fn is_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_may_have_a_name_and_a_bound() {
        let plain = "0123456789abcdef0123456789abcdef";
        let read =
            |text: &str| text.parse::<AuthSecret>().map(|one| (one.name, one.secret.expose().to_owned(), one.max_ttl));
        assert_eq!(read(plain), Ok((None, plain.into(), None)));
        let base64 = format!("{plain}=");
        assert_eq!(read(&base64), Ok((None, base64.clone(), None)));
        assert_eq!(read(&format!("2026={plain}")), Ok((Some("2026".into()), plain.into(), None)));
        let year = Duration::from_secs(366 * 24 * 3600);
        assert_eq!(read(&format!("obs={plain};max-ttl=366d")), Ok((Some("obs".into()), plain.into(), Some(year))));
        assert_eq!(read(&format!("a b={plain}")), Ok((None, format!("a b={plain}"), None)));
    }

    #[test]
    fn a_short_secret_is_refused_without_being_told() {
        for bad in ["", "short", "name=0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef;max-ttl=x"] {
            let refused = bad.parse::<AuthSecret>().unwrap_err();
            assert!(!refused.contains("0123"), "{refused}");
        }
    }
}
