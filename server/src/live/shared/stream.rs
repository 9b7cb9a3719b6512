//! One replicated stream on this node: its replica, its media, and what waits for its turn.
//!
//! Whoever holds the gate may write and read in the backplane; news that come meanwhile wait. Everything here happens
//! on the room's own thread and without waiting.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use bytes::Bytes;
use tokio::sync::Mutex;

use roomcast_core::hls::{Change, Entry, Stream};
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::ObjectId;

use super::counters::Counters;
use super::depot::Depot;
use super::ledger::{Head, Line};
use super::replica::Replica;
use super::told::Told;

/// News that wait while the gate is held; with more of them the stream is read anew.
const MAX_NEWS: usize = 256;

/// A stream.
pub(super) struct Replicated {
    pub playlist: ObjectId,
    pub gate: Mutex<()>,
    /// Uploads that want the gate.
    pub waiting: Cell<usize>,
    pub replica: RefCell<Option<Replica>>,
    pub depot: Depot,
    /// Something is to be read.
    pub behind: Cell<bool>,
    /// Entries that were in the log and are not any more, with their media where it is here.
    pub lost: RefCell<VecDeque<(Entry, Option<Bytes>)>>,
    news: RefCell<VecDeque<Told>>,
    counters: Counters,
}

impl Replicated {
    pub fn new(playlist: ObjectId, depot: Depot, counters: Counters) -> Self {
        Self {
            playlist,
            gate: Mutex::default(),
            waiting: Cell::default(),
            replica: RefCell::default(),
            depot,
            behind: Cell::default(),
            lost: RefCell::default(),
            news: RefCell::default(),
            counters,
        }
    }

    /// The state that is known.
    pub fn known(&self) -> Head {
        self.replica.borrow().as_ref().map(Replica::known).unwrap_or_default()
    }

    /// Whether it plays live; `None` while there is none.
    pub fn plays(&self) -> Option<bool> {
        self.replica.borrow().as_ref().map(|replica| replica.stream.playable() && !replica.stream.has_ended())
    }

    pub fn has_ended(&self) -> bool {
        self.replica.borrow().as_ref().is_none_or(|replica| replica.stream.has_ended())
    }

    /// Takes news, at once if nobody holds the gate.
    pub fn hear(&self, told: Told) {
        let mut news = self.news.borrow_mut();
        if news.len() >= MAX_NEWS {
            news.clear();
            self.fall_behind();
        }
        news.push_back(told);
        drop(news);
        if let Ok(_gate) = self.gate.try_lock() {
            self.catch_up();
        }
    }

    /// Takes the news that have waited. To be called with the gate held, before it is let go.
    pub fn catch_up(&self) {
        loop {
            let Some(told) = self.news.borrow_mut().pop_front() else { return };
            self.take(told);
        }
    }

    fn take(&self, told: Told) {
        let Told { version, before, line, .. } = told;
        let known = match &*self.replica.borrow() {
            // Somebody made it: its settings stand in its checkpoint only.
            None => return self.behind.set(true),
            Some(replica) => match &line {
                Some(line) if replica.knows(version, line.nonce()) => return,
                Some(_) => replica.head == Head { version: version.wrapping_sub(1), nonce: before },
                None => false,
            },
        };
        match line {
            Some(line) if known => self.follow(line),
            _ => self.fall_behind(),
        }
    }

    /// Follows an entry behind the state that is known.
    pub fn follow(&self, line: Line) {
        let mut replica = self.replica.borrow_mut();
        let Some(known) = replica.as_mut() else { return };
        let followed = known.follow(line);
        let again = known.wants_checkpoint();
        drop(replica);
        if again {
            self.behind.set(true);
        }
        match followed {
            Ok(changes) => self.depot.show(changes),
            Err(reason) => {
                self.counters.bad.increment(1);
                tracing::error!(reason, "an entry of a stream's log makes no sense to this node");
            }
        }
    }

    fn fall_behind(&self) {
        self.counters.gaps.increment(1);
        self.behind.set(true);
    }

    /// Goes on from a state that was decided and written.
    pub fn commit(&self, (stream, changes): (Stream, Vec<Change>), line: Line, with_checkpoint: bool) {
        let mut replica = self.replica.borrow_mut();
        let known = replica.get_or_insert_with(|| Replica::new(stream.clone()));
        known.commit(stream, line, with_checkpoint);
        drop(replica);
        self.depot.show(changes);
    }

    /// Takes another state for its own, and keeps what that lacks.
    pub fn adopt(&self, other: Replica, lacks: Vec<Line>) {
        let mut lost = self.lost.borrow_mut();
        for entry in lacks.iter().filter_map(|line| Entry::decode(line.entry()).ok()) {
            let bytes = track_of(&entry.payload).and_then(|track| self.depot.at_hand(track, entry.media.reference()));
            lost.push_back((entry, bytes));
        }
        drop(lost);
        let everything = other.stream.everything();
        *self.replica.borrow_mut() = Some(other);
        self.depot.show_all(everything);
    }
}

/// The track a payload brings media of.
pub(super) fn track_of(payload: &Payload) -> Option<&ObjectId> {
    match payload {
        Payload::Variant(update) => Some(&update.variant.id),
        Payload::Rendition(update) => Some(&update.rendition.id),
        Payload::Segment(update) => update.variant.as_ref().or(update.rendition.as_ref()).map(|track| &track.id),
        Payload::Part(update) => update.variant.as_ref().or(update.rendition.as_ref()).map(|track| &track.id),
        Payload::End(_) => None,
    }
}
