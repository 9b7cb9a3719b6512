//! SIGHUP: what can change while the server runs is read again, and what cannot is named.
//!
//! The outcome is a warning, so that the operator who asked sees it under most filters of the log.

use std::ffi::OsString;
use std::sync::Weak;

use tokio::signal::unix::Signal;

use super::serve::warn_of_dates;
use crate::config::{self, AccessTokens, Cli, Command, Serve};
use crate::listen::{CertificateFiles, Tls};
use crate::state::AppState;
use crate::telemetry::ChangeFilter;

/// The beginning of the names of settings of access tokens.
const KEYS: &str = "auth_";

/// Settings of a running server that can be read again.
pub struct Running {
    /// The command line, which is read again with the file of settings.
    pub arguments: Vec<OsString>,
    pub settings: Serve,
    pub state: Weak<AppState>,
    pub tls: Option<Tls>,
    /// The files of the certificate that is in use.
    pub certificate: Option<CertificateFiles>,
    pub change_filter: ChangeFilter,
}

/// Reads the settings again with every SIGHUP.
pub async fn follow(mut running: Running, mut hangups: Signal) {
    while hangups.recv().await.is_some() {
        running.reread();
    }
}

impl Running {
    fn reread(&mut self) {
        match config::read(&self.arguments) {
            Ok(Cli { command: Command::Serve(fresh) }) => self.take(&fresh),
            Ok(_) => {}
            Err(refusal) => {
                tracing::error!("SIGHUP: the settings stay as they are: {refusal}");
                self.renew_certificate(self.certificate.clone());
            }
        }
    }

    fn take(&mut self, fresh: &Serve) {
        let changed = self.settings.changed(fresh);
        let later: Vec<_> = changed.iter().filter(|id| !self.takes(id, fresh)).map(String::as_str).collect();
        let later = (!later.is_empty()).then(|| later.join(", "));
        // Said under the filter that shows it: of the old and the new one, either may hide warnings.
        if self.settings.log != fresh.log && !tracing::enabled!(tracing::Level::WARN) {
            self.change_filter(&fresh.log);
        }
        self.renew_certificate(fresh.certificate());
        self.replace_cdn_secrets(fresh, &changed);
        self.replace_keys(fresh, &changed);
        self.replace_turn_secret(fresh, &changed);
        self.replace_ice_token(fresh, &changed);
        let is_fetching = self.fetch_keys() | self.ask_for_ice_servers();
        if let Some(later) = later {
            tracing::warn!("SIGHUP: takes effect with the next start only: {later}");
        } else if changed.is_empty() && self.tls.is_none() && !is_fetching {
            tracing::warn!("SIGHUP: nothing has changed, and there is no certificate to read again");
        }
        if self.settings.log != fresh.log {
            self.change_filter(&fresh.log);
        }
    }

    /// Returns whether a setting takes effect now. TLS can be renewed, but neither begin nor end.
    fn takes(&self, id: &str, fresh: &Serve) -> bool {
        match id {
            "log" => true,
            "auth_jwks" => false,
            "cdn_secret" => self.settings.access.has_keys(),
            "turn_secret" => !self.settings.turn.turn_secret.is_empty() && !fresh.turn.turn_secret.is_empty(),
            // A token is for one service alone.
            "ice_token" => self.settings.turn.ice_url.is_some() && self.settings.turn.ice_url == fresh.turn.ice_url,
            id if id.starts_with(KEYS) => self.settings.access.has_keys() && fresh.access.has_keys(),
            "tls_cert" | "tls_key" => self.tls.is_some() && fresh.delivery.tls_cert.is_some(),
            _ => false,
        }
    }

