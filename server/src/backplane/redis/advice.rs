//! Explanations of errors of Redis and of the connection: one sentence each, with the cause and the remedy.
//!
//! A sentence begins with the address of the server, which the caller adds: "redis.example.com:6379 asks for a password
//! …". It contains no secrets.

use std::io;
use std::time::Duration;

use redis::{ErrorKind, RedisError};
use rustls::CertificateError;

use super::connector::Login;
use super::permission;
use crate::backplane::{BackplaneSettings, Server, Topology};

/// The settings that determine the advice.
#[derive(Debug, Clone)]
pub struct Advice {
    /// The setting with the address of Redis, as it was given.
    url: String,
    /// The setting with the CA certificates, with its value if set.
    ca: String,
    has_ca: bool,
    has_login: bool,
    tls: bool,
    is_cluster: bool,
    database: u16,
}

impl Advice {
    pub fn new(settings: &BackplaneSettings) -> Self {
        let (names, address) = (&settings.names, &settings.address);
        let ca = settings.ca.as_ref().map(|path| format!("{} {path:?}", names.ca));
        Self {
            has_ca: ca.is_some(),
            ca: ca.unwrap_or_else(|| names.ca.clone()),
            url: names.url.clone(),
            has_login: address.credentials.is_some(),
            tls: address.tls,
            is_cluster: matches!(address.topology, Topology::Cluster(_)),
            database: address.database,
        }
    }

    /// Returns the name of the setting with the address of Redis.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Explains an error that a server returned, or the lack of an answer.
    pub fn explain(&self, error: &RedisError, login: Login) -> String {
        // The first refusal of a pipeline: the others are mostly the same.
        let refusals = error.clone().into_server_errors();
        let first =
            refusals.and_then(|refusals| refusals.first().map(|(_, refusal)| RedisError::from(refusal.clone())));
        let (error, url) = (first.as_ref().unwrap_or(error), &self.url);
        match error.code() {
            Some("NOAUTH") => self.no_password(login),
            Some("WRONGPASS") => format!("refuses the user or the password of {url}: correct it there"),
            Some(code) if permission::is_lacking(code, &detail(error)) => permission::refused(&detail(error)),
            Some("READONLY") => format!("is a replica, which takes no writes: name the master in {url}"),
            Some("MASTERDOWN") => format!("is a replica without its master: name the master in {url}"),
            Some("MOVED" | "ASK" | "CLUSTERDOWN" | "CROSSSLOT") if !self.is_cluster => {
                format!("belongs to a cluster: write redis+cluster:// in {url}")
            }
            Some(code) => said_by(code).map_or_else(|| self.other(code, error, login), str::to_owned),
            None => self.without_answer(error),
        }
    }

