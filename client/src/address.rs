//! The address of a server, and the addresses below it.
//!
//! Takes `http`, `https`, `ws` and `wss` for the same two things: plain or over TLS. A path is where a proxy mounts
//! the server, so everything is looked for below it.

use reqwest::Url;

use crate::Error;

/// Address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// With the scheme `http` or `https`, a path without a slash at its end, no query.
    base: Url,
}

impl ServerAddress {
    /// Reads an address such as `http://127.0.0.1:8080` or `wss://live.example`.
    ///
    /// # Errors
    /// [`Error::Address`] when it is no URL with a host and one of the four schemes, or has a user, a query or a
    /// fragment.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Address { url: text.to_owned(), reason: reason.to_owned() };
        let mut base = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("it takes no user and no password (user:password@)"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("it takes no query (?) and no fragment (#)"));
        }
        let scheme = match base.scheme() {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            _ => return Err(wrong("it must begin with http://, https://, ws:// or wss://")),
        };
        base.set_scheme(scheme).map_err(|()| wrong("it has no host"))?;
        Ok(Self { base })
    }

    /// Returns the address of the WebSocket: `ws://…/ws` or `wss://…/ws`.
    #[must_use]
    pub fn signaling(&self) -> Url {
        let mut url = self.below("/ws");
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).expect("http and ws are schemes of the same kind");
        url
    }

    /// Resolves an address that the server returned: a complete URL, or a path below the server's own address.
    ///
    /// # Errors
    /// [`Error::Address`] when it is neither.
    pub fn resolve(&self, address: &str) -> Result<Url, Error> {
        if address.starts_with('/') && !address.starts_with("//") {
            return Ok(self.below(address));
        }
        Url::parse(address).map_err(|error| Error::Address { url: address.to_owned(), reason: error.to_string() })
    }

    fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let mount = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{mount}{path}"));
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signaling(text: &str) -> String {
        ServerAddress::parse(text).unwrap().signaling().to_string()
    }

    #[test]
    fn every_scheme_leads_to_the_web_socket() {
        assert_eq!(signaling("http://127.0.0.1:8080"), "ws://127.0.0.1:8080/ws");
        assert_eq!(signaling("ws://127.0.0.1:8080/"), "ws://127.0.0.1:8080/ws");
        assert_eq!(signaling("https://live.example/rooms/"), "wss://live.example/rooms/ws");
        assert_eq!(signaling("wss://live.example"), "wss://live.example/ws");
    }

    #[test]
    fn a_path_of_the_server_is_below_its_address_and_a_url_is_itself() {
        let server = ServerAddress::parse("wss://live.example/cast/").unwrap();
        let resolved = |address: &str| server.resolve(address).unwrap().to_string();
        assert_eq!(resolved("/rooms/demo/data"), "https://live.example/cast/rooms/demo/data");
        assert_eq!(resolved("http://other:1/x"), "http://other:1/x");
        assert!(server.resolve("rooms/demo").is_err());
    }

    #[test]
    fn what_is_no_server_is_refused_with_a_sentence() {
        for bad in [
            "localhost:8080",
            "ftp://host",
            "http://",
            "",
            "file:///etc",
            "http://u:p@host",
            "http://u@host",
            "http://host?x",
            "http://host#x",
        ] {
            assert!(matches!(ServerAddress::parse(bad), Err(Error::Address { .. })), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(https?|wss?|x)?:?/{0,2}.{0,40}", path in ".{0,20}") {
            if let Ok(server) = ServerAddress::parse(&text) {
                prop_assert!(server.signaling().path().ends_with("/ws"));
                let _ = server.resolve(&path);
            }
        }
    }
}
