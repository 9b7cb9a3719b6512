//! One TCP connection below HTTP and TLS: how long its peer may take nothing, and what is read from it meanwhile.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use actix_web::rt::net::TcpStream;
use bytes::{Buf, BytesMut};
use socket2::SockRef;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

use super::ListenSettings;
use crate::socket::{self, SocketHandle};

/// Bytes that are read from a peer while it takes nothing, if it is [`PeerStream::restrained`].
const WHILE_BLOCKED: usize = 16 * 1024;
/// Most bytes read ahead at a time.
const AHEAD: usize = 1024;

/// A connection.
#[derive(Debug)]
pub struct PeerStream {
    // Before the stream, so that it goes first.
    socket_handle: Rc<SocketHandle>,
    stream: TcpStream,
    ahead: BytesMut,
    stall_timeout: Duration,
    restrained: bool,
    blocked: Option<Blocked>,
}

/// The peer takes nothing.
#[derive(Debug)]
struct Blocked {
    limit: Pin<Box<Sleep>>,
    /// Bytes that may still be read.
    readable: usize,
    /// Whether a reader was told to wait.
    reader: bool,
}

impl PeerStream {
    pub fn new(stream: TcpStream, settings: &ListenSettings) -> Self {
        socket::prepare(&stream, settings.stall_timeout);
        socket::report(SockRef::from(&stream).set_tcp_notsent_lowat(settings.max_unsent));
        Self {
            socket_handle: SocketHandle::hold(&stream),
            stream,
            ahead: BytesMut::new(),
            stall_timeout: settings.stall_timeout,
            restrained: false,
            blocked: None,
        }
    }

    pub fn socket_handle(&self) -> Rc<SocketHandle> {
        Rc::clone(&self.socket_handle)
    }

    /// Reads little from a peer that takes nothing: with HTTP/2 each request makes for an answer that waits.
    pub fn restrain(&mut self) {
        self.restrained = true;
    }

    /// Reads more, and returns all bytes read so far without consuming them.
    pub async fn read_ahead(&mut self) -> io::Result<&[u8]> {
        let (stream, ahead) = (&mut self.stream, &mut self.ahead);
        poll_fn(|cx| {
            // Not in the future: every connection that has said nothing yet would hold it.
            let mut bytes = [0; AHEAD];
            let mut more = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut more))?;
            if more.filled().is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            ahead.extend_from_slice(more.filled());
            Poll::Ready(io::Result::Ok(()))
        })
        .await?;
        Ok(&self.ahead)
    }

    /// Returns whether reading is allowed now; where it is not for want of room, the reader is noted as blocked.
    fn claim_read(&mut self) -> bool {
        if self.socket_handle.has_lingered() {
            return false;
        }
        match &mut self.blocked {
            Some(blocked) if self.restrained && blocked.readable == 0 => {
                blocked.reader = true;
                false
            }
            _ => true,
        }
    }

    /// Hears how a write went.
    fn written(&mut self, wrote: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if wrote.is_ready() {
            if self.blocked.take().is_some_and(|blocked| blocked.reader) {
                cx.waker().wake_by_ref();
            }
            return wrote;
        }
        let stall_timeout = self.stall_timeout;
        let blocked = self.blocked.get_or_insert_with(|| Blocked {
            limit: Box::pin(sleep(stall_timeout)),
            readable: WHILE_BLOCKED,
            reader: false,
        });
        ready!(blocked.limit.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing")))
    }

    /// Bounds what waits in the kernel once a WebSocket wants it so.
    fn before_write(&self) {
        if let Some(bytes) = self.socket_handle.take_send_buffer() {
            socket::report(SockRef::from(&self.stream).set_send_buffer_size(bytes));
        }
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.ahead.is_empty() {
            let count = this.ahead.len().min(into.remaining());
            into.put_slice(&this.ahead[..count]);
            this.ahead.advance(count);
            if this.ahead.is_empty() {
                this.ahead = BytesMut::new();
            }
            return Poll::Ready(Ok(()));
        }
        if !this.claim_read() {
            return Poll::Pending;
        }
        let before = into.filled().len();
        let read = ready!(Pin::new(&mut this.stream).poll_read(cx, into));
        let count = into.filled().len() - before;
        this.socket_handle.count_lingering(count);
        if read.is_err() || (count == 0 && into.remaining() > 0) {
            this.socket_handle.set_ended();
        }
        if let Some(blocked) = &mut this.blocked {
            blocked.readable = blocked.readable.saturating_sub(count);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.before_write();
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(wrote, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.before_write();
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(wrote, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A stream that has a [`PeerStream`] at its bottom.
pub trait OverPeerStream {
    fn peer_stream(&self) -> &PeerStream;
    fn peer_stream_mut(&mut self) -> &mut PeerStream;
}

impl OverPeerStream for PeerStream {
    fn peer_stream(&self) -> &PeerStream {
        self
    }

    fn peer_stream_mut(&mut self) -> &mut PeerStream {
        self
    }
}

impl OverPeerStream for TlsStream<PeerStream> {
    fn peer_stream(&self) -> &PeerStream {
        self.get_ref().0
    }

    fn peer_stream_mut(&mut self) -> &mut PeerStream {
        self.get_mut().0
    }
}
