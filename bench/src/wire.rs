//! The client's side of a WebSocket, no richer than a load generator needs: cheap enough that one core holds
//! 10,000 connections. It masks with one fixed key, so that a frame is made once and sent often; it does not
//! check what the server is trusted with, such as UTF-8 (RFC 6455).
//!
//! The frames of the test kit (`tests/src/raw.rs`) are no substitute: they are masked anew each time, and every message
//! is copied out of a buffer that each connection has for itself. Then the generator would be what is measured.

mod connection;
mod decoder;
mod frame;

pub use connection::Connection;
pub use decoder::FrameError;
pub use frame::text;
