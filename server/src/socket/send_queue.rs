//! The queue to one peer's socket, for all code on the thread of the connection.
//!
//! Messages from rooms of that thread go straight into the queue: the actor of the connection gets none of them. Output
//! of the actor itself comes in through the driver. The queue has no bound of its own: every writer has claimed the
//! bytes. Never leaves its thread; others know it by its [`SendQueueId`].

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use foldhash::fast::RandomState;

use super::outbound;
use super::send_budget::SendBudget;

/// The maximum number of bytes passed to the driver at once, so that little data is in transit uncounted.
const PIECE: usize = 16 * 1024;

type Written = Box<dyn FnOnce()>;

/// Identifier of a send queue, usable on other threads. Unique for the life of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SendQueueId(u64);

thread_local! {
    static QUEUES: RefCell<HashMap<SendQueueId, Weak<SendQueue>, RandomState>> = RefCell::default();
}

/// The queue of one connection's output.
pub struct SendQueue {
    id: SendQueueId,
    queue: RefCell<Queue>,
    budget: Arc<SendBudget>,
    max_frame: usize,
    last_sent: Cell<Option<Instant>>,
}

#[derive(Default)]
struct Queue {
    chunks: VecDeque<Bytes>,
    /// Bytes that were encoded since the last chunk.
    tail: BytesMut,
    driver: Option<Waker>,
    /// Bytes that went in and out since the beginning.
    pushed: u64,
    taken: u64,
    /// Callbacks for when so many bytes are out, in order.
    marks: VecDeque<(u64, Written)>,
}

impl SendQueueId {
    /// Returns the send queue, if this is its thread and the connection is there.
    pub fn here(self) -> Option<Rc<SendQueue>> {
        QUEUES.with_borrow(|queues| queues.get(&self)?.upgrade())
    }

    /// Returns a number that no send queue has had.
    pub fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl SendQueue {
    /// Its identifier.
    #[cfg(test)]
    pub(super) const fn id(&self) -> SendQueueId {
        self.id
    }

    /// Creates an empty send queue on this thread.
    pub(super) fn new(id: SendQueueId, budget: Arc<SendBudget>, max_frame: usize) -> Rc<Self> {
        let send_queue = Rc::new(Self { id, queue: RefCell::default(), budget, max_frame, last_sent: Cell::new(None) });
        QUEUES.with_borrow_mut(|queues| queues.insert(id, Rc::downgrade(&send_queue)));
        send_queue
    }

    /// Queues a text message, given in two pieces, for which `claimed` bytes of the connection's bound were claimed.
    /// `written` is called once the socket has taken all of it; never when it does not.
    pub fn send(&self, pieces: [&str; 2], claimed: usize, written: Option<Written>) {
        let size = outbound::size(pieces[0].len() + pieces[1].len(), self.max_frame);
        self.budget.exchange(claimed, size);
        self.last_sent.set(Some(Instant::now()));
        let mut queue = self.queue.borrow_mut();
        queue.reserve(size);
        outbound::write_text(pieces, self.max_frame, &mut queue.tail);
        queue.pushed += size as u64;
        if let Some(written) = written {
            let place = queue.pushed;
            queue.marks.push_back((place, written));
        }
        queue.wake_driver();
    }

    /// Nobody finds the send queue any more: what is said from now on comes behind a close frame.
    pub(super) fn shut(&self) {
        QUEUES.with_borrow_mut(|queues| queues.remove(&self.id));
    }

    /// Takes the time of the last message, if one was sent since this was last asked.
    pub(super) fn take_last_sent(&self) -> Option<Instant> {
        self.last_sent.take()
    }

    /// Queues what the actor wrote.
    pub(super) fn push(&self, chunk: Bytes) {
        let mut queue = self.queue.borrow_mut();
        queue.pushed += chunk.len() as u64;
        if !queue.tail.is_empty() {
            let tail = std::mem::take(&mut queue.tail).freeze();
            queue.chunks.push_back(tail);
        }
        queue.chunks.push_back(chunk);
        queue.wake_driver();
    }

    /// Says that nobody takes anything any more.
    pub(super) fn abandon(&self) {
        self.shut();
        let left = {
            let mut queue = self.queue.borrow_mut();
            (std::mem::take(&mut queue.marks), std::mem::take(&mut queue.chunks))
        };
        // Outside of the borrow: what is dropped may be anything.
        drop(left);
    }

    /// Has a task woken for whatever is queued from now on.
    pub(super) fn wake_with(&self, cx: &Context<'_>) {
        self.queue.borrow_mut().driver = Some(cx.waker().clone());
    }

    /// Has nobody woken: what is queued is taken at once.
    pub(super) fn hush(&self) {
        self.queue.borrow_mut().driver = None;
    }

    /// Returns the next bytes for the socket.
    pub(super) fn next_piece(&self) -> Option<Bytes> {
        let piece = {
            let mut queue = self.queue.borrow_mut();
            let piece = queue.piece()?;
            queue.taken += piece.len() as u64;
            piece
        };
        self.budget.release(piece.len());
        while let Some(written) = self.reached() {
            written();
        }
        Some(piece)
    }

    fn reached(&self) -> Option<Written> {
        let mut queue = self.queue.borrow_mut();
        let taken = queue.taken;
        if queue.marks.front()?.0 > taken {
            return None;
        }
        let written = queue.marks.pop_front().map(|(_, written)| written);
        if queue.marks.is_empty() {
            // An idle connection holds no memory for what once waited.
            queue.marks = VecDeque::new();
        }
        written
    }
}

impl Queue {
    fn wake_driver(&mut self) {
        if let Some(waker) = self.driver.take() {
            waker.wake();
        }
    }

