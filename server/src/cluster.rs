//! Messages between the nodes of a cluster: packets, and the transport between them and the rooms.
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
