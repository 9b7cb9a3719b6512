//! Tries TURN servers: an allocation over udp, tcp or tls, with the credentials that members get (RFC 8656).

mod stun;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio_rustls::TlsConnector;

use stun::{ALLOCATE, Credentials, StunRequest, StunResponse, TRANSACTION};

/// Time for a server to answer all that it is asked, its name included.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Requests over udp are sent again after this, and then after twice as long each time (RFC 8489, section 6.2.1).
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest answer.
const LONGEST: usize = 2048;
/// The head of every message, whose second pair of bytes has the length of the rest.
const HEAD: usize = 20;

/// The transport to a TURN server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// Address of a TURN server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name or address.
    pub host: String,
    pub port: u16,
    pub transport: Transport,
}

impl Target {
    /// Reads a URL of RFC 7065; none for another one. Without a transport browsers take udp for `turn:` and tls for
    /// `turns:`; DTLS they do not speak.
    pub fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let (server, query) = rest.split_once('?').map_or((rest, ""), |(server, query)| (server, query));
        let transport = match (scheme, query) {
            ("turn", "transport=tcp") => Transport::Tcp,
            ("turn", _) => Transport::Udp,
            ("turns", _) => Transport::Tls,
            _ => return None,
        };
        let default = if transport == Transport::Tls { 5349 } else { 3478 };
        let end_of_host = server.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match server[end_of_host..].split_once(':') {
            Some((name, port)) => (&server[..end_of_host + name.len()], port.parse().ok()?),
            None => (server, default),
        };
        Some(Self { host: host.trim_matches(['[', ']']).to_owned(), port, transport })
    }
}

/// Allocates once, and gives it back.
///
/// # Errors
/// A sentence that says what went wrong.
pub async fn try_allocation(target: &Target, username: &str, password: &str) -> Result<(), String> {
    let trial = async {
        match target.transport {
            Transport::Udp => allocate(&mut Datagrams::open(resolve(target).await?).await?, username, password).await,
            Transport::Tcp => allocate(&mut Stream(connect(target).await?), username, password).await,
            Transport::Tls => allocate(&mut Stream(secure(target).await?), username, password).await,
        }
    };
    tokio::time::timeout(TIMEOUT, trial).await.map_err(|_| "there is no answer in time".to_owned())?
}

/// Sends a request without credentials, receives the realm, and repeats the request with credentials.
async fn allocate(line: &mut impl TurnChannel, username: &str, password: &str) -> Result<(), String> {
    let first = line.ask(|id| StunRequest::new(ALLOCATE, id).over_udp().finish(None)).await?;
    let (401, Some(realm), Some(nonce)) = (first.status, &first.realm, &first.nonce) else {
        return Err(format!("it asks for no credentials, and answers {}", first.words()));
    };
    let mut credentials = Credentials::new(username, password, realm, nonce.clone());
    let mut second = line.ask(|id| StunRequest::new(ALLOCATE, id).over_udp().finish(Some(&credentials))).await?;
    if let (438, Some(nonce)) = (second.status, second.nonce.take()) {
        credentials.nonce = nonce;
        second = line.ask(|id| StunRequest::new(ALLOCATE, id).over_udp().finish(Some(&credentials))).await?;
    }
    match second.status {
        200 if !second.is_signed_by(&credentials) => Err("its answer is not signed with the secret".into()),
        200 => {
            // A relay that is not given back stays for ten minutes; whether this arrives changes nothing here.
            let _ = line.ask(|id| StunRequest::new(stun::REFRESH, id).for_no_time().finish(Some(&credentials))).await;
            Ok(())
        }
        401 => Err("it refuses the credentials: its secret is another one, or one of the clocks is wrong".into()),
        486 => Err("its quota is used up (486)".into()),
        _ => Err(format!("it answers {}", second.words())),
    }
}

/// The way to a server.
trait TurnChannel {
    /// Sends what is made of a fresh transaction, and gives the answer to it.
    async fn ask(&mut self, request: impl Fn([u8; TRANSACTION]) -> Vec<u8>) -> Result<StunResponse, String>;
}

