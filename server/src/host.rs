//! Hosts and ports, as several settings name them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Reads `host`, `host:port` or `[address]:port` (RFC 3986, section 3.2, without user information).
pub fn authority(text: &str) -> Result<(&str, Option<u16>), ()> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let (address, rest) = inner.split_once(']').ok_or(())?;
            address.parse::<Ipv6Addr>().map_err(drop)?;
            (address, rest)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    if !text.starts_with('[') && !is_name(host) {
        return Err(());
    }
    let port = match rest.strip_prefix(':') {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(port.parse().ok().filter(|port| *port > 0).ok_or(())?)
        }
        None if rest.is_empty() => None,
        _ => return Err(()),
    };
    Ok((host, port))
}

/// Returns whether it is a name (letters, digits, `-`, `_`, dots) or an address of IPv4. Digits and dots alone are no
/// name.
fn is_name(host: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let numeric = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let labels = host.strip_suffix('.').unwrap_or(host).split('.').all(|label| (1..=63).contains(&label.len()));
    host.bytes().all(legal) && labels && host.len() <= 253 && (!numeric || host.parse::<Ipv4Addr>().is_ok())
}

/// An address to listen on: a host, by name or number, and a port. Port 0 takes a free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    host: String,
    port: u16,
}

impl ListenAddress {
    /// Every address that the host has, each once.
    ///
    /// # Errors
    /// A sentence when a name has none.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let found = found.map_err(|error| format!("the name cannot be resolved ({error})"))?;
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for address in found {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() { Err("the name has no address".into()) } else { Ok(addresses) }
    }
}

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be an address and a port, such as 127.0.0.1:8080 or localhost:8080";
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { host: without_port(address), port: address.port() });
        }
        let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
        let port = port.parse().ok().filter(|_| port.bytes().all(|byte| byte.is_ascii_digit())).ok_or(FORM)?;
        if host.starts_with('[') || !is_name(host) {
            return Err(FORM);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

/// Returns the address alone, with its zone if it has one.
fn without_port(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => format!("{}%{}", address.ip(), address.scope_id()),
        address => address.ip().to_string(),
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Serialize for ListenAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a STUN server (RFC 7064) or a TURN server (RFC 7065) in the form that browsers take.
pub fn ice_server(text: &str) -> Result<String, String> {
    const FORM: &str = "must be stun:HOST:PORT, stuns:HOST:PORT, turn:HOST:PORT or turns:HOST:PORT, such as \
                        stun:stun.example.com:3478 or turn:turn.example.com:3478?transport=udp";
    let (scheme, rest) = text.split_once(':').ok_or(FORM)?;
    let (server, query) = match rest.split_once('?') {
        Some((server, query)) => (server, Some(query)),
        None => (rest, None),
    };
    let legal = match (scheme, query) {
        ("stun" | "stuns" | "turn" | "turns", None) => true,
        ("turn" | "turns", Some(query)) => matches!(query, "transport=udp" | "transport=tcp"),
        _ => false,
    };
    if !legal || authority(server).is_err() {
        return Err(FORM.into());
    }
    Ok(text.to_owned())
}

/// Returns whether the server relays media, and so asks for credentials.
pub fn is_turn(url: &str) -> bool {
    url.starts_with("turn:") || url.starts_with("turns:")
}

/// Returns whether only this machine reaches the address.
pub fn is_loopback(address: &SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
    }
}

/// Returns whether two sockets cannot listen on both addresses. An unspecified address is every address of its family,
/// and that of IPv6 is every address of IPv4, too.
pub fn overlap(one: &SocketAddr, other: &SocketAddr) -> bool {
    let holds = |one: &SocketAddr, other: &SocketAddr| one.ip().is_unspecified() && (one.is_ipv6() || other.is_ipv4());
    let is_same_host = one.ip() == other.ip() || holds(one, other) || holds(other, one);
    one.port() == other.port() && one.port() != 0 && is_same_host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_overlap_where_both_cannot_be_listened_on() {
        let overlaps = |one: &str, other: &str| overlap(&one.parse().unwrap(), &other.parse().unwrap());
        assert!(overlaps("127.0.0.1:80", "127.0.0.1:80") && overlaps("127.0.0.1:80", "0.0.0.0:80"));
        assert!(overlaps("[::]:80", "127.0.0.1:80") && overlaps("[::1]:80", "[::]:80"));
        assert!(!overlaps("127.0.0.1:80", "127.0.0.1:81") && !overlaps("127.0.0.1:0", "127.0.0.1:0"));
        assert!(!overlaps("127.0.0.1:80", "127.0.0.2:80") && !overlaps("0.0.0.0:80", "[::1]:80"));
    }

    #[test]
    fn servers_for_ice_have_the_forms_of_their_rfcs() {
        for good in [
            "stun:stun.example.com",
            "stun:stun.example.com:3478",
            "stuns:127.0.0.1:5349",
            "stun:[2001:db8::1]:3478",
            "turn:turn.example.com",
            "turn:turn.example.com:3478?transport=udp",
            "turns:turn.example.com:443?transport=tcp",
        ] {
            assert_eq!(ice_server(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "nonsense",
            "stun.example.com:3478",
            "stun:",
            "stun://stun.example.com",
            "stun::3478",
            "stun:a b",
            "stun:stun.example.com:0",
            "stun:stun.example.com:65536",
            "stun:stun.example.com:+80",
            "stun:stun.example.com?transport=udp",
            "turn:turn.example.com?transport=sctp",
            "turn:user@turn.example.com",
            "turn:[::1",
            "turn:300.1.1.1",
            "https://turn.example.com",
        ] {
            assert!(ice_server(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn listen_takes_numbers_and_names() {
        for good in ["127.0.0.1:0", "[::1]:8080", "localhost:8099", "rooms.example.com:443", "0.0.0.0:80"] {
            let address: ListenAddress = good.parse().expect(good);
            assert_eq!(address.to_string(), good);
        }
        for bad in
            ["", "8080", ":8080", "localhost", "localhost:", "localhost:+80", "localhost:65536", "a b:80", "[x]:80"]
        {
            assert!(bad.parse::<ListenAddress>().is_err(), "{bad}");
        }
        let local = "localhost:8099".parse::<ListenAddress>().unwrap().resolve().unwrap();
        assert!(!local.is_empty() && local.iter().all(is_loopback), "{local:?}");
    }
}
