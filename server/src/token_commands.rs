//! `roomcast token`, `roomcast token check` and `roomcast key`: access tokens and keys at hand.
//!
//! A token or a secret is printed where it was asked for, and stands in no message besides.

mod address;
mod describe;
mod key;

use std::io::{self, Read as _, Write as _};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use roomcast_client::access::{TokenInfo, Verdict};
use roomcast_client::{ServerAddress, Trust, access};
use roomcast_protocol::access::{MAX_TOKEN, Permit};

use crate::access::remote;
use crate::access::{Keyring, sign};
use crate::clock::unix_millis;
use crate::config::{Token, TokenCheck};
use crate::fetch::Fetcher;
use crate::token::random;

pub use key::run as make_key;

/// Signs a token and prints it, or what holds it.
///
/// # Errors
/// A sentence that says why no server with these settings would take it.
pub fn issue(options: &Token) -> Result<(), String> {
    let Some(key) = options.access.auth_secret.first() else { return Err("there is no secret".to_owned()) };
    let now = unix_millis() / 1000;
    let claims = claims(options, now);
    let token = sign(key.secret.expose(), key.name.as_deref(), &claims);
    // Judged as the server will: what it refuses is printed to nobody.
    let keyring = Keyring::new(options.access.keys(), options.access.policy());
    let permit = keyring.verify(now, &token).map_err(|refused| refused.sentence)?;
    print(&address::of(options, &permit, token)?)
}

fn claims(options: &Token, now: u64) -> Map<String, Value> {
    let access = &options.access;
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("sub", json!(options.user));
    put("iat", json!(now));
    put("exp", json!(now.saturating_add(options.ttl.as_secs())));
    put("jti", json!(random()));
    for (name, value) in [("name", &options.name), ("iss", &access.auth_issuer), ("aud", &access.auth_audience)] {
        if let Some(value) = value {
            put(name, json!(value));
        }
    }
    put(&access.auth_claim, json!(options.grant_object()));
    claims
}

/// Prints the grants of a token.
///
/// # Errors
/// The reason why it is refused.
pub fn check(options: &TokenCheck) -> Result<(), String> {
    let token = match options.token.as_str() {
        "-" => read_token()?,
        token => token.trim().to_owned(),
    };
    let info = match &options.server {
        Some(server) => ask(server, options, &token)?,
        None => judge(options, &token)?,
    };
    print(&describe::in_words(&info, SystemTime::now()))
}

fn judge(options: &TokenCheck, token: &str) -> Result<TokenInfo, String> {
    let mut keys = options.access.keys();
    if let Some(source) = &options.access.auth_jwks {
        let fetcher = Fetcher::new()?;
        let fetched = runtime()?.block_on(remote::fetch(&fetcher, source));
        let (set, _) = fetched.map_err(|reason| format!("the keys were not fetched from {source}: {reason}"))?;
        keys.extend(set.keys);
    }
    let keyring = Keyring::new(keys, options.access.policy());
    let judged = keyring.verify(unix_millis() / 1000, token);
    judged.map(info).map_err(|refused| format!("refused: {} ({})", refused.sentence, refused.reason.name()))
}

fn info(permit: Permit) -> TokenInfo {
    let Permit { subject, name, expires, grant, .. } = permit;
    TokenInfo { subject: subject.to_string(), name, expires, grant }
}

fn ask(server: &str, options: &TokenCheck, token: &str) -> Result<TokenInfo, String> {
    let text = |error: roomcast_client::Error| error.to_string();
    let address = ServerAddress::parse(server).map_err(text)?;
    let trust = options.ca.as_ref().map_or_else(|| Ok(Trust::default()), |ca| Trust::read(ca)).map_err(text)?;
    match runtime()?.block_on(access::check(&address, &trust, Some(token))).map_err(text)? {
        Verdict::Good(info) => Ok(*info),
        Verdict::Open => Err("the server is open: it wants no token, and judges none".to_owned()),
        Verdict::Refused { reason, message, .. } => {
            let reason = reason.map(|reason| format!(" ({})", reason.name())).unwrap_or_default();
            Err(format!("refused: {message}{reason}"))
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())
}

/// Reads a token from standard input, no more than any has.
fn read_token() -> Result<String, String> {
    let mut text = String::new();
    let most = u64::try_from(2 * MAX_TOKEN).unwrap_or(u64::MAX);
    let read = io::stdin().lock().take(most).read_to_string(&mut text);
    read.map_err(|error| format!("cannot read the token from standard input ({error})"))?;
    Ok(text.trim().to_owned())
}

/// Prints what was asked for.
fn print(text: &str) -> Result<(), String> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| error.to_string()),
    }
}

/// Seconds since 1970 as a time.
fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH)
}