fn transaction() -> Result<[u8; TRANSACTION], String> {
    let mut id = [0; TRANSACTION];
    getrandom::fill(&mut id).map_err(|error| error.to_string())?;
    Ok(id)
}

/// Over udp, where messages are lost.
struct Datagrams(UdpSocket);

impl Datagrams {
    async fn open(address: SocketAddr) -> Result<Self, String> {
        let own = if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
        let socket = UdpSocket::bind(own).await.map_err(|error| error.to_string())?;
        socket.connect(address).await.map_err(unreachable)?;
        Ok(Self(socket))
    }
}

impl TurnChannel for Datagrams {
    async fn ask(&mut self, request: impl Fn([u8; TRANSACTION]) -> Vec<u8>) -> Result<StunResponse, String> {
        let (id, mut wait) = (transaction()?, FIRST_WAIT);
        let (text, mut bytes) = (request(id), [0; LONGEST]);
        loop {
            self.0.send(&text).await.map_err(unreachable)?;
            let heard = async {
                loop {
                    let length = self.0.recv(&mut bytes).await.map_err(unreachable)?;
                    if let Some(answer) = StunResponse::parse(&bytes[..length], id) {
                        return Ok(answer);
                    }
                }
            };
            match tokio::time::timeout(wait, heard).await {
                Ok(answer) => return answer,
                Err(_) => wait *= 2,
            }
        }
    }
}

/// Over tcp or tls.
struct Stream<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> TurnChannel for Stream<S> {
    async fn ask(&mut self, request: impl Fn([u8; TRANSACTION]) -> Vec<u8>) -> Result<StunResponse, String> {
        let id = transaction()?;
        self.0.write_all(&request(id)).await.map_err(unreachable)?;
        let mut message = vec![0; HEAD];
        self.0.read_exact(&mut message).await.map_err(unreachable)?;
        let rest = usize::from(u16::from_be_bytes([message[2], message[3]]));
        if rest > LONGEST {
            return Err("it does not speak TURN".into());
        }
        message.resize(HEAD + rest, 0);
        self.0.read_exact(&mut message[HEAD..]).await.map_err(unreachable)?;
        StunResponse::parse(&message, id).ok_or_else(|| "it does not speak TURN".to_owned())
    }
}

async fn resolve(target: &Target) -> Result<SocketAddr, String> {
    let found = lookup_host((target.host.as_str(), target.port)).await;
    let found = found.map_err(|error| format!("its name cannot be resolved ({error})"))?.next();
    found.ok_or_else(|| "its name has no address".to_owned())
}

async fn connect(target: &Target) -> Result<TcpStream, String> {
    TcpStream::connect(resolve(target).await?).await.map_err(unreachable)
}

/// Checks the certificate as browsers do.
async fn secure(target: &Target) -> Result<tokio_rustls::client::TlsStream<TcpStream>, String> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(target.host.clone()).map_err(|_| "its name cannot stand in a certificate")?;
    let stream = connect(target).await?;
    let secured = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    secured.map_err(|error| format!("there is no TLS ({error})"))
}

#[expect(clippy::needless_pass_by_value, reason = "map_err gives it away")]
fn unreachable(error: std::io::Error) -> String {
    format!("it cannot be reached ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_how_a_server_is_reached() {
        let of = |url: &str| Target::of(url).map(|Target { host, port, transport }| (host, port, transport.name()));
        for (url, host, port, transport) in [
            ("turn:turn.example.com", "turn.example.com", 3478, "udp"),
            ("turn:turn.example.com:3479?transport=udp", "turn.example.com", 3479, "udp"),
            ("turn:192.0.2.7?transport=tcp", "192.0.2.7", 3478, "tcp"),
            ("turns:turn.example.com", "turn.example.com", 5349, "tls"),
            ("turns:[2001:db8::1]:443?transport=tcp", "2001:db8::1", 443, "tls"),
            ("turn:[::1]", "::1", 3478, "udp"),
        ] {
            assert_eq!(of(url), Some((host.to_owned(), port, transport)), "{url}");
        }
        assert_eq!(of("stun:stun.example.com"), None);
    }
}
