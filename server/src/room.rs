//! One actor per room: a thin shell around the rules.
//!
//! It owns the room's state, steps it with every message and timer, and carries out the effects. It knows
//! connections only as [`Outbox`]es and never waits for one. What rooms share stands in the [`RoomHost`].

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
