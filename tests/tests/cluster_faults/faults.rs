//! One file per subject; each test is a row of the table of faults or a promise of the protocol across nodes.

mod broadcasts;
mod capacity;
mod cost;
mod deaths;
mod kicks;
mod links;
mod outages;
mod revocations;
mod rolling;
mod scene;
mod senders;
mod sessions;
mod topologies;
mod viewers;
