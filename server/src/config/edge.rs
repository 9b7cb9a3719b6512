//! Settings of what stands between the server and its viewers.

use std::str::FromStr;

use clap::Args;
use serde::Serialize;

use super::access::long_enough;
use crate::secret::Secret;

/// Settings of caches in front.
#[derive(Debug, Clone, Args, Serialize)]
pub struct EdgeSettings {
    /// Secret of at least 32 bytes, or `file:PATH`, with which a CDN that checks viewers by itself fetches playlists and
    /// media (`Authorization: Bearer SECRET`), and nothing else; may be repeated: all count. Needs a key.
    #[arg(long, env = "ROOMCAST_CDN_SECRET", hide_env_values = true, value_delimiter = ',', value_name = "SECRET")]
    #[serde(skip)]
    pub cdn_secret: Vec<CdnSecret>,
}

impl EdgeSettings {
    /// Returns the secrets of the caches in front.
    pub fn cdn_secrets(&self) -> Vec<Secret> {
        self.cdn_secret.iter().map(|one| one.0.clone()).collect()
    }
}

/// A secret of a CDN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdnSecret(pub Secret);

impl FromStr for CdnSecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let secret: Secret = text.parse()?;
        if !secret.is_bearer() {
            return Err("must be of A-Z a-z 0-9 - . _ ~ + / =: `roomcast key` makes one".into());
        }
        long_enough(secret.expose())?;
        Ok(Self(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_could_not_arrive_is_refused_without_being_told() {
        assert!("0123456789abcdef0123456789abcde=".parse::<CdnSecret>().is_ok());
        for bad in ["", "0123456789abcdef0123456789abcde", "0123456789abcdef 0123456789abcdef", "file:/nowhere"] {
            let refused = bad.parse::<CdnSecret>().unwrap_err();
            assert!(!refused.contains("0123"), "{refused}");
        }
    }
}
