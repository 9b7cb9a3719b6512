//! Values, names and comments as TypeScript text. Lines are kept under 120 characters where they can be broken.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const WIDTH: usize = 120;
const INDENT: usize = 2;

/// A JSON value as an expression, on one line if it fits there.
pub(super) fn literal(value: &Value, indent: usize) -> String {
    let line = on_one_line(value);
    // Room for what stands before and behind it.
    if line.len() + indent + 40 <= WIDTH { line } else { on_lines(value, indent) }
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(entries) => format!("[{}]", joined(entries.iter().map(on_one_line))),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            format!(
                "{{ {} }}",
                joined(members.iter().map(|(name, value)| format!("{}: {}", key(name), on_one_line(value))))
            )
        }
        other => other.to_string(),
    }
}

fn on_lines(value: &Value, indent: usize) -> String {
    match value {
        Value::Array(entries) => block('[', ']', indent, entries.iter().map(|entry| literal(entry, indent + INDENT))),
        Value::Object(members) => block('{', '}', indent, lines_of(members, indent + INDENT)),
        other => on_one_line(other),
    }
}

fn lines_of(members: &Map<String, Value>, indent: usize) -> impl Iterator<Item = String> {
    members.iter().map(move |(name, value)| format!("{}: {}", key(name), literal(value, indent)))
}

fn block(open: char, close: char, indent: usize, lines: impl Iterator<Item = String>) -> String {
    let mut text = format!("{open}\n");
    for line in lines {
        writeln!(text, "{:width$}{line},", "", width = indent + INDENT).expect(super::IN_MEMORY);
    }
    write!(text, "{:indent$}{close}", "").expect(super::IN_MEMORY);
    text
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A string literal in single quotes.
pub(super) fn quoted(text: &str) -> String {
    let escaped = serde_json::to_string(text).expect("a string serialises");
    let inner = escaped[1..escaped.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{inner}'")
}

/// A member's name, quoted where it has to be.
pub(super) fn key(name: &str) -> String {
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if is_number || is_word { name.to_owned() } else { quoted(name) }
}

/// The name of a constant for a name in camel case: `offlineBytes` is `OFFLINE_BYTES`.
pub(super) fn constant_name(name: &str) -> String {
    let mut constant = String::new();
    for (place, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            constant.push('_');
        }
        constant.push(letter.to_ascii_uppercase());
    }
    constant
}

/// A documentation comment, with the end of its line or lines.
pub(super) fn comment(indent: &str, text: &str) -> String {
    let text = text.replace("*/", "* /");
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if indent.len() + line.len() + 7 <= WIDTH {
        return format!("{indent}/** {line} */\n");
    }
    let mut lines = vec![String::new()];
    for word in words {
        let last = lines.last_mut().expect("there is a line");
        if !last.is_empty() && indent.len() + 4 + last.len() + word.len() > WIDTH {
            lines.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    let body = lines.iter().fold(String::new(), |body, line| body + indent + " * " + line + "\n");
    format!("{indent}/**\n{body}{indent} */\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_expressions() {
        assert_eq!(
            literal(&json!({"a": [1, "it's"], "b-c": null, "4001": true}), 0),
            r"{ a: [1, 'it\'s'], 'b-c': null, 4001: true }"
        );
        let long = json!({"names": ["a".repeat(50), "b".repeat(50)]});
        let (a, b) = ("a".repeat(50), "b".repeat(50));
        assert_eq!(literal(&long, 0), format!("{{\n  names: [\n    '{a}',\n    '{b}',\n  ],\n}}"));
    }

    #[test]
    fn comments_are_wrapped_and_cannot_be_left() {
        assert_eq!(comment("  ", "One\nline. */"), "  /** One line. * / */\n");
        let wrapped = comment("", &"word ".repeat(60));
        assert!(wrapped.starts_with("/**\n * word") && wrapped.ends_with("word\n */\n"), "{wrapped}");
        assert!(wrapped.lines().all(|line| line.len() <= WIDTH), "{wrapped}");
    }

    #[test]
    fn names_of_constants() {
        assert_eq!(constant_name("p2pUsers"), "P2P_USERS");
        assert_eq!(constant_name("SessionReplaced"), "SESSION_REPLACED");
    }
}
