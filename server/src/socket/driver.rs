//! Runs the actor of a connection whether or not its peer reads.
//!
//! As the body of a response the actor would only be polled while the socket takes bytes: its timers and mailbox
//! would stand still with a peer that does not read. So a task of its own polls it and puts what it writes into the [`SendQueue`], of which
//! the response's body is the other end.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::Error;
use bytes::Bytes;
use futures_util::Stream;

use super::send_queue::SendQueue;
use super::socket_handle::SocketHandle;

/// The body of the response: the other end of the send queue.
#[derive(Debug)]
pub struct Body(Rc<SendQueue>);

/// The body through which `frames` reach the peer, and the task that has to run for it.
///
/// When the frames end, the peer has `close_timeout` to take what is left; then the socket is shut down.
pub fn drive<S>(
    frames: S,
    send_queue: Rc<SendQueue>,
    socket: Weak<SocketHandle>,
    close_timeout: Duration,
) -> (Body, impl Future<Output = ()>)
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    // In a box, or the task would hold it twice: as an argument and as a part of its state.
    let task = run(Box::pin(frames), Rc::clone(&send_queue), socket, close_timeout);
    (Body(send_queue), task)
}

async fn run<S>(mut frames: Pin<Box<S>>, send_queue: Rc<SendQueue>, socket: Weak<SocketHandle>, close_timeout: Duration)
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    if !poll_fn(|cx| carry(frames.as_mut(), &send_queue, cx)).await {
        return;
    }
    drop((frames, send_queue));
    if let Some(socket) = socket.upgrade().filter(|socket| socket.is_closed_by_peer()) {
        // Else the dispatcher would wait for more input, and the peer for the end of the connection.
        socket.stop_reading();
    }
    tokio::time::sleep(close_timeout).await;
    if let Some(socket) = socket.upgrade() {
        socket.shut_down();
    }
}

/// Queues all frames; false when there is nobody any more to take them.
fn carry<S>(mut frames: Pin<&mut S>, send_queue: &SendQueue, cx: &mut Context<'_>) -> Poll<bool>
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    loop {
        if send_queue.is_abandoned(cx) {
            return Poll::Ready(false);
        }
        match ready!(frames.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => send_queue.push(chunk),
            _ => {
                send_queue.end();
                return Poll::Ready(true);
            }
        }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_piece(cx).map(|piece| piece.map(Ok))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::socket::send_budget::SendBudget;
    use crate::socket::send_queue::SendQueueId;
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
        let budget = SendBudget::new(100_000);
        let send_queue = SendQueue::new(SendQueueId::fresh(), Arc::clone(&budget), 32_768);
        let (mut body, task) = drive(frames, send_queue, Weak::new(), Duration::ZERO);
        let task = actix_web::rt::spawn(task);
        for _ in 0..3 {
            assert!(budget.claim(20_000));
            sender.send(20_000).unwrap();
        }
        drop(sender);
        task.await.unwrap();
        let pieces: Vec<usize> = body.by_ref().map(|piece| piece.unwrap().len()).collect().await;
        assert_eq!(pieces, [16_384, 3616].repeat(3));
        assert!(budget.claim(100_000), "what was taken counts no longer");
    }

    #[actix_web::test]
    async fn the_actor_is_dropped_when_the_connection_is_gone() {
        let send_queue = SendQueue::new(SendQueueId::fresh(), SendBudget::new(1), 32_768);
        let (body, task) = drive(stream::pending(), send_queue, Weak::new(), Duration::from_secs(3600));
        let mut task = Box::pin(task);
        assert!(task.as_mut().now_or_never().is_none());
        drop(body);
        task.await;
    }
}
