//! One actor per room: a thin shell around the rules.
//!
//! It owns the room's state, steps it with every message and timer, and carries out the effects. It knows
//! connections only as [`Outbox`]es and never waits for one.

mod actor;
mod broadcasting;
mod joined;
mod message;
mod outbox;
mod registry;
mod shared;
mod spanning;

pub use actor::RoomActor;
pub use joined::JoinedRooms;
pub use message::{CheckToken, Disconnected, Ingest, JoinRoom, Outcome, RoomSignal};
pub use outbox::{Delivery, Inbox, Outbox, hand_over};
pub use registry::{NoRoom, Registry};
pub use shared::Rooms;
