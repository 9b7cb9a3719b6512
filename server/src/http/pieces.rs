//! The body of a media answer, handed over in pieces.
//!
//! The HTTP/1.1 dispatcher copies what a body gives into its write buffer, whole: in pieces, a viewer that does not
//! read holds a few of them and not the object. The bytes themselves are shared by all viewers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// The dispatcher fills its buffer up to 32 KiB before it writes, so it holds less than twice as much.
const PIECE: usize = 32 * 1024;

/// What is left of the bytes. Not to be had as a whole: a [`BoxBody`] would give them all at once.
#[derive(Debug)]
struct Pieces(Bytes);

/// A body of these bytes.
pub fn body(bytes: Bytes) -> BoxBody {
    if bytes.len() <= PIECE { BoxBody::new(bytes) } else { BoxBody::new(Pieces(bytes)) }
}

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let piece = self.0.len().min(PIECE);
        Poll::Ready((piece > 0).then(|| Ok(self.0.split_to(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn no_piece_is_large_and_none_is_lost() {
        let bytes = Bytes::from((0..100_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
        for length in [0, 1, PIECE, PIECE + 1, bytes.len()] {
            let mut body = std::pin::pin!(body(bytes.slice(..length)));
            assert_eq!(body.size(), BodySize::Sized(length as u64));
            let mut back = Vec::new();
            let mut next = || std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).now_or_never().flatten();
            while let Some(piece) = next() {
                let piece = piece.unwrap();
                assert!(piece.len() <= PIECE);
                back.extend(piece);
            }
            assert!(back == bytes[..length]);
        }
    }
}
