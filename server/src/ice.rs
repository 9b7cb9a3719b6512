//! ICE servers for clients: STUN as configured, TURN with credentials that end by themselves.
//!
//! Credentials follow "A REST API for Access to TURN Services" (draft-uberti-behave-turn-rest): the user name
//! is the time of expiry, the password its HMAC-SHA1 under a secret shared with the TURN server.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use roomcast_protocol::ack::{EngineSettings, IceConfig, IceServer};

/// Makes credentials of TURN servers.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The secret shared with the servers.
    pub secret: &'a str,
    /// How long credentials are good.
    pub life: Duration,
}

/// What a join ack says about ICE. `now` is in seconds since 1970.
pub fn engine_settings(urls: &[String], signer: Option<Signer<'_>>, user: &str, now: u64) -> EngineSettings {
    let server = |url: &String| {
        let plain = IceServer { urls: vec![url.clone()], username: None, credential: None };
        match signer {
            Some(signer) if url.starts_with("turn") => with_credentials(plain, signer, user, now),
            _ => plain,
        }
    };
    EngineSettings { ice: IceConfig { is: urls.to_vec(), ice_servers: urls.iter().map(server).collect() } }
}

fn with_credentials(server: IceServer, signer: Signer<'_>, user: &str, now: u64) -> IceServer {
    let username = format!("{}:{user}", now.saturating_add(signer.life.as_secs()));
    let mut mac = Hmac::<Sha1>::new_from_slice(signer.secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(username.as_bytes());
    let credential = STANDARD.encode(mac.finalize().into_bytes());
    IceServer { username: Some(username), credential: Some(credential), ..server }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_turn_servers_get_credentials() {
        let signer = Signer { secret: "north", life: Duration::from_secs(12 * 3600) };
        let urls = ["stun:stun.example.com".to_owned(), "turn:turn.example.com".to_owned()];
        let settings = engine_settings(&urls, Some(signer), "ann", 1_000_000);
        assert_eq!(settings.ice.is, urls);
        assert_eq!(settings.ice.ice_servers[0].username, None);
        let turn = &settings.ice.ice_servers[1];
        assert_eq!(turn.username.as_deref(), Some("1043200:ann"));
        // printf 1043200:ann | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(turn.credential.as_deref(), Some("vj0EfemV4R/EDxI8K0gJCFb0erM="));
    }
}
