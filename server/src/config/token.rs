//! Settings of `roomcast token`, `roomcast token check` and `roomcast key`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use roomcast_protocol::access::{Grant, RoomNames, RoomPattern, RoomTypes};
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::RoomType;

use super::access::{AccessTokens, text};
use super::contradictions::{Contradictions, suggested};
use super::given::Given;
use super::publish::server;
use super::rules;
use super::value::file;
use crate::units::duration;

/// Settings of `roomcast token`.
#[derive(Debug, Clone, Args)]
pub struct Token {
    /// File of settings in TOML, as that of `serve`: its keys and demands on tokens count here, too.
    #[arg(long, env = "ROOMCAST_CONFIG", value_parser = file, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Id of the user, the subject of the token.
    #[arg(long)]
    pub user: UserId,
    /// Room, or the beginning of names with `*` behind it, such as 'demo-*'; may be repeated. Without it: every room.
    #[arg(long, value_delimiter = ',', value_name = "PATTERN")]
    pub room: Vec<RoomPattern>,
    /// Grants, with commas between them: join, publish, create (of every type of room) or create:p2p (of this one), play
    /// (without it: as join), moderate, admin, fake.
    #[arg(long, value_delimiter = ',', required = true, value_name = "GRANT")]
    pub grant: Vec<GrantName>,
    /// Life of the token, from now on.
    #[arg(long, default_value = "2h", value_parser = duration, value_name = "TIME")]
    pub ttl: Duration,
    /// Name of the user that others are shown.
    #[arg(long, value_parser = text, value_name = "TEXT")]
    pub name: Option<String>,
    /// Print an address of the page or a whole command instead of the token alone: call, group, watch, broadcast or
    /// ffmpeg. Needs one room by its name.
    #[arg(long, value_name = "KIND")]
    pub url: Option<UrlKind>,
    /// The server to which such an address leads.
    #[arg(long, env = "ROOMCAST_SERVER", default_value = "http://127.0.0.1:8080", value_parser = server, value_name = "URL")]
    pub server: String,
    #[command(flatten)]
    pub access: AccessTokens,
}

impl Token {
    /// Returns the grant object.
    pub fn grant_object(&self) -> Grant {
        let id = match self.room.as_slice() {
            [] => None,
            [one] => Some(RoomNames::One(one.clone())),
            several => Some(RoomNames::Several(several.to_vec())),
        };
        let mut grant = Grant { id, ..Grant::default() };
        self.grant.iter().for_each(|name| name.add_to(&mut grant));
        grant
    }
}

/// Settings of `roomcast token check`.
#[derive(Debug, Clone, Args)]
pub struct TokenCheck {
    /// File of settings in TOML, as that of `serve`: its keys and demands on tokens count here, too.
    #[arg(long, env = "ROOMCAST_CONFIG", value_parser = file, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask this server about the token, instead of judging it by the keys given here.
    #[arg(long, value_parser = server, value_name = "URL")]
    pub server: Option<String>,
    /// Certificates in PEM of the authorities (CA) that may have issued the server's certificate, or its self-signed
    /// certificate; without it, the authorities that browsers trust.
    #[arg(long, env = "ROOMCAST_CA", value_parser = file, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    #[command(flatten)]
    pub access: AccessTokens,
    /// The token, or `-` to read it from standard input.
    #[arg(value_name = "TOKEN", hide_env_values = true)]
    pub token: String,
}

/// Settings of `roomcast key`.
#[derive(Debug, Clone, Args)]
pub struct Key {
    /// Make a key pair of ES256: a private key in PEM (PKCS #8) for whoever signs tokens, and the JWKS with its public
    /// key for --auth-jwks. Without it: a secret for --auth-secret.
    #[arg(long)]
    pub es256: bool,
    /// Folder for the files, which must not be there yet: secret, or private.pem and jwks.json. Without it, everything is
    /// printed.
    #[arg(long, value_parser = file, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// The name of a grant on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantName {
    Join,
    Publish,
    /// Creating rooms of every type, or of this one.
    Create(Option<RoomType>),
    Play,
    Moderate,
    Admin,
    Fake,
}

