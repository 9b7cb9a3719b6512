//! Going over a text, token by token, without making anything of it.

use std::fmt;

use memchr::memchr;

use super::error::Error;
use super::text::{Text, escape};

/// Values within values; as many as `serde_json` allows.
const DEEPEST: usize = crate::limits::MAX_DEPTH;
/// From this length on a string is looked at in one go.
const LONG: usize = 64;

/// A place in a text.
#[derive(Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The beginning of a text.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Number of bytes read so far.
    pub const fn position(&self) -> usize {
        self.at
    }

    /// The text from a position up to here.
    pub fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// The first byte of the next token.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        match self.byte() {
            Some(byte) if byte > b' ' => Some(byte),
            _ => self.behind_whitespace(),
        }
    }

    fn behind_whitespace(&mut self) -> Option<u8> {
        let bytes = &self.text.as_bytes()[self.at..];
        self.at += bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.byte()
    }

    /// Passes a punctuation mark if it is next.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Passes a punctuation mark.
    #[inline]
    pub fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected(Wanted::Mark(byte))) }
    }

    /// Passes a word such as `null`.
    pub fn word(&mut self, word: &str) -> Result<(), Error> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected(Wanted::Value));
        }
        self.at += word.len();
        Ok(())
    }

    /// Nothing follows but whitespace.
    pub fn end(&mut self) -> Result<(), Error> {
        if self.peek().is_some() { Err(self.unexpected(Wanted::End)) } else { Ok(()) }
    }

    /// Passes a string.
    #[inline]
    pub fn string(&mut self) -> Result<Text<'a>, Error> {
        self.expect(b'"')?;
        let start = self.at;
        let (eights, rest) = self.text.as_bytes()[start..].as_chunks::<8>();
        for (passed, eight) in eights.iter().take(LONG / 8).enumerate() {
            let found = special(u64::from_le_bytes(*eight)).trailing_zeros() as usize / 8;
            if found < 8 {
                return self.ended(start, 8 * passed + found);
            }
        }
        // The last member of a message often begins this close to its end.
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' ')) {
            Some(found) if eights.len() < LONG / 8 => self.ended(start, 8 * eights.len() + found),
            _ => self.long_string(start),
        }
    }

    /// Ends a string at the first byte that is not plain text, unless that is no quotation mark.
    #[inline]
    fn ended(&mut self, start: usize, length: usize) -> Result<Text<'a>, Error> {
        let end = start + length;
        if self.text.as_bytes()[end] != b'"' {
            return self.long_string(start);
        }
        self.at = end + 1;
        Ok(Text { raw: &self.text[start..end], escaped: false })
    }

    #[inline(never)]
    fn long_string(&mut self, start: usize) -> Result<Text<'a>, Error> {
        let text = &self.text[start..];
        let length = plain(text.as_bytes()).map_or_else(|| careful(text.as_bytes()), Ok)?;
        self.at = start + length + 1;
        Ok(Text { raw: &text[..length], escaped: true })
    }

    /// Passes a number.
    pub fn number(&mut self) -> Result<&'a str, Error> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.unexpected(Wanted::Value)),
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let number = self.since(start);
        // Only such a number can be too large to be one for every reader.
        let large = number.len() > 300 || number.contains(['e', 'E']);
        if large && !number.parse().is_ok_and(f64::is_finite) {
            return Err(Error::new("a number is out of range"));
        }
        Ok(number)
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn digits(&mut self) -> Result<(), Error> {
        let bytes = &self.text.as_bytes()[self.at..];
        let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(self.unexpected(Wanted::Digit)) } else { Ok(()) }
    }

    /// Passes a value that stands within `outer` others. Does not recurse: `kinds` has a bit for each value that
    /// is open, set for an object.
    pub fn skip(&mut self, outer: usize) -> Result<(), Error> {
        let (mut depth, mut kinds) = (0, 0_u128);
        loop {
            if let Some(kind @ (b'{' | b'[')) = self.peek() {
                depth += 1;
                check_depth(outer + depth)?;
                self.at += 1;
                kinds = kinds << 1 | u128::from(kind == b'{');
                if !self.take(closing(kinds)) {
                    self.name(kinds)?;
                    continue;
                }
                (depth, kinds) = (depth - 1, kinds >> 1);
            } else {
                self.scalar()?;
            }
            // A value has ended: the next one follows, or what it was the last of ends too.
            while depth > 0 && !self.take(b',') {
                self.expect(closing(kinds))?;
                (depth, kinds) = (depth - 1, kinds >> 1);
            }
            if depth == 0 {
                return Ok(());
            }
            self.name(kinds)?;
        }
    }

    /// Passes the name of a member, where the innermost open value is an object.
    fn name(&mut self, kinds: u128) -> Result<(), Error> {
        if kinds & 1 == 0 {
            return Ok(());
        }
        self.string()?;
        self.expect(b':')
    }

    fn scalar(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number().map(drop),
        }
    }

    /// The error that something else stands here.
    #[cold]
    pub fn unexpected(&self, wanted: Wanted) -> Error {
        match self.text[self.at..].chars().next() {
            Some(found) => Error::new(format_args!("the JSON has {found:?} where {wanted} should be")),
            None => Error::new(format_args!("the JSON ends where {wanted} should be")),
        }
    }
}

