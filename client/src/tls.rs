//! The one TLS configuration and the one HTTP client that everything shares.
//!
//! Trusts the roots that Mozilla trusts, compiled in: a container without certificates works too. The provider is
//! named here, so that another one elsewhere in the program makes nothing ambiguous.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

/// How long a TCP and TLS connection for HTTP may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn config() -> ClientConfig {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Goes the same way as the WebSocket: directly, never through a proxy of the environment.
pub(crate) fn http() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(config())
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .no_proxy()
        .build()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_client_is_made_without_certificates_of_the_system() {
        assert!(super::http().is_ok());
        assert!(!super::config().crypto_provider().cipher_suites.is_empty());
    }
}
