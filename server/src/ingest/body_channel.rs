//! A channel for a request body from the connection to the task that processes it.
//!
//! The connection drops what it has not handed on when its peer closes, so everything is taken off it in the very
//! moment it comes, up to a bound; and the task goes on with that when the connection and its request are gone.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::{Semaphore, mpsc};

/// The unit in which waiting bytes are counted.
const UNIT: usize = 1024;

/// The sending half, used by the connection.
#[derive(Debug)]
pub struct BodyFeeder {
    chunks: mpsc::UnboundedSender<Bytes>,
    room: Arc<Semaphore>,
}

/// The receiving half, used by the task.
#[derive(Debug)]
pub struct PushBody {
    chunks: mpsc::UnboundedReceiver<Bytes>,
    room: Arc<Semaphore>,
    begun: BytesMut,
    /// The time without data after which reading fails.
    pub silence: Duration,
}

/// Error: no data came for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyTimeout;

/// Creates a channel that holds up to this number of bytes.
pub fn channel(bound: usize, silence: Duration) -> (BodyFeeder, PushBody) {
    let (sender, chunks) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new((bound / UNIT).clamp(64, Semaphore::MAX_PERMITS)));
    (BodyFeeder { chunks: sender, room: Arc::clone(&room) }, PushBody { chunks, room, begun: BytesMut::new(), silence })
}

impl BodyFeeder {
    /// Hands on all that comes until the body ends, or breaks off, or nobody wants more.
    pub async fn fill(self, mut payload: web::Payload) {
        // Never interrupted while there is something to take.
        let filling = async {
            while let Some(Ok(chunk)) = payload.next().await {
                let Ok(permits) = self.room.acquire_many(units(&chunk)).await else { return };
                permits.forget();
                if self.chunks.send(chunk).is_err() {
                    return;
                }
            }
        };
        tokio::task::unconstrained(filling).await;
    }
}

impl PushBody {
    /// Returns the next bytes; `None` at the end, and if the connection was lost.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BodyTimeout> {
        if !self.begun.is_empty() {
            return Ok(Some(self.begun.split().freeze()));
        }
        self.more().await
    }

    /// Returns the type of the first box; `None` when the body ends before it.
    pub async fn first_box(&mut self) -> Result<Option<[u8; 4]>, BodyTimeout> {
        while self.begun.len() < 8 {
            match self.more().await? {
                Some(chunk) => self.begun.extend_from_slice(&chunk),
                None => break,
            }
        }
        Ok(self.begun.get(4..8).and_then(|kind| kind.try_into().ok()))
    }

    async fn more(&mut self) -> Result<Option<Bytes>, BodyTimeout> {
        let next = actix_web::rt::time::timeout(self.silence, self.chunks.recv()).await.map_err(|_| BodyTimeout)?;
        if let Some(chunk) = &next {
            self.room.add_permits(units(chunk) as usize);
        }
        Ok(next)
    }
}

/// Number of units that a chunk takes, at most the capacity of the queue.
fn units(chunk: &Bytes) -> u32 {
    u32::try_from(chunk.len().div_ceil(UNIT)).unwrap_or(u32::MAX).min(64)
}
