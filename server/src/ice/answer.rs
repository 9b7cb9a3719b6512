//! Reads the answer of a service that hands out ICE servers. Pure.
//!
//! Services agree on the objects that browsers take (`RTCIceServer`), and differ in what stands around them. A browser
//! refuses a whole list for one address that it cannot read, or for one relay without credentials: such a server is
//! left out. What has another shape, or is longer than a list of servers ever is, is refused as a whole.

use serde_json::{Map, Value};

use roomcast_protocol::ack::IceServer;

use crate::host::{ice_server, is_turn};

/// The most servers, and the most addresses of one.
const MOST_SERVERS: usize = 16;
const MOST_URLS: usize = 8;
/// The longest address, user name or password in bytes.
const LONGEST: usize = 512;
/// The most bytes of all: every JOIN is answered with them.
const LONGEST_OF_ALL: usize = 8 * 1024;

/// The servers of an answer that are told to members, and a sentence for each of the others.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// The servers.
    pub servers: Vec<IceServer>,
    /// Reason why others are left out.
    pub ignored: Vec<String>,
}

/// Reads an answer.
///
/// # Errors
/// A sentence when it is none, or has no server that can be used. It repeats nothing of the answer, in which there are
/// credentials.
pub fn read(text: &[u8]) -> Result<Servers, String> {
    let document: Value = serde_json::from_slice(text).map_err(|_| "it is no JSON")?;
    let listed = listed(&document).ok_or("it has no list `iceServers`")?;
    if listed.len() > MOST_SERVERS {
        return Err(format!("it has more than {MOST_SERVERS} servers"));
    }
    let (mut read, mut bytes) = (Servers::default(), 0);
    for (index, value) in listed.iter().enumerate() {
        let name = format!("server {} of {}", index + 1, listed.len());
        let server = value.as_object().ok_or_else(|| format!("{name} is no object"))?;
        let server = self::server(server).map_err(|fault| format!("{name}: {fault}"))?;
        bytes += length(&server);
        match unusable(&server) {
            Some(reason) => read.ignored.push(format!("{name} is left out: {reason}")),
            None => read.servers.push(server),
        }
    }
    if bytes > LONGEST_OF_ALL {
        return Err(format!("its servers are longer than {} KiB", LONGEST_OF_ALL / 1024));
    }
    match (read.servers.is_empty(), read.ignored.first()) {
        (false, _) => Ok(read),
        (true, Some(ignored)) => Err(format!("it has no server that can be used ({ignored})")),
        (true, None) => Err("it has no server".to_owned()),
    }
}

/// Returns the servers, one or many, under a name or bare.
fn listed(document: &Value) -> Option<&[Value]> {
    let named = |name| document.get(name).filter(|value| !value.is_null());
    match named("iceServers").or_else(|| named("ice_servers")).unwrap_or(document) {
        Value::Array(list) => Some(list),
        // A lone server, but not the document itself: that is an answer of another kind.
        one @ Value::Object(_) if !std::ptr::eq(one, document) => Some(std::slice::from_ref(one)),
        _ => None,
    }
}

fn server(object: &Map<String, Value>) -> Result<IceServer, String> {
    let named = |name| object.get(name).filter(|value| !value.is_null());
    let urls = match named("urls").or_else(|| named("url")) {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    if urls.len() > MOST_URLS {
        return Err(format!("it has more than {MOST_URLS} addresses"));
    }
    let urls = urls.iter().map(|url| text("urls", url)).collect::<Result<_, _>>()?;
    let [username, credential] = ["username", "credential"].map(|name| named(name).map(|value| text(name, value)));
    Ok(IceServer { urls, username: username.transpose()?, credential: credential.transpose()? })
}

fn text(name: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.len() > LONGEST => Err(format!("its `{name}` is longer than {LONGEST} bytes")),
        Value::String(text) => Ok(text.clone()),
        _ => Err(format!("its `{name}` is no text")),
    }
}

fn length(server: &IceServer) -> usize {
    let texts = server.urls.iter().chain(&server.username).chain(&server.credential);
    texts.map(String::len).sum()
}

