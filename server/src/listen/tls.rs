//! The certificate, its key and what is spoken over TLS.

use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The name of HTTP/2 in ALPN.
pub const HTTP2: &[u8] = b"h2";
/// Markers of encrypted keys: the first line (RFC 5958) or a later one (RFC 1421).
const ENCRYPTED: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"4,ENCRYPTED"];
const BEGIN_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const BEGIN_KEY: &str = "-----BEGIN PRIVATE KEY-----";

/// TLS with a certificate that can be changed while the server runs.
#[derive(Debug, Clone)]
pub struct Tls {
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    /// Reads a certificate chain and its key.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, String> {
        let current = Arc::new(RwLock::new(read(certificate, key)?));
        Ok(Self { current })
    }

    /// Reads both again, perhaps from other files, for connections to come.
    ///
    /// # Errors
    /// As [`load`](Self::load); then everything stays as it is.
    pub fn reload(&self, certificate: &Path, key: &Path) -> Result<(), String> {
        let fresh = read(certificate, key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What makes the next connection secure.
    pub fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let (chain, secret) = (read_chain(certificate)?, read_key(key)?);
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| does_not_fit(certificate, key, &error))?;
    config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn does_not_fit(certificate: &Path, key: &Path, error: &rustls::Error) -> String {
    let (certificate, key) = (certificate.display(), key.display());
    match error {
        rustls::Error::InconsistentKeys(_) => {
            format!("--tls-key {key} is not the key of the certificate in --tls-cert {certificate}")
        }
        error => format!("--tls-cert {certificate} and --tls-key {key} cannot be used: {error}"),
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let text = fs::read(path).map_err(|error| format!("--tls-cert {shown}: {error}"))?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(format!("--tls-cert {shown}: there is no certificate in it (PEM: {BEGIN_CERTIFICATE})")),
        Err(error) => Err(format!("--tls-cert {shown}: {error}")),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let shown = path.display();
    let text = fs::read(path).map_err(|error| format!("--tls-key {shown}: {error}"))?;
    if ENCRYPTED.iter().any(|mark| memchr::memmem::find(&text, mark).is_some()) {
        return Err(format!(
            "--tls-key {shown}: the key is encrypted, which is not supported; decrypt it with: openssl pkey -in {shown} \
             -out key.pem"
        ));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => format!("--tls-key {shown}: there is no private key in it (PEM: {BEGIN_KEY})"),
        error => format!("--tls-key {shown}: {error}"),
    })
}
