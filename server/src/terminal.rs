//! Lines on standard error, and text from outside made safe to print.

use std::borrow::Cow;
use std::io::Write as _;

/// Writes a line that begins with the program's name.
pub fn say(text: &str) {
    // Nobody need listen.
    let _ = writeln!(std::io::stderr(), "roomcast: {}", escaped(text));
}

/// Escapes what would break a line or steer a terminal: control characters, separators of lines and paragraphs, and
/// characters that change the direction of writing.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match is_unsafe(character) {
            true => safe.extend(character.escape_debug()),
            false => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// A text whose URL, if it is one, has lost its user and password.
pub fn without_login(text: &str) -> String {
    match text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://…@{rest}"),
        None => text.to_owned(),
    }
}

fn is_unsafe(character: char) -> bool {
    let directions = ['\u{200e}', '\u{200f}', '\u{061c}'];
    character.is_control()
        || directions.contains(&character)
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_login() {
        assert_eq!(without_login("http://ann:geheim@a.example/x"), "http://…@a.example/x");
        assert_eq!(without_login("http://ann:ge@heim@a.example"), "http://…@a.example");
        for plain in ["http://a.example", "ann@a.example", ""] {
            assert_eq!(without_login(plain), plain);
        }
    }

    #[test]
    fn text_from_outside_stays_in_its_line_and_steers_no_terminal() {
        assert_eq!(escaped("a\nb\u{1b}[31m\r\t\u{9b}"), "a\\nb\\u{1b}[31m\\r\\t\\u{9b}");
        assert_eq!(escaped("x\u{202e}y\u{2028}z"), "x\\u{202e}y\\u{2028}z");
        for plain in ["", "--listen \"here\"", "Zoë 🦀", "C:\\x"] {
            assert!(matches!(escaped(plain), Cow::Borrowed(text) if text == plain));
        }
    }
}
