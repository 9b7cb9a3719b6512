//! ICE servers for clients: STUN as configured, TURN with credentials that end by themselves, and what a service hands
//! out beside them.
//!
//! Credentials follow "A REST API for Access to TURN Services" (draft-uberti-behave-turn-rest): the user name
//! is the time of expiry, the password its HMAC-SHA1 under a secret shared with the TURN server.

mod answer;
mod service;

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use roomcast_protocol::ack::{EngineSettings, IceConfig, IceServer};

use crate::host::is_turn;
use crate::secret::Secret;
pub use service::{FETCH_FAILURES, Handed, Service};

/// Makes credentials of TURN servers.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The secret shared with the servers.
    pub secret: &'a str,
    /// Validity of the credentials.
    pub life: Duration,
}

/// Settings of the ICE servers.
#[derive(Debug)]
pub struct IceSettings {
    /// The servers of the settings.
    pub urls: Vec<String>,
    /// The secret shared with those of TURN among them.
    pub secret: Option<Secret>,
    /// Validity of credentials made with it.
    pub life: Duration,
    /// A service that hands out further ones.
    pub service: Option<Service>,
}

/// The ICE servers of one server.
#[derive(Debug)]
pub struct Ice {
    urls: Vec<String>,
    /// The secret that signs credentials, which changes while the server runs.
    secret: RwLock<Option<Secret>>,
    life: Duration,
    handed: Option<Handed>,
}

impl Ice {
    /// Those of the settings, and none yet of a service.
    pub fn new(settings: IceSettings) -> Self {
        let IceSettings { urls, secret, life, service } = settings;
        Self { urls, secret: RwLock::new(secret), life, handed: service.map(Handed::new) }
    }

    /// Returns the ICE settings of a join ack. `now` is in seconds since 1970.
    pub fn engine_settings(&self, user: &str, now: u64) -> EngineSettings {
        let secret = self.secret.read().unwrap_or_else(PoisonError::into_inner);
        let signer = secret.as_ref().map(|secret| Signer { secret: secret.expose(), life: self.life });
        let own = servers(&self.urls, signer, user, now);
        let handed = self.handed.as_ref().map(Handed::servers).unwrap_or_default();
        told(own.into_iter().chain(handed.iter().cloned()).collect())
    }

    /// Replaces the secret with which credentials are signed.
    pub fn replace_secret(&self, secret: Option<Secret>) {
        *self.secret.write().unwrap_or_else(PoisonError::into_inner) = secret;
    }

    /// Returns the servers of a service, where there is one.
    pub const fn handed(&self) -> Option<&Handed> {
        self.handed.as_ref()
    }
}

fn told(ice_servers: Vec<IceServer>) -> EngineSettings {
    let is = ice_servers.iter().flat_map(|server| &server.urls).cloned().collect();
    EngineSettings { ice: IceConfig { is, ice_servers } }
}

/// Returns the servers of the settings, with credentials for a user. `now` is in seconds since 1970.
pub fn servers(urls: &[String], signer: Option<Signer<'_>>, user: &str, now: u64) -> Vec<IceServer> {
    let server = |url: &String| {
        let plain = IceServer { urls: vec![url.clone()], username: None, credential: None };
        match signer {
            Some(signer) if is_turn(url) => with_credentials(plain, signer, user, now),
            _ => plain,
        }
    };
    urls.iter().map(server).collect()
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
        let settings = told(servers(&urls, Some(signer), "ann", 1_000_000));
        assert_eq!(settings.ice.is, urls);
        assert_eq!(settings.ice.ice_servers[0].username, None);
        let turn = &settings.ice.ice_servers[1];
        assert_eq!(turn.username.as_deref(), Some("1043200:ann"));
        // printf 1043200:ann | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(turn.credential.as_deref(), Some("vj0EfemV4R/EDxI8K0gJCFb0erM="));
    }
}