/// Returns why a browser would refuse a server, if it would.
fn unusable(server: &IceServer) -> Option<&'static str> {
    let has_credentials = server.username.is_some() && server.credential.is_some();
    if server.urls.is_empty() {
        return Some("it has no address");
    }
    if server.urls.iter().any(|url| ice_server(url).is_err()) {
        return Some("an address is none of STUN or TURN");
    }
    (!has_credentials && server.urls.iter().any(|url| is_turn(url))).then_some("it relays, and has no credentials")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn relay(urls: &[&str]) -> IceServer {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        IceServer { urls, username: Some("ann".into()), credential: Some("geheim".into()) }
    }

    fn stun(urls: &[&str]) -> IceServer {
        IceServer { username: None, credential: None, ..relay(urls) }
    }

    fn read_value(value: &Value) -> Result<Servers, String> {
        read(value.to_string().as_bytes())
    }

    #[test]
    fn every_shape_of_a_list_is_read() {
        let turn =
            json!({"urls": ["turn:a:3478", "turns:a:443?transport=tcp"], "username": "ann", "credential": "geheim"});
        let expected = relay(&["turn:a:3478", "turns:a:443?transport=tcp"]);
        for around in [
            json!({"iceServers": [turn]}),
            json!({"iceServers": turn}),
            json!({"ice_servers": [turn], "ttl": "86400", "username": "other", "password": "other"}),
            json!({"iceServers": null, "ice_servers": [turn]}),
            json!([turn]),
        ] {
            let read = read_value(&around).unwrap();
            assert_eq!((read.servers, read.ignored), (vec![expected.clone()], vec![]), "{around}");
        }
        for (server, expected) in [
            (json!({"urls": "stun:a"}), stun(&["stun:a"])),
            (json!({"url": "stun:a"}), stun(&["stun:a"])),
            (json!({"url": "stun:old", "urls": "stun:a"}), stun(&["stun:a"])),
            (json!({"urls": ["stun:a", "stun:b:53"], "username": null, "more": [1]}), stun(&["stun:a", "stun:b:53"])),
            (
                json!({"urls": "turn:a", "username": "ann", "credential": "geheim", "credentialType": "password"}),
                relay(&["turn:a"]),
            ),
        ] {
            assert_eq!(read_value(&json!([server])).unwrap().servers, [expected], "{server}");
        }
    }

    #[test]
    fn servers_that_a_browser_would_refuse_are_left_out() {
        for (server, says) in [
            (json!({"urls": "https://geheim"}), "an address is none of STUN or TURN"),
            (json!({"urls": ["stun:a", "javascript:geheim"]}), "an address is none of STUN or TURN"),
            (json!({"urls": "stun:a?transport=udp"}), "an address is none of STUN or TURN"),
            (json!({"urls": "turn:a", "username": "geheim"}), "it relays, and has no credentials"),
            (json!({"urls": ["stun:a", "turns:a"], "credential": "geheim"}), "it relays, and has no credentials"),
            (json!({"urls": []}), "it has no address"),
            (json!({}), "it has no address"),
        ] {
            let read = read_value(&json!([server, {"urls": "stun:good"}])).unwrap();
            assert_eq!(read.servers, [stun(&["stun:good"])], "{server}");
            assert_eq!(read.ignored, [format!("server 1 of 2 is left out: {says}")], "{server}");
            let alone = read_value(&json!([server])).unwrap_err();
            assert!(alone.contains("no server that can be used") && alone.contains(says), "{alone}");
        }
    }

    #[test]
    fn what_is_no_list_of_servers_is_refused_as_a_whole() {
        let good = json!({"urls": "stun:a"});
        let long = "x".repeat(LONGEST + 1);
        let full = json!({"urls": vec![format!("stun:{}", "a".repeat(200)); MOST_URLS]});
        for (answer, says) in [
            (json!("geheim"), "no list `iceServers`"),
            (json!({}), "no list `iceServers`"),
            (json!({"urls": "turn:geheim"}), "no list `iceServers`"),
            (json!({"iceServers": "geheim"}), "no list `iceServers`"),
            (json!({"error": "geheim"}), "no list `iceServers`"),
            (json!({"iceServers": []}), "it has no server"),
            (json!([good, "geheim"]), "server 2 of 2 is no object"),
            (json!([good, {"urls": 7}]), "server 2 of 2: its `urls` is no text"),
            (json!([good, {"urls": [["stun:a"]]}]), "its `urls` is no text"),
            (json!([good, {"urls": "stun:a", "username": 7}]), "its `username` is no text"),
            (json!([good, {"urls": "stun:a", "credential": {"geheim": 1}}]), "its `credential` is no text"),
            (json!([{"urls": "stun:a", "credential": long}]), "its `credential` is longer than 512 bytes"),
            (json!([{"urls": vec!["stun:a"; MOST_URLS + 1]}]), "more than 8 addresses"),
            (json!(vec![good; MOST_SERVERS + 1]), "more than 16 servers"),
            (json!(vec![full; 6]), "longer than 8 KiB"),
        ] {
            let refused = read_value(&answer).unwrap_err();
            assert!(refused.contains(says), "{answer}: {refused}");
            assert!(!refused.contains("geheim"), "{refused}");
        }
        for text in [&b""[..], b"<html>", b"\xff", b"{\"iceServers\":["] {
            assert_eq!(read(text).unwrap_err(), "it is no JSON");
        }
    }

    /// Any JSON, with names and values that lead into the reader more often than chance would.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<u8>().prop_map(Value::from),
            prop::sample::select(vec!["stun:a", "turn:a:1", "turns:b", "http://a", "", "stun:"]).prop_map(Value::from),
            ".{0,600}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 20, |inner| {
            let names = vec!["iceServers", "ice_servers", "urls", "url", "username", "credential", "x"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
                prop::collection::vec((prop::sample::select(names), inner), 0..6)
                    .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn whatever_is_read_keeps_the_bounds(document in any_json()) {
            if let Ok(read) = read_value(&document) {
                prop_assert!((1..=MOST_SERVERS).contains(&read.servers.len()));
                prop_assert!(read.servers.iter().map(length).sum::<usize>() <= LONGEST_OF_ALL);
                prop_assert!(read.servers.iter().all(|server| unusable(server).is_none()));
            }
        }
    }
}
