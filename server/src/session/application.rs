//! The session: one connection and the rooms it is in.

use std::sync::Arc;

use bytestring::ByteString;

use roomcast_core::room::ConnectionId;
use roomcast_protocol::ack::{self, KeepAlive};

use crate::clock::unix_millis;
use crate::node::Node;
use crate::room::{Delivery, Disconnected, Inbox, JoinedRooms, Outbox, hand_over};
use crate::socket::{Application, Fill, LaneId, Port};

/// The server's side of one connection.
pub struct Session {
    pub(super) node: Arc<Node>,
    pub(super) connection: ConnectionId,
    pub(super) outbox: Outbox,
    pub(super) rooms: JoinedRooms,
    inbox: Option<Inbox>,
}

impl Session {
    pub fn new(node: Arc<Node>, fill: Arc<Fill>, lane: LaneId) -> Self {
        let (outbox, inbox) = Outbox::new(fill, lane);
        let connection = node.connections.open(&outbox);
        Self { node, connection, outbox, rooms: JoinedRooms::default(), inbox: Some(inbox) }
    }

    fn deliver(&mut self, delivery: Delivery, port: &mut Port<'_, Self>) {
        match delivery {
            Delivery::Message(message) => hand_over(message, port.lane()),
            Delivery::Close(code) => port.close(code),
            Delivery::Forget(departure) => self.rooms.forget(&departure),
        }
    }
}

impl Application for Session {
    fn opened(&mut self, port: &mut Port<'_, Self>) {
        if let Some(inbox) = self.inbox.take() {
            port.listen(inbox, Self::deliver);
        }
    }

    fn text(&mut self, text: ByteString, port: &mut Port<'_, Self>) {
        self.on_message(text, port);
    }

    fn keepalive(&mut self) -> Option<ByteString> {
        Some((&*ack::encode(ack::name::KEEPALIVE, &KeepAlive { ts: unix_millis() })).into())
    }

    fn closed(&mut self) {
        self.node.connections.close(self.connection);
        for room in self.rooms.values() {
            room.do_send(Disconnected { connection: self.connection });
        }
    }
}