    /// Explains a connection that failed or was lost.
    pub fn explain_io(&self, error: &io::Error, server: &Server) -> String {
        if let Some(tls) = tls_error(error) {
            return self.explain_tls(tls, server);
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                format!("refuses connections: start Redis there, or name another address in {}", self.url)
            }
            _ if error.to_string().starts_with("failed to lookup") => {
                format!("is a name without an address: correct it in {}", self.url)
            }
            _ => self.broken(error),
        }
    }

    /// Explains a timeout of a server.
    pub fn explain_silence(&self, waited: Duration) -> String {
        let waited = humantime::format_duration(waited);
        if self.tls {
            return format!(
                "does not answer within {waited}: if it speaks no TLS, write redis:// in place of rediss:// in {}",
                self.url
            );
        }
        format!("does not answer within {waited}: check its address in {}, and the network", self.url)
    }

    fn no_password(&self, login: Login) -> String {
        let url = &self.url;
        match login {
            Login::Nobody => "asks for a password: Sentinels must answer without one, only their master may ask".into(),
            Login::Ours if self.has_login => format!("does not take the login of {url}: correct it there"),
            Login::Ours => format!("asks for a password: write it into {url}, such as redis://:PASSWORD@HOST:6379"),
        }
    }

    /// Explains errors without a specific code, distinguished by their texts.
    fn other(&self, code: &str, error: &RedisError, login: Login) -> String {
        let (text, url) = (detail(error), &self.url);
        if text.contains("without any password configured") {
            return format!("has no password, but {url} gives one: remove it there, or set requirepass");
        }
        if text.contains("cluster support disabled") {
            return format!("is not a cluster: write redis:// in place of redis+cluster:// in {url}");
        }
        if text.contains("DB index") || text.contains("SELECT is not allowed") {
            return format!("has no database {}: end {url} with a lower number (see `databases` there)", self.database);
        }
        if text.contains("unknown command") && login == Login::Nobody {
            return format!("is not a Sentinel: name one in {url}, such as redis+sentinel://HOST:26379/SERVICE");
        }
        if text.contains("unknown command") {
            let command = text.split(['\'', '`']).nth(1).unwrap_or("a command");
            return format!(
                "does not know {command}: it must be Redis 7 or newer; for a Sentinel, write redis+sentinel:// in {url}"
            );
        }
        format!("answers \"{code} {text}\"")
    }

    fn without_answer(&self, error: &RedisError) -> String {
        if error.is_timeout() {
            return "does not answer in time".to_owned();
        }
        match error.kind() {
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
                format!("does not answer like Redis: name the address of Redis in {}", self.url)
            }
            ErrorKind::RESP3NotSupported => "is too old: it must be Redis 7 or newer".to_owned(),
            _ => self.broken(error),
        }
    }

    /// Explains a connection that was closed, as happens if only one side uses TLS.
    fn broken(&self, error: &impl ToString) -> String {
        let text = one_line(&error.to_string());
        if self.tls {
            return format!("ends the connection ({text}): with tls-auth-clients, set it to no or optional there");
        }
        format!("ends the connection ({text}): with TLS it is rediss:// in {}", self.url)
    }

    fn explain_tls(&self, error: &rustls::Error, server: &Server) -> String {
        let (url, ca) = (&self.url, &self.ca);
        let certificate = match error {
            rustls::Error::InvalidCertificate(error) => error,
            rustls::Error::InvalidMessage(_) => {
                return format!("does not speak TLS: write redis:// in place of rediss:// in {url}");
            }
            error => return format!("does not agree on TLS: {}", one_line(&error.to_string())),
        };
        match certificate {
            CertificateError::UnknownIssuer | CertificateError::BadSignature if self.has_ca => {
                format!("has a certificate that none of {ca} has issued: name its issuer there")
            }
            CertificateError::UnknownIssuer => {
                format!("has a certificate of an unknown authority: name the authority's certificate in {ca}")
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!(
                    "has a certificate for another name than \"{}\": use a name of the certificate in {url}",
                    server.host
                )
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "has a certificate that has expired: renew it there".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "has a certificate that is not valid yet: correct the clock here or there".to_owned()
            }
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                format!("has the certificate of an authority (CA:TRUE): give it one with CA:FALSE, and {ca} its issuer")
            }
            other => format!("has a certificate that cannot be used: {}", one_line(&other.to_string())),
        }
    }
}

/// Returns the explanation of a code that does not depend on the settings.
fn said_by(code: &str) -> Option<&'static str> {
    Some(match code {
        "LOADING" => "is still loading its data: wait for it",
        "CLUSTERDOWN" => "says that its cluster is down: assign every slot to a master that runs",
        "OOM" => "has no memory left: raise its maxmemory",
        "NOREPLICAS" => "has too few replicas to take writes: start them, or lower min-replicas-to-write",
        "MISCONF" => "cannot save its data and takes no writes: mend that there, or set stop-writes-on-bgsave-error no",
        "DENIED" => "is in protected mode, for its own machine only: give it a password, and add that here",
        "NOPROTO" => "is too old: it must be Redis 7 or newer",
        _ => return None,
    })
}

/// Returns the text of an error without its code, in one line.
pub fn detail(error: &RedisError) -> String {
    one_line(error.detail().unwrap_or_default())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
