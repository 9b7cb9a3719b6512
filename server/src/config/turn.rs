//! Settings of TURN servers.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::secret::Secret;
use super::value::{duration, time};
use crate::ice::Signer;

/// Settings of TURN servers.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Turn {
    /// Secret shared with the TURN servers, or `file:PATH`; clients get credentials made with it. May be repeated while
    /// the servers take a new one: the first signs.
    #[arg(long, env = "ROOMCAST_TURN_SECRET", hide_env_values = true, value_delimiter = ',', value_name = "SECRET")]
    #[serde(skip)]
    pub turn_secret: Vec<Secret>,
    /// How long the credentials of TURN servers are good.
    #[arg(long, env = "ROOMCAST_TURN_TTL", default_value = "4h", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub turn_ttl: Duration,
}

impl Turn {
    /// What signs credentials, where there is a secret.
    pub fn signer(&self) -> Option<Signer<'_>> {
        self.turn_secret.first().map(|secret| Signer { secret: secret.expose(), life: self.turn_ttl })
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
