//! The connections to Redis. A master is one server with all that leads there: one server or a service of Sentinels
//! is one master, a cluster has several, and which has which slots changes while it runs.

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
