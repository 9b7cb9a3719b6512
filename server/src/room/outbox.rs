//! The way from a room to a connection: a queue with a bound in bytes that nobody waits for.
//!
//! What is queued counts until the connection takes it, which it does only while its peer reads. Over the
//! bound the connection is told to close as a slow consumer and gets nothing more.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;

use roomcast_core::room::Outgoing;
use roomcast_protocol::code::CloseCode;

use super::joined::Departure;

/// Something for a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// To be written.
    Message(Outgoing),
    /// To be closed.
    Close(CloseCode),
    /// The room has no member of this connection any more.
    Forget(Departure),
}

#[derive(Debug)]
struct Fill {
    bytes: AtomicUsize,
    bound: usize,
    /// What may stand in the queue on top of the bound.
    allowance: AtomicUsize,
    cut: AtomicBool,
}

/// The sending end.
#[derive(Debug, Clone)]
pub struct Outbox {
    queue: mpsc::UnboundedSender<Delivery>,
    fill: Arc<Fill>,
}

impl Outbox {
    /// An outbox that holds at most `bound` bytes, and its receiving end.
    pub fn new(bound: usize) -> (Self, Inbox) {
        let (queue, receiver) = mpsc::unbounded_channel();
        let fill = Arc::new(Fill {
            bytes: AtomicUsize::new(0),
            bound,
            allowance: AtomicUsize::new(0),
            cut: AtomicBool::new(false),
        });
        (Self { queue, fill: Arc::clone(&fill) }, Inbox { receiver, fill })
    }

    /// Queues a message, or has the connection closed when it does not fit.
    pub fn send(&self, message: Outgoing) {
        if self.fill.cut.load(Ordering::Relaxed) {
            return;
        }
        let size = message.size();
        let before = self.fill.bytes.fetch_add(size, Ordering::Relaxed);
        if before + size > self.fill.bound + self.fill.allowance.load(Ordering::Relaxed) {
            self.close(CloseCode::SlowConsumer);
            return;
        }
        self.put(Delivery::Message(message));
    }

    /// Makes room for what a member is sent at once when it comes back, so that a full backlog does not make it
    /// a slow consumer time and again. Once per connection: a backlog has a bound, its repetition has none.
    pub fn allow(&self, bytes: usize) {
        self.fill.allowance.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Has the connection closed after what is queued; nothing comes behind it.
    pub fn close(&self, code: CloseCode) {
        if !self.fill.cut.swap(true, Ordering::Relaxed) {
            self.put(Delivery::Close(code));
        }
    }

    /// Says that a room has no member of this connection any more.
    pub fn forget(&self, departure: Departure) {
        if !self.fill.cut.load(Ordering::Relaxed) {
            self.put(Delivery::Forget(departure));
        }
    }

    fn put(&self, delivery: Delivery) {
        // A connection that is gone needs nothing.
        let _ = self.queue.send(delivery);
    }
}

/// The receiving end: a stream that never ends while an [`Outbox`] lives. What it gives goes to the socket;
/// what is never taken from it counts as never written.
#[derive(Debug)]
pub struct Inbox {
    receiver: mpsc::UnboundedReceiver<Delivery>,
    fill: Arc<Fill>,
}

impl Stream for Inbox {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let polled = self.receiver.poll_recv(cx);
        if let Poll::Ready(Some(Delivery::Message(message))) = &polled {
            self.fill.bytes.fetch_sub(message.size(), Ordering::Relaxed);
            message.written();
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt};
    use roomcast_core::room::Backlog;

    fn message(length: usize) -> Outgoing {
        Outgoing::plain("x".repeat(length).into())
    }

    fn take(inbox: &mut Inbox) -> Option<Delivery> {
        inbox.next().now_or_never().flatten()
    }

    #[test]
    fn a_full_outbox_closes_the_connection_and_takes_nothing_more() {
        let (outbox, mut inbox) = Outbox::new(300);
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
    fn one_whole_replay_fits_on_top_of_the_bound_and_a_second_does_not() {
        let (outbox, mut inbox) = Outbox::new(300);
        for _ in 0..2 {
            outbox.allow(message(1000).size());
            outbox.send(message(1000));
        }
        assert_eq!(take(&mut inbox), Some(Delivery::Message(message(1000))));
        assert_eq!(take(&mut inbox), Some(Delivery::Close(CloseCode::SlowConsumer)));
    }

    #[test]
    fn only_what_is_taken_counts_as_written() {
        let mut backlog = Backlog::default();
        let (outbox, mut inbox) = Outbox::new(300);
        for text in ["one", "two"] {
            let sequence = backlog.push(text.into(), false);
            outbox.send(Outgoing::numbered(sequence, text.into(), backlog.receipt()));
        }
        assert!(take(&mut inbox).is_some());
        drop(inbox);
        assert_eq!(backlog.resume_point(None), 1);
    }

    #[test]
    fn what_is_taken_makes_room() {
        let (outbox, mut inbox) = Outbox::new(300);
        for _ in 0..100 {
            outbox.send(message(200));
            assert_eq!(take(&mut inbox), Some(Delivery::Message(message(200))));
        }
    }
}
