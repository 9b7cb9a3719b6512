//! A JSON string as it stands in the text.

use std::borrow::Cow;

use memchr::memchr;

use super::error::Error;

/// A string without its quotation marks.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// As written.
    pub raw: &'a str,
    /// Whether there may be an escape in it.
    pub escaped: bool,
}

impl<'a> Text<'a> {
    /// Returns the decoded string. Copied only when it has escapes, and never longer than it was written.
    #[inline]
    pub fn read(self) -> Result<Cow<'a, str>, Error> {
        if self.escaped { unescape(self.raw) } else { Ok(Cow::Borrowed(self.raw)) }
    }
}

fn unescape(raw: &str) -> Result<Cow<'_, str>, Error> {
    if memchr(b'\\', raw.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(raw));
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let (character, length) = escape(&rest.as_bytes()[at + 1..])?;
        text.push(character);
        rest = &rest[at + 1 + length..];
    }
    text.push_str(rest);
    Ok(Cow::Owned(text))
}

/// The character that an escape stands for, and how long it is without its backslash.
pub fn escape(bytes: &[u8]) -> Result<(char, usize), Error> {
    let simple = match bytes.first() {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return code_point(bytes),
        _ => return Err(Error::new("there is no such escape")),
    };
    Ok((simple, 1))
}

/// One of `\uXXXX`, or two that are a surrogate pair. Half a pair is no character: not every reader could take it.
fn code_point(bytes: &[u8]) -> Result<(char, usize), Error> {
    let broken = || Error::new("an escape in a text is no character");
    let high = unit(bytes).ok_or_else(broken)?;
    if let Some(character) = char::from_u32(high) {
        return Ok((character, 5));
    }
    let low = bytes[5..].strip_prefix(b"\\").and_then(unit).ok_or_else(broken)?;
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return Err(broken());
    }
    let character = char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
    character.map(|character| (character, 11)).ok_or_else(broken)
}

fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}
