//! Commands of a node to the directory, and their answers.

use roomcast_core::cluster::BootId;
use roomcast_core::cluster::directory::{Asserted, Claimed, Era, Journaled, LeaseAnswer, Looked};
use roomcast_core::room::owner::{Field, Value};
use roomcast_core::room::site::DirectoryQuery;
use roomcast_core::time::Instant;
use roomcast_protocol::id::RoomId;

use crate::node::access::Revoked;

#[derive(Debug, Clone)]
pub enum Command {
    Lease { sent: Instant, boot: BootId, peers: Vec<BootId>, revoked: Revoked },
    Begin,
    Of(RoomId, DirectoryQuery),
    Leave(BootId),
}

impl Command {
    /// Whether it goes over the connection of the lease.
    pub const fn is_lease(&self) -> bool {
        matches!(self, Self::Lease { .. } | Self::Begin | Self::Leave(_))
    }
}

#[derive(Debug, Clone)]
pub enum Answer {
    Lease(LeaseAnswer, Revoked),
    Era(Era),
    Looked(Looked),
    Claimed(Claimed<Field, Value>),
    Asserted(Asserted),
    Journaled(Journaled),
    Done,
    /// It failed or timed out: it may have run.
    Failed,
}
