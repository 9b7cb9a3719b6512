//! The file of settings: TOML whose keys are the names of flags, with `_` for `-`.

use std::fs;
use std::path::Path;

use clap::{Arg, Command};
use toml::Value;

use super::given::{Given, SettingSource};
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
        let line = error.span().map(|span| line_at(&text, span.start));
        let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
        format!("{shown}{line}: {} (it must be TOML, such as max_rooms = 1000)", error.message().replace('\n', ", "))
    })
}

/// Returns the number of the line with the given byte; at the end of a text, that of its last line.
fn line_at(text: &str, at: usize) -> usize {
    let before = text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    (before + 1).min(text.lines().count().max(1))
}

fn read_one(
    path: &Path,
    key: &str,
    value: &Value,
    command: &Command,
    serve: &Command,
) -> Result<Option<Given>, String> {
    let find = |command: &Command| command.get_arguments().find(|arg| arg.get_id() == key && is_key(arg)).cloned();
    if find(serve).is_none() {
        let known = serve.get_arguments().filter(|arg| is_key(arg)).map(|arg| arg.get_id().as_str());
        let tip = nearest(&key.replace('-', "_"), known).map(|near| format!("; did you mean {near}?"));
        return Err(format!("there is no such setting{}", tip.unwrap_or_default()));
    }
    let text = text_of(value).ok_or_else(|| unreadable(value))?;
    let is_empty = value.as_array().is_some_and(Vec::is_empty);
    let text = |arg: &Arg| (!is_empty || arg.get_value_delimiter().is_none()).then(|| text.into());
    Ok(find(command).map(|arg| Given::new(&arg, SettingSource::File(path.to_owned()), text(&arg))))
}

/// Returns whether a setting can stand in the file: those that take a value, except the name of the file itself.
fn is_key(arg: &Arg) -> bool {
    arg.get_action().takes_values() && arg.get_id() != "config"
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

/// Explains why a value is none of a setting: of a list, with the first item that is no text.
fn unreadable(value: &Value) -> String {
    const FORM: &str = "must be a text, a number or a list of texts";
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    match items.iter().enumerate().find(|(_, item)| !item.is_str()) {
        Some((index, _)) => format!("item {} of {} is no text; {FORM}", index + 1, items.len()),
        None => FORM.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_in_the_line_in_which_it_begins() {
        let text = "a = 5\nb = 6\na = 7\n";
        let line = |at| line_at(text, at);
        assert_eq!([0, 5, 6, 12, 17, 18, 99].map(line), [1, 1, 2, 3, 3, 3, 3]);
        assert_eq!(line_at("", 0), 1);
    }
}