/// The token that was expected.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// A punctuation mark.
    Mark(u8),
    /// Another member, or the end of the object.
    Member,
    /// A value of any kind.
    Value,
    /// A digit.
    Digit,
    /// Nothing.
    End,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark(mark) => write!(f, "`{}`", char::from(*mark)),
            Self::Member => f.write_str("`,` or `}`"),
            Self::Value => f.write_str("a value"),
            Self::Digit => f.write_str("a digit"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// The highest bit of each of eight bytes (the first is the lowest) that ends a run of plain text: a quotation mark,
/// a backslash or a control character. Above the first such bit there may be others that mean nothing.
const fn special(eight: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const fn zero(eight: u64) -> u64 {
        eight.wrapping_sub(ONES) & !eight
    }
    let quotes = zero(eight ^ (ONES * b'"' as u64));
    let backslashes = zero(eight ^ (ONES * b'\\' as u64));
    let controls = eight.wrapping_sub(ONES * 0x20) & !eight;
    (quotes | backslashes | controls) & (ONES * 0x80)
}

/// Refuses more values within values than a reader may meet.
pub fn check_depth(depth: usize) -> Result<(), Error> {
    if depth > DEEPEST { Err(Error::new("the JSON is nested too deeply")) } else { Ok(()) }
}

const fn closing(kinds: u128) -> u8 {
    if kinds & 1 == 1 { b'}' } else { b']' }
}

/// The length of the string that `bytes` begin with, byte by byte.
fn careful(bytes: &[u8]) -> Result<usize, Error> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return Ok(at),
            b'\\' => at += 1 + escape(&bytes[at + 1..])?.1,
            ..b' ' => return Err(Error::new("a control character stands unescaped in a text")),
            _ => at += 1,
        }
    }
    Err(Error::new("the JSON ends within a text"))
}

/// The length of the string that `bytes` begin with, up to its quotation mark, when it is plain: no control
/// characters, and no escapes but `\r` and `\n`. Session descriptions are.
fn plain(bytes: &[u8]) -> Option<usize> {
    let length = memchr(b'"', bytes)?;
    let bytes = &bytes[..=length];
    // Every byte is looked at, without leaving early: so the compiler makes vector instructions of it.
    let odd = bytes.iter().zip(&bytes[1..]).fold(0, |odd, (&byte, &next)| {
        let harmful = u8::from(next != b'r') & u8::from(next != b'n');
        odd | u8::from(byte < b' ') | (u8::from(byte == b'\\') & harmful)
    });
    (odd == 0).then_some(length)
}
