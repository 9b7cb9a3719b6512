//! Types and rules of the protocol between Roomcast clients and servers.
//!
//! The table of contents of the protocol: limits, codes, identifiers, the signals a client sends, the acks a
//! server sends, the data signals that carry HLS media, access tokens, the framing of messages, and the client's own state
//! machine. Everything is pure: no async, no I/O, no clock, no randomness.
//!
//! The JSON keys are short (`rid`, `ss`, `pps`); the Rust names say what they mean.

pub mod access;
pub mod ack;
pub mod client;
pub mod code;
pub mod data;
pub mod frame;
pub mod id;
pub mod json;
pub mod limits;
mod named;
pub mod schema;
pub mod signal;
#[cfg(any(test, feature = "proptest"))]
pub mod strategy;
mod strict;
