//! The body of a media answer, handed over in pieces.
//!
//! The HTTP/1.1 dispatcher copies what a body gives into its write buffer, whole: in pieces, a viewer that does not
//! read holds a few of them and not the object. The bytes themselves are shared by all viewers.

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{error, fmt};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// The dispatcher fills its buffer up to 32 KiB before it writes, so it holds less than twice as much.
const PIECE: usize = 32 * 1024;

/// Bytes that lie one after the other, though not in one place.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    first: Bytes,
    rest: Vec<Bytes>,
}

impl Chain {
    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.links().map(Bytes::len).sum()
    }

    /// Returns the bytes, in their order.
    pub fn links(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// Some of them; what lies behind the end is left out.
    pub fn slice(&self, range: RangeInclusive<usize>) -> Self {
        let (mut begin, mut end) = (*range.start(), range.end().saturating_add(1));
        self.links()
            .filter_map(|link| {
                let cut = begin.min(link.len())..end.min(link.len());
                (begin, end) = (begin.saturating_sub(link.len()), end.saturating_sub(link.len()));
                (cut.start < cut.end).then(|| link.slice(cut))
            })
            .collect()
    }
}

impl From<Bytes> for Chain {
    fn from(first: Bytes) -> Self {
        Self { first, rest: Vec::new() }
    }
}

impl FromIterator<Bytes> for Chain {
    fn from_iter<I: IntoIterator<Item = Bytes>>(links: I) -> Self {
        let mut links = links.into_iter();
        Self { first: links.next().unwrap_or_default(), rest: links.collect() }
    }
}

/// Asked before each further piece whether it may be sent.
pub type SendCheck = Box<dyn FnMut() -> bool>;

/// A body that was not sent to its end, because its guard forbade it.
#[derive(Debug)]
pub struct Forbidden;

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rest may not be sent any more")
    }
}

impl error::Error for Forbidden {}

/// The rest of the bytes. Not to be had as a whole: a [`BoxBody`] would give them all at once.
struct Pieces {
    now: Bytes,
    rest: std::vec::IntoIter<Bytes>,
    length: u64,
    guard: Option<SendCheck>,
}

/// A body of these bytes.
pub fn body(bytes: impl Into<Chain>) -> BoxBody {
    guarded(bytes, || None)
}

/// A body of these bytes, which ends the connection where the guard forbids the rest. No guard is made for what fits
/// into one piece.
pub fn guarded(bytes: impl Into<Chain>, guard: impl FnOnce() -> Option<SendCheck>) -> BoxBody {
    let Chain { first, rest } = bytes.into();
    if rest.is_empty() && first.len() <= PIECE {
        return BoxBody::new(first);
    }
    let length = first.len() + rest.iter().map(Bytes::len).sum::<usize>();
    BoxBody::new(Pieces { now: first, rest: rest.into_iter(), length: length as u64, guard: guard() })
}

impl MessageBody for Pieces {
    type Error = Forbidden;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Forbidden>>> {
        if self.guard.as_mut().is_some_and(|may_go_on| !may_go_on()) {
            return Poll::Ready(Some(Err(Forbidden)));
        }
        while self.now.is_empty() {
            match self.rest.next() {
                Some(next) => self.now = next,
                None => return Poll::Ready(None),
            }
        }
        let piece = self.now.len().min(PIECE);
        self.length -= piece as u64;
        Poll::Ready(Some(Ok(self.now.split_to(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    fn read(body: BoxBody) -> Vec<u8> {
        let mut body = std::pin::pin!(body);
        let mut back = Vec::new();
        let mut next = || std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).now_or_never().flatten();
        while let Some(piece) = next() {
            let piece = piece.unwrap();
            assert!(piece.len() <= PIECE);
            back.extend(piece);
        }
        back
    }

    #[test]
    fn no_piece_is_large_and_none_is_lost() {
        let bytes = Bytes::from((0..100_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
        for length in [0, 1, PIECE, PIECE + 1, bytes.len()] {
            let body = body(bytes.slice(..length));
            assert_eq!(body.size(), BodySize::Sized(length as u64));
            assert!(read(body) == bytes[..length]);
        }
    }

    #[test]
    fn a_guard_is_asked_before_each_piece_and_ends_the_body() {
        let bytes = Bytes::from(vec![7; 4 * PIECE]);
        let mut asked = 0;
        let guard: SendCheck = Box::new(move || {
            asked += 1;
            asked < 3
        });
        let mut body = std::pin::pin!(guarded(bytes, || Some(guard)));
        let mut next = || std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).now_or_never().flatten();
        assert!(matches!((next(), next(), next()), (Some(Ok(_)), Some(Ok(_)), Some(Err(_)))));
        let unasked = guarded(Bytes::from(vec![7; PIECE]), || panic!("one piece needs no guard"));
        assert_eq!(read(unasked).len(), PIECE);
    }

    proptest! {
        #[test]
        fn a_chain_is_cut_like_what_it_is_made_of(
            links in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..6),
            first in 0_usize..50,
            last in 0_usize..50,
        ) {
            let whole = links.concat();
            let chain: Chain = links.into_iter().map(Bytes::from).collect();
            prop_assert_eq!(chain.len(), whole.len());
            let expected = whole.get(first..(last + 1).min(whole.len())).unwrap_or_default();
            let cut = chain.slice(first..=last);
            let body = body(cut.clone());
            prop_assert_eq!(body.size(), BodySize::Sized(expected.len() as u64));
            prop_assert_eq!(read(body), expected);
        }
    }
}
