//! A gate that controls reading from a connection. The reader waits while it is shut, so that TCP flow control slows
//! down the peer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

/// The gate of one connection; never leaves its thread.
#[derive(Debug, Default)]
pub struct ReadGate {
    shut: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl ReadGate {
    /// Creates an open gate.
    pub fn open() -> Rc<Self> {
        Rc::default()
    }

    /// Opens or shuts the gate. Data that has already passed it is still processed.
    pub fn set(&self, reads: bool) {
        self.shut.set(!reads);
        if let Some(waker) = self.waiting.take().filter(|_| reads) {
            waker.wake();
        }
    }

    /// Returns whether the gate is shut. If so, the caller's task is woken once it opens.
    pub fn is_shut(&self, cx: &Context<'_>) -> bool {
        if self.shut.get() {
            *self.waiting.borrow_mut() = Some(cx.waker().clone());
        }
        self.shut.get()
    }
}
