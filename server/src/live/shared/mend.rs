//! Brings replicas and the backplane together again: after a gap, a reconnection, a Redis that lost what it had.
//!
//! Where the backplane went on, the replica follows. Where it lacks what this node knows, that is put back, media
//! first. Where both went apart, the backplane's state counts, and what it lacks is taken anew like an upload.

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::sync::{MutexGuard, Notify};

use super::Shared;
use super::ledger::{Found, Write, Written};
use super::replica::{Replica, Todo};
use super::stream::Replicated;
use crate::backplane::Failure;

/// How often the backplane may change under the hands of who puts something back.
const TRIES: usize = 32;
/// A failed attempt is repeated after the first of these times, then ever later up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// How often this node looks whether media must be kept from expiring.
const KEEPING: Duration = Duration::from_secs(10);

/// What is left to be mended.
#[derive(Default)]
pub(super) struct Mending {
    wake: Rc<Notify>,
    all: Cell<bool>,
}

impl Mending {
    /// Has everything read anew.
    pub fn all(&self) {
        self.all.set(true);
        self.wake.notify_one();
    }

    /// Has the streams read that are behind.
    pub fn some(&self) {
        self.wake.notify_one();
    }
}

impl Drop for Mending {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

/// Mends whatever is to be mended, for as long as there is something.
pub(super) async fn mend(shared: Weak<Shared>, wake: Rc<Notify>) {
    while shared.strong_count() > 0 {
        if tokio::time::timeout(KEEPING, wake.notified()).await.is_err() {
            let Some(shared) = shared.upgrade() else { return };
            // What fails now is done next time: media lasts thrice as long.
            let _ = shared.keep_all().await;
            continue;
        }
        let mut pause = PAUSES.0;
        loop {
            let Some(here) = shared.upgrade() else { return };
            if here.mend_once().await.is_ok() {
                break;
            }
            drop(here);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

impl Shared {
    pub(super) fn wake(&self) -> Rc<Notify> {
        Rc::clone(&self.mending.wake)
    }

    async fn mend_once(&self) -> Result<(), Failure> {
        if self.closed.get() {
            return Ok(());
        }
        if self.mending.all.replace(false) {
            let listed = self.mend_all().await;
            return listed.inspect_err(|_| self.mending.all.set(true));
        }
        for stream in self.streams().into_iter().filter(|stream| stream.behind.get()) {
            let gate = stream.gate.lock().await;
            self.read(&stream).await?;
            self.let_go(&stream, gate).await;
        }
        Ok(())
    }

    async fn mend_all(&self) -> Result<(), Failure> {
        let known = self.streams().into_iter().map(|stream| (stream.playlist.clone(), stream.known()));
        for (playlist, _) in self.ledger.read(None, known.collect::<Vec<_>>()).await? {
            let stream = self.stream(&playlist);
            let gate = stream.gate.lock().await;
            self.read(&stream).await?;
            self.keep(&stream, Duration::ZERO).await?;
            self.let_go(&stream, gate).await;
            self.forget_if_empty(&stream);
        }
        Ok(())
    }

    /// Reads all streams of a room that nothing is known of.
    pub(super) async fn load(&self) -> Result<(), Failure> {
        for (playlist, found) in self.ledger.read(None, []).await? {
            let stream = self.stream(&playlist);
            let gate = stream.gate.lock().await;
            self.settle(&stream, found).await?;
            self.let_go(&stream, gate).await;
        }
        Ok(())
    }

    /// Reads what is new of a stream. With the gate held.
    pub(super) async fn read(&self, stream: &Replicated) -> Result<(), Failure> {
        let read = self.find(stream).await?;
        stream.behind.set(false);
        let settled = match read {
            Some(found) => self.settle(stream, found).await,
            None => Ok(()),
        };
        settled.inspect_err(|_| stream.behind.set(true))
    }

    async fn find(&self, stream: &Replicated) -> Result<Option<Found>, Failure> {
        let (playlist, known) = (&stream.playlist, stream.known());
        let read = self.ledger.read(Some(playlist), [(playlist.clone(), known)]).await?;
        Ok(read.into_iter().next().map(|(_, found)| found))
    }

    /// Brings a stream and the backplane together. With the gate held.
    pub(super) async fn settle(&self, stream: &Replicated, mut found: Found) -> Result<(), Failure> {
        for _ in 0..TRIES {
            let Some(write) = self.compare(stream, &found).await? else { return Ok(()) };
            let whole = write.checkpoint.is_some();
            match self.ledger.write(&stream.playlist, write).await? {
                // That told what follows the state it was to be written on, not what follows the replica's.
                Written::Other(_) => match self.find(stream).await? {
                    Some(newest) => found = newest,
                    None => return Ok(()),
                },
                Written::Done | Written::Full => {
                    if whole {
                        self.counters.restored.increment(1);
                        stream.replica.borrow_mut().iter_mut().for_each(Replica::written);
                    }
                    return Ok(());
                }
            }
        }
        Err(Failure::Unavailable)
    }

    /// What is to be written so that the backplane has what this node knows; nothing when this node has it all from
    /// the backplane now.
    async fn compare(&self, stream: &Replicated, found: &Found) -> Result<Option<Write>, Failure> {
        if self.closed.get() {
            return Ok(None);
        }
        if found.checkpoint.is_none() && found.head.version > 0 {
            found.lines.iter().for_each(|line| stream.follow(line.clone()));
            self.tell();
            return Ok(None);
        }
        let todo = Replica::compare(stream.replica.borrow().as_ref(), found).map_err(|reason| {
            self.counters.bad.increment(1);
            Failure::Refused(reason)
        })?;
        let (on, checkpoint, lines) = match todo {
            Todo::Nothing => return Ok(None),
            Todo::Adopt(other, lacks) => {
                stream.adopt(*other, lacks);
                self.tell();
                return Ok(None);
            }
            Todo::Restore => {
                self.keep(stream, Duration::ZERO).await?;
                let checkpoint = stream.replica.borrow().as_ref().map(|replica| replica.stream.checkpoint());
                (found.head.clone(), checkpoint, Vec::new())
            }
            Todo::Push(on, lines) => (on, None, lines),
        };
        let head = stream.replica.borrow().as_ref().map(|replica| replica.head.clone()).unwrap_or_default();
        Ok(Some(Write { on, head, checkpoint, lines, max_playlists: usize::MAX >> 12 }))
    }

    /// Lets go the gate of a stream, when what was lost is taken anew and all news are heard.
    pub(super) async fn let_go(&self, stream: &Replicated, gate: MutexGuard<'_, ()>) {
        loop {
            let Some((entry, bytes)) = stream.lost.borrow_mut().pop_front() else { break };
            if let Err(refusal) = self.append(stream, &entry, bytes, true).await {
                tracing::debug!(reason = refusal.reason, "an upload is not taken again");
            }
        }
        stream.catch_up();
        drop(gate);
        self.tell();
        if stream.behind.get() {
            self.mending.some();
        }
    }

    async fn keep_all(&self) -> Result<(), Failure> {
        for stream in self.streams().into_iter().filter(|_| !self.closed.get()) {
            let lasts = stream.replica.borrow().as_ref().map(|replica| replica.stream.retention());
            if let Some(lasts) = lasts {
                self.keep(&stream, lasts / 3).await?;
            }
        }
        Ok(())
    }

    /// Keeps a stream's media from expiring, unless a node did `again` ago or later, and stores again what is missing
    /// and at hand here.
    async fn keep(&self, stream: &Replicated, again: Duration) -> Result<(), Failure> {
        let Some(lasts) = stream.replica.borrow().as_ref().map(|replica| replica.stream.retention()) else {
            return Ok(());
        };
        let pieces = stream.depot.pieces();
        let keys: Vec<_> = pieces.iter().map(|piece| piece.key().to_owned()).collect();
        for missing in self.ledger.touch(&stream.playlist, &keys, lasts, again).await? {
            let Some(bytes) = pieces[missing].at_hand().cloned() else { continue };
            let key = keys[missing].clone();
            self.ledger.backplane.store(self.ledger.partition, key, bytes, lasts).await?;
        }
        Ok(())
    }
}