    /// Takes other keys and demands on tokens; connections go on with what their tokens said. A server that is open
    /// stays so until its next start, and one with a key stays closed.
    fn replace_keys(&mut self, fresh: &Serve, changed: &[String]) {
        let is_changed = changed.iter().any(|id| id.starts_with(KEYS));
        if !is_changed || !self.settings.access.has_keys() || !fresh.access.has_keys() {
            return;
        }
        let Some(state) = self.state.upgrade() else { return };
        state.access.replace(fresh.access.token_policy());
        let auth_jwks = self.settings.access.auth_jwks.clone();
        self.settings.access = AccessTokens { auth_jwks, ..fresh.access.clone() };
        tracing::warn!("SIGHUP: the keys of access tokens were read again");
    }

    fn replace_cdn_secrets(&mut self, fresh: &Serve, changed: &[String]) {
        let is_changed = changed.iter().any(|id| id == "cdn_secret");
        let Some(state) = self.state.upgrade().filter(|_| is_changed && self.takes("cdn_secret", fresh)) else {
            return;
        };
        state.caches.replace(fresh.edge.cdn_secrets());
        self.settings.edge.cdn_secret.clone_from(&fresh.edge.cdn_secret);
        tracing::warn!("SIGHUP: the secrets of the CDN were read again");
    }

    /// Makes credentials with another secret; those that members have stay as they are.
    fn replace_turn_secret(&mut self, fresh: &Serve, changed: &[String]) {
        let is_changed = changed.iter().any(|id| id == "turn_secret");
        let Some(state) = self.state.upgrade().filter(|_| is_changed && self.takes("turn_secret", fresh)) else {
            return;
        };
        state.ice.replace_secret(fresh.turn.turn_secret.first().cloned());
        self.settings.turn.turn_secret.clone_from(&fresh.turn.turn_secret);
        tracing::warn!("SIGHUP: the secrets of the TURN servers were read again");
    }

    fn replace_ice_token(&mut self, fresh: &Serve, changed: &[String]) {
        let is_changed = changed.iter().any(|id| id == "ice_token");
        let Some(state) = self.state.upgrade().filter(|_| is_changed && self.takes("ice_token", fresh)) else { return };
        if let Some(handed) = state.ice.handed() {
            handed.replace_token(fresh.turn.service_token());
        }
        self.settings.turn.ice_token.clone_from(&fresh.turn.ice_token);
        tracing::warn!("SIGHUP: the token for the ICE servers was read again");
    }

    /// Asks for ICE servers again, if there is a service that hands them out.
    fn ask_for_ice_servers(&self) -> bool {
        let Some(state) = self.state.upgrade() else { return false };
        let Some(handed) = state.ice.handed() else { return false };
        handed.hurry();
        tracing::warn!("SIGHUP: the ICE servers are asked for again");
        true
    }

    /// Fetches the key set of access tokens again, if there is one.
    fn fetch_keys(&self) -> bool {
        let Some(state) = self.state.upgrade() else { return false };
        let Some(remote) = state.access.remote() else { return false };
        remote.hurry();
        tracing::warn!("SIGHUP: the key set of access tokens is fetched again");
        true
    }

    fn renew_certificate(&mut self, files: Option<CertificateFiles>) {
        let Some((tls, files)) = self.tls.as_ref().zip(files) else { return };
        match tls.reload(&files) {
            Ok(()) => {
                tracing::warn!("SIGHUP: the certificate was read again");
                warn_of_dates(&files);
                self.certificate = Some(files);
            }
            Err(reason) => tracing::error!("the old certificate stays: {reason}"),
        }
    }

    fn change_filter(&mut self, filter: &str) {
        let is_shown = tracing::enabled!(tracing::Level::WARN);
        if is_shown {
            tracing::warn!("SIGHUP: the log filter becomes {filter}");
        }
        match (self.change_filter)(filter) {
            Ok(()) => {
                filter.clone_into(&mut self.settings.log);
                if !is_shown {
                    tracing::warn!("SIGHUP: the log filter is {filter}");
                }
            }
            Err(reason) => tracing::error!("SIGHUP: the log filter stays: {reason}"),
        }
    }
}
