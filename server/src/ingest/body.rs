//! The body of an upload, collected into one piece: bounded in bytes and in time.
//!
//! Memory follows what has really come: only a body that has brought its first bytes is given room for the length it
//! claims, and then in one go, so that media is copied once.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

/// Initial capacity of every body, in bytes.
const FIRST: usize = 16 * 1024;

/// The reason why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The body exceeds the limit.
    #[error("the upload is larger than the server takes")]
    TooLarge,
    /// The body did not arrive in time.
    #[error("the upload took longer than the server waits")]
    TooSlow,
    /// The body ended early or was not valid HTTP.
    #[error("the body could not be read: {0}")]
    Broken(#[from] PayloadError),
}

/// Limits of a body.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub bytes: usize,
    pub time: Duration,
}

/// Reads a body to its end.
pub async fn collect(request: &HttpRequest, payload: web::Payload, bounds: Bounds) -> Result<Bytes, Unreadable> {
    let claimed = length(request);
    if claimed.is_some_and(|claimed| claimed > bounds.bytes) {
        return Err(Unreadable::TooLarge);
    }
    let reading = read(payload, claimed, bounds.bytes);
    actix_web::rt::time::timeout(bounds.time, reading).await.unwrap_or(Err(Unreadable::TooSlow))
}

async fn read(mut payload: web::Payload, claimed: Option<usize>, limit: usize) -> Result<Bytes, Unreadable> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk?;
        let needed = body.len() + chunk.len();
        if needed > limit {
            return Err(Unreadable::TooLarge);
        }
        if needed > body.capacity() {
            body.reserve(room_for(needed, claimed) - body.len());
        }
        body.extend_from_slice(&chunk);
    }
    // Without a claim the body has grown by doubling: what is kept of it shall not hold twice its size.
    let spare = body.capacity() - body.len();
    Ok(if spare > body.len() / 8 + FIRST { Bytes::copy_from_slice(&body) } else { body.freeze() })
}

/// Returns the capacity to reserve for a body that needs `needed` bytes so far.
fn room_for(needed: usize, claimed: Option<usize>) -> usize {
    match claimed {
        Some(claimed) if needed > FIRST || claimed <= FIRST => claimed.max(needed),
        Some(_) => FIRST,
        None => needed.next_power_of_two().max(FIRST),
    }
}

fn length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_believed_only_of_who_has_sent_something() {
        assert_eq!(room_for(1, Some(16 << 20)), FIRST);
        assert_eq!(room_for(FIRST + 1, Some(16 << 20)), 16 << 20);
        assert_eq!(room_for(100, Some(3000)), 3000);
        assert_eq!(room_for(FIRST + 1, None), 2 * FIRST);
    }
}
