//! Reading JSON (RFC 8259) for relay: one pass, borrowed text, and no more memory than the values asked for.
//!
//! A reader for serde whose texts stand where the sender wrote them, which goes over long texts many bytes at a
//! time, takes a struct from an object only, and whose errors name the member and stay short whatever was sent.
//! Takes what `serde_json` takes when it makes a `Value`, of which it has the limits: 127 values within values, and
//! numbers and characters that exist. Writing is `serde_json`'s.

mod error;
mod raw;
mod reader;
mod scan;
mod text;

use serde::Deserialize;

pub use error::Error;
pub(crate) use raw::Raw;
pub(crate) use reader::Reader;
pub(crate) use scan::Scanner;
pub(crate) use text::Text;

/// Reads a value from a text that holds nothing else.
///
/// # Errors
/// [`Error`] when the text is no JSON, or not the value asked for.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Whether a text is JSON.
pub(crate) fn is_valid(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.skip(0).and_then(|()| scanner.end()).is_ok()
}

#[cfg(test)]
mod tests;
