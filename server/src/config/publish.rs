//! Settings of `roomcast publish`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use roomcast_client::ServerAddress;
use roomcast_protocol::id::{ObjectId, RoomId, UserId};

use super::filter::filter;
use super::rules::next_second;
use super::value::{duration, file};
use crate::live::LONGEST_PUSHED;

/// Settings of `roomcast publish`.
#[derive(Debug, Clone, Args)]
pub struct Publish {
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
    /// The user in whose name to publish.
    #[arg(long, default_value = "publisher")]
    pub user: UserId,
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

/// Checks the lengths of publishing against each other. `faulty` has the ids of those that are wrong by themselves.
pub fn contradictions(options: &Publish, faulty: &[String]) -> Vec<String> {
    let (part, segment) = (options.part, options.segment);
    let show = humantime::format_duration;
    let mut faults = Vec::new();
    let mut refuse = |ids: &[&str], fault: String| {
        if !ids.iter().any(|id| faulty.iter().any(|faulty| faulty == id)) {
            faults.push(fault);
        }
    };
    if part > segment {
        let fault = format!("--part \"{}\" must be at most --segment \"{}\", such as 350ms", show(part), show(segment));
        refuse(&["part", "segment"], fault);
    }
    for (id, length) in [("segment", Some(segment)), ("target_duration", options.target_duration)] {
        if let Some(length) = length.filter(|length| *length > LONGEST_PUSHED) {
            let flag = id.replace('_', "-");
            refuse(&[id], format!("--{flag} \"{}\" must be at most 1h, such as 2s", show(length)));
        }
    }
    let Some(target) = options.target_duration else { return faults };
    if target.subsec_nanos() != 0 {
        let fault = format!("must be whole seconds, such as {}", next_second(target));
        refuse(&["target_duration"], format!("--target-duration \"{}\" {fault}", show(target)));
    } else if segment > target {
        let fault = format!("--segment \"{}\" must be at most --target-duration \"{}\"", show(segment), show(target));
        refuse(&["segment", "target_duration"], format!("{fault}, such as {}", show(target)));
    }
    faults
}

/// Reads the address of a server.
fn server(text: &str) -> Result<String, &'static str> {
    match ServerAddress::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("must be the address of a server, such as https://rooms.example.com"),
    }
}
