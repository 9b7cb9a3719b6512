//! The client's half of the protocol, pure: its state machine and its reconnect delays.

pub mod backoff;
pub mod state;

pub use backoff::reconnect_delay;
pub use state::{Event, State};
