//! Input that was read and not yet passed on: at most one chunk, so that TCP flow control slows down the peer.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

/// The chunk.
#[derive(Debug, Default)]
pub struct Incoming {
    chunk: RefCell<Bytes>,
    ended: Cell<bool>,
}

impl Incoming {
    /// Creates an empty input.
    pub fn new() -> Rc<Self> {
        Rc::default()
    }

    /// Returns whether the next chunk may be read.
    pub fn wants_more(&self) -> bool {
        self.chunk.borrow().is_empty() && !self.ended.get()
    }

    /// Stores a chunk that was read. An empty chunk is the end of the input.
    pub fn put(&self, chunk: Bytes) {
        self.ended.set(chunk.is_empty());
        self.chunk.replace(chunk);
    }
}

/// The chunks one after the other. Whoever polls it is polled again behind each [`Incoming::put`]: it keeps no waker.
#[derive(Debug)]
pub struct Chunks(pub Rc<Incoming>);

impl Stream for Chunks {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = self.0.chunk.take();
        match chunk.is_empty() {
            false => Poll::Ready(Some(Ok(chunk))),
            true if self.0.ended.get() => Poll::Ready(None),
            true => Poll::Pending,
        }
    }
}
