//! Serves a connection from its handshake on: reads for the actor, polls it, and writes what is queued for the peer.
//!
//! All of it is one task. The actor is polled whether or not the peer takes anything: its timers and mailbox go on, and
//! what waits for the peer is bounded by [`SendBudget`](super::send_budget::SendBudget).

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use actix_web::Error;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream;
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::incoming::Incoming;
use super::send_queue::SendQueue;
use super::socket_handle::SocketHandle;
use super::switch::Io;

/// The maximum number of bytes per read.
const READ: usize = 32 * 1024;
/// The number of reads, with their processing, before the task yields.
const ROUNDS: usize = 4;
/// Time for which a peer that did not close is read on, so that it gets to read why the server did.
const LINGER: Duration = Duration::from_millis(700);

thread_local! {
    /// The buffer into which a thread reads; free again once its content was decoded.
    static BUFFER: RefCell<BytesMut> = RefCell::default();
}

/// The parts of a connection, apart from its stream.
pub struct Parts<S> {
    /// The output of the actor.
    pub frames: Pin<Box<S>>,
    /// The input of the actor.
    pub incoming: Rc<Incoming>,
    pub send_queue: Rc<SendQueue>,
    pub socket: Weak<SocketHandle>,
    /// Time that the peer has to take what is left when the frames have ended.
    pub close_timeout: Duration,
}

/// Serves the connection until it is closed.
pub async fn serve<S: Stream<Item = Result<Bytes, Error>>>(stream: Box<dyn Io>, parts: Parts<S>) {
    let Parts { frames, incoming, send_queue, socket, close_timeout } = parts;
    let call = Arc::new(Call { pending: AtomicBool::new(true), task: AtomicWaker::new() });
    let output = Output { send_queue, piece: Bytes::new() };
    let mut driver = Driver { stream, incoming, output, waker: Arc::clone(&call).into(), call };
    let mut frames = Some(frames);
    let ended = poll_fn(|cx| {
        let frames = frames.as_mut().map(Pin::as_mut);
        frames.map_or(Poll::Ready(Ok(())), |frames| driver.poll(frames, cx))
    })
    .await;
    frames = None;
    drop(frames);
    // Whoever still holds the waker of the actor holds nothing else.
    drop(driver.call.task.take());
    if ended.is_ok() {
        let closed_by_peer = socket.upgrade().is_some_and(|socket| socket.is_closed_by_peer());
        // A peer that takes nothing is left at the limit, one that is gone at once.
        let _ = timeout(close_timeout, driver.finish(closed_by_peer)).await;
    }
}

/// The stream with what is on its way.
struct Driver {
    stream: Box<dyn Io>,
    incoming: Rc<Incoming>,
    output: Output,
    call: Arc<Call>,
    /// Makes the call.
    waker: Waker,
}

/// A call for the actor to be polled. Most turns only write what rooms have queued.
struct Call {
    pending: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.pending.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// The outcome of an attempt to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    /// Input for the actor, or its end.
    Came,
    /// The stream wakes when there is more.
    Awaited,
    /// The actor has not taken what was read before.
    Held,
}

/// The queue of the output, and what was taken from it and is not written yet.
struct Output {
    send_queue: Rc<SendQueue>,
    piece: Bytes,
}

