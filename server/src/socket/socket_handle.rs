//! The TCP socket of a connection: its options, and its forced shutdown.
//!
//! A dispatcher that waits for its peer to read cannot be told to stop; only the kernel can wake it. The
//! descriptor is not duplicated, which would halve the number of connections a process can hold: a [`SocketHandle`]
//! lives in the connection's data, which its dispatcher drops before the socket. Whoever else wants it holds it
//! weakly and on the same thread, so that as long as it lives its number means this socket.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsRawFd, RawFd};
use std::rc::{Rc, Weak};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::rt::net::TcpStream;
use nix::sys::socket::{MsgFlags, Shutdown, send, shutdown};
use socket2::SockRef;

use super::address::Permit;

/// One TCP connection.
#[derive(Debug)]
pub struct SocketHandle {
    number: RawFd,
    permit: RefCell<Option<Permit>>,
    closed_by_peer: Cell<bool>,
    ended: Cell<bool>,
    send_buffer: Cell<Option<usize>>,
    lingering: Cell<Option<usize>>,
    encrypted: Cell<bool>,
}

impl SocketHandle {
    /// Creates the handle of a connection. It must be dropped before the stream.
    pub fn hold(stream: &TcpStream) -> Rc<Self> {
        Rc::new(Self {
            number: stream.as_raw_fd(),
            permit: RefCell::new(None),
            closed_by_peer: Cell::new(false),
            ended: Cell::new(false),
            send_buffer: Cell::new(None),
            lingering: Cell::new(None),
            encrypted: Cell::new(false),
        })
    }

    /// Asks the owner of the stream to let this many bytes wait in the kernel and no more.
    pub fn want_send_buffer(&self, bytes: usize) {
        self.send_buffer.set(Some(bytes));
    }

    /// Takes the requested size of the send buffer, if there is one.
    pub fn take_send_buffer(&self) -> Option<usize> {
        self.send_buffer.take()
    }

    /// Lets the owner of the stream read at most this many bytes more: the connection is about to be closed.
    pub fn linger(&self, bytes: usize) {
        self.lingering.set(Some(bytes));
    }

    /// Counts bytes that were read, if the connection lingers.
    pub fn count_lingering(&self, read: usize) {
        self.lingering.set(self.lingering.get().map(|left| left.saturating_sub(read)));
    }

    /// Returns whether all that may be read while lingering has been: the peer then waits for the close, and has the
    /// time to read its answer before its next write fails.
    pub fn has_lingered(&self) -> bool {
        self.lingering.get() == Some(0)
    }

    /// Records that TLS begins on the connection.
    pub fn set_encrypted(&self) {
        self.encrypted.set(true);
    }

    /// Writes a last answer in place of any that the owner of the stream might still write. Below TLS there is no such
    /// way.
    pub fn write_last(&self, answer: &[u8]) {
        if !self.encrypted.get() {
            // Bytes that the kernel does not take at once are lost with the connection.
            let _ = send(self.number, answer, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL);
            let _ = shutdown(self.number, Shutdown::Write);
        }
    }

    /// Records that the owner of the stream has read the end of the peer's data, or an error.
    pub fn set_ended(&self) {
        self.ended.set(true);
    }

    /// Returns whether the end of the input has been reached.
    pub fn is_ended(&self) -> bool {
        self.ended.get()
    }

    /// Returns the descriptor of the connection that a request came on.
    pub fn of(request: &HttpRequest) -> Weak<Self> {
        request.conn_data::<Rc<Self>>().map(Rc::downgrade).unwrap_or_default()
    }

    /// Keeps a permit until the connection is gone.
    pub fn keep(&self, permit: Permit) {
        self.permit.replace(Some(permit));
    }

    /// Records that the peer has sent its close frame, after which no more data can follow.
    pub fn set_closed_by_peer(&self) {
        self.closed_by_peer.set(true);
    }

    /// Returns whether the peer has sent its close frame.
    pub fn is_closed_by_peer(&self) -> bool {
        self.closed_by_peer.get()
    }
}

/// Sets the options of any new connection: what is written goes out at once, and the kernel ends a connection whose
/// peer has taken nothing for `stall_timeout`.
pub fn prepare(stream: &TcpStream, stall_timeout: Duration) {
    let socket = SockRef::from(stream);
    report(socket.set_tcp_nodelay(true));
    report(socket.set_tcp_user_timeout(Some(stall_timeout)));
}

/// A connection does without an option that the system refuses.
pub fn report(set: std::io::Result<()>) {
    if let Err(error) = set {
        tracing::debug!(%error, "a socket option was refused");
    }
}
