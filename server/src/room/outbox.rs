//! The way from a room to a connection: a queue with a bound in bytes that nobody waits for.
//!
//! What is queued counts until the connection's socket has taken it, wherever it waits till then. Over the bound
//! the connection is told to close as a slow consumer and gets nothing more.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;

use roomcast_core::room::Outgoing;
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::RoomId;

use crate::socket::Fill;

/// Something for a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// To be written.
    Message(Outgoing),
    /// To be closed.
    Close(CloseCode),
    /// The room has no member of this connection any more.
    Forget(RoomId),
}

/// The sending end.
#[derive(Debug, Clone)]
pub struct Outbox {
    queue: mpsc::UnboundedSender<Delivery>,
    fill: Arc<Fill>,
    cut: Arc<AtomicBool>,
}

impl Outbox {
    /// An outbox that keeps to a connection's bound, and its receiving end.
    pub fn new(fill: Arc<Fill>) -> (Self, Inbox) {
        let (queue, receiver) = mpsc::unbounded_channel();
        (Self { queue, fill, cut: Arc::default() }, Inbox { receiver })
    }

    /// Queues a message, or has the connection closed when it does not fit.
    pub fn send(&self, message: Outgoing) {
        if self.cut.load(Ordering::Relaxed) {
            return;
        }
        if self.fill.claim(message.size()) {
            self.put(Delivery::Message(message));
        } else {
            self.close(CloseCode::SlowConsumer);
        }
    }

    /// Has the connection closed after what is queued; nothing comes behind it.
    pub fn close(&self, code: CloseCode) {
        if !self.cut.swap(true, Ordering::Relaxed) {
            self.put(Delivery::Close(code));
        }
    }

    /// Says that a room has no member of this connection any more.
    pub fn forget(&self, room: RoomId) {
        if !self.cut.load(Ordering::Relaxed) {
            self.put(Delivery::Forget(room));
        }
    }

    fn put(&self, delivery: Delivery) {
        // A connection that is gone needs nothing.
        let _ = self.queue.send(delivery);
    }
}

/// The receiving end: a stream that never ends while an [`Outbox`] lives. Who takes a message from it sees to it
/// that its bytes are released when they are written.
#[derive(Debug)]
pub struct Inbox {
    receiver: mpsc::UnboundedReceiver<Delivery>,
}

impl Stream for Inbox {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.receiver.poll_recv(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt};

    fn message(length: usize) -> Outgoing {
        Outgoing::plain("x".repeat(length).into())
    }

    fn take(inbox: &mut Inbox) -> Option<Delivery> {
        inbox.next().now_or_never().flatten()
    }

    #[test]
    fn a_full_outbox_closes_the_connection_and_takes_nothing_more() {
        let (outbox, mut inbox) = Outbox::new(Fill::new(300));
        outbox.send(message(100));
        outbox.send(message(100));
        outbox.send(message(100));
        outbox.send(message(1));
        assert_eq!(take(&mut inbox), Some(Delivery::Message(message(100))));
        assert_eq!(take(&mut inbox), Some(Delivery::Message(message(100))));
        assert_eq!(take(&mut inbox), Some(Delivery::Close(CloseCode::SlowConsumer)));
        assert_eq!(take(&mut inbox), None);
    }

    #[test]
    fn what_is_written_makes_room() {
        let fill = Fill::new(300);
        let (outbox, mut inbox) = Outbox::new(Arc::clone(&fill));
        for _ in 0..100 {
            outbox.send(message(200));
            assert_eq!(take(&mut inbox), Some(Delivery::Message(message(200))));
            fill.release(message(200).size());
        }
    }
}
