//! A client's view of what the server says: an ack, or a signal forwarded from somebody else.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;

use crate::json::{self, Error, Raw, Scanner};

/// A message received from the server; borrows from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<'a> {
    /// An ack of the server's own.
    Ack(Ack<'a>),
    /// A signal of another member.
    Forwarded(Forwarded<'a>),
}

/// A signal of another member, with the recipient's sequence number in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded<'a> {
    /// The recipient's sequence number.
    pub sequence: u64,
    /// The message as it came.
    pub text: &'a str,
    /// Range of the number in it.
    number: Range<usize>,
}

impl Forwarded<'_> {
    /// The sender's `data` object, as it was sent.
    #[must_use]
    pub fn signal(&self) -> String {
        [&self.text[..self.number.start], &self.text[self.number.end..]].concat()
    }
}

/// An ack as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack<'a> {
    /// The code's number; a client meets codes newer than itself.
    pub code: u16,
    /// Name of the acknowledged signal, without the suffix `_ACK` that older servers append.
    pub name: Cow<'a, str>,
    /// The body as written; `null` where there is none.
    pub body: &'a str,
    /// The recipient's sequence number, in `PUBLISH_LIST_CHANGED`.
    pub sequence: Option<u64>,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, rename = "c")]
    code: Option<Raw<'a>>,
    #[serde(borrow, rename = "s")]
    name: Option<Raw<'a>>,
    #[serde(borrow, rename = "b")]
    body: Option<Raw<'a>>,
    #[serde(borrow, rename = "sq")]
    sequence: Option<Raw<'a>>,
}

/// Reads a message of the server.
///
/// # Errors
/// When the text is neither an ack nor a forwarded signal.
pub fn read(text: &str) -> Result<Reply<'_>, Error> {
    let members: Members<'_> = json::from_str(text)?;
    let sequence = members.sequence.map(|raw| json::from_str::<u64>(raw.0)).transpose();
    let Some(code) = members.code else {
        let none = || Error::new("neither an ack nor a forwarded signal");
        let sequence = sequence.ok().flatten().ok_or_else(none)?;
        let name = members.name.ok_or_else(none)?;
        json::from_str::<Text<'_>>(name.0).map_err(|error| error.under("s"))?;
        return Ok(Reply::Forwarded(Forwarded { sequence, text, number: number(text)? }));
    };
    let code = json::from_str(code.0).map_err(|error| error.under("c"))?;
    let name = members.name.ok_or_else(|| Error::new("missing field `s`"))?;
    let name: Text<'_> = json::from_str(name.0).map_err(|error| error.under("s"))?;
    let body = members.body.map_or("null", |raw| raw.0);
    let sequence = sequence.map_err(|error| error.under("sq"))?;
    Ok(Reply::Ack(Ack { code, name: plain_name(name.0), body, sequence }))
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn plain_name(name: Cow<'_, str>) -> Cow<'_, str> {
    let length = name.strip_suffix("_ACK").unwrap_or(&name).len();
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(&name[..length]),
        Cow::Owned(mut name) => {
            name.truncate(length);
            Cow::Owned(name)
        }
    }
}

/// Finds the range of the member `sq` of an object, with one of the commas around it.
fn number(text: &str) -> Result<Range<usize>, Error> {
    let mut scanner = Scanner::new(text);
    scanner.expect(b'{')?;
    let opened = scanner.position();
    loop {
        let start = scanner.position();
        let name = scanner.string()?.read()?;
        scanner.expect(b':')?;
        scanner.skip(0)?;
        let value_end = scanner.position();
        let more = scanner.take(b',');
        if name == "sq" {
            let in_front = if start == opened { start } else { start - 1 };
            return Ok(if more { start..scanner.position() } else { in_front..value_end });
        }
        if !more {
            return Err(Error::new("there is no number"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_ack_is_told_from_a_forwarded_signal_by_its_code() {
        assert!(matches!(read(r#"{"c":200,"s":"LEAVE","b":{}}"#), Ok(Reply::Ack(_))));
        assert!(matches!(read(r#"{"sq":3,"s":"OFFER"}"#), Ok(Reply::Forwarded(Forwarded { sequence: 3, .. }))));
        assert!(read(r#"{"s":"OFFER"}"#).is_err());
        assert!(read(r#"{"sq":3}"#).is_err() && read(r#"{"sq":3,"s":7}"#).is_err());
        assert!(read(r#"{"sq":-1,"s":"OFFER"}"#).is_err());
        assert!(read("7").is_err());
    }

    #[test]
    fn older_names_are_read() {
        let Ok(Reply::Ack(ack)) = read(r#"{"c":200,"s":"JOIN_ACK"}"#) else { panic!("no ack") };
        assert_eq!((&*ack.name, ack.body), ("JOIN", "null"));
        let Ok(Reply::Ack(ack)) = read(r#"{"c":200,"s":"J\u004fIN_ACK","b": {"a": 1} }"#) else { panic!("no ack") };
        assert_eq!((&*ack.name, ack.body), ("JOIN", r#"{"a": 1}"#));
    }

    proptest! {
        #[test]
        fn the_number_is_taken_out_wherever_it_stands(before in 0_usize..3, behind in 0_usize..3, space in "[ \n]{0,2}") {
            let member = |name: &str| format!("{space}\"{name}\"{space}:{space}[1, {{\"sq\": 2}}]{space}");
            let others = |count: usize, side: &str| (0..count).map(|n| member(&format!("{side}{n}"))).collect::<Vec<_>>();
            let (before, behind) = (others(before, "a"), others(behind, "b"));
            let number = vec![format!("{space}\"s\\u0071\":7{space}")];
            let name = vec![r#""s":"OFFER""#.to_owned()];
            let object = |members: Vec<String>| format!("{{{}}}", members.join(","));
            let numbered = object([before.clone(), number, behind.clone(), name.clone()].concat());
            let plain = object([before, behind, name].concat());
            let Ok(Reply::Forwarded(forwarded)) = read(&numbered) else { panic!("no signal: {numbered}") };
            prop_assert_eq!(forwarded.sequence, 7);
            prop_assert_eq!(
                serde_json::from_str::<serde_json::Value>(&forwarded.signal()).unwrap(),
                serde_json::from_str::<serde_json::Value>(&plain).unwrap()
            );
        }
    }
}
