//! The rooms of a node, as those who carry messages and keep leases see them.

use std::time::Duration;

use roomcast_core::cluster::BootId;
use roomcast_core::cluster::directory::Era;
use roomcast_core::room::message::Message;
use roomcast_protocol::id::RoomId;

use super::Handled;
use crate::backplane::Partition;

/// Whether a room is told that a message arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// By [`RoomListener::acked`].
    Wanted,
    /// Not.
    Unwanted,
}

/// The rooms of this node, which receive messages and what follows from leases and eras. Nothing here may block: all
/// goes into mailboxes, in the order of the calls.
pub trait RoomListener: Send + Sync + 'static {
    /// A message from another node. It is given back where its room is not here; the sender is told so. Where that room
    /// needs an owner it is looked up: the directory may name this node.
    ///
    /// # Errors
    /// The message.
    fn message(&self, from: BootId, message: Message, handled: Handled) -> Result<(), Box<Message>>;

    /// Packets to or from a node may be lost. It is told to every room that is attached with that node.
    fn doubt(&self, node: BootId, handled: Handled);

    /// Packets to a node up to this counter were handled, among them one for which this room wanted a receipt.
    fn acked(&self, room: &RoomId, node: BootId, counter: u64);

    /// Another era of a partition has begun.
    fn era(&self, partition: Partition, era: Era);

    /// A node is dead for good; its last renewal was so long ago.
    fn dead(&self, node: BootId, age: Duration);

    /// This node was declared dead: its rooms are dropped, and its edges attach under this boot id.
    fn deposed(&self, boot: BootId);

    /// The time of all absent members begins anew.
    fn amnesty(&self);

    /// Returns the nodes to which edges are attached, and those of members of rooms that are owned here.
    fn peers(&self) -> Vec<BootId>;

    /// This node must exit, for this reason.
    fn refused(&self, reason: &'static str);
}
