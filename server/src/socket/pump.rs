//! Runs the actor of a connection whether or not its peer reads.
//!
//! As the body of a response the actor would only be polled while the socket takes bytes: its timers and mailbox
//! would stand still with a peer that does not read. So a task of its own polls it and puts what it writes into the [`Lane`], of which
//! the response's body is the other end.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::Error;
use bytes::Bytes;
use futures_util::Stream;

use super::descriptor::Descriptor;
use super::lane::Lane;

/// The body of the response: the other end of the lane.
#[derive(Debug)]
pub struct Body(Rc<Lane>);

/// The body through which `frames` reach the peer, and the task that has to run for it.
///
/// When the frames end, the peer has `patience` to take what is left; then the socket is shut down.
pub fn pump<S>(
    frames: S,
    lane: Rc<Lane>,
    socket: Weak<Descriptor>,
    patience: Duration,
) -> (Body, impl Future<Output = ()>)
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    // In a box, or the task would hold it twice: as an argument and as a part of its state.
    let task = run(Box::pin(frames), Rc::clone(&lane), socket, patience);
    (Body(lane), task)
}

async fn run<S>(mut frames: Pin<Box<S>>, lane: Rc<Lane>, socket: Weak<Descriptor>, patience: Duration)
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    if !poll_fn(|cx| carry(frames.as_mut(), &lane, cx)).await {
        return;
    }
    drop((frames, lane));
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
fn carry<S>(mut frames: Pin<&mut S>, lane: &Lane, cx: &mut Context<'_>) -> Poll<bool>
where
    S: Stream<Item = Result<Bytes, Error>>,
{
    loop {
        if lane.is_abandoned(cx) {
            return Poll::Ready(false);
        }
        match ready!(frames.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => lane.push(chunk),
            _ => {
                lane.end();
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

    use crate::socket::fill::Fill;
    use crate::socket::lane::LaneId;
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
        let lane = Lane::new(LaneId::fresh(), Arc::clone(&fill), 32_768);
        let (mut body, task) = pump(frames, lane, Weak::new(), Duration::ZERO);
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
        let lane = Lane::new(LaneId::fresh(), Fill::new(1), 32_768);
        let (body, task) = pump(stream::pending(), lane, Weak::new(), Duration::from_secs(3600));
        let mut task = Box::pin(task);
        assert!(task.as_mut().now_or_never().is_none());
        drop(body);
        task.await;
    }
}
