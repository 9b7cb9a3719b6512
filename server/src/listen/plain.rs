//! Plain HTTP on the port that speaks TLS: it is answered, so that a user who left out the `s` of `https` reads why.

use std::io;

use actix_codec::AsyncRead;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::peer_stream::PeerStream;

/// The first byte of every TLS connection: a record of type handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 0x16;

/// Returns whether a connection begins like a request of HTTP; the bytes stay for the next reader.
pub async fn is_http(peer_stream: &mut PeerStream) -> io::Result<bool> {
    let begun = peer_stream.read_ahead().await?;
    Ok(begun.first().is_some_and(|first| *first != HANDSHAKE && first.is_ascii_uppercase()))
}

/// Answers, and reads up to `linger` bytes more: with something unread the connection would be reset, and the answer
/// lost.
pub async fn answer(peer_stream: &mut PeerStream, linger: usize) -> io::Result<()> {
    const TEXT: &str = "This port speaks HTTPS: write https:// in front of the address.\n";
    let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close";
    peer_stream.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{TEXT}", TEXT.len()).as_bytes()).await?;
    peer_stream.shutdown().await?;
    drain(peer_stream, linger).await
}

async fn drain(peer_stream: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<()> {
    let mut rest = [0; 1024];
    let mut read = 0;
    while read < most {
        match peer_stream.read(&mut rest).await? {
            0 => break,
            count => read += count,
        }
    }
    Ok(())
}
