//! The one TLS configuration and the one HTTP client that everything shares.
//!
//! Trusts the roots that Mozilla trusts, compiled in: a container without certificates works too. The provider is
//! named here, so that another one elsewhere in the program makes nothing ambiguous.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::Error;

/// How long a TCP and TLS connection for HTTP may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The authorities whose certificates a server may have.
#[derive(Debug, Clone)]
pub struct Trust(Arc<RootCertStore>);

impl Default for Trust {
    /// The authorities that browsers trust.
    fn default() -> Self {
        Self(Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }))
    }
}

impl Trust {
    /// The authorities of a file in PEM, and no others.
    ///
    /// # Errors
    /// [`Error::Certificates`] when there is none in it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed =
            |reason: &dyn std::fmt::Display| Error::Certificates { path: path.to_owned(), reason: reason.to_string() };
        let mut roots = RootCertStore::empty();
        let text = std::fs::read(path).map_err(|error| failed(&error))?;
        for certificate in CertificateDer::pem_slice_iter(&text) {
            roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
        }
        if roots.is_empty() {
            return Err(failed(&"there is no certificate in it (PEM: -----BEGIN CERTIFICATE-----)"));
        }
        Ok(Self(Arc::new(roots)))
    }

    pub(crate) fn config(&self) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the default versions")
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth()
    }

    /// Goes the same way as the WebSocket: directly, never through a proxy of the environment.
    pub(crate) fn http(&self) -> Result<reqwest::Client, reqwest::Error> {
        reqwest::Client::builder()
            .tls_backend_preconfigured(self.config())
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_made_without_certificates_of_the_system() {
        assert!(Trust::default().http().is_ok());
        assert!(!Trust::default().config().crypto_provider().cipher_suites.is_empty());
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let no_pem = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        for path in [no_pem.as_path(), Path::new("/nowhere/at/all.pem")] {
            let reason = Trust::read(path).expect_err("no certificate").to_string();
            assert!(reason.contains(&*path.to_string_lossy()), "{reason}");
        }
    }
}
