//! The time for the head of a request on a connection that has carried one before.
//!
//! actix-http bounds the first head of a connection alone: a peer that sends half of a second one could keep its
//! connection for ever.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::peer_stream::{OverPeerStream, PeerStream};

const ANSWER: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// The requests of one connection. Lives in its data.
#[derive(Debug, Default)]
pub struct Requests {
    begun: Cell<u64>,
    open: Cell<usize>,
}

/// A request that is being answered.
#[derive(Debug)]
pub struct OpenRequest(Rc<Requests>);

impl Requests {
    /// Counts a request whose head is complete.
    pub fn begin(self: Rc<Self>) -> OpenRequest {
        self.begun.set(self.begun.get() + 1);
        self.open.set(self.open.get() + 1);
        OpenRequest(self)
    }
}

impl OpenRequest {
    /// Counts it for ever: no other request follows it.
    pub fn keep(self) {
        self.0.open.set(self.0.open.get() + 1);
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

/// A stream of HTTP/1.1 that answers 408 and ends when the head of a request does not come to its end.
#[derive(Debug)]
pub struct HeadTimeout<T> {
    stream: T,
    requests: Rc<Requests>,
    timeout: Duration,
    head: Option<Head>,
    /// Kept between heads: most come whole, and need no timer of their own.
    timer: Option<Pin<Box<Sleep>>>,
    blocked: bool,
}

/// A head of which something was read.
#[derive(Debug)]
struct Head {
    /// Requests that had begun before it.
    begun: u64,
    until: Instant,
}

impl<T> HeadTimeout<T> {
    pub fn new(stream: T, timeout: Duration) -> Self {
        Self { stream, requests: Rc::default(), timeout, head: None, timer: None, blocked: false }
    }

    pub fn requests(&self) -> Rc<Requests> {
        Rc::clone(&self.requests)
    }

    fn note_read(&mut self) {
        let Requests { begun, open } = &*self.requests;
        if self.head.is_none() && begun.get() > 0 && open.get() == 0 {
            self.head = Some(Head { begun: begun.get(), until: Instant::now() + self.timeout });
        }
    }

    fn note_written(&mut self, blocked: bool) {
        self.blocked = blocked;
        if let Some(head) = &mut self.head {
            // The answer before it is not whole yet.
            head.until = Instant::now() + self.timeout;
        }
    }

    /// Ready once the time for a head has passed.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Requests { begun, open } = &*self.requests;
        let Some(head) = self.head.as_mut().filter(|head| head.begun == begun.get() && open.get() == 0) else {
            self.head = None;
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(head.until)));
        while timer.as_mut().poll(cx).is_ready() {
            if self.blocked {
                head.until = Instant::now() + self.timeout;
            }
            if Instant::now() >= head.until {
                return Poll::Ready(());
            }
            timer.as_mut().reset(head.until);
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for HeadTimeout<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = into.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, into);
        if into.filled().len() > before {
            this.note_read();
        }
        if read.is_pending() && this.poll_expired(cx).is_ready() {
            // Bytes that the peer does not take at once are lost with the connection.
            let _ = Pin::new(&mut this.stream).poll_write(cx, ANSWER);
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for HeadTimeout<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note_written(wrote.is_pending());
        wrote
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<T: OverPeerStream> OverPeerStream for HeadTimeout<T> {
    fn peer_stream(&self) -> &PeerStream {
        self.stream.peer_stream()
    }

    fn peer_stream_mut(&mut self) -> &mut PeerStream {
        self.stream.peer_stream_mut()
    }
}
