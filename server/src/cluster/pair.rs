//! The state about one other node: the packet being assembled for it, its counters, and the rooms that wait for
//! receipts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use roomcast_core::cluster::peers::{Due, Header, Peer, Received, Ticket};
use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::time::Instant;
use roomcast_protocol::id::RoomId;

use super::packet::{self, MAX_MESSAGES};

/// The state of this node, under its present boot id, about one other node.
pub struct Pair {
    /// This node.
    me: BootId,
    /// The other node.
    pub node: BootId,
    state: Mutex<State>,
}

struct State {
    peer: Peer,
    /// The encoded messages of the packet being assembled.
    assembling: Vec<u8>,
    /// The completed packets before it.
    sealed: Vec<Vec<u8>>,
    /// The rooms that are notified once a packet is acknowledged.
    receipts: BTreeMap<u64, BTreeSet<RoomId>>,
    /// Whether the pair is to be flushed.
    is_dirty: bool,
}

impl Pair {
    pub const fn new(me: BootId, node: BootId, settings: ClusterSettings) -> Self {
        let state = State {
            peer: Peer::new(settings),
            assembling: Vec::new(),
            sealed: Vec::new(),
            receipts: BTreeMap::new(),
            is_dirty: false,
        };
        Self { me, node, state: Mutex::new(state) }
    }

    /// Adds an encoded message to the packet being assembled; returns the packet's counter. `receipt` is the room to
    /// notify of the acknowledgement.
    pub fn put(&self, now: Instant, message: &[u8], receipt: Option<&RoomId>) -> u64 {
        let mut state = self.lock();
        if !state.assembling.is_empty() && state.assembling.len() + message.len() > MAX_MESSAGES {
            state.seal(now, self.me);
        }
        state.assembling.extend_from_slice(message);
        let counter = state.peer.next_counter();
        if let Some(room) = receipt {
            let rooms = state.receipts.entry(counter).or_default();
            if !rooms.contains(room) {
                rooms.insert(room.clone());
            }
        }
        counter
    }

    /// Marks the pair for flushing; returns whether it was not marked before.
    pub fn mark_dirty(&self) -> bool {
        !std::mem::replace(&mut self.lock().is_dirty, true)
    }

    /// Removes and returns the packets to be published now, in order.
    pub fn take(&self, now: Instant) -> Vec<Vec<u8>> {
        let mut state = self.lock();
        state.is_dirty = false;
        if !state.assembling.is_empty() || state.sealed.is_empty() && state.peer.owes_ack(now) {
            state.seal(now, self.me);
        }
        std::mem::take(&mut state.sealed)
    }

    /// Handles the counters of a packet; also returns the rooms whose receipts it contains.
    pub fn receive(&self, now: Instant, header: Header, bytes: Option<usize>) -> (Received, BTreeSet<RoomId>) {
        let mut state = self.lock();
        let received = state.peer.receive(now, header, bytes);
        let Some(acked) = received.acked else { return (received, BTreeSet::new()) };
        let later = state.receipts.split_off(&(acked + 1));
        let rooms = std::mem::replace(&mut state.receipts, later);
        (received, rooms.into_values().flatten().collect())
    }

    /// Records that a packet was handled; returns whether it must be acknowledged at once.
    pub fn handled(&self, now: Instant, ticket: Ticket) -> bool {
        let mut state = self.lock();
        state.peer.handled(ticket);
        state.peer.owes_ack(now)
    }

    /// Performs the actions that are due.
    pub fn on_time(&self, now: Instant) -> Due {
        let mut state = self.lock();
        if state.peer.due().is_none_or(|due| due > now) { Due::default() } else { state.peer.on_time(now) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Completes the packet being assembled. Without messages, it only acknowledges.
    fn seal(&mut self, now: Instant, me: BootId) {
        let header = self.peer.pack(now, !self.assembling.is_empty());
        self.sealed.push(packet::encode(me, header, &self.assembling));
        self.assembling.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(1000);

    fn pair() -> Pair {
        Pair::new(BootId(1), BootId(2), ClusterSettings::default())
    }

    fn room(name: &str) -> RoomId {
        RoomId::parse(name).expect("a room")
    }

    #[test]
    fn a_full_packet_is_followed_by_the_next() {
        let pair = pair();
        let half = vec![0; MAX_MESSAGES / 2];
        assert_eq!([pair.put(NOW, &half, None), pair.put(NOW, &half, None), pair.put(NOW, &[1], None)], [1, 1, 2]);
        assert_eq!(pair.put(NOW, &vec![0; 2 * MAX_MESSAGES], None), 3, "a larger message goes alone");
        assert_eq!(pair.put(NOW, &[1], None), 4);
        let sizes: Vec<_> = pair.take(NOW).iter().map(|packet| packet.len() / 1024).collect();
        assert_eq!(sizes, [256, 0, 512, 0]);
        assert!(pair.take(NOW).is_empty());
    }

    #[test]
    fn receipts_go_to_each_room_once_with_the_packet_that_acknowledges() {
        let pair = pair();
        for (name, packet) in [("a", 1), ("b", 1), ("a", 1), ("a", 2), ("c", 3)] {
            assert_eq!(pair.put(NOW, &[1], Some(&room(name))), packet);
            if matches!((name, packet), ("a", 2)) || pair.lock().receipts[&packet].len() == 2 && name == "a" {
                pair.take(NOW);
            }
        }
        pair.take(NOW);
        let acked = |had| pair.receive(NOW, Header { counter: 0, had }, None).1.into_iter().collect::<Vec<_>>();
        assert_eq!(acked(1), [room("a"), room("b")]);
        assert_eq!(acked(1), []);
        assert_eq!(acked(3), [room("a"), room("c")]);
    }

    #[test]
    fn nothing_is_published_without_need() {
        let pair = pair();
        assert!(pair.mark_dirty() && !pair.mark_dirty());
        assert!(pair.take(NOW).is_empty());
        assert!(pair.mark_dirty());
        let ticket = pair.receive(NOW, Header { counter: 1, had: 0 }, Some(10)).0.ticket.expect("it has messages");
        assert!(!pair.on_time(Instant(1250)).ack);
        assert!(!pair.handled(NOW, ticket));
        assert!(pair.on_time(Instant(1250)).ack);
        assert_eq!(pair.take(Instant(1250)).len(), 1);
        assert!(pair.take(Instant(1250)).is_empty());
    }
}
