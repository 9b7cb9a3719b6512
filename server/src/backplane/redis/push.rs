//! The queue of messages published to this node, bounded in bytes.
//!
//! The connection's driver adds messages and one task removes them. If the queue is full, messages are dropped until it
//! is empty; then the task receives a gap marker before any later message.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// The number of bytes of overhead counted for each queued message.
const OVERHEAD: usize = 64;

/// An item of the queue.
#[derive(Debug, PartialEq, Eq)]
pub enum Pushed {
    /// A message.
    Message(Bytes),
    /// A gap: messages are missing at this position.
    Gap,
}

/// The bounded queue.
#[derive(Debug)]
pub struct PushQueue {
    state: Mutex<State>,
    filled: Notify,
    max_bytes: usize,
}

#[derive(Debug)]
struct State {
    messages: VecDeque<Bytes>,
    bytes: usize,
    gap: bool,
}

impl PushQueue {
    pub fn new(max_bytes: usize) -> Self {
        let state = State { messages: VecDeque::new(), bytes: 0, gap: false };
        Self { state: Mutex::new(state), filled: Notify::new(), max_bytes }
    }

    /// Adds a message.
    pub fn put(&self, payload: Bytes) {
        let mut state = self.lock();
        let cost = payload.len() + OVERHEAD;
        // A message alone may be of any size.
        let fits = state.messages.is_empty() || state.bytes + cost <= self.max_bytes;
        if state.gap || !fits {
            state.gap = true;
        } else {
            state.bytes += cost;
            state.messages.push_back(payload);
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Waits for the next item.
    pub async fn next(&self) -> Pushed {
        loop {
            if let Some(pushed) = self.take() {
                return pushed;
            }
            self.filled.notified().await;
        }
    }

    fn take(&self) -> Option<Pushed> {
        let mut state = self.lock();
        if let Some(payload) = state.messages.pop_front() {
            state.bytes -= payload.len() + OVERHEAD;
            return Some(Pushed::Message(payload));
        }
        std::mem::take(&mut state.gap).then_some(Pushed::Gap)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_a_gap_behind_what_did() {
        let queue = PushQueue::new(2 * (OVERHEAD + 1));
        let message = |text: &'static str| Pushed::Message(text.into());
        for text in ["1", "2", "3", ""] {
            queue.put(text.into());
        }
        assert_eq!([queue.take(), queue.take()], [Some(message("1")), Some(message("2"))]);
        // Still before the gap was told of: this one is behind it, too.
        queue.put("4".into());
        assert_eq!([queue.take(), queue.take()], [Some(Pushed::Gap), None]);
        queue.put("a message longer than the whole bound, which is alone in the queue".into());
        assert!(matches!(queue.take(), Some(Pushed::Message(..))));
    }
}