impl Driver {
    /// Reads, polls the actor and writes; ready once the actor has ended, or the stream with an error.
    fn poll<S>(&mut self, mut frames: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: Stream<Item = Result<Bytes, Error>>,
    {
        self.output.send_queue.hush();
        self.call.task.register(cx.waker());
        for _ in 0..ROUNDS {
            let read = self.read(cx);
            if self.call.pending.swap(false, Ordering::Acquire) || read == Read::Came {
                let mut for_actor = Context::from_waker(&self.waker);
                while let Poll::Ready(frame) = frames.as_mut().poll_next(&mut for_actor) {
                    let Some(Ok(chunk)) = frame else { return Poll::Ready(Ok(())) };
                    self.output.send_queue.push(chunk);
                }
            }
            let wrote = self.output.write(&mut *self.stream, cx);
            if let Poll::Ready(Err(error)) = wrote {
                return Poll::Ready(Err(error));
            }
            // A stream that was not asked does not wake.
            if read == Read::Awaited || !self.incoming.wants_more() {
                // One that takes nothing wakes when it does.
                if wrote.is_ready() {
                    self.output.send_queue.wake_with(cx);
                }
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once, if the actor has consumed the previous chunk.
    fn read(&mut self, cx: &mut Context<'_>) -> Read {
        if !self.incoming.wants_more() {
            return Read::Held;
        }
        let stream = &mut self.stream;
        let read = BUFFER.with_borrow_mut(|buffer| {
            buffer.reserve(READ);
            let read = pin!(stream.read_buf(buffer)).poll(cx);
            read.map(|read| read.map(|_| buffer.split().freeze()).unwrap_or_default())
        });
        match read {
            Poll::Ready(chunk) => {
                // After an error nothing comes any more, as at the end.
                self.incoming.put(chunk);
                Read::Came
            }
            Poll::Pending => Read::Awaited,
        }
    }

    /// Writes the remaining data, closes the stream, and waits for the peer to close unless it has done so.
    async fn finish(mut self, closed_by_peer: bool) -> io::Result<()> {
        poll_fn(|cx| self.output.write(&mut *self.stream, cx)).await?;
        self.stream.shutdown().await?;
        if !closed_by_peer {
            // With anything unread the kernel resets the connection, and the peer may not get to read what was sent last.
            let discard = async {
                while self.stream.read_buf(&mut BytesMut::with_capacity(READ)).await? > 0 {}
                Ok(())
            };
            return timeout(LINGER, discard).await.unwrap_or(Ok(()));
        }
        Ok(())
    }
}

impl Output {
    /// Writes all queued data; pending if the stream accepts no more.
    fn write(&mut self, stream: &mut dyn Io, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wrote = false;
        loop {
            if self.piece.is_empty() {
                match self.send_queue.next_piece() {
                    Some(piece) => self.piece = piece,
                    None => break,
                }
            }
            match ready!(Pin::new(&mut *stream).poll_write(cx, &self.piece))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.piece.advance(count),
            }
            wrote = true;
        }
        if wrote { Pin::new(&mut *stream).poll_flush(cx) } else { Poll::Ready(Ok(())) }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.send_queue.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::socket::incoming::Chunks;
    use crate::socket::send_budget::SendBudget;
    use crate::socket::send_queue::SendQueueId;
    use futures_util::{StreamExt as _, stream};
    use tokio::io::{DuplexStream, duplex};

    /// A connection with these frames of its actor, and the peer's end of it, which takes `room` bytes unread.
    fn connection<S>(room: usize, frames: S) -> (DuplexStream, Box<dyn Io>, Parts<S>, Arc<SendBudget>)
    where
        S: Stream<Item = Result<Bytes, Error>>,
    {
        let (peer, stream) = duplex(room);
        let budget = SendBudget::new(100_000);
        let send_queue = SendQueue::new(SendQueueId::fresh(), Arc::clone(&budget), 32_768);
        let (incoming, close_timeout) = (Incoming::new(), Duration::from_millis(50));
        let parts = Parts { frames: Box::pin(frames), incoming, send_queue, socket: Weak::new(), close_timeout };
        (peer, Box::new(stream), parts, budget)
    }

    fn chunk(length: usize) -> Result<Bytes, Error> {
        Ok(Bytes::from(vec![0; length]))
    }

    #[actix_web::test]
    async fn the_actor_is_polled_while_its_peer_takes_nothing() {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<usize>();
        let (done, reached) = tokio::sync::oneshot::channel();
        let frames = stream::unfold((receiver, Some(done)), |(mut receiver, mut done)| async move {
            let length = receiver.recv().await?;
            if length == 3 {
                done.take()?.send(()).ok()?;
            }
            Some((chunk(length), (receiver, done)))
        });
        let (mut peer, stream, parts, budget) = connection(10, frames);
        let served = actix_web::rt::spawn(serve(stream, parts));
        for length in [20_000, 20_000, 3] {
            assert!(budget.claim(length));
            sender.send(length).unwrap();
        }
        reached.await.unwrap();
        assert!(!budget.claim(99_999), "what was not taken counts");
        let mut all = vec![0; 40_003];
        peer.read_exact(&mut all).await.unwrap();
        assert!(budget.claim(100_000), "what was taken counts no longer");
        drop((sender, peer));
        served.await.unwrap();
    }

    #[actix_web::test]
    async fn the_actor_hears_everything_and_then_the_end() {
        let heard: Rc<RefCell<Vec<u8>>> = Rc::default();
        let (mut peer, stream, mut parts, _) = connection(7, stream::empty().boxed_local());
        let (all, chunks) = (Rc::clone(&heard), Chunks(Rc::clone(&parts.incoming)));
        let read = chunks.for_each(move |chunk| {
            all.borrow_mut().extend(chunk.unwrap_or_default());
            std::future::ready(())
        });
        parts.frames = Box::pin(stream::once(read).filter_map(|()| std::future::ready(None)).boxed_local());
        let served = actix_web::rt::spawn(serve(stream, parts));
        let sent: Vec<u8> = (0..100_u8).collect();
        peer.write_all(&sent).await.unwrap();
        drop(peer);
        served.await.unwrap();
        assert_eq!(*heard.borrow(), sent);
    }

    #[actix_web::test]
    async fn what_was_read_for_an_actor_that_takes_it_late_is_not_the_last() {
        let (mut peer, stream, mut parts, _) = connection(7, stream::empty().boxed_local());
        let mut chunks = Chunks(Rc::clone(&parts.incoming));
        let late = async move {
            let mut taken = 0;
            while taken < 30 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                taken += chunks.next().await.and_then(Result::ok).unwrap_or_default().len();
            }
        };
        parts.frames = Box::pin(stream::once(late).filter_map(|()| std::future::ready(None)).boxed_local());
        let served = actix_web::rt::spawn(serve(stream, parts));
        peer.write_all(&[1; 30]).await.unwrap();
        timeout(Duration::from_secs(10), peer.read_to_end(&mut Vec::new())).await.unwrap().unwrap();
        drop(peer);
        served.await.unwrap();
    }

    #[actix_web::test]
    async fn a_peer_that_takes_nothing_is_left_when_the_actor_has_ended() {
        let (peer, stream, parts, budget) = connection(10, stream::iter([chunk(20_000)]));
        let id = parts.send_queue.id();
        assert!(budget.claim(20_000));
        serve(stream, parts).await;
        assert!(id.here().is_none());
        drop(peer);
    }

    #[actix_web::test]
    async fn a_peer_reads_what_was_sent_last_though_it_still_sends() {
        let (mut peer, stream, parts, budget) = connection(64, stream::iter([chunk(5)]));
        assert!(budget.claim(5));
        let served = actix_web::rt::spawn(serve(stream, parts));
        peer.write_all(&[1; 1000]).await.unwrap();
        let mut read = Vec::new();
        peer.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, [0; 5]);
        drop(peer);
        served.await.unwrap();
    }
}
