//! The address of Redis: one server, a service monitored by Sentinels, or a Cluster.
//!
//! ```text
//! redis://[user:password@]host[:port][/database]                        one server
//! redis+sentinel://[user:password@]host[:port],…/service[/database]     the master of a service
//! redis+cluster://[user:password@]host[:port],…                         a cluster
//! ```
//! With `rediss` instead of `redis`, connections use TLS. User and password may be percent-encoded (RFC 3986, section
//! 2.1). Neither is ever printed.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// The address of Redis, and the login.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedisAddress {
    /// Whether all connections use TLS, including those to Sentinels.
    pub tls: bool,
    /// The login at Redis. It is not used for Sentinels.
    pub credentials: Option<Credentials>,
    /// The servers of Redis, and how the master is found.
    pub topology: Topology,
    /// The number of the database; always 0 in a cluster.
    pub database: u16,
}

/// A login. Its password is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user; `None` for the default user.
    pub user: Option<String>,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// Host and port of one server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Server {
    /// The host name or address, without brackets for IPv6.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The kind of Redis deployment at the address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Topology {
    /// One server.
    Single(Server),
    /// Sentinels, which know the master of a service.
    Sentinel {
        /// The Sentinels to query.
        sentinels: Vec<Server>,
        /// The name of the service that they monitor.
        service: String,
    },
    /// Some servers of a cluster, which know the others.
    Cluster(Vec<Server>),
}

impl FromStr for RedisAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORMS: &str = "must start with redis://, redis+sentinel:// or redis+cluster://, or with rediss for TLS";
        let (scheme, rest) = text.split_once("://").ok_or(FORMS)?;
        let (secure, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match secure {
            "redis" => false,
            "rediss" => true,
            _ => return Err(FORMS.into()),
        };
        if rest.contains(['?', '#']) {
            return Err("takes no ? and no # (in a password they are written %3F and %23)".into());
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let credentials = login.map(credentials).transpose()?.flatten();
        match kind {
            "" => single(hosts, path).map(|(topology, database)| Self { tls, credentials, topology, database }),
            "sentinel" => {
                sentinel(hosts, path).map(|(topology, database)| Self { tls, credentials, topology, database })
            }
            "cluster" if path.is_empty() => {
                Ok(Self { tls, credentials, topology: Topology::Cluster(servers(hosts, 6379)?), database: 0 })
            }
            "cluster" => Err("has no path after the servers of a cluster, which has one database only".into()),
            _ => Err(FORMS.into()),
        }
    }
}

fn single(host: &str, path: &str) -> Result<(Topology, u16), String> {
    if host.contains(',') {
        return Err("names one server; several are for redis+sentinel:// and redis+cluster://".into());
    }
    Ok((Topology::Single(server(host, 6379)?), database(path)?))
}

fn sentinel(hosts: &str, path: &str) -> Result<(Topology, u16), String> {
    let (service, number) = path.split_once('/').unwrap_or((path, ""));
    if service.is_empty() {
        return Err("needs the name of the service after the sentinels: redis+sentinel://HOST:PORT/mymaster".into());
    }
    let topology = Topology::Sentinel { sentinels: servers(hosts, 26379)?, service: decode(service)? };
    Ok((topology, database(number)?))
}

fn database(path: &str) -> Result<u16, String> {
    if path.is_empty() {
        return Ok(0);
    }
    path.parse().map_err(|_| "must end in the number of a database, such as /0".to_owned())
}

fn credentials(login: &str) -> Result<Option<Credentials>, String> {
    if login.is_empty() {
        return Ok(None);
    }
    let Some((user, password)) = login.split_once(':') else {
        return Err("must have user:password, or :password, before the @".into());
    };
    let user = Some(decode(user)?).filter(|user| !user.is_empty());
    Ok(Some(Credentials { user, password: decode(password)? }))
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "has percent-encoded bytes that are no text".to_owned())
}

fn servers(hosts: &str, default_port: u16) -> Result<Vec<Server>, String> {
    hosts.split(',').map(|host| server(host, default_port)).collect()
}

