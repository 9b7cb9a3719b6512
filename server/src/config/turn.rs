//! Settings of TURN servers, and of a service that hands out ICE servers.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use reqwest::Url;
use serde::Serialize;

use super::value::time;
use crate::fetch::{self, Unfit};
use crate::ice::{Service, Signer};
use crate::secret::Secret;
use crate::units::duration;

/// Settings of TURN servers.
#[derive(Debug, Clone, Args, Serialize)]
pub struct TurnSettings {
    /// Secret shared with the TURN servers, or `file:PATH`; clients get credentials made with it. May be repeated while
    /// the servers take a new one: the first signs.
    #[arg(long, env = "ROOMCAST_TURN_SECRET", hide_env_values = true, value_delimiter = ',', value_name = "SECRET")]
    #[serde(skip)]
    pub turn_secret: Vec<Secret>,
    /// Validity of the credentials of TURN servers.
    #[arg(long, env = "ROOMCAST_TURN_TTL", default_value = "4h", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub turn_ttl: Duration,
    /// Address of a service that hands out ICE servers (Cloudflare and others), told to clients beside those of
    /// --ice-server: https, or http on loopback. It is asked by POST with {"ttl":SECONDS}, at the start and at half of
    /// --ice-ttl.
    #[arg(long, env = "ROOMCAST_ICE_URL", value_parser = service, value_name = "URL")]
    #[serde(serialize_with = "shown")]
    pub ice_url: Option<Url>,
    /// Token for --ice-url (Authorization: Bearer TOKEN), or `file:PATH`.
    #[arg(long, env = "ROOMCAST_ICE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    #[serde(skip)]
    pub ice_token: Option<IceToken>,
    /// Validity of the servers that --ice-url hands out: the life that is asked for, after which clients get them no
    /// more.
    #[arg(long, env = "ROOMCAST_ICE_TTL", default_value = "4h", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ice_ttl: Duration,
}

impl TurnSettings {
    /// Signer of credentials, where there is a secret.
    pub fn signer(&self) -> Option<Signer<'_>> {
        self.turn_secret.first().map(|secret| Signer { secret: secret.expose(), life: self.turn_ttl })
    }

    /// Returns the service that hands out ICE servers, where there is one.
    pub fn service(&self) -> Option<Service> {
        let url = self.ice_url.clone()?;
        Some(Service { url, token: self.service_token(), life: self.ice_ttl })
    }

    /// Returns the token for that service.
    pub fn service_token(&self) -> Option<Secret> {
        self.ice_token.as_ref().map(|token| token.0.clone())
    }
}

/// Reads the address of a service.
fn service(text: &str) -> Result<Url, &'static str> {
    fetch::address(text).map_err(|unfit| match unfit {
        Unfit::Form => {
            "must be an https address, or an http address on loopback, such as https://turn.example.com/credentials"
        }
        Unfit::Login => {
            "takes no user and no password, such as https://turn.example.com/credentials: --ice-token has one"
        }
    })
}

/// Prints the address of a service as it is read.
#[expect(clippy::ref_option, reason = "serde asks for it")]
fn shown<S: serde::Serializer>(url: &Option<Url>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(Url::as_str).serialize(serializer)
}

/// The token for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceToken(Secret);

impl FromStr for IceToken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let token: Secret = text.parse()?;
        match token.is_bearer() {
            true => Ok(Self(token)),
            false => Err("must be of A-Z a-z 0-9 - . _ ~ + / =, or file:PATH such as file:/run/secrets/ice".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::config::{Cli, Command};

    #[test]
    fn the_first_secret_signs() {
        let signer = |flags: &[&str]| {
            let line = ["roomcast", "serve"].iter().chain(flags);
            let Command::Serve(serve) = Cli::parse_from(line).command else { panic!("not serve") };
            serve.turn.signer().map(|signer| (signer.secret.to_owned(), signer.life.as_secs()))
        };
        assert_eq!(signer(&[]), None);
        assert_eq!(signer(&["--turn-secret=new,old"]), Some(("new".into(), 4 * 3600)));
        assert_eq!(signer(&["--turn-secret=new", "--turn-secret=old", "--turn-ttl=1h"]), Some(("new".into(), 3600)));
    }
}
