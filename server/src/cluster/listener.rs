//! The interface of a node's rooms towards the transport and the lease.

use std::time::Duration;

use roomcast_core::cluster::BootId;
use roomcast_core::cluster::directory::Era;
use roomcast_core::room::message::Message;
use roomcast_protocol::id::RoomId;

use super::Handled;
use crate::backplane::Partition;

/// Whether a room is notified that a message arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// The room is notified by [`RoomListener::acked`].
    Wanted,
    /// The room is not notified.
    Unwanted,
}

/// The rooms of this node, which receive messages and events of leases and eras. Implementations must not block; events
/// are put into mailboxes in the order of the calls.
pub trait RoomListener: Send + Sync + 'static {
    /// Delivers a message from another node. If the room does not exist here, the message is returned, so that the
    /// sender can be notified. If that room needs an owner, it is looked up, since the directory may name this node.
    ///
    /// # Errors
    /// The message.
    fn message(&self, from: BootId, message: Message, handled: Handled) -> Result<(), Box<Message>>;

    /// Reports that packets to or from a node may be lost to every room that is attached with that node.
    fn doubt(&self, node: BootId, handled: Handled);

    /// Reports that a node has handled the packets up to a counter. They include one for which this room requested a
    /// receipt.
    fn acked(&self, room: &RoomId, node: BootId, counter: u64);

    /// Reports that another era of a partition has begun.
    fn era(&self, partition: Partition, era: Era);

    /// Reports a node that was declared dead, with the time since its last renewal.
    fn dead(&self, node: BootId, age: Duration);

    /// Reports that this node was declared dead. Its rooms are dropped, and its edges attach under the new boot id.
    fn deposed(&self, boot: BootId);

    /// Restarts the timeouts of all absent members.
    fn amnesty(&self);

    /// Returns the nodes to which edges are attached, and the nodes of members of rooms owned here.
    fn peers(&self) -> Vec<BootId>;

    /// Reports that this node must exit, with the reason.
    fn refused(&self, reason: &'static str);
}
