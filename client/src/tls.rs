//! The one TLS configuration and the one HTTP client that everything shares.
//!
//! Trusts the roots that Mozilla trusts, compiled in: a container without certificates works too. The provider is
//! named here, so that another one elsewhere in the program makes nothing ambiguous.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};

use crate::Error;

/// Timeout for making a TCP and TLS connection for HTTP.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The authorities whose certificates a server may have.
#[derive(Debug, Clone)]
pub struct Trust {
    roots: Arc<RootCertStore>,
    /// The certificates that were named one by one: a self-signed one is its own authority.
    named: Vec<CertificateDer<'static>>,
    /// The file that names them.
    file: Option<PathBuf>,
}

impl Default for Trust {
    /// Returns the authorities that browsers trust.
    fn default() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self { roots: Arc::new(roots), named: Vec::new(), file: None }
    }
}

impl Trust {
    /// Returns the authorities of a file in PEM, or the server's own certificate, and no others.
    ///
    /// # Errors
    /// [`Error::Certificates`] if the file contains no certificate.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed =
            |reason: &dyn std::fmt::Display| Error::Certificates { path: path.to_owned(), reason: reason.to_string() };
        let (mut roots, mut named) = (RootCertStore::empty(), Vec::new());
        let text = std::fs::read(path).map_err(|error| failed(&error))?;
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|error| failed(&error))?;
            roots.add(certificate.clone()).map_err(|error| failed(&error))?;
            named.push(certificate);
        }
        if roots.is_empty() {
            return Err(failed(&"there is no certificate in it (PEM: -----BEGIN CERTIFICATE-----)"));
        }
        Ok(Self { roots: Arc::new(roots), named, file: Some(path.to_owned()) })
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the default versions");
        if self.named.is_empty() {
            return builder.with_root_certificates(Arc::clone(&self.roots)).with_no_client_auth();
        }
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.roots), provider);
        let usual = usual.build().expect("there are roots");
        let file = self.file.clone().unwrap_or_default();
        let verifier = Arc::new(NamedVerifier { usual, named: self.named.clone(), file });
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
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

/// Verifies as usual, and accepts a named certificate that signs itself: as a certificate of an authority it could not
/// be a server's otherwise (RFC 5280, section 4.2.1.9).
#[derive(Debug)]
struct NamedVerifier {
    usual: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
    file: PathBuf,
}

/// The error for a server certificate that no authority in this file has signed.
#[derive(Debug, thiserror::Error)]
#[error("the server's certificate was not signed by {file:?}; name the certificate of its authority with --ca FILE")]
struct NotSigned {
    file: String,
}

impl ServerCertVerifier for NamedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let is_named = self.named.iter().any(|named| named.as_ref() == end_entity.as_ref());
        match verified {
            // "CA used as end entity" has no variant of its own; being expired has, and stays an error.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) if is_named => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            // A signature by another key of the same name is bad instead of unknown.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => {
                let not_signed = NotSigned { file: self.file.display().to_string() };
                let reason = OtherError(Arc::new(not_signed));
                Err(rustls::Error::InvalidCertificate(CertificateError::Other(reason)))
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// A sentence for an error that TLS caused and somebody can do something about.
pub(crate) fn explain(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let said = match cause(error)? {
        rustls::Error::InvalidMessage(_) => {
            Some("the server does not speak TLS at this port; use http:// in its address")
        }
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(reason))) if reason.is::<NotSigned>() => {
            return Some(reason.to_string());
        }
        rustls::Error::InvalidCertificate(CertificateError::Other(_)) => {
            Some("the server's certificate is not one for a server; if it is self-signed, name it with --ca FILE")
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            Some("the authority of the server's certificate is not known here; name its certificate with --ca FILE")
        }
        _ => None,
    };
    said.map(str::to_owned)
}

/// Returns the error of TLS behind another one. The error that an `io::Error` wraps is not its source.
fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
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
    fn errors_of_tls_are_found_where_they_are_wrapped() {
        let plain = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let wrapped = std::io::Error::other(std::io::Error::new(std::io::ErrorKind::InvalidData, plain));
        assert!(explain(&wrapped).is_some_and(|said| said.contains("does not speak TLS")));
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert!(explain(&unknown).is_some_and(|said| said.contains("--ca FILE")));
        assert_eq!(explain(&std::io::Error::other("x")), None);
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
