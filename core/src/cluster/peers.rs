//! Packets between two nodes: counters, acknowledgements and the detection of loss.
//!
//! Nothing is retransmitted. A lost or repeated packet, or a missing acknowledgement, is called *doubt*: from then on,
//! messages in the attachments with that node are ignored until each attachment has been established again, which
//! synchronizes both sides.

use std::collections::VecDeque;
use std::time::Duration;

use super::{ClusterSettings, Mutation};
use crate::time::Instant;

/// The number of received packets after which an acknowledgement is sent at once. The next constant is the limit in
/// bytes.
const ACK_PACKETS: u64 = 64;
const ACK_BYTES: usize = 64 * 1024;

/// The counters of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The number of this packet within the pair of nodes. A packet without messages repeats the last number.
    pub counter: u64,
    /// The counter up to which the sender has handled the packets of the other side.
    pub had: u64,
}

/// The consequences of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Whether a packet was lost or repeated, or the other side has lost its state. Must be handled before the
    /// messages; the acknowledgement after them.
    pub doubt: bool,
    /// The counter up to which the other side has newly acknowledged packets.
    pub acked: Option<u64>,
    /// The argument for [`Peer::handled`] once the doubt and all messages of the packet have been handled; `None` if
    /// there are neither.
    pub ticket: Option<Ticket>,
}

/// A packet that was received and is being handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

/// The actions that are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// Whether the oldest packet was not acknowledged in time.
    pub doubt: bool,
    /// Whether an acknowledgement must be sent, with or without messages.
    pub ack: bool,
}

/// A packet whose messages are being handled.
#[derive(Debug, Clone)]
struct Unhandled {
    /// The counter of the packet; `None` once the other side has restarted its counter.
    counter: Option<u64>,
    arrived: Instant,
    bytes: usize,
    is_done: bool,
}

/// One side of a pair of nodes.
#[derive(Debug, Clone)]
pub struct Peer {
    settings: ClusterSettings,
    sent: u64,
    unacked: VecDeque<(u64, Instant)>,
    /// The present timeout for an acknowledgement.
    patience: Duration,
    waiting_since: Instant,
    /// The counter of the last packet received.
    had: u64,
    /// The counter up to which all packets have been handled.
    handled: u64,
    /// The packets after `handled`, oldest first.
    unhandled: VecDeque<Unhandled>,
    first_ticket: u64,
    /// The acknowledgement that was sent last.
    said: u64,
    unsaid: (u64, usize),
    ack_due: Option<Instant>,
}

impl Peer {
    /// Creates the state of a pair in which nothing has been sent.
    #[must_use]
    pub const fn new(settings: ClusterSettings) -> Self {
        Self {
            patience: settings.ack_timeout,
            settings,
            sent: 0,
            unacked: VecDeque::new(),
            waiting_since: Instant(0),
            had: 0,
            handled: 0,
            unhandled: VecDeque::new(),
            first_ticket: 0,
            said: 0,
            unsaid: (0, 0),
            ack_due: None,
        }
    }

    /// Returns the counter that the next packet with messages gets.
    #[must_use]
    pub const fn next_counter(&self) -> u64 {
        self.sent + 1
    }

    /// Returns the header of the next packet. A packet without messages only acknowledges.
    pub fn pack(&mut self, now: Instant, has_messages: bool) -> Header {
        if has_messages {
            self.sent += 1;
            if self.unacked.is_empty() {
                self.waiting_since = now;
            }
            self.unacked.push_back((self.sent, now));
        }
        (self.said, self.unsaid, self.ack_due) = (self.handled, (0, 0), None);
        Header { counter: self.sent, had: self.said }
    }

    /// Handles the counters of a packet. `bytes` is the size of its messages, or `None` if it has none.
    pub fn receive(&mut self, now: Instant, header: Header, bytes: Option<usize>) -> Received {
        let Header { counter, had } = header;
        let expected = self.had + u64::from(bytes.is_some());
        // An acknowledgement of what was never sent: the other side speaks of a pair that this one has forgotten.
        let doubt = counter != expected || had > self.sent;
        if counter < expected {
            // Packets handled under the former count say nothing about the new one.
            self.handled = 0;
            self.unhandled.iter_mut().for_each(|packet| packet.counter = None);
        }
        self.had = counter;
        let ticket = (doubt || bytes.is_some()).then(|| {
            let bytes = bytes.unwrap_or_default();
            self.unhandled.push_back(Unhandled { counter: Some(counter), arrived: now, bytes, is_done: false });
            Ticket(self.first_ticket + self.unhandled.len() as u64 - 1)
        });
        let acked = (had <= self.sent).then_some(had).filter(|had| self.acknowledge(now, *had));
        Received { doubt: doubt && !self.settings.breaks(Mutation::GapIsDoubt), acked, ticket }
    }

    /// Records that everything in a packet has been handled. Packets count as handled in order, so that acknowledged
    /// packets cannot be lost any more.
    pub fn handled(&mut self, ticket: Ticket) {
        let index = ticket.0.checked_sub(self.first_ticket).and_then(|index| usize::try_from(index).ok());
        if let Some(packet) = index.and_then(|index| self.unhandled.get_mut(index)) {
            packet.is_done = true;
        }
        while self.unhandled.front().is_some_and(|packet| packet.is_done) {
            self.first_ticket += 1;
            let packet = self.unhandled.pop_front().expect("there is a first one");
            if let Some(counter) = packet.counter {
                self.note_handled(counter, &packet);
            }
        }
    }

    fn note_handled(&mut self, counter: u64, packet: &Unhandled) {
        self.handled = counter;
        self.unsaid = (self.unsaid.0 + 1, self.unsaid.1 + packet.bytes);
        let is_full = self.unsaid.0 >= ACK_PACKETS || self.unsaid.1 >= ACK_BYTES;
        let due = if is_full { packet.arrived } else { packet.arrived + self.settings.ack_delay };
        self.ack_due = Some(self.ack_due.map_or(due, |before| before.min(due)));
    }

    /// Handles an acknowledgement; returns whether it covers more packets than before.
    fn acknowledge(&mut self, now: Instant, had: u64) -> bool {
        let before = self.unacked.len();
        while self.unacked.front().is_some_and(|(counter, _)| *counter <= had) {
            self.unacked.pop_front();
        }
        let new = self.unacked.len() < before;
        if new {
            self.patience = self.settings.ack_timeout;
            self.waiting_since = self.unacked.front().map_or(now, |(_, sent)| *sent);
        }
        new
    }

    /// Returns the time of the next [`on_time`](Self::on_time).
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let doubt = (!self.unacked.is_empty()).then(|| self.waiting_since + self.patience);
        doubt.into_iter().chain(self.ack_due).min()
    }

    /// Returns whether an acknowledgement must be sent, with or without messages.
    #[must_use]
    pub fn owes_ack(&self, now: Instant) -> bool {
        self.ack_due.is_some_and(|due| due <= now)
    }

    /// Performs the actions that are due.
    pub fn on_time(&mut self, now: Instant) -> Due {
        let late = !self.unacked.is_empty() && now >= self.waiting_since + self.patience;
        if late {
            self.waiting_since = now;
            self.patience = (self.patience * 2).min(self.settings.ack_timeout * 4);
        }
        Due { doubt: late && !self.settings.breaks(Mutation::TimeoutIsDoubt), ack: self.owes_ack(now) }
    }
}

#[cfg(test)]
mod tests;
