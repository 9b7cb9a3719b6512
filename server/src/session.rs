//! One session per WebSocket connection: from messages to signals, from a room's deliveries to messages.
//!
//! It decodes and hands signals to rooms; what they mean is the rooms' business, what a connection may do is
//! `socket`'s.

mod application;
mod inbound;
mod renewal;
mod upgrade;

pub use upgrade::upgrade;
