//! Receives packets of other nodes and passes their messages to the rooms.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;

use roomcast_core::cluster::BootId;
use roomcast_core::cluster::directory::Era;
use roomcast_core::cluster::peers::{Header, Ticket};
use roomcast_core::room::message::{AttachmentId, Body, Message, ToEdge, ToOwner};
use roomcast_protocol::id::RoomId;

use super::Inner;
use crate::backplane::{Inbox, LeaseListener, Partition};
use crate::cluster::listener::Receipt;
use crate::cluster::missing::answer_for_missing;
use crate::cluster::packet::{Decoded, Packet, Unreadable};
use crate::cluster::pair::Pair;

/// A guard that is passed along with the contents of a packet. Once the last clone is dropped, the packet counts as
/// handled. It must be dropped only after all messages that result from the packet have been sent.
#[derive(Clone, Default)]
pub struct Handled(#[expect(dead_code, reason = "it acts when it is dropped")] Option<Arc<HandledGuard>>);

struct HandledGuard {
    inner: Weak<Inner>,
    pair: Arc<Pair>,
    ticket: Ticket,
}

impl Drop for HandledGuard {
    fn drop(&mut self) {
        let Some(inner) = self.inner.upgrade() else { return };
        if self.pair.handled(inner.clock.now(), self.ticket) {
            inner.mark_dirty(&self.pair);
            inner.wake.notify_one();
        }
    }
}

impl std::fmt::Debug for Handled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handled")
    }
}

/// The messages of a packet that could be decoded.
struct Content {
    messages: Vec<Decoded>,
    bytes: Option<usize>,
    is_unreadable: bool,
}

impl Inner {
    fn on_packet(self: &Arc<Self>, payload: &[u8]) {
        let (from, header, content) = match Packet::decode(payload) {
            Ok(Packet { from, header, messages, bytes }) => {
                let bytes = (!messages.is_empty()).then_some(bytes);
                (from, header, Content { messages, bytes, is_unreadable: false })
            }
            Err(Unreadable::Messages(from, header)) => {
                self.counters.unreadable.increment(1);
                (from, header, Content { messages: Vec::new(), bytes: Some(0), is_unreadable: true })
            }
            // The next packet shows that one is missing.
            Err(Unreadable::Header) => return self.counters.unreadable.increment(1),
        };
        if let Some(pair) = self.pair(from) {
            self.receive(&pair, header, content);
        }
    }

    /// Passes the contents of a packet to the rooms: doubt, messages, receipts.
    fn receive(self: &Arc<Self>, pair: &Arc<Pair>, header: Header, content: Content) {
        let from = pair.node;
        let (received, receipts) = pair.receive(self.clock.now(), header, content.bytes);
        let guard = |ticket| Arc::new(HandledGuard { inner: Arc::downgrade(self), pair: Arc::clone(pair), ticket });
        let handled = Handled(received.ticket.map(guard));
        if received.doubt || content.is_unreadable {
            self.counters.doubts.increment(1);
            self.listener.doubt(from, handled.clone());
        }
        for message in content.messages {
            match message {
                Decoded::Message(message) => self.hand_over(from, message, handled.clone()),
                Decoded::Unreadable(room, attachment) => self.end_attachment(from, room, attachment, &handled),
            }
        }
        if let Some(counter) = received.acked {
            receipts.iter().for_each(|room| self.listener.acked(room, from, counter));
        }
    }

    fn hand_over(&self, from: BootId, message: Message, handled: Handled) {
        if let Err(message) = self.listener.message(from, message, handled)
            && let Some(body) = answer_for_missing(&message.body)
        {
            let answer = Message { body, ..*message };
            self.send(from, &answer, Receipt::Unwanted);
            self.wake.notify_one();
        }
    }

    /// Ends the attachment of a message that could not be decoded. Its edge begins another one.
    fn end_attachment(&self, from: BootId, room: RoomId, attachment: AttachmentId, handled: &Handled) {
        self.counters.unreadable.increment(1);
        let message = |body| Message { room: room.clone(), attachment, body };
        if attachment.edge == self.boot() {
            self.hand_over(from, message(Body::ToEdge(ToEdge::Again)), handled.clone());
        } else {
            self.hand_over(from, message(Body::ToOwner(ToOwner::Detach)), handled.clone());
            self.send(from, &message(Body::ToEdge(ToEdge::Again)), Receipt::Unwanted);
            self.wake.notify_one();
        }
    }
}

/// The inbox of the backplane.
impl Inbox for Inner {
    fn packet(self: Arc<Self>, payload: Bytes) {
        self.on_packet(&payload);
    }

    fn interrupted(&self) {
        self.listener.amnesty();
    }
}

impl LeaseListener for Inner {
    fn peers(&self) -> Vec<BootId> {
        let mut peers = self.listener.peers();
        peers.extend(self.pairs.read().unwrap_or_else(PoisonError::into_inner).keys());
        peers
    }

    fn era(&self, partition: Partition, era: Era) {
        self.listener.era(partition, era);
    }

    fn dead(&self, node: BootId, age: Duration) {
        self.pairs.write().unwrap_or_else(PoisonError::into_inner).remove(&node);
        self.listener.dead(node, age);
    }

    fn deposed(&self, boot: BootId) {
        self.boot.store(boot.0, Ordering::SeqCst);
        self.pairs.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.listener.deposed(boot);
    }

    fn amnesty(&self) {
        self.listener.amnesty();
    }

    fn refused(&self, reason: &'static str) {
        self.listener.refused(reason);
    }
}
