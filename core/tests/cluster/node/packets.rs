//! Packets between nodes.

use roomcast_core::cluster::BootId;
use roomcast_core::cluster::peers::Peer;
use roomcast_core::room::message::Message;
use roomcast_core::time::Instant;

use super::{Node, Out, Packet, attached_edge};

impl Node {
    /// Takes a packet: doubt first, then the messages, then the acknowledgement.
    pub fn on_packet(&mut self, now: Instant, from: BootId, packet: Packet) -> Vec<Out> {
        self.begin(now);
        if self.lease.is_dead(from) {
            return self.end();
        }
        let settings = self.settings;
        let peer = self.peers.entry(from).or_insert_with(|| Peer::new(settings));
        // Sizes matter to how often acknowledgements go only, which the count of packets decides here.
        let bytes = (!packet.messages.is_empty()).then_some(0);
        let received = peer.receive(now, packet.header, bytes);
        if received.doubt {
            self.doubt(from);
        }
        for Message { room, attachment, body } in packet.messages {
            self.with_site(&room, |site, context| site.on_message(context, from, (attachment, body)));
        }
        if let Some(acked) = received.acked {
            self.all_sites(|site, context| site.on_acked(context, from, acked));
        }
        if let (Some(peer), Some(ticket)) = (self.peers.get_mut(&from), received.ticket) {
            if packet.header.counter.is_multiple_of(2) {
                peer.handled(ticket)
            } else {
                self.handled_late.push((from, ticket))
            }
        }
        self.end()
    }

    fn doubt(&mut self, node: BootId) {
        self.all_sites(|site, context| site.on_doubt(context, node));
    }

    pub(super) fn doubt_by_time(&mut self, now: Instant) {
        let due: Vec<_> = self.peers.iter_mut().map(|(boot, peer)| (*boot, peer.on_time(now))).collect();
        for (boot, due) in due {
            if due.doubt {
                self.doubt(boot);
            }
            if due.ack {
                self.outbox.entry(boot).or_default();
            }
        }
    }

    pub(super) fn flush(&mut self) {
        let (boot, settings) = (self.boot(), self.settings);
        for (to, messages) in std::mem::take(&mut self.outbox) {
            if self.lease.is_dead(to) {
                continue;
            }
            let peer = self.peers.entry(to).or_insert_with(|| Peer::new(settings));
            let packet = Packet { header: peer.pack(self.now, !messages.is_empty()), messages };
            if !packet.messages.is_empty() {
                let attached = self.sites.values_mut().filter(|site| attached_edge(site, to));
                attached.for_each(|site| site.on_packed(to, packet.header.counter));
            }
            self.out.push(Out::Publish(boot, to, packet));
        }
    }
}
