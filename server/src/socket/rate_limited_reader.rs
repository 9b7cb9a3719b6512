//! The input of a connection, on its way to the codec: guarded frame by frame, and no faster than its rate.
//!
//! Over the rate the request's payload is not polled, which holds the peer back through TCP; nothing is lost.
//! A frame that is refused ends the stream: everything before it is read first, then the connection looks up the
//! verdict. A transport error ends it, too: what arrived before it is still read.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use roomcast_protocol::code::CloseCode;

use super::frame_limiter::{FrameLimiter, FrameMeter, Halt};
use super::rate::{Bucket, Rate};
use super::read_gate::ReadGate;

/// The shortest wait for the rate: frames are let through in groups, which costs fewer wake-ups.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);

/// Reason why the stream ended, if not by itself.
pub type Verdict = Rc<Cell<Option<CloseCode>>>;

/// The stream of bytes.
pub struct RateLimitedReader<S> {
    payload: S,
    limiter: FrameLimiter,
    throttle: Option<Box<Throttle>>,
    held: Bytes,
    gate: Rc<ReadGate>,
    verdict: Verdict,
}

struct Throttle {
    bucket: Bucket,
    now: Instant,
    grace: Duration,
    behind: Option<Instant>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> RateLimitedReader<S> {
    /// Reads `payload` with frames of at most `max_frame` bytes and at `rate`, and gives up when the peer has been
    /// over it for `grace`. Nothing is read while the gate is shut.
    pub fn new(
        payload: S,
        max_frame: usize,
        rate: Option<(Rate, Duration)>,
        (gate, verdict): (Rc<ReadGate>, Verdict),
    ) -> Self {
        let now = Instant::now();
        let throttle = rate.map(|(rate, grace)| {
            Box::new(Throttle { bucket: Bucket::new(rate, now), now, grace, behind: None, pause: None })
        });
        Self { payload, limiter: FrameLimiter::new(max_frame as u64), throttle, held: Bytes::new(), gate, verdict }
    }

    /// Passes on as much as may be; nothing when the next frame has to wait.
    fn pass(&mut self) -> Option<Bytes> {
        let (passed, stop) = match &mut self.throttle {
            Some(throttle) => self.limiter.walk(&self.held, &mut **throttle),
            None => self.limiter.walk(&self.held, &mut Unmetered),
        };
        if let Some(Halt::Refuse(code)) = stop {
            self.verdict.set(Some(code));
        }
        (passed > 0).then(|| self.held.split_to(passed))
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for RateLimitedReader<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if this.verdict.get().is_some() {
                return Poll::Ready(None);
            }
            if this.gate.is_shut(cx) {
                // The data that the peer sent meanwhile must not count as exceeding its rate.
                this.throttle.iter_mut().for_each(|throttle| throttle.behind = None);
                return Poll::Pending;
            }
            if this.held.is_empty() {
                match Pin::new(&mut this.payload).poll_next(cx) {
                    Poll::Ready(Some(Ok(chunk))) => this.held = chunk,
                    Poll::Ready(_) => return Poll::Ready(None),
                    Poll::Pending => {
                        this.throttle.iter_mut().for_each(|throttle| throttle.behind = None);
                        return Poll::Pending;
                    }
                }
            }
            if let Some(bytes) = this.pass() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            if let Some(throttle) = &mut this.throttle {
                match throttle.pause(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(code)) => this.verdict.set(Some(code)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        }
    }
}

impl Throttle {
    /// Waits until a frame may begin.
    fn pause(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseCode>> {
        let now = Instant::now();
        let behind = *self.behind.get_or_insert(now);
        if now.duration_since(behind) >= self.grace {
            return Poll::Ready(Err(CloseCode::RateLimit));
        }
        let wait = self.bucket.wait(now).max(SHORTEST_WAIT);
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(wait)));
        std::task::ready!(pause.as_mut().poll(cx));
        self.pause = None;
        Poll::Ready(Ok(()))
    }
}

impl FrameMeter for Throttle {
    fn poll_begin(&mut self) -> bool {
        self.now = Instant::now();
        self.pause.is_none() && self.bucket.wait(self.now).is_zero()
    }

    fn begun(&mut self, length: u64, message: bool) {
        self.bucket.pay(self.now, length, message);
    }
}

struct Unmetered;

impl FrameMeter for Unmetered {
    fn poll_begin(&mut self) -> bool {
        true
    }

    fn begun(&mut self, _: u64, _: bool) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, stream};
    use std::num::NonZeroU64;

    const EMPTY_PING: [u8; 6] = [0x89, 0x80, 1, 2, 3, 4];

    fn rate(messages: u64) -> Rate {
        Rate { messages: NonZeroU64::new(messages).unwrap(), bytes: NonZeroU64::MAX }
    }

    async fn read(chunks: Vec<Bytes>, rate: Option<(Rate, Duration)>) -> (usize, Option<CloseCode>) {
        let verdict = Verdict::default();
        let payload = stream::iter(chunks.into_iter().map(Ok));
        let reader = RateLimitedReader::new(payload, 100, rate, (ReadGate::open(), Rc::clone(&verdict)));
        let read = reader.fold(0, async |sum, bytes| sum + bytes.unwrap().len()).await;
        (read, verdict.get())
    }

    #[actix_web::test]
    async fn over_the_rate_everything_is_read_later() {
        let started = Instant::now();
        let pings = Bytes::from(EMPTY_PING.repeat(120));
        assert_eq!(read(vec![pings], Some((rate(20), Duration::MAX))).await, (720, None));
        assert!(started.elapsed() >= Duration::from_millis(900), "20 above the burst take a second");
    }

    #[actix_web::test]
    async fn who_stays_over_the_rate_is_cut_off() {
        let pings = Bytes::from(EMPTY_PING.repeat(120));
        let (_, verdict) = read(vec![pings], Some((rate(1), Duration::from_millis(100)))).await;
        assert_eq!(verdict, Some(CloseCode::RateLimit));
    }

    #[actix_web::test]
    async fn nothing_is_read_while_the_gate_is_shut_and_everything_once_it_is_open() {
        let gate = ReadGate::open();
        let payload = stream::iter([Ok(Bytes::from_static(&EMPTY_PING)), Ok(Bytes::from_static(&EMPTY_PING))]);
        let rate = Some((rate(1), Duration::ZERO));
        let mut reader = RateLimitedReader::new(payload, 100, rate, (Rc::clone(&gate), Verdict::default()));
        assert_eq!(reader.next().await.unwrap().unwrap().len(), 6);
        gate.set(false);
        let woken = std::sync::Arc::new(Woken::default());
        let waker = std::task::Waker::from(std::sync::Arc::clone(&woken));
        assert!(reader.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
        gate.set(true);
        assert!(woken.0.load(std::sync::atomic::Ordering::Relaxed));
        assert_eq!(reader.next().await.unwrap().unwrap().len(), 6);
    }

    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[actix_web::test]
    async fn nothing_is_read_behind_a_refused_frame() {
        let large = Bytes::from([&EMPTY_PING[..], &[0x82, 0xfe, 1, 0, 0, 0, 0, 0], &[0; 200], &EMPTY_PING].concat());
        assert_eq!(read(vec![large.clone(), large], None).await, (14, Some(CloseCode::TooBig)));
    }
}
