//! Gets a text that somebody else publishes: from a file, or by one request without redirects, within bounds.

mod due;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs, io};

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use rustls::{ClientConfig, RootCertStore};

pub use due::{Due, max_age, wait};

/// The longest text in bytes.
const LONGEST: usize = 128 * 1024;
/// Time for a text to come.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// At an address: https, or http on loopback.
    Url(Url),
    /// In a file.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be an https address, an http address on loopback, or the path of a file, such as \
                            https://id.example.com/.well-known/jwks.json";
        if !text.contains("://") {
            let is_path = !text.trim().is_empty() && !text.contains('\0');
            return if is_path { Ok(Self::File(text.into())) } else { Err(FORM) };
        }
        address(text).map(Self::Url).map_err(|unfit| match unfit {
            Unfit::Form => FORM,
            Unfit::Login => "takes no user and no password, such as https://id.example.com/.well-known/jwks.json",
        })
    }
}

/// Reasons not to ask an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is neither https nor http on loopback.
    Form,
    /// It has a user or a password.
    Login,
}

/// Reads an address that may be asked: nobody on the way can change its answer.
///
/// # Errors
/// The fault of an address.
pub fn address(text: &str) -> Result<Url, Unfit> {
    let url = Url::parse(text).map_err(|_| Unfit::Form)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unfit::Login);
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(Unfit::Form),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Fetches texts.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
}

impl Fetcher {
    /// # Errors
    /// A sentence when there can be no HTTP client.
    pub fn new() -> Result<Self, String> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder().tls_backend_preconfigured(tls).redirect(Policy::none()).timeout(TIMEOUT);
        let client = client.no_proxy().build().map_err(|error| error.to_string())?;
        Ok(Self { client })
    }

    /// Returns the text of a source, and the age that it may have.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub async fn fetch(&self, source: &Source) -> Result<(Vec<u8>, Option<Duration>), String> {
        match source {
            Source::Url(url) => {
                let response = answer(self.client.get(url.clone()), &[StatusCode::OK]).await?;
                let headers = response.headers().get_all(CACHE_CONTROL).iter();
                let age = headers.filter_map(|value| value.to_str().ok()).find_map(max_age);
                Ok((whole(response).await?, age))
            }
            Source::File(path) => {
                let path = path.clone();
                let reading = tokio::task::spawn_blocking(move || read_file(&path));
                let read = tokio::time::timeout(TIMEOUT, reading).await.map_err(|_| "it cannot be read in time")?;
                let text = read.map_err(|error| error.to_string())?;
                let text = text.map_err(|error| format!("it cannot be read ({error})"))?;
                check_length(text.len()).map(|()| (text, None))
            }
        }
    }

    /// Returns the answer to a question in JSON, put with the token of a bearer where there is one.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub async fn ask(&self, url: &Url, bearer: Option<&str>, question: String) -> Result<Vec<u8>, String> {
        let request = self.client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(question);
        let request = match bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        };
        whole(answer(request, &[StatusCode::OK, StatusCode::CREATED]).await?).await
    }
}

/// Returns the beginning of an answer with one of these codes.
async fn answer(request: RequestBuilder, good: &[StatusCode]) -> Result<Response, String> {
    let response = request.send().await.map_err(|error| sentence(&error))?;
    if good.contains(&response.status()) {
        return Ok(response);
    }
    let redirect = if response.status().is_redirection() { ", and redirects are not followed" } else { "" };
    Err(format!("its server answered {}{redirect}", response.status()))
}

/// Returns the whole body of an answer.
async fn whole(mut response: Response) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|error| sentence(&error))? {
        check_length(text.len() + bytes.len())?;
        text.extend_from_slice(&bytes);
    }
    Ok(text)
}

/// Reads no more of a file than shows that it is too long.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let (mut text, most) = (Vec::new(), u64::try_from(LONGEST + 1).unwrap_or(u64::MAX));
    fs::File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

fn check_length(length: usize) -> Result<(), String> {
    match length > LONGEST {
        true => Err(format!("it is longer than {} KiB", LONGEST / 1024)),
        false => Ok(()),
    }
}

fn sentence(error: &reqwest::Error) -> String {
    match error {
        error if error.is_timeout() => "there is no answer in time".to_owned(),
        error if error.is_connect() => "there is no connection to its server".to_owned(),
        _ => "there is no HTTP answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_tls_from_loopback_or_from_a_file() {
        for url in ["https://id.example/keys", "http://127.0.0.1:9/keys", "http://[::1]/keys", "http://localhost:1/"] {
            assert_eq!(url.parse().map(|source: Source| matches!(source, Source::Url(_))), Ok(true), "{url}");
        }
        assert_eq!("/etc/keys.json".parse(), Ok(Source::File("/etc/keys.json".into())));
        for bad in ["", " ", "http://id.example/keys", "ftp://a/b", "https://u:p@a/", "file:///etc/x", "https://"] {
            assert!(bad.parse::<Source>().is_err(), "{bad}");
        }
    }
}
