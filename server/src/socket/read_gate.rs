//! Whether a connection is read. Its reader waits at the gate while it is shut, which holds the peer back through TCP.

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
    /// An open gate.
    pub fn open() -> Rc<Self> {
        Rc::default()
    }

    /// Opens or shuts it. What is on its way behind it already is still read.
    pub fn set(&self, reads: bool) {
        self.shut.set(!reads);
        if let Some(waker) = self.waiting.take().filter(|_| reads) {
            waker.wake();
        }
    }

    /// Returns whether it is shut; if so, the caller is woken once it opens.
    pub fn is_shut(&self, cx: &Context<'_>) -> bool {
        if self.shut.get() {
            *self.waiting.borrow_mut() = Some(cx.waker().clone());
        }
        self.shut.get()
    }
}
