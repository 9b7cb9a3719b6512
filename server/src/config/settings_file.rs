//! The file of settings: TOML whose keys are the names of flags, with `_` for `-`.

use std::fs;
use std::path::Path;

use clap::Command;
use toml::Value;

use super::given::{Given, Place};
use super::variables::nearest;

/// Reads a file: what it gives, and what is wrong with it.
///
/// Keys that `serve` knows and `command` does not are no fault: several commands read one file.
pub fn read(file: &Given, command: &Command, serve: &Command) -> (Vec<Given>, Vec<String>) {
    let Some(path) = file.path() else { return (Vec::new(), Vec::new()) };
    let table = match parse(path, file) {
        Ok(table) => table,
        Err(fault) => return (Vec::new(), vec![fault]),
    };
    let (mut given, mut faults) = (Vec::new(), Vec::new());
    for (key, value) in table {
        match read_one(path, &key, &value, command, serve) {
            Ok(read) => given.extend(read),
            Err(fault) => faults.push(format!("{key} in {}: {fault}", path.display())),
        }
    }
    (given, faults)
}

fn parse(path: &Path, file: &Given) -> Result<toml::Table, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        format!("{} cannot be read ({error}): it must be a TOML file, such as /etc/roomcast.toml", file.with_value())
    })?;
    text.parse::<toml::Table>().map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
        format!("{shown}{line}: {} (it must be TOML, such as max_rooms = 1000)", error.message().replace('\n', ", "))
    })
}

fn read_one(
    path: &Path,
    key: &str,
    value: &Value,
    command: &Command,
    serve: &Command,
) -> Result<Option<Given>, String> {
    let find = |command: &Command| command.get_arguments().find(|arg| arg.get_id() == key && key != "config").cloned();
    if find(serve).is_none() {
        let known = serve.get_arguments().map(|arg| arg.get_id().as_str()).filter(|id| *id != "config");
        let tip = nearest(&key.replace('-', "_"), known).map(|near| format!("; did you mean {near}?"));
        return Err(format!("there is no such setting{}", tip.unwrap_or_default()));
    }
    let text = text_of(value).ok_or("must be a text, a number or a list of texts")?;
    Ok(find(command).map(|arg| Given::new(&arg, Place::File(path.to_owned()), Some(text.into()))))
}

/// A value as it is written on the command line; several separated by commas.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Array(values) => {
            let texts = values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
            texts.map(|texts| texts.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}
