//! One actor per WebSocket: from frames to signals, from a room's deliveries to frames.
//!
//! It decodes, keeps the protocol's limits and hands signals to rooms; what they mean is the rooms' business.
//! This folder alone names the WebSocket crate.

mod actor;
mod close;
mod handshake;
mod inbound;
mod outbound;

pub use handshake::upgrade;
