//! The way from a room to a connection: a queue with a bound in bytes that nobody waits for.
//!
//! A queued message counts until the connection's socket has taken it, wherever it waits till then. Over the bound the
//! connection is told to close as a slow consumer and gets nothing more.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::task::AtomicWaker;

use roomcast_core::room::{DeliveryWatermark, HeartbeatResponder, OutboundMessage};
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::RoomId;

use super::joined::RoomLeft;

use crate::socket::{SendBudget, SendQueue, SendQueueId};

/// Deliveries for which an empty queue keeps its memory.
const RETAINED_CAPACITY: usize = 8;

/// Something for a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum OutboxItem {
    /// To be written.
    Message(OutboundMessage),
    /// To be closed.
    Close(CloseCode),
    /// The connection looks whether its token was revoked.
    Judge,
    /// The connection answers heartbeats of one of its members in a room by itself.
    AnswerHeartbeats(RoomId, Box<HeartbeatResponder>),
    /// Pauses or resumes reading from the connection, for a room.
    Read(RoomId, bool),
    /// The room has no member of this connection any more.
    Forget(RoomLeft),
}

/// The sending end.
#[derive(Debug, Clone)]
pub struct Outbox(Arc<Shared>);

/// A plain queue: an empty one costs nothing, where a channel keeps room for 32 deliveries.
#[derive(Debug)]
struct Shared {
    queue: Mutex<VecDeque<OutboxItem>>,
    reader: AtomicWaker,
    budget: Arc<SendBudget>,
    send_queue: SendQueueId,
    cut: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, VecDeque<OutboxItem>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    /// An outbox that keeps to a connection's bound, and its receiving end.
    pub fn new(budget: Arc<SendBudget>, send_queue: SendQueueId) -> (Self, Inbox) {
        let (queue, reader, cut) = (Mutex::default(), AtomicWaker::new(), AtomicBool::new(false));
        let shared = Arc::new(Shared { queue, reader, budget, send_queue, cut });
        (Self(Arc::clone(&shared)), Inbox(shared))
    }

    /// Queues a message, or has the connection closed when it does not fit.
    pub fn send(&self, message: OutboundMessage) {
        if self.claims(&message) {
            match self.0.send_queue.here() {
                Some(send_queue) => self.pass(message, &send_queue),
                None => self.put(OutboxItem::Message(message)),
            }
        }
    }

    /// The same for the connection itself, which has its send queue at hand.
    pub fn send_through(&self, send_queue: &SendQueue, message: OutboundMessage) {
        if self.claims(&message) {
            self.pass(message, send_queue);
        }
    }

    /// Claims the bytes of a message; the connection is closed where they are too many.
    fn claims(&self, message: &OutboundMessage) -> bool {
        if self.0.cut.load(Ordering::Relaxed) {
            return false;
        }
        let claimed = self.0.budget.claim(message.size());
        if !claimed {
            self.close(CloseCode::SlowConsumer);
        }
        claimed
    }

    /// Hands a message to the socket past the queue, while nothing stands in front.
    fn pass(&self, message: OutboundMessage, send_queue: &SendQueue) {
        let is_next = self.0.lock().is_empty();
        if is_next {
            hand_over(message, send_queue);
        } else {
            self.put(OutboxItem::Message(message));
        }
    }

    /// Makes room for what a member is sent at once when it comes back, so that a full backlog does not make it
    /// a slow consumer time and again. Once per connection: a backlog has a bound, its repetition has none.
    pub fn allow(&self, bytes: usize) {
        self.0.budget.allow(bytes);
    }

    /// Has the connection closed after what is queued; nothing comes behind it.
    pub fn close(&self, code: CloseCode) {
        if !self.0.cut.swap(true, Ordering::Relaxed) {
            self.put(OutboxItem::Close(code));
        }
    }

    /// Lets the connection look whether its token was revoked.
    pub fn judge(&self) {
        if !self.0.cut.load(Ordering::Relaxed) {
            self.put(OutboxItem::Judge);
        }
    }

