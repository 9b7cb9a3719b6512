//! SIGHUP: what can change while the server runs is read again, and what cannot is named.
//!
//! The outcome is a warning, so that the operator who asked sees it under most filters of the log.

use std::ffi::OsString;

use tokio::signal::unix::Signal;

use super::serve::warn_of_dates;
use crate::config::{self, Cli, Command, Serve};
use crate::listen::{CertificateFiles, Tls};
use crate::telemetry::ChangeFilter;

/// Settings of a running server that can be read again.
pub struct Running {
    /// The command line, which is read again with the file of settings.
    pub arguments: Vec<OsString>,
    pub settings: Serve,
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
        if let Some(later) = later {
            tracing::warn!("SIGHUP: takes effect with the next start only: {later}");
        } else if changed.is_empty() && self.tls.is_none() {
            tracing::warn!("SIGHUP: nothing has changed, and there is no certificate to read again");
        }
        if self.settings.log != fresh.log {
            self.change_filter(&fresh.log);
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
