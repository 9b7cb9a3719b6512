//! One connection to one server: TCP, TLS, login, and the task that drives it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::advice::Advice;
use crate::backplane::{BackplaneSettings, RedisAddress, Server};

/// A factory of connections.
pub struct Connector {
    tls: Option<TlsConnector>,
    login: RedisConnectionInfo,
    timeout: Duration,
    max_calls: usize,
    advice: Advice,
}

/// The login of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// The login and the database of the address.
    Ours,
    /// No login, for Sentinels.
    Nobody,
}

/// The parameters of a connection, which depend on its use.
pub struct Purpose {
    pub login: Login,
    /// The timeout of a reply.
    pub timeout: Duration,
    /// The receiver of published messages.
    pub push: Option<Arc<dyn AsyncPushSender>>,
}

/// A connection and its driver task, which ends with it.
pub struct Connection {
    pub commands: MultiplexedConnection,
    driver: JoinHandle<()>,
}

impl Connection {
    /// Waits until the connection is lost.
    pub async fn lost(&mut self) {
        let _ = (&mut self.driver).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Connector {
    /// # Errors
    /// A sentence if the certificate file is invalid.
    pub fn new(settings: &BackplaneSettings) -> Result<Self, String> {
        let ca = settings.ca.as_deref();
        let tls = settings.address.tls.then(|| tls(ca, &settings.names.ca)).transpose()?;
        if tls.is_none() && settings.ca.is_some() {
            return Err(format!("{} is for addresses with rediss", settings.names.ca));
        }
        Ok(Self {
            tls,
            login: login(&settings.address),
            timeout: settings.connect_timeout,
            max_calls: settings.max_calls,
            advice: Advice::new(settings),
        })
    }

    /// Returns the explanations of errors in terms of the settings.
    pub fn advice(&self) -> &Advice {
        &self.advice
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// A sentence without secrets.
    pub async fn connect(&self, server: &Server, purpose: Purpose) -> Result<Connection, String> {
        self.try_connect(server, purpose).await.map_err(|reason| format!("{server} {reason}"))
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// The end of a sentence that begins with the address of the server.
    pub async fn try_connect(&self, server: &Server, purpose: Purpose) -> Result<Connection, String> {
        let connecting = self.establish(server, purpose);
        let connected = tokio::time::timeout(self.timeout, connecting).await;
        connected.map_err(|_| self.advice.explain_silence(self.timeout))?
    }

    async fn establish(&self, server: &Server, purpose: Purpose) -> Result<Connection, String> {
        let stream = self.stream(server).await.map_err(|error| self.advice.explain_io(&error, server))?;
        let mut config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(purpose.timeout))
            // As long as there may be calls, so that none waits for its place (and those that bring no permit).
            .set_pipeline_buffer_size(self.max_calls.saturating_add(64));
        if let Some(push) = purpose.push {
            config = config.set_push_sender(push);
        }
        let (kind, nobody) = (purpose.login, nobody());
        let login = if kind == Login::Ours { &self.login } else { &nobody };
        let made = MultiplexedConnection::new_with_config(login, stream, config).await;
        let (commands, driver) = made.map_err(|error| self.advice.explain(&error, kind))?;
        Ok(Connection { commands, driver: tokio::spawn(driver) })
    }

    async fn stream(&self, server: &Server) -> std::io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(server.host.clone()).map_err(std::io::Error::other)?;
        Ok(Box::new(tls.connect(name, stream).await?))
    }
}

fn nobody() -> RedisConnectionInfo {
    RedisConnectionInfo::default()
        .set_protocol(ProtocolVersion::RESP3)
        .set_lib_name("roomcast", env!("CARGO_PKG_VERSION"))
}

fn login(address: &RedisAddress) -> RedisConnectionInfo {
    let login = nobody().set_db(address.database.into());
    let Some(credentials) = &address.credentials else { return login };
    let login = login.set_password(&credentials.password);
    credentials.user.iter().fold(login, RedisConnectionInfo::set_username)
}

fn tls(ca: Option<&Path>, setting: &str) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let failed = |error: &dyn std::fmt::Display| format!("{setting} {file:?}: {error}");
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
                roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
            }
            if roots.is_empty() {
                return Err(failed(&"there is no certificate in it"));
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}
