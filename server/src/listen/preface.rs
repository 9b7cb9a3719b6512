//! Whether a connection begins with HTTP/2 (RFC 9113, section 3.3, prior knowledge) or with HTTP/1.1.

use std::io;

use super::peer_stream::PeerStream;

/// The beginning of the connection preface. No request of HTTP/1.1 has this method.
const PREFACE: &[u8] = b"PRI * HTTP/2";

/// Reads as much as it takes to tell; the bytes stay for the next reader.
pub async fn is_http2(peer_stream: &mut PeerStream) -> io::Result<bool> {
    loop {
        let begun = peer_stream.read_ahead().await?;
        let length = begun.len().min(PREFACE.len());
        if begun[..length] != PREFACE[..length] {
            return Ok(false);
        }
        if length == PREFACE.len() {
            return Ok(true);
        }
    }
}
