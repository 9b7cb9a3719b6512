//! The settings of `serve` by subject, as help and `roomcast config` list them; and those that people change.

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::{Cli, bounds};

/// Title of the group of Redis.
pub const SEVERAL_NODES: &str = "Several nodes";

/// Subjects in the order in which they are listed, with the ids of their settings.
pub const GROUPS: [(&str, &[&str]); 7] = [
    (
        "Server",
        &[
            "listen",
            "metrics_listen",
            "public_url",
            "tls_cert",
            "tls_key",
            "log",
            "workers",
            "shutdown_timeout",
            "config",
        ],
    ),
    (
        "Access",
        &[
            "auth_secret",
            "auth_jwks",
            "auth_max_checks",
            "auth_max_revocations",
            "auth_claim",
            "auth_audience",
            "auth_issuer",
            "auth_leeway",
            "auth_max_ttl",
            "auth_grace",
            "cdn_secret",
            "cors_origin",
            "allow_origin",
            "ice_server",
            "turn_secret",
            "turn_ttl",
            "ice_url",
            "ice_token",
            "ice_ttl",
            "max_connections_per_address",
            "rate_limit",
            "rate_limit_grace",
        ],
    ),
    (
        "Rooms",
        &[
            "max_rooms",
            "max_rooms_per_connection",
            "max_room_queue",
            "heartbeat_timeout",
            "room_linger",
            "kick_duration",
        ],
    ),
    (
        "Broadcasts",
        &[
            "hls_window",
            "hls_parts_before_gap",
            "hls_least_part",
            "max_playlists",
            "max_upload",
            "upload_timeout",
            "ingest_token_ttl",
            "ingest_user",
            "ingest_linger",
            "ingest_end_wait",
            "ingest_opening",
            "ingest_key_frame_wait",
            "ingest_silence",
            "ingest_segment",
            "ingest_part",
            "ingest_target_duration",
        ],
    ),
    (
        "WebSocket connections",
        &[
            "max_frame",
            "max_message",
            "max_outbox",
            "send_buffer",
            "ping_interval",
            "keepalive_interval",
            "idle_timeout",
            "max_connection_age",
            "close_timeout",
        ],
    ),
    (
        "HTTP connections",
        &[
            "max_connections",
            "max_streams",
            "keep_alive",
            "request_timeout",
            "stall_timeout",
            "max_unsent",
            "max_linger",
        ],
    ),
    (
        SEVERAL_NODES,
        &[
            "redis_url",
            "redis_ca",
            "redis_timeout",
            "redis_media_timeout",
            "redis_connect_timeout",
            "redis_max_calls",
            "redis_max_call_bytes",
            "redis_max_pushed",
            "max_unseen",
            "max_unseen_of_all",
            "node_lease",
            "beat_timeout",
        ],
    ),
];

/// Settings that `--help` shows; `--help-all` shows the others, too.
const USUAL: [&str; 25] = [
    "listen",
    "metrics_listen",
    "public_url",
    "tls_cert",
    "tls_key",
    "log",
    "workers",
    "config",
    "cors_origin",
    "allow_origin",
    "ice_server",
    "auth_secret",
    "auth_jwks",
    "turn_secret",
    "ice_url",
    "ice_token",
    "max_connections_per_address",
    "rate_limit",
    "max_rooms",
    "room_linger",
    "hls_window",
    "max_upload",
    "ingest_linger",
    "max_connections",
    "redis_url",
];

/// Returns the whole command line, with the settings of the server in groups.
pub fn command_line() -> Command {
    let grouped = |command| if has_settings(&command) { grouped(command) } else { without_grace(command) };
    Cli::command().mut_subcommands(|command| grouped(bounds::described(command)))
}

/// Hides the one setting of access tokens that is about connections, from commands that have none.
fn without_grace(command: Command) -> Command {
    let has_grace = command.get_arguments().any(|arg| arg.get_id() == "auth_grace");
    if has_grace { command.mut_arg("auth_grace", |arg| arg.hide(true)) } else { command }
}

/// Returns whether a command takes all settings of the server.
pub fn has_settings(command: &Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == "max_rooms")
}

fn grouped(command: Command) -> Command {
    let help = |name: &'static str, action, text: &'static str| Arg::new(name).long(name).action(action).help(text);
    let mut command = command.disable_help_flag(true);
    for (order, id) in GROUPS.iter().flat_map(|(_, ids)| *ids).enumerate() {
        command = command.mut_arg(id, |arg| arg.display_order(order).hide_short_help(!USUAL.contains(id)));
    }
    for (heading, ids) in GROUPS {
        for id in ids {
            command = command.mut_arg(id, |arg| arg.help_heading(heading));
        }
    }
    command.arg(help("help", ArgAction::HelpShort, "List the settings that people change").short('h')).arg(help(
        "help-all",
        ArgAction::HelpLong,
        "List all settings",
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_setting_is_in_one_group() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").expect("it is there");
        let settings: BTreeSet<_> = serve.get_arguments().map(|arg| arg.get_id().as_str()).collect();
        let grouped: Vec<_> = GROUPS.iter().flat_map(|(_, ids)| *ids).copied().collect();
        assert_eq!(grouped.len(), settings.len());
        assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), settings);
        assert!(USUAL.iter().all(|id| settings.contains(id)));
    }

    #[test]
    fn help_shows_the_usual_settings_and_help_all_all() {
        let mut command = command_line();
        command.build();
        let serve = command.find_subcommand_mut("serve").expect("it is there");
        let (short, long) = (serve.render_help().to_string(), serve.render_long_help().to_string());
        let flags = |help: &str| help.lines().filter(|line| line.trim_start().starts_with("--")).count();
        // Without `--help`, which has a short form in front, and `--help-all`.
        assert_eq!(flags(&short), USUAL.len() + 1, "{short}");
        assert!(flags(&long) > 60, "{long}");
        for heading in GROUPS.map(|(heading, _)| format!("\n{heading}:\n")) {
            assert!(long.contains(&heading), "{long}");
        }
    }
}
