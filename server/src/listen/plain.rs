//! Plain HTTP on the port that speaks TLS: it is answered, so that a user who left out the `s` of `https` reads why.

use std::io;

use actix_codec::AsyncRead;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::link::Link;

/// The first byte of every TLS connection: a record of type handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 0x16;

/// Whether a connection begins like a request of HTTP; the bytes stay for the next reader.
pub async fn is_http(link: &mut Link) -> io::Result<bool> {
    let begun = link.read_ahead().await?;
    Ok(begun.first().is_some_and(|first| *first != HANDSHAKE && first.is_ascii_uppercase()))
}

/// Answers, and reads up to `linger` bytes more: with something unread the connection would be reset, and the answer
/// lost.
pub async fn answer(link: &mut Link, linger: usize) -> io::Result<()> {
    const TEXT: &str = "This port speaks HTTPS: write https:// in front of the address.\n";
    let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close";
    link.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{TEXT}", TEXT.len()).as_bytes()).await?;
    link.shutdown().await?;
    drain(link, linger).await
}

async fn drain(link: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<()> {
    let mut rest = [0; 1024];
    let mut read = 0;
    while read < most {
        match link.read(&mut rest).await? {
            0 => break,
            count => read += count,
        }
    }
    Ok(())
}
