//! Whether a connection begins with HTTP/2 (RFC 9113, section 3.3, prior knowledge) or with HTTP/1.1.

use std::io;

use super::link::Link;

/// The beginning of the connection preface. No request of HTTP/1.1 has this method.
const PREFACE: &[u8] = b"PRI * HTTP/2";

/// Reads as much as it takes to tell; the bytes stay for the next reader.
pub async fn is_http2(link: &mut Link) -> io::Result<bool> {
    loop {
        let begun = link.read_ahead().await?;
        let length = begun.len().min(PREFACE.len());
        if begun[..length] != PREFACE[..length] {
            return Ok(false);
        }
        if length == PREFACE.len() {
            return Ok(true);
        }
    }
}
