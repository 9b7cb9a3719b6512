//! The actor of a room: a thin wrapper that provides the rules with I/O.
//!
//! It owns the room's state, advances it with every message and timer, and executes the effects. It knows connections
//! only as [`Outbox`]es and never waits for one. The state shared by all rooms is in the [`RoomHost`].

mod actor;
mod broadcasts;
mod connections;
mod host;
mod joined;
mod message;
mod node_events;
mod outbox;
mod owned;

pub use actor::RoomActor;
pub use broadcasts::find_remote_broadcasts;
pub use connections::Connections;
pub use host::{HostSettings, NoRoom, Revoker, RoomHost};
pub use joined::JoinedRooms;
pub use message::{Disconnected, JoinRoom, Outcome, RefusedSignal, Renewed, RoomSignal, Upload};
pub use node_events::{RoomDispatcher, TAKEOVER, release_all};
pub use outbox::{Inbox, Outbox, OutboxItem, hand_over};
