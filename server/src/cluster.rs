//! Messages between the nodes that share rooms: packets, and what hands them to the rooms and back.
//!
//! Not used by the rooms yet.

mod listener;
mod missing;
mod packet;
mod pair;
mod transport;

pub use crate::clock::Clock;
pub use listener::{Receipt, RoomListener};
pub use missing::answer_for_missing;
pub use packet::{Decoded, Packet, Unreadable, VERSION, encode as encode_packet, encode_message};
pub use transport::{Handled, Transport};
