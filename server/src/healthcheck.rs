//! `roomcast healthcheck`: asks a running server whether it is ready, so that an image needs no other HTTP client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::host::ListenAddress;
use crate::terminal::without_login;
use crate::units::duration;

/// Settings of `roomcast healthcheck`.
#[derive(Debug, Clone, Args)]
pub struct Healthcheck {
    /// Base URL of the server to ask; without it, the address of `serve` with the same environment and file of settings.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Path to ask: /readyz (takes joins) or /healthz (the process is alive).
    #[arg(long, default_value = "/readyz", value_parser = path, value_name = "PATH")]
    pub path: String,
    /// Time limit for the answer.
    #[arg(long, default_value = "2s", value_parser = duration, value_name = "TIME")]
    pub timeout: Duration,
    #[arg(long, env = "ROOMCAST_CONFIG", hide = true)]
    pub config: Option<PathBuf>,
    #[arg(long, env = "ROOMCAST_LISTEN", default_value = "127.0.0.1:8080", hide = true)]
    pub listen: ListenAddress,
    #[arg(long, env = "ROOMCAST_TLS_CERT", hide = true)]
    pub tls_cert: Option<PathBuf>,
}

/// Reads the path of a URL (RFC 3986, section 3.3).
fn path(text: &str) -> Result<String, &'static str> {
    let is_path = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path { Ok(text.to_owned()) } else { Err("must be a path that begins with /, such as /readyz") }
}

/// Sends one GET request and succeeds when the status is 2xx.
///
/// # Errors
/// A sentence with the status, or why there was no answer.
pub fn run(options: &Healthcheck) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(ask(options))
}

async fn ask(options: &Healthcheck) -> Result<(), String> {
    let url = target(options);
    // The certificate has the public name of this machine, not its loopback address, so it is not compared. A proxy in
    // the environment is for requests that leave the machine.
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).no_proxy().timeout(options.timeout);
    let client = client.build().map_err(|error| error.to_string())?;
    let response = client.get(&url).send().await.map_err(|error| no_answer(&url, &error))?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("{} answered {status}", without_login(&url))) }
}

fn no_answer(url: &str, error: &reqwest::Error) -> String {
    let reason = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        error if error.is_builder() => "not a URL; write http://host:port",
        _ => "no HTTP answer",
    };
    format!("{}: {reason}", without_login(url))
}

/// URL to ask: the given one, or the listening address as seen from this machine.
fn target(options: &Healthcheck) -> String {
    let base = options.url.clone().unwrap_or_else(|| {
        let has_tls = options.tls_cert.as_ref().is_some_and(|path| !path.as_os_str().is_empty());
        format!("{}://{}", if has_tls { "https" } else { "http" }, reachable(&options.listen.to_string()))
    });
    format!("{}{}", base.trim_end_matches('/'), options.path)
}

/// Replaces an unspecified address (0.0.0.0, ::), to which nothing can connect everywhere, by loopback.
fn reachable(listen: &str) -> String {
    let Ok(mut address) = listen.parse::<SocketAddr>() else { return listen.to_owned() };
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: Option<&str>, listen: &str, tls_cert: Option<&str>) -> Healthcheck {
        Healthcheck {
            url: url.map(str::to_owned),
            path: "/readyz".to_owned(),
            timeout: Duration::from_secs(1),
            config: None,
            listen: listen.parse().expect("an address"),
            tls_cert: tls_cert.map(PathBuf::from),
        }
    }

    #[test]
    fn a_path_begins_with_a_slash() {
        assert!(path("/readyz").is_ok() && path("/team/healthz").is_ok());
        for bad in ["", "nonsense", "readyz", "/a b", "/\u{e9}"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_listening_address_is_asked_on_loopback() {
        for (listen, tls_cert, url) in [
            ("127.0.0.1:8080", None, "http://127.0.0.1:8080/readyz"),
            ("0.0.0.0:80", None, "http://127.0.0.1:80/readyz"),
            ("[::]:8443", Some("cert.pem"), "https://[::1]:8443/readyz"),
            ("localhost:8080", Some(""), "http://localhost:8080/readyz"),
        ] {
            assert_eq!(target(&options(None, listen, tls_cert)), url);
        }
        assert_eq!(target(&options(Some("https://a.b/team/"), "0.0.0.0:1", None)), "https://a.b/team/readyz");
    }
}