fn server(text: &str, default_port: u16) -> Result<Server, String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("has an address in brackets without its end")?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%');
    if host.is_empty() || !host.bytes().all(legal) {
        return Err("needs a host, such as redis.example.com or [::1]".into());
    }
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|&port| port > 0).ok_or("has a port that is no number up to 65535")?,
        None if port.is_empty() => default_port,
        None => return Err("has something after the brackets that is no port".into()),
    };
    Ok(Server { host: host.to_owned(), port })
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// Formats the address as given, with all ports and without the login.
impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |servers: &[Server]| servers.iter().map(Server::to_string).collect::<Vec<_>>().join(",");
        let scheme = if self.tls { "rediss" } else { "redis" };
        match &self.topology {
            Topology::Single(server) => write!(f, "{scheme}://{server}/{}", self.database),
            Topology::Cluster(servers) => write!(f, "{scheme}+cluster://{}", list(servers)),
            Topology::Sentinel { sentinels, service } => {
                write!(f, "{scheme}+sentinel://{}/{service}/{}", list(sentinels), self.database)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn servers(ports: &[(&str, u16)]) -> Vec<Server> {
        ports.iter().map(|(host, port)| Server { host: (*host).to_owned(), port: *port }).collect()
    }

    #[test]
    fn every_form_is_read() {
        let read = |text: &str| text.parse::<RedisAddress>().expect(text);
        let single = read("redis://example.com");
        assert_eq!(single.topology, Topology::Single(servers(&[("example.com", 6379)]).remove(0)));
        assert!(!single.tls && single.credentials.is_none() && single.database == 0);
        let secure = read("rediss://me:p%40s%2Fs@[::1]:7000/3");
        assert_eq!(secure.topology, Topology::Single(servers(&[("::1", 7000)]).remove(0)));
        let credentials = Credentials { user: Some("me".into()), password: "p@s/s".into() };
        assert_eq!((secure.tls, secure.database, secure.credentials), (true, 3, Some(credentials)));
        let watched = read("redis+sentinel://:secret@a,b:5/rooms/1");
        let topology = Topology::Sentinel { sentinels: servers(&[("a", 26379), ("b", 5)]), service: "rooms".into() };
        assert_eq!((watched.topology, watched.database), (topology, 1));
        assert_eq!(watched.credentials, Some(Credentials { user: None, password: "secret".into() }));
        let cluster = read("rediss+cluster://a:1,b:2/");
        assert_eq!(cluster.topology, Topology::Cluster(servers(&[("a", 1), ("b", 2)])));
    }

    #[test]
    fn what_is_no_address_is_refused_in_a_sentence_without_the_secret() {
        for bad in [
            "",
            "example.com",
            "http://a",
            "redis+x://a",
            "redis://",
            "redis://a:0",
            "redis://a:65536",
            "redis://a:b",
            "redis://a,b",
            "redis://a/x",
            "redis://a/0?x=1",
            "redis://me@a",
            "redis://[::1",
            "redis://[::1]x",
            "redis+sentinel://a",
            "redis+sentinel://a/",
            "redis+sentinel://a,/s",
            "redis+cluster://a/1",
            "redis://me:geheim@",
            "redis://me:geheim@a b",
            "redis://me:geheim%ff@a",
            "redis://me:ge#heim@a",
        ] {
            let reason = bad.parse::<RedisAddress>().expect_err(bad);
            assert!(!reason.contains("geheim") && !reason.contains('\n') && reason.len() < 120, "{reason}");
        }
    }

    fn server() -> impl Strategy<Value = Server> {
        (prop_oneof!["[a-z][a-z0-9.-]{0,20}", "[0-9a-f]{0,4}::[0-9a-f]{1,4}"], 1..=u16::MAX)
            .prop_map(|(host, port)| Server { host, port })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(
            tls: bool,
            servers in proptest::collection::vec(server(), 1..4),
            service in "[a-z]{1,9}",
            database: u16,
            kind in 0..3,
        ) {
            let topology = match kind {
                0 => Topology::Single(servers[0].clone()),
                1 => Topology::Cluster(servers),
                _ => Topology::Sentinel { sentinels: servers, service },
            };
            let database = if kind == 1 { 0 } else { database };
            let address = RedisAddress { tls, credentials: None, topology, database };
            prop_assert_eq!(address.to_string().parse::<RedisAddress>(), Ok(address));
        }

        #[test]
        fn any_password_arrives_and_is_never_printed(password in "geheim.{0,20}") {
            let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC);
            let address: RedisAddress = format!("redis://me:{encoded}@h").parse().expect("an address");
            let printed = [address.to_string(), format!("{address:?}")];
            prop_assert!(printed.iter().all(|text| !text.contains("geheim")));
            prop_assert_eq!(address.credentials.map(|credentials| credentials.password), Some(password));
        }

        #[test]
        fn no_text_is_a_panic(text in "(redis|rediss)?(\\+sentinel|\\+cluster)?(://)?.{0,40}") {
            let _ = text.parse::<RedisAddress>();
        }
    }
}
