//! The connections to Redis. A master is one server and the connections to it: a single server or a Sentinel service is
//! one master. A cluster has several masters, whose slots may change at any time.

mod advice;
mod backoff;
mod beat;
mod call_link;
mod cluster;
mod connector;
mod failure;
mod masters;
mod permission;
mod push;
mod reach;
mod sentinel;
mod slot;

pub use masters::{Channel, Inbox, Masters};
pub use reach::{Reached, reach};
