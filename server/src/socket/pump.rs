//! Runs the actor of a connection whether or not its peer reads.
//!
//! As the body of a response the actor would only be polled while the socket takes bytes: its timers and mailbox
//! would stand still with a peer that does not read. So a task of its own polls it and queues what it writes; the
//! response's body is the other end of that queue. The queue has no bound: whoever writes has claimed the bytes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_web::Error;
use bytes::Bytes;
use futures_util::Stream;

use super::descriptor::Descriptor;
use super::fill::Fill;
use super::progress::Progress;

/// The most that is handed to the dispatcher at once, so that little waits there uncounted.
const PIECE: usize = 16 * 1024;

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<Bytes>,
    ended: bool,
    abandoned: bool,
    body: Option<Waker>,
    pump: Option<Waker>,
}

/// The body of the response.
#[derive(Debug)]
pub struct Body {
    queue: Rc<RefCell<Queue>>,
    fill: Arc<Fill>,
    progress: Rc<Progress>,
}

/// The body through which `frames` reach the peer, and the task that has to run for it.
///
/// When the frames end, the peer has `patience` to take what is left; then the socket is shut down.
pub fn pump<S>(
    frames: S,
    fill: Arc<Fill>,
    progress: Rc<Progress>,
    socket: Weak<Descriptor>,
    patience: Duration,
) -> (Body, impl Future<Output = ()>)
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    let queue = Rc::new(RefCell::new(Queue::default()));
    // In a box, or the task would hold it twice: as an argument and as a part of its state.
    let task = run(Box::pin(frames), Rc::clone(&queue), socket, patience);
    (Body { queue, fill, progress }, task)
}

async fn run<S>(mut frames: Pin<Box<S>>, queue: Rc<RefCell<Queue>>, socket: Weak<Descriptor>, patience: Duration)
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    if !poll_fn(|cx| carry(frames.as_mut(), &queue, cx)).await {
        return;
    }
    drop((frames, queue));
    if let Some(socket) = socket.upgrade().filter(|socket| socket.is_closed_by_peer()) {
        // Else the dispatcher would wait for more input, and the peer for the end of the connection.
        socket.stop_reading();
    }
    tokio::time::sleep(patience).await;
    if let Some(socket) = socket.upgrade() {
        socket.shut_down();
    }
}

/// Queues all frames; false when there is nobody any more to take them.
fn carry<S>(mut frames: Pin<&mut S>, queue: &RefCell<Queue>, cx: &mut Context<'_>) -> Poll<bool>
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    loop {
        if queue.borrow_mut().is_abandoned(cx) {
            return Poll::Ready(false);
        }
        match ready!(frames.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => queue.borrow_mut().push(chunk),
            _ => {
                queue.borrow_mut().end();
                return Poll::Ready(true);
            }
        }
    }
}

impl Queue {
    fn is_abandoned(&mut self, cx: &Context<'_>) -> bool {
        if self.pump.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
            self.pump = Some(cx.waker().clone());
        }
        self.abandoned
    }

    fn push(&mut self, chunk: Bytes) {
        self.chunks.push_back(chunk);
        self.wake_body();
    }

    fn end(&mut self) {
        self.ended = true;
        self.wake_body();
    }

    fn wake_body(&mut self) {
        if let Some(waker) = self.body.take() {
            waker.wake();
        }
    }

    fn piece(&mut self) -> Option<Bytes> {
        let first = self.chunks.front_mut()?;
        if first.len() > PIECE { Some(first.split_to(PIECE)) } else { self.chunks.pop_front() }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut queue = self.queue.borrow_mut();
        if let Some(piece) = queue.piece() {
            self.fill.release(piece.len());
            self.progress.take(piece.len());
            return Poll::Ready(Some(Ok(piece)));
        }
        if queue.ended {
            return Poll::Ready(None);
        }
        queue.body = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let pump = {
            let mut queue = self.queue.borrow_mut();
            queue.abandoned = true;
            queue.pump.take()
        };
        if let Some(waker) = pump {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt, stream};

    fn chunk(length: usize) -> Result<Bytes, Error> {
        Ok(Bytes::from(vec![0; length]))
    }

    #[actix_web::test]
    async fn the_actor_is_polled_while_nobody_takes_what_it_writes() {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<usize>();
        let frames = stream::unfold(receiver, |mut receiver| async move {
            let length = receiver.recv().await?;
            Some((chunk(length), receiver))
        });
        let fill = Fill::new(100_000);
        let (mut body, task) = pump(frames, Arc::clone(&fill), Rc::default(), Weak::new(), Duration::ZERO);
        let task = actix_web::rt::spawn(task);
        for _ in 0..3 {
            assert!(fill.claim(20_000));
            sender.send(20_000).unwrap();
        }
        drop(sender);
        task.await.unwrap();
        let pieces: Vec<usize> = body.by_ref().map(|piece| piece.unwrap().len()).collect().await;
        assert_eq!(pieces, [16_384, 3616].repeat(3));
        assert!(fill.claim(100_000), "what was taken counts no longer");
    }

    #[actix_web::test]
    async fn the_actor_is_dropped_when_the_connection_is_gone() {
        let (body, task) = pump(stream::pending(), Fill::new(1), Rc::default(), Weak::new(), Duration::from_secs(3600));
        let mut task = Box::pin(task);
        assert!(task.as_mut().now_or_never().is_none());
        drop(body);
        task.await;
    }
}