    /// Pauses or resumes reading from the connection, for the sake of a room.
    pub fn read(&self, room: RoomId, reads: bool) {
        if !self.0.cut.load(Ordering::Relaxed) {
            self.put(OutboxItem::Read(room, reads));
        }
    }

    /// Says that a room has no member of this connection any more.
    pub fn forget(&self, left: RoomLeft) {
        if !self.0.cut.load(Ordering::Relaxed) {
            self.put(OutboxItem::Forget(left));
        }
    }

    /// Lets the connection answer heartbeats of one of its members in a room by itself.
    pub fn answer_heartbeats(&self, room: RoomId, responder: HeartbeatResponder) {
        if !self.0.cut.load(Ordering::Relaxed) {
            self.put(OutboxItem::AnswerHeartbeats(room, Box::new(responder)));
        }
    }

    fn put(&self, item: OutboxItem) {
        self.0.lock().push_back(item);
        self.0.reader.wake();
    }
}

/// Puts a message, whose bytes are claimed, on the way to the socket.
pub fn hand_over(message: OutboundMessage, send_queue: &SendQueue) {
    let claimed = message.size();
    let note = |(sequence, watermark): (u64, DeliveryWatermark)| -> Box<dyn FnOnce()> {
        Box::new(move || watermark.raise(sequence))
    };
    let written = message.watermark().map(note);
    let (number, rest) = message.pieces();
    send_queue.send([&number, rest], claimed, written);
}

/// The receiving end: a stream that never ends. Who takes a message from it sees to it that its bytes are released
/// when they are written. Once it is dropped nothing is queued any more.
#[derive(Debug)]
pub struct Inbox(Arc<Shared>);

impl Stream for Inbox {
    type Item = OutboxItem;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<OutboxItem>> {
        self.0.reader.register(cx.waker());
        let mut queue = self.0.lock();
        if let Some(item) = queue.pop_front() {
            return Poll::Ready(Some(item));
        }
        if queue.capacity() > RETAINED_CAPACITY {
            queue.shrink_to(RETAINED_CAPACITY);
        }
        Poll::Pending
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.0.cut.store(true, Ordering::Relaxed);
        *self.0.lock() = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt};

    fn message(length: usize) -> OutboundMessage {
        OutboundMessage::plain("x".repeat(length).into())
    }

    fn take(inbox: &mut Inbox) -> Option<OutboxItem> {
        inbox.next().now_or_never().flatten()
    }

    #[test]
    fn a_full_outbox_closes_the_connection_and_takes_nothing_more() {
        let (outbox, mut inbox) = Outbox::new(SendBudget::new(300), SendQueueId::fresh());
        outbox.send(message(100));
        outbox.send(message(100));
        outbox.send(message(100));
        outbox.send(message(1));
        assert_eq!(take(&mut inbox), Some(OutboxItem::Message(message(100))));
        assert_eq!(take(&mut inbox), Some(OutboxItem::Message(message(100))));
        assert_eq!(take(&mut inbox), Some(OutboxItem::Close(CloseCode::SlowConsumer)));
        assert_eq!(take(&mut inbox), None);
    }

    #[test]
    fn one_whole_replay_fits_on_top_of_the_bound_and_a_second_does_not() {
        let (outbox, mut inbox) = Outbox::new(SendBudget::new(300), SendQueueId::fresh());
        for _ in 0..2 {
            outbox.allow(message(1000).size());
            outbox.send(message(1000));
        }
        assert_eq!(take(&mut inbox), Some(OutboxItem::Message(message(1000))));
        assert_eq!(take(&mut inbox), Some(OutboxItem::Close(CloseCode::SlowConsumer)));
    }

    #[test]
    fn what_is_written_makes_room() {
        let budget = SendBudget::new(300);
        let (outbox, mut inbox) = Outbox::new(Arc::clone(&budget), SendQueueId::fresh());
        for _ in 0..100 {
            outbox.send(message(200));
            assert_eq!(take(&mut inbox), Some(OutboxItem::Message(message(200))));
            budget.release(message(200).size());
        }
    }
}
