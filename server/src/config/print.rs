//! The effective settings as a commented file of settings, which can be read again.

use clap::{Arg, Command};
use serde_json::{Map, Value};

use super::Serve;
use super::groups::{GROUPS, command_line};

/// Told beside an address of Redis whose password is left out.
const WITHOUT_PASSWORD: &str =
    "its password is not shown: give the whole address in ROOMCAST_REDIS_URL, or here as file:PATH";

const WIDTH: usize = 110;

/// Writes all settings as TOML. Secrets are left out, and said to be.
pub fn as_toml(serve: &Serve) -> String {
    let line = command_line();
    let command = line.find_subcommand("serve").unwrap_or(&line);
    let values = effective(serve);
    let mut text = "# Settings of `roomcast serve`: roomcast serve --config FILE\n".to_owned();
    for (heading, ids) in GROUPS {
        text.push_str(&format!("\n## {heading}\n"));
        for id in ids.iter().filter(|id| **id != "config") {
            text.push_str(&entry(command, &values, serve, id));
        }
    }
    text
}

/// Returns the effective settings by their names, as `--json` prints them.
pub fn effective(serve: &Serve) -> Map<String, Value> {
    match serde_json::to_value(serve) {
        Ok(Value::Object(values)) => values,
        _ => Map::new(),
    }
}

fn entry(command: &Command, values: &Map<String, Value>, serve: &Serve, id: &str) -> String {
    let Some(arg) = command.get_arguments().find(|arg| arg.get_id() == id) else { return String::new() };
    let mut text = "\n".to_owned();
    for line in wrapped(&arg.get_help().map(ToString::to_string).unwrap_or_default()) {
        text.push_str(&format!("# {line}\n"));
    }
    let value = values.get(id).filter(|value| !value.is_null()).and_then(|value| written(arg, value));
    let line = match value {
        _ if serve.names.secret_file(id).is_some() => {
            format!("{id} = {}", quoted(serve.names.secret_file(id).unwrap_or_default()))
        }
        _ if id == "turn_secret" && !serve.turn.turn_secret.is_empty() => format!("# {id} is set; it is not shown."),
        _ if id == "ice_token" && serve.turn.ice_token.is_some() => format!("# {id} is set; it is not shown."),
        _ if id == "auth_secret" && !serve.access.auth_secret.is_empty() => {
            format!("# {id} is set; it is not shown.")
        }
        _ if id == "cdn_secret" && !serve.edge.cdn_secret.is_empty() => format!("# {id} is set; it is not shown."),
        _ if id == "redis_url" && serve.backplane.has_login() => {
            let address = serve.backplane.without_password().unwrap_or_default();
            format!("# {WITHOUT_PASSWORD}.\n{id} = {}", quoted(&address))
        }
        Some(value) => format!("{id} = {value}"),
        None => format!("# {id} is not set."),
    };
    text + &line + "\n"
}

/// A value in TOML.
fn written(arg: &Arg, value: &Value) -> Option<String> {
    match value {
        Value::Number(bytes) if is_size(arg) => bytes.as_u64().map(|bytes| quoted(&size(bytes))),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(quoted(text)),
        Value::Array(values) if values.is_empty() && arg.get_default_values().is_empty() => None,
        Value::Array(values) => {
            let texts: Vec<_> = values.iter().filter_map(Value::as_str).map(quoted).collect();
            Some(format!("[{}]", texts.join(", ")))
        }
        _ => None,
    }
}

fn is_size(arg: &Arg) -> bool {
    arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == "SIZE"))
}

/// A size in the largest unit in which it is whole.
fn size(bytes: u64) -> String {
    let units = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let whole = units.into_iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// A basic string of TOML, whose escapes are those of JSON.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let is_full = lines.last().is_some_and(|line| !line.is_empty() && line.len() + word.len() >= WIDTH);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole() {
        assert_eq!([32_768, 1_048_576, 1000, 1025].map(size), ["32KiB", "1MiB", "1000B", "1025B"]);
        assert!(["32KiB", "1000B"].iter().all(|text| text.parse::<bytesize::ByteSize>().is_ok()));
    }

    #[test]
    fn long_texts_are_wrapped() {
        let lines = wrapped(&"word ".repeat(50));
        assert!(lines.len() == 3 && lines.iter().all(|line| line.len() < WIDTH), "{lines:?}");
    }
}
