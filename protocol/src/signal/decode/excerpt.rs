//! A message without the session description in it, which is nine tenths of an offer and which nobody reads.
//!
//! Looking for the end of a string is what reading an offer costs, so the string is
//! checked here, many bytes at a time, and the JSON reader sees an empty one in its place. Only descriptions in
//! their usual spelling are cut out; what needs a closer look is left to the JSON reader.

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// How a session description begins. In JSON this text always opens a string: behind a quotation mark that is
/// not escaped, a colon ends a name.
const OPENING: &str = "\"sdp\":\"";

/// Messages shorter than this are not worth the cut.
const WORTHWHILE: usize = 1024;

/// A message to read in place of another.
pub(super) struct Excerpt<'a> {
    /// Valid JSON when the message is, and only then.
    pub text: Cow<'a, str>,
    /// Where the cut is, and how many bytes it took.
    cut: (usize, usize),
}

impl<'a> Excerpt<'a> {
    /// Leaves out the first session description of a message.
    pub fn of(message: &'a str) -> Self {
        let found =
            if message.len() < WORTHWHILE { None } else { memmem::find(message.as_bytes(), OPENING.as_bytes()) };
        let start = found.map(|found| found + OPENING.len());
        let Some((start, length)) = start.and_then(|start| Some((start, plain(&message[start..])?))) else {
            return Self { text: Cow::Borrowed(message), cut: (message.len(), 0) };
        };
        let text = [&message[..start], &message[start + length..]].concat();
        Self { text: Cow::Owned(text), cut: (start, length) }
    }

    /// Where the byte at `offset` of the excerpt stands in the message.
    pub const fn position(&self, offset: usize) -> usize {
        let (start, length) = self.cut;
        if offset > start { offset + length } else { offset }
    }
}

/// The length of the string that `text` begins with, up to its quotation mark, when it is plain: no control
/// characters, and no escapes but `\r`, `\n` and `\/`.
fn plain(text: &str) -> Option<usize> {
    let length = memchr(b'"', text.as_bytes())?;
    let bytes = &text.as_bytes()[..=length];
    // Every byte is looked at, without leaving early: so the compiler makes vector instructions of it.
    let odd = bytes.iter().zip(&bytes[1..]).fold(0, |odd, (&byte, &next)| {
        let harmless = (next == b'r') | (next == b'n') | (next == b'/');
        odd | u8::from(byte < b' ') | (u8::from(byte == b'\\') & u8::from(!harmless))
    });
    (odd == 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    fn long(sdp: &str, behind: &str) -> String {
        let pad = "-".repeat(WORTHWHILE);
        format!(r#"{{"x":"{pad}","sdp":"{sdp}"{behind}}}"#)
    }

    #[test]
    fn a_description_is_left_out() {
        let message = long(r"v=0\r\ns=-\r\n", "");
        let excerpt = Excerpt::of(&message);
        assert_eq!(excerpt.text, long("", ""));
        assert_eq!(excerpt.position(excerpt.text.len()), message.len());
        assert_eq!(excerpt.position(3), 3);
    }

    #[test]
    fn what_is_not_plain_stays() {
        for sdp in [r#"a\"b"#, r"a\\", r"\u0041", r"\x", "tab\there"] {
            let message = long(sdp, "");
            assert_eq!(Excerpt::of(&message).text, message, "{sdp}");
        }
        assert_eq!(Excerpt::of(r#"{"sdp":"v=0"}"#).text, r#"{"sdp":"v=0"}"#);
    }

    proptest! {
        #[test]
        fn an_excerpt_is_json_when_the_message_is(
            sdp in r#"([a-z"\\/\r ]|\\r|\\n){0,20}"#,
            behind in r#"(|,"sdp":"x\\\\r"|"|\}|,"a\\\\"sdp":"\\\\q")"#,
        ) {
            let message = long(&sdp, &behind);
            let excerpt = Excerpt::of(&message);
            let valid = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
            prop_assert_eq!(valid(&excerpt.text), valid(&message));
            prop_assert_eq!(excerpt.position(excerpt.text.len()), message.len());
        }
    }
}
