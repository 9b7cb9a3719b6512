//! The least values of times and sizes: below them a setting shuts everybody out.

use std::time::Duration;

use bytesize::ByteSize;
use clap::{Arg, Command};

/// Least times, by the ids of their settings. Two heartbeat intervals let a member miss one heartbeat.
const TIMES: [(&str, &str); 38] = [
    ("shutdown_timeout", "100ms"),
    ("heartbeat_timeout", "6s"),
    ("room_linger", "1s"),
    ("kick_duration", "1s"),
    ("hls_window", "3s"),
    ("upload_timeout", "1s"),
    ("ingest_token_ttl", "1s"),
    ("ingest_linger", "1s"),
    ("ingest_opening", "100ms"),
    ("ingest_key_frame_wait", "1s"),
    ("ingest_silence", "1s"),
    ("ingest_segment", "100ms"),
    ("ingest_part", "50ms"),
    ("ingest_target_duration", "1s"),
    ("ping_interval", "100ms"),
    ("keepalive_interval", "100ms"),
    ("idle_timeout", "300ms"),
    ("max_connection_age", "1s"),
    ("close_timeout", "100ms"),
    ("stall_timeout", "1s"),
    ("rate_limit_grace", "100ms"),
    ("keep_alive", "100ms"),
    ("request_timeout", "100ms"),
    ("redis_timeout", "10ms"),
    ("redis_media_timeout", "100ms"),
    ("redis_connect_timeout", "100ms"),
    ("node_lease", "1s"),
    ("beat_timeout", "100ms"),
    ("auth_max_ttl", "1s"),
    ("auth_leeway", "1s"),
    ("auth_grace", "1s"),
    ("turn_ttl", "1m"),
    ("ice_ttl", "1m"),
    // Life of a token.
    ("ttl", "1s"),
    // Bounds of `publish`.
    ("segment", "100ms"),
    ("part", "50ms"),
    ("target_duration", "1s"),
    ("key_frame_wait", "1s"),
];

/// Least sizes, by the ids of their settings. A JOIN needs a frame of 4 KiB.
const SIZES: [(&str, &str); 11] = [
    ("max_frame", "4KiB"),
    ("max_message", "4KiB"),
    ("max_outbox", "16KiB"),
    ("send_buffer", "4KiB"),
    ("max_upload", "64KiB"),
    ("max_unsent", "4KiB"),
    ("max_linger", "1KiB"),
    ("redis_max_call_bytes", "64KiB"),
    ("redis_max_pushed", "64KiB"),
    ("max_unseen", "64KiB"),
    ("max_unseen_of_all", "1MiB"),
];

/// Returns why a value that can be read is too small, if it is.
pub fn shortfall(id: &str, value: &str) -> Option<String> {
    let least = least(id)?;
    let is_short = match (value.parse::<ByteSize>(), least.parse::<ByteSize>()) {
        (Ok(value), Ok(least)) => value < least,
        _ => time(value)? < time(least)?,
    };
    is_short.then(|| format!("must be at least {least}"))
}

/// Adds the least value to the help of a setting that has one.
pub fn described(command: Command) -> Command {
    command.mut_args(|arg| match least(arg.get_id().as_str()) {
        Some(least) => with_least(arg, least),
        None => arg,
    })
}

fn with_least(arg: Arg, least: &str) -> Arg {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    arg.help(format!("{}. At least {least}", help.trim_end_matches('.')))
}

fn least(id: &str) -> Option<&'static str> {
    let mut all = TIMES.iter().chain(&SIZES);
    all.find(|(known, _)| *known == id).map(|(_, least)| *least)
}

fn time(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::config::groups::command_line;
    use crate::config::read;

    #[test]
    fn every_time_and_size_of_the_server_has_a_least_value_that_holds() {
        let command = command_line();
        let serve = command.find_subcommand("serve").expect("it is there");
        let is = |arg: &Arg, kind: &str| arg.get_value_names().is_some_and(|names| names[0] == kind);
        let mut judged = 0;
        for arg in serve.get_arguments().filter(|arg| arg.get_id() != "ingest_end_wait") {
            let tiny = if is(arg, "TIME") { "1ns" } else { "1B" };
            if !is(arg, "TIME") && !is(arg, "SIZE") {
                continue;
            }
            let (flag, least) = (arg.get_long().expect("a flag"), least(arg.get_id().as_str()).expect("a least value"));
            let line: Vec<OsString> = ["roomcast".into(), "config".into(), format!("--{flag}={tiny}").into()].into();
            let said = read(&line).expect_err(flag).to_string();
            assert!(said.starts_with(&format!("--{flag} \"{tiny}\" must be at least {least}")), "{said}");
            assert!(arg.get_help().expect("help").to_string().ends_with(&format!("At least {least}")), "{flag}");
            judged += 1;
        }
        assert_eq!(judged + 5, TIMES.len() + SIZES.len(), "five are settings of publish and token");
    }

    #[test]
    fn least_values_are_enough() {
        assert_eq!(shortfall("heartbeat_timeout", "6s"), None);
        assert_eq!(shortfall("heartbeat_timeout", "5999ms").as_deref(), Some("must be at least 6s"));
        assert_eq!(shortfall("max_frame", "4096"), None);
        assert_eq!(shortfall("max_frame", "4095B").as_deref(), Some("must be at least 4KiB"));
        assert_eq!(shortfall("ingest_end_wait", "0s"), None);
    }
}
