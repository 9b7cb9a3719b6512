//! Which messages have gone to the socket: what its dispatcher has never taken was never written.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

type Done = Box<dyn FnOnce()>;

/// The bytes queued for a connection and those taken, counted from its beginning.
#[derive(Default)]
pub struct Progress {
    queued: Cell<u64>,
    taken: Cell<u64>,
    /// What to do once so many bytes are taken, in order.
    marks: RefCell<VecDeque<(u64, Done)>>,
}

impl Progress {
    /// Something of this size is queued.
    pub fn queue(&self, bytes: usize) {
        self.queued.set(self.queued.get() + bytes as u64);
    }

    /// Calls back when all that is queued by now is taken.
    pub fn when_taken(&self, done: impl FnOnce() + 'static) {
        self.marks.borrow_mut().push_back((self.queued.get(), Box::new(done)));
    }

    /// So many bytes go to the socket.
    pub fn take(&self, bytes: usize) {
        self.taken.set(self.taken.get() + bytes as u64);
        while let Some(done) = self.reached() {
            done();
        }
    }

    fn reached(&self) -> Option<Done> {
        let mut marks = self.marks.borrow_mut();
        if marks.front()?.0 > self.taken.get() {
            return None;
        }
        let done = marks.pop_front().map(|(_, done)| done);
        if marks.is_empty() && marks.capacity() > 8 {
            *marks = VecDeque::new();
        }
        done
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} bytes", self.taken.get(), self.queued.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn a_message_counts_as_written_with_its_last_byte() {
        let progress = Progress::default();
        let written = Rc::new(Cell::new(0));
        for size in [10, 20] {
            progress.queue(size);
            let written = Rc::clone(&written);
            progress.when_taken(move || written.set(written.get() + 1));
        }
        for (bytes, expected) in [(9, 0), (1, 1), (19, 1), (1, 2)] {
            progress.take(bytes);
            assert_eq!(written.get(), expected);
        }
    }
}