    /// Makes room for an encoded message. From the second on there is room for a whole piece: where messages come many
    /// at a time, to grow little by little would copy them again and again.
    fn reserve(&mut self, size: usize) {
        match self.tail.len() {
            0 => self.tail.reserve(size),
            length if length + size <= PIECE => self.tail.reserve(PIECE - length),
            _ => {
                let full = std::mem::replace(&mut self.tail, BytesMut::with_capacity(size.max(PIECE)));
                self.chunks.push_back(full.freeze());
            }
        }
    }

    fn piece(&mut self) -> Option<Bytes> {
        if let Some(first) = self.chunks.front_mut() {
            return if first.len() > PIECE { Some(first.split_to(PIECE)) } else { self.chunks.pop_front() };
        }
        match self.tail.len() {
            0 => None,
            1..=PIECE => Some(std::mem::take(&mut self.tail).freeze()),
            _ => Some(self.tail.split_to(PIECE).freeze()),
        }
    }
}

impl fmt::Debug for SendQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.queue.borrow();
        write!(f, "{:?}: {} of {} bytes taken", self.id, queue.taken, queue.pushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send_queue() -> (Arc<SendBudget>, Rc<SendQueue>) {
        let budget = SendBudget::new(100_000);
        (Arc::clone(&budget), SendQueue::new(SendQueueId::fresh(), budget, 32_768))
    }

    fn send(send_queue: &SendQueue, length: usize, written: &Rc<Cell<usize>>) {
        let written = Rc::clone(written);
        let size = outbound::size(length, send_queue.max_frame);
        assert!(send_queue.budget.claim(size + 20));
        send_queue.send(["", &"x".repeat(length)], size + 20, Some(Box::new(move || written.set(written.get() + 1))));
    }

    #[test]
    fn a_message_counts_as_written_with_its_last_byte() {
        let ((budget, send_queue), written) = (send_queue(), Rc::default());
        send(&send_queue, 20_000, &written);
        send(&send_queue, 10, &written);
        let sizes: Vec<_> =
            std::iter::from_fn(|| send_queue.next_piece().map(|piece| (piece.len(), written.get()))).collect();
        assert_eq!(sizes, [(16_384, 0), (3620, 1), (12, 2)]);
        assert!(budget.claim(100_000), "what was taken counts no longer");
    }

    #[test]
    fn what_the_actor_writes_keeps_its_place() {
        let ((_, send_queue), written) = (send_queue(), Rc::default());
        send(&send_queue, 3, &written);
        assert!(send_queue.budget.claim(2));
        send_queue.push(Bytes::from_static(b"ab"));
        send(&send_queue, 1, &written);
        let pieces: Vec<_> = std::iter::from_fn(|| send_queue.next_piece()).collect();
        assert_eq!(pieces, [&b"\x81\x03xxx"[..], b"ab", b"\x81\x01x"]);
    }

    #[test]
    fn a_send_queue_is_found_on_its_thread_until_it_is_abandoned() {
        let (_, send_queue) = send_queue();
        let id = send_queue.id;
        assert!(id.here().is_some());
        assert!(std::thread::spawn(move || id.here().is_none()).join().unwrap());
        send_queue.abandon();
        assert!(id.here().is_none());
    }
}
