//! The head of an answer: its status, how long the body is, and whether it is compressed.

use memchr::memmem;

use crate::error::Error;

/// The longest head.
pub const MAX_HEAD: usize = 8192;

const END: &[u8] = b"\r\n\r\n";

/// Head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Bytes of the head.
    pub head: usize,
    /// Bytes of the body, as sent.
    pub length: usize,
    /// Whether the body is compressed.
    pub gzip: bool,
}

impl Answer {
    /// Reads a head; none when its end has not come yet.
    ///
    /// # Errors
    /// When it is none, or does not tell the length of the body.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some(end) = memmem::find(bytes, END) else { return Ok(None) };
        let broken = || Error::Http(String::from_utf8_lossy(&bytes[..end.min(600)]).into_owned());
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| broken())?;
        let mut lines = text.split("\r\n");
        let first = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = first.and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(broken)?;
        let (mut length, mut gzip) = (None, false);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok();
            } else if name.eq_ignore_ascii_case("content-encoding") {
                gzip = value.trim().eq_ignore_ascii_case("gzip");
            }
        }
        let length = length.ok_or_else(broken)?;
        Ok(Some(Self { status, head: end + END.len(), length, gzip }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_whatever_the_case_of_their_names() {
        for names in ["Content-Length: 3\r\nContent-Encoding: gzip", "content-encoding:gzip\r\ncontent-length:3"] {
            let text = format!("HTTP/1.1 200 OK\r\n{names}\r\n\r\nabc");
            let answer = Answer::read(text.as_bytes()).unwrap().unwrap();
            assert_eq!(answer, Answer { status: 200, head: text.len() - 3, length: 3, gzip: true });
        }
    }

    #[test]
    fn half_a_head_is_none_and_no_length_is_an_error() {
        assert!(Answer::read(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap().is_none());
        assert!(Answer::read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(Answer::read(b"SSH-2.0-x\r\n\r\n").is_err());
    }
}