impl GrantName {
    fn add_to(self, grant: &mut Grant) {
        match self {
            Self::Join => grant.join = true,
            Self::Publish => grant.publish = true,
            Self::Play => grant.play = Some(true),
            Self::Moderate => grant.moderate = true,
            Self::Admin => grant.admin = true,
            Self::Fake => grant.fake = true,
            Self::Create(None) => grant.create = RoomTypes::All(true),
            Self::Create(Some(room_type)) => match &mut grant.create {
                RoomTypes::All(true) => {}
                RoomTypes::All(false) => grant.create = RoomTypes::Some(vec![room_type]),
                RoomTypes::Some(types) => types.push(room_type),
            },
        }
    }
}

impl FromStr for GrantName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "join" => Self::Join,
            "publish" => Self::Publish,
            "create" => Self::Create(None),
            "play" => Self::Play,
            "moderate" => Self::Moderate,
            "admin" => Self::Admin,
            "fake" => Self::Fake,
            text => {
                let room_type = text.strip_prefix("create:").and_then(|name| serde_json::from_value(name.into()).ok());
                Self::Create(Some(room_type.ok_or(
                    "must be join, publish, create, create:p2p, create:m2m, create:a2m, create:p2m, play, moderate, admin \
                     or fake",
                )?))
            }
        })
    }
}

/// The kind of address or command that holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlKind {
    Call,
    Group,
    Watch,
    Broadcast,
    Ffmpeg,
}

impl FromStr for UrlKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "call" => Self::Call,
            "group" => Self::Group,
            "watch" => Self::Watch,
            "broadcast" => Self::Broadcast,
            "ffmpeg" => Self::Ffmpeg,
            _ => return Err("must be call, group, watch, broadcast or ffmpeg"),
        })
    }
}

/// Checks the settings of `roomcast token` against each other. `faulty` has the ids of those that are wrong by themselves.
pub fn contradictions(options: &Token, given: &[Given], faulty: &[String]) -> Vec<String> {
    let mut found = Contradictions::new(given, faulty);
    match options.access.auth_secret.first() {
        None => found.refuse(&["auth_secret"], NEEDS_SECRET.to_owned()),
        Some(key) => match key.max_ttl {
            None => {
                let longest = ("auth_max_ttl", options.access.auth_max_ttl);
                found.at_most([("ttl", options.ttl), longest], "at most", longest.1);
            }
            Some(longest) if options.ttl > longest => {
                let (ttl, longest_is) = (found.time("ttl", options.ttl), humantime::format_duration(longest));
                let fault = format!("{ttl} must be at most the max-ttl of the key, such as {}", suggested(longest));
                found.refuse(&["ttl", "auth_secret"], fault.replace("the key,", &format!("the key ({longest_is}),")));
            }
            Some(_) => {}
        },
    }
    if options.url.is_some() && !matches!(options.room.as_slice(), [RoomPattern::Exact(_)]) {
        let fault = format!("{} needs one --room by its whole name, such as --room demo", found.of("url"));
        found.refuse(&["url", "room"], fault);
    }
    found.into_faults()
}

/// Checks the settings of `roomcast token check` against each other.
pub fn contradictions_of_check(options: &TokenCheck, given: &[Given], faulty: &[String]) -> Vec<String> {
    let mut found = Contradictions::new(given, faulty);
    if options.server.is_none() && !options.access.has_keys() {
        let fault = "a token is judged by keys: needs --auth-secret, --auth-jwks or --server URL";
        found.refuse(&["server", "auth_secret"], fault.to_owned());
    }
    rules::keys(&options.access, &mut found);
    found.into_faults()
}

const NEEDS_SECRET: &str =
    "a token is signed with a secret: needs --auth-secret, such as file:/run/secrets/auth; `roomcast key` makes one";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_add_up_to_the_grant_object() {
        let grant = |names: &str| {
            let mut grant = Grant::default();
            names.split(',').for_each(|name| name.parse::<GrantName>().unwrap().add_to(&mut grant));
            serde_json::to_value(grant).unwrap()
        };
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(grant("join,publish"), json(r#"{"join":true,"publish":true}"#));
        assert_eq!(grant("create:p2p,create:m2m,play"), json(r#"{"create":["p2p","m2m"],"play":true}"#));
        assert_eq!(grant("create:p2p,create"), json(r#"{"create":true}"#));
        assert_eq!(grant("create,create:p2p"), json(r#"{"create":true}"#));
        assert_eq!(grant("moderate,admin,fake"), json(r#"{"moderate":true,"admin":true,"fake":true}"#));
        for bad in ["", "sing", "create:", "create:x2x", "Join"] {
            assert!(bad.parse::<GrantName>().is_err(), "{bad}");
        }
    }
}
