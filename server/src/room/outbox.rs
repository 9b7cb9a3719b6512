//! The queue from a room to a connection. It is bounded in bytes, and sending never waits.
//!
//! A message counts from queuing until the connection's socket has accepted it. Above the bound, the connection is
//! closed as a slow consumer and receives nothing more.

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

/// The number of items for which an empty queue retains memory.
const RETAINED_CAPACITY: usize = 8;

/// An item for a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum OutboxItem {
    /// Write a message.
    Message(OutboundMessage),
    /// Close the connection.
    Close(CloseCode),
    /// Check whether the connection's token was revoked.
    Judge,
    /// Answer heartbeats of one of its members without the room.
    AnswerHeartbeats(RoomId, Box<HeartbeatResponder>),
    /// Pause or resume reading from the connection, on behalf of a room.
    Read(RoomId, bool),
    /// Reports that the room has no members on this connection any more.
    Forget(RoomLeft),
}

/// The sending half.
#[derive(Debug, Clone)]
pub struct Outbox(Arc<Shared>);

/// The shared queue. Unlike a channel, which allocates space for 32 items, it uses no memory while empty.
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
    /// Creates an outbox with a connection's bound, and its receiving half.
    pub fn new(budget: Arc<SendBudget>, send_queue: SendQueueId) -> (Self, Inbox) {
        let (queue, reader, cut) = (Mutex::default(), AtomicWaker::new(), AtomicBool::new(false));
        let shared = Arc::new(Shared { queue, reader, budget, send_queue, cut });
        (Self(Arc::clone(&shared)), Inbox(shared))
    }

    /// Queues a message, or closes the connection if the message exceeds the bound.
    pub fn send(&self, message: OutboundMessage) {
        if self.claims(&message) {
            match self.0.send_queue.here() {
                Some(send_queue) => self.pass(message, &send_queue),
                None => self.put(OutboxItem::Message(message)),
            }
        }
    }

    /// Sends a message from the connection itself, which has direct access to its send queue.
    pub fn send_through(&self, send_queue: &SendQueue, message: OutboundMessage) {
        if self.claims(&message) {
            self.pass(message, send_queue);
        }
    }

    /// Reserves the bytes of a message; closes the connection if they exceed the bound.
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

    /// Passes a message directly to the socket if the queue is empty.
    fn pass(&self, message: OutboundMessage, send_queue: &SendQueue) {
        let is_next = self.0.lock().is_empty();
        if is_next {
            hand_over(message, send_queue);
        } else {
            self.put(OutboxItem::Message(message));
        }
    }

    /// Raises the bound for the messages that are sent at once to a resumed member, so that a full backlog does not
    /// repeatedly make it a slow consumer. Applies once per connection, since a backlog is bounded but its repetitions
    /// are not.
    pub fn allow(&self, bytes: usize) {
        self.0.budget.allow(bytes);
    }

    /// Closes the connection after the queued messages. Later messages are dropped.
    pub fn close(&self, code: CloseCode) {
        if !self.0.cut.swap(true, Ordering::Relaxed) {
            self.put(OutboxItem::Close(code));
        }
    }

    /// Makes the connection check whether its token was revoked.
    pub fn judge(&self) {
        if !self.0.cut.load(Ordering::Relaxed) {
            self.put(OutboxItem::Judge);
        }
    }

    /// Pauses or resumes reading from the connection, on behalf of a room.
    pub fn read(&self, room: RoomId, reads: bool) {
        if !self.0.cut.load(Ordering::Relaxed) {
            self.put(OutboxItem::Read(room, reads));
        }
    }

    /// Reports that a room has no members on this connection any more.
    pub fn forget(&self, left: RoomLeft) {
        if !self.0.cut.load(Ordering::Relaxed) {
            self.put(OutboxItem::Forget(left));
        }
    }

    /// Makes the connection answer heartbeats of one of its members without the room.
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

/// Passes a message whose bytes are reserved to the send queue.
pub fn hand_over(message: OutboundMessage, send_queue: &SendQueue) {
    let claimed = message.size();
    let note = |(sequence, watermark): (u64, DeliveryWatermark)| -> Box<dyn FnOnce()> {
        Box::new(move || watermark.raise(sequence))
    };
    let written = message.watermark().map(note);
    let (number, rest) = message.pieces();
    send_queue.send([&number, rest], claimed, written);
}

/// The receiving half: a stream that never ends. The receiver of a message must release its bytes once they are
/// written. After the inbox is dropped, nothing is queued any more.
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
