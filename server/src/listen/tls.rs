//! The certificate, its key and what is spoken over TLS.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::validity::{self, Dates};

/// The name of HTTP/2 in ALPN.
pub const HTTP2: &[u8] = b"h2";
/// Markers of encrypted keys: the first line (RFC 5958) or a later one (RFC 1421).
const ENCRYPTED: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"4,ENCRYPTED"];
const BEGIN_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const BEGIN_KEY: &str = "-----BEGIN PRIVATE KEY-----";

/// A file that a setting names.
#[derive(Debug, Clone)]
pub struct NamedFile {
    /// Name of the setting, as it was given.
    pub setting: String,
    /// Path of the file.
    pub path: PathBuf,
}

impl fmt::Display for NamedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.setting, self.path.display().to_string())
    }
}

/// A certificate chain and its private key, both in PEM.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The chain of certificates.
    pub chain: NamedFile,
    /// The private key of the first.
    pub key: NamedFile,
}

impl CertificateFiles {
    /// Judges the dates of the server's own certificate, the first of its chain, with sentences that name its file.
    pub fn dates(&self, now: SystemTime) -> Dates {
        // A chain that cannot be read is told where it is loaded.
        let Ok(chain) = read_chain(&self.chain) else { return Dates::Good };
        let named = |said| format!("{}: {said}", self.chain);
        match chain.first().map_or(Dates::Good, |own| validity::judge(own, now)) {
            Dates::Good => Dates::Good,
            Dates::EndsSoon(said) => Dates::EndsSoon(named(said)),
            Dates::Invalid(said) => Dates::Invalid(named(said)),
        }
    }
}

/// TLS with a certificate that can be changed while the server runs.
#[derive(Debug, Clone)]
pub struct Tls {
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    /// Reads a certificate chain and its key.
    ///
    /// # Errors
    /// A sentence that names the setting, the file and what is wrong with it.
    pub fn load(files: &CertificateFiles) -> Result<Self, String> {
        let current = Arc::new(RwLock::new(read(files)?));
        Ok(Self { current })
    }

    /// Reads both again, perhaps from other files, for connections to come.
    ///
    /// # Errors
    /// As [`load`](Self::load); then everything stays as it is.
    pub fn reload(&self, files: &CertificateFiles) -> Result<(), String> {
        let fresh = read(files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Returns the TLS acceptor for the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

fn read(files: &CertificateFiles) -> Result<Arc<ServerConfig>, String> {
    let (chain, secret) = (read_chain(&files.chain)?, read_key(&files.key)?);
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| does_not_fit(files, &error))?;
    config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn does_not_fit(CertificateFiles { chain, key }: &CertificateFiles, error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            format!("{key} is not the key of the certificate in {chain}")
        }
        error => format!("{chain} and {key} cannot be used: {error}"),
    }
}

fn read_chain(file: &NamedFile) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = fs::read(&file.path).map_err(|error| format!("{file}: {error}"))?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(format!("{file}: there is no certificate in it (PEM: {BEGIN_CERTIFICATE})")),
        Err(error) => Err(format!("{file}: {error}")),
    }
}

fn read_key(file: &NamedFile) -> Result<PrivateKeyDer<'static>, String> {
    let text = fs::read(&file.path).map_err(|error| format!("{file}: {error}"))?;
    if ENCRYPTED.iter().any(|mark| memchr::memmem::find(&text, mark).is_some()) {
        return Err(format!(
            "{file}: the key is encrypted, which is not supported; decrypt it with: openssl pkey -in {} -out key.pem",
            file.path.display()
        ));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => format!("{file}: there is no private key in it (PEM: {BEGIN_KEY})"),
        error => format!("{file}: {error}"),
    })
}
