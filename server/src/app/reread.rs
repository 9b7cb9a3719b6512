//! SIGHUP: what can change while the server runs is read again, and what cannot is named.

use std::ffi::OsString;

use tokio::signal::unix::Signal;

use crate::config::{self, Cli, Command, Serve};
use crate::listen::Tls;
use crate::telemetry::ChangeFilter;

/// Settings of a running server that can be read again.
pub struct Running {
    /// The command line, which is read again with the file of settings.
    pub arguments: Vec<OsString>,
    pub settings: Serve,
    pub tls: Option<Tls>,
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
                self.renew_certificate(&self.settings);
            }
        }
    }

    fn take(&mut self, fresh: &Serve) {
        self.renew_certificate(fresh);
        let changed = self.settings.changed(fresh);
        if self.settings.log != fresh.log {
            self.change_filter(&fresh.log);
        }
        let later: Vec<_> = changed.iter().filter(|id| !self.takes(id, fresh)).map(String::as_str).collect();
        if !later.is_empty() {
            tracing::warn!("SIGHUP: takes effect with the next start only: {}", later.join(", "));
        } else if changed.is_empty() && self.tls.is_none() {
            tracing::info!("SIGHUP: nothing has changed, and there is no certificate to read again");
        }
    }

    /// Whether a setting takes effect now. TLS can be renewed, but neither begin nor end.
    fn takes(&self, id: &str, fresh: &Serve) -> bool {
        match id {
            "log" => true,
            "tls_cert" | "tls_key" => self.tls.is_some() && fresh.delivery.tls_cert.is_some(),
            _ => false,
        }
    }

    fn renew_certificate(&self, fresh: &Serve) {
        let files = fresh.delivery.tls_cert.as_ref().zip(fresh.delivery.tls_key.as_ref());
        let Some((tls, (certificate, key))) = self.tls.as_ref().zip(files) else { return };
        match tls.reload(certificate, key) {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(reason) => tracing::error!("the old certificate stays: {reason}"),
        }
    }

    fn change_filter(&mut self, filter: &str) {
        match (self.change_filter)(filter) {
            Ok(()) => {
                filter.clone_into(&mut self.settings.log);
                tracing::info!("SIGHUP: the log filter is {filter}");
            }
            Err(reason) => tracing::error!("SIGHUP: the log filter stays: {reason}"),
        }
    }
}
