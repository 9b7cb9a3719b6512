//! Heartbeats that a connection answers by itself, without the room.
//!
//! Heartbeats alone cause no work in a room: its edge shares with each connection the state needed for an answer, and
//! reads the times of the last activity when it searches for silent members.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::value::RawValue;

use roomcast_protocol::ack::{self, HeartbeatAck};
use roomcast_protocol::signal::{Body, MemberKey, RoomType, Signal, SignalKind};

use crate::time::Instant;

/// A sequence number that no client sends.
const NONE: u64 = u64::MAX;

/// The state of one member that its edge shares with the member's connection. Only the edge keeps it alive; the
/// connection holds a weak reference.
#[derive(Debug, Clone)]
pub struct HeartbeatState(Arc<Cell>);

#[derive(Debug)]
struct Cell {
    /// The time of the last activity.
    heard: AtomicU64,
    /// The number up to which the member's own signals are confirmed.
    confirmed: AtomicU64,
    /// The sequence number that the client last confirmed to the edge.
    received: AtomicU64,
    numbers: bool,
}

impl HeartbeatState {
    pub(crate) fn new(now: Instant, numbers: bool, confirmed: u64) -> Self {
        let (heard, confirmed, received) = (AtomicU64::new(now.0), AtomicU64::new(confirmed), AtomicU64::new(NONE));
        Self(Arc::new(Cell { heard, confirmed, received, numbers }))
    }

    pub(crate) fn heard(&self) -> Instant {
        Instant(self.0.heard.load(Ordering::Relaxed))
    }

    pub(crate) fn hear(&self, now: Instant) {
        self.0.heard.fetch_max(now.0, Ordering::Relaxed);
    }

    pub(crate) fn confirmed(&self) -> u64 {
        self.0.confirmed.load(Ordering::Relaxed)
    }

    pub(crate) fn confirm(&self, number: u64) {
        self.0.confirmed.fetch_max(number, Ordering::Relaxed);
    }

    pub(crate) fn note_received(&self, sequence: u64) {
        self.0.received.store(sequence, Ordering::Relaxed);
    }

    /// Returns the confirmed number, if the client numbers its signals.
    pub(crate) fn told(&self) -> Option<u64> {
        self.0.numbers.then(|| self.confirmed())
    }
}

impl PartialEq for HeartbeatState {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for HeartbeatState {}

/// The encoded list of publishers, for all connections of a room; empty from each change until it is encoded again.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedList(Arc<Mutex<Option<Arc<RawValue>>>>);

impl SharedList {
    pub fn set(&self, list: Option<Arc<RawValue>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = list;
    }

    fn get(&self) -> Option<Arc<RawValue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A responder for heartbeats of one member that contain nothing new for the room.
#[derive(Debug, Clone)]
pub struct HeartbeatResponder {
    member: MemberKey,
    room_type: RoomType,
    cell: Weak<Cell>,
    list: SharedList,
}

impl PartialEq for HeartbeatResponder {
    fn eq(&self, other: &Self) -> bool {
        self.member == other.member && Weak::ptr_eq(&self.cell, &other.cell)
    }
}

impl Eq for HeartbeatResponder {}

impl HeartbeatResponder {
    pub(super) fn new(member: MemberKey, room_type: RoomType, heartbeat: &HeartbeatState, list: SharedList) -> Self {
        Self { member, room_type, cell: Arc::downgrade(&heartbeat.0), list }
    }

    /// Returns whether the responder belongs to this member.
    #[must_use]
    pub fn is_of(&self, member: &MemberKey) -> bool {
        self.member == *member
    }

    /// Returns whether both responders belong to the same member.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.member == other.member
    }

    /// Answers a heartbeat of the member and records the activity. Returns `false` if the room has to handle it: the
    /// heartbeat is for another type of room or contains another sequence number, the member is gone, or the list has
    /// changed.
    pub fn answer(&self, now: Instant, signal: &Signal, say: impl FnOnce(Arc<str>)) -> bool {
        let Body::Heartbeat(beat) = &signal.body else { return false };
        let Some(cell) = self.cell.upgrade().filter(|_| signal.head.room_type == self.room_type) else { return false };
        let is_known = beat.received.is_none_or(|sequence| sequence == cell.received.load(Ordering::Relaxed));
        let Some(participants) = self.list.get().filter(|_| is_known) else { return false };
        let heartbeat = HeartbeatState(cell);
        heartbeat.hear(now);
        if beat.send_ack {
            let (room_id, beat_id) = (signal.head.room_id.clone(), beat.beat_id.clone());
            let body = HeartbeatAck { participants, room_id, beat_id, confirmed: heartbeat.told() };
            say(ack::encode(SignalKind::Heartbeat.name(), &body));
        }
        true
    }
}
