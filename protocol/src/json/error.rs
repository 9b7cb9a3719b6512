//! Errors of JSON texts: the member, and a sentence that quotes no more than a short piece of the text.

use std::fmt::{self, Write};

/// Longest sentence and longest path, in bytes: what is said of a message must be small beside the message.
const LONGEST: usize = 400;

/// Reason why a text is not the value asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    path: String,
    reason: String,
}

impl Error {
    /// An error of which only the sentence is known.
    pub(crate) fn new(reason: impl fmt::Display) -> Self {
        Self(Box::new(Inner { path: String::new(), reason: short(reason) }))
    }

    /// The same error, one level further out.
    pub(crate) fn under(mut self, step: impl fmt::Display) -> Self {
        let behind = std::mem::take(&mut self.0.path);
        let dot = if behind.is_empty() || behind.starts_with('[') { "" } else { "." };
        self.0.path = short(format_args!("{step}{dot}{behind}"));
        self
    }

    /// Description of the error, without the member.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.path.as_str() {
            "" => f.write_str(&self.0.reason),
            path => write!(f, "`{path}`: {}", self.0.reason),
        }
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new(reason)
    }
}

/// Takes what fits and then says that it is full, which ends the formatting.
struct Short(String);

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let fits = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.0.push_str(&text[..fits]);
        Err(fmt::Error)
    }
}

fn short(text: impl fmt::Display) -> String {
    let mut short = Short(String::new());
    if write!(short, "{text}").is_err() {
        short.0.push('…');
    }
    short.0
}
