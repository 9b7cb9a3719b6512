//! The switch of a connection from HTTP to the WebSocket protocol (RFC 9110, section 7.8).
//!
//! HTTP's dispatcher holds two buffers of 8 KiB and more state besides, and copies what passes through it. So it ends
//! with its 101: once the head of that answer is written, the stream below is taken from it, and it is told that the
//! peer is gone.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use actix_web::web::Payload;
use actix_web::{Error, HttpRequest};
use bytes::BytesMut;
use futures_util::Stream;
use futures_util::future::LocalBoxFuture;

use super::incoming::Incoming;

/// A stream of bytes in both directions.
pub trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// A function that serves a stream after HTTP has released it.
type Serve = Box<dyn FnOnce(Box<dyn Io>) -> LocalBoxFuture<'static, ()>>;

/// The switch of one connection. Lives in the connection's data.
#[derive(Default)]
pub struct Switch {
    serve: RefCell<Option<Serve>>,
    answered: Cell<bool>,
    stream: RefCell<Option<Box<dyn Io>>>,
    body: RefCell<Option<Waker>>,
}

impl Switch {
    /// Returns the switch of the connection that a request came on; none below a server that has none.
    pub(super) fn of(request: &HttpRequest) -> Option<Rc<Self>> {
        request.conn_data::<Rc<Self>>().map(Rc::clone)
    }

    /// Sets the service that takes over the stream once the answer with this body has been written.
    pub(super) fn to(self: Rc<Self>, serve: Serve, early: (Payload, Rc<Incoming>)) -> Body {
        self.serve.replace(Some(serve));
        Body { switch: self, payload: early.0, incoming: early.1, early: BytesMut::new() }
    }

    /// Returns the service of the stream now that HTTP has ended; none where it was not switched.
    pub fn served(&self) -> Option<LocalBoxFuture<'static, ()>> {
        let serve = self.serve.take()?;
        Some(serve(self.stream.take()?))
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch").field("answered", &self.answered.get()).finish_non_exhaustive()
    }
}

/// The body of the 101: empty, and over once the stream has been taken. It keeps what the peer sent too early.
pub struct Body {
    switch: Rc<Switch>,
    payload: Payload,
    incoming: Rc<Incoming>,
    early: BytesMut,
}

impl Body {
    /// Takes what HTTP has read of the new protocol; whether there was any. HTTP reads no more, and had bounds.
    fn take_early(&mut self, cx: &mut Context<'_>) -> bool {
        let before = self.early.len();
        while let Poll::Ready(Some(Ok(chunk))) = Pin::new(&mut self.payload).poll_next(cx) {
            self.early.extend_from_slice(&chunk);
        }
        self.early.len() > before
    }
}

impl Stream for Body {
    type Item = Result<bytes::Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.switch.stream.borrow().is_some() {
            return Poll::Ready(None);
        }
        let came = self.take_early(cx);
        // As long as something came HTTP may have more of it in its buffer.
        self.switch.answered.set(!came);
        if came {
            cx.waker().wake_by_ref();
        } else {
            self.switch.body.replace(Some(cx.waker().clone()));
        }
        Poll::Pending
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if !self.early.is_empty() {
            self.incoming.put(self.early.split().freeze());
        }
    }
}

/// A stream that HTTP releases once the protocol has been switched.
#[derive(Debug)]
pub struct Switching<T> {
    stream: Option<T>,
    switch: Rc<Switch>,
}

impl<T> Switching<T> {
    /// Creates a stream that initially uses HTTP.
    pub fn new(stream: T) -> Self {
        Self { stream: Some(stream), switch: Rc::default() }
    }

    /// Its switch.
    pub fn switch(&self) -> Rc<Switch> {
        Rc::clone(&self.switch)
    }

    /// Returns the stream below, as long as it speaks HTTP.
    pub const fn stream(&self) -> Option<&T> {
        self.stream.as_ref()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Switching<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match &mut this.stream {
            // What comes from now on is for the other protocol. The body of the answer wakes HTTP once more.
            Some(_) if this.switch.serve.borrow().is_some() => Poll::Pending,
            Some(stream) => Pin::new(stream).poll_read(cx, into),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> AsyncWrite for Switching<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_write(cx, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// HTTP flushes when all that it had to write is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(stream) = &mut this.stream else { return Poll::Ready(Ok(())) };
        ready!(Pin::new(stream).poll_flush(cx))?;
        if this.switch.answered.get() {
            let stream = this.stream.take().map(|stream| Box::new(stream) as Box<dyn Io>);
            this.switch.stream.replace(stream);
            this.switch.body.take().into_iter().for_each(Waker::wake);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
