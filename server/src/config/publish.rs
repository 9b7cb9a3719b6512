//! Settings of `roomcast publish`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use roomcast_client::ServerAddress;
use roomcast_protocol::id::{ObjectId, RoomId, UserId};

use super::contradictions::{Contradictions, next_second};
use super::filter::filter;
use super::given::Given;
use super::names::Names;
use roomcast_protocol::limits::LONGEST_MEDIA;

use super::value::file;
use crate::secret::Secret;
use crate::units::duration;

/// Settings of `roomcast publish`.
#[derive(Debug, Clone, Args)]
pub struct Publish {
    /// The names of the settings as they were given.
    #[arg(skip)]
    pub names: Names,
    /// The server.
    #[arg(long, env = "ROOMCAST_SERVER", default_value = "http://127.0.0.1:8080", value_parser = server, value_name = "URL")]
    pub server: String,
    /// Certificates in PEM of the authorities (CA) that may have issued the server's certificate, or its self-signed
    /// certificate; without it, the authorities that browsers trust.
    #[arg(long, env = "ROOMCAST_CA", value_parser = file, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Take the place of another publisher that is on air as the same user.
    #[arg(long)]
    pub take_over: bool,
    /// The room; created when it does not exist.
    #[arg(long)]
    pub room: RoomId,
    /// Access token, or `file:PATH` of a file with nothing else, which is read again at each connection and before
    /// the token ends.
    #[arg(long, env = "ROOMCAST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<TokenSetting>,
    /// The user in whose name to publish. Without it: the subject of --token, else `publisher`.
    #[arg(long)]
    pub user: Option<UserId>,
    /// Name of the multivariant playlist.
    #[arg(long, default_value = "main")]
    pub playlist: ObjectId,
    /// Name of the variant.
    #[arg(long, default_value = "v0")]
    pub variant: ObjectId,
    /// Length of segments; each begins at the first sync sample after it.
    #[arg(long, default_value = "1s", value_parser = duration, value_name = "TIME")]
    pub segment: Duration,
    /// Longest part.
    #[arg(long, default_value = "350ms", value_parser = duration, value_name = "TIME")]
    pub part: Duration,
    /// No segment may round to more: a whole number of seconds, at least the longest time between two key frames, with
    /// which all segments begin then. Without it, it follows the input: at least 2s.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    pub target_duration: Option<Duration>,
    /// Longest video without any key frame; then it ends with an error. Input that ends before needs one if it has the
    /// length of a segment.
    #[arg(long, default_value = "30s", value_parser = duration, value_name = "TIME")]
    pub key_frame_wait: Duration,
    /// Levels of the log besides the progress line, such as `warn` or `info`.
    #[arg(long, env = "ROOMCAST_LOG", default_value = "warn", value_parser = filter, value_name = "FILTER")]
    pub log: String,
    /// A file of fragmented MP4, or `-` for standard input.
    #[arg(value_name = "FILE")]
    pub source: PathBuf,
}

/// An access token as it was given. Never printed.
#[derive(Debug, Clone)]
pub enum TokenSetting {
    /// The token.
    Text(Secret),
    /// A file that holds it.
    File(PathBuf),
}

impl FromStr for TokenSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file:") {
            return file(path).map(Self::File);
        }
        match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Self::Text(Secret::new(text))),
            false => Err("must be an access token, or file:PATH such as file:/run/secrets/token".to_owned()),
        }
    }
}

/// Checks the lengths of publishing against each other. `faulty` has the ids of those that are wrong by themselves.
pub fn contradictions(options: &Publish, given: &[Given], faulty: &[String]) -> Vec<String> {
    let mut found = Contradictions::new(given, faulty);
    let segment = ("segment", options.segment);
    found.at_most([("part", options.part), segment], "at most", options.segment);
    for (id, length) in
        [Some(segment), options.target_duration.map(|target| ("target_duration", target))].into_iter().flatten()
    {
        if length > LONGEST_MEDIA {
            let fault = format!("{} must be at most 1h, such as 2s", found.time(id, length));
            found.refuse(&[id], fault);
        }
    }
    let Some(target) = options.target_duration else { return found.into_faults() };
    if target.subsec_nanos() == 0 {
        found.at_most([segment, ("target_duration", target)], "at most", target);
    } else {
        let whole = format!("must be whole seconds, such as {}", next_second(target));
        let fault = format!("{} {whole}", found.time("target_duration", target));
        found.refuse(&["target_duration"], fault);
    }
    found.into_faults()
}

/// Reads the address of a server.
pub fn server(text: &str) -> Result<String, &'static str> {
    match ServerAddress::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) if text.contains(['?', '#']) => {
            Err("takes no query (?) and no fragment (#), such as https://rooms.example.com")
        }
        Err(_) if text.contains('@') => Err(
            "takes no user and no password: the user is --user, and the server asks for no password; such as https://rooms.example.com",
        ),
        Err(_) => Err("must be the address of a server, such as https://rooms.example.com"),
    }
}
