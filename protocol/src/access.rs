//! Access tokens: the claims of a JWT (RFC 7519), and the grants that they give. Pure; signatures are checked elsewhere.
//!
//! Anything that is not granted is refused. A server without a key asks for no token and grants everything.

mod claims;
mod grant;
mod pattern;
mod permit;
mod refused;
mod revocation;

pub use claims::{Policy, judge};
pub use grant::{Grant, RoomNames, RoomTypes};
pub use pattern::{InvalidPattern, RoomPattern};
pub use permit::{Action, Permit};
pub use refused::{NotGranted, Reason, Refused};
pub use revocation::{Revocation, Revocations, Revoke, TooMany};

/// The longest token in bytes.
pub const MAX_TOKEN: usize = 8 * 1024;
/// The longest display name in bytes.
pub const MAX_NAME: usize = 128;
/// The most bytes of `meta` as JSON.
pub const MAX_META: usize = 1024;
/// The claim that holds the grants, unless the server names another.
pub const GRANT_CLAIM: &str = "room";
/// The start of the WebSocket subprotocol by which a browser brings its token (RFC 6455, section 1.9).
pub const TOKEN_SUBPROTOCOL: &str = "roomcast.token.";
/// The character in front of a token in the path of a playlist; no room name has it.
pub const TOKEN_IN_PATH: char = '@';
