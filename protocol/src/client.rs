//! The client's half of the protocol, pure: times (in milliseconds) and randomness are arguments.
//!
//! [`state`] is the table of legal moves, [`watchdog`] the table of rules that find out when something is wrong,
//! [`close`] what a close code means, [`wire`] what a message does; [`Watched`] and [`Wired`] interpret them. [`queue`] keeps what is said out of the room,
//! [`numbering`] what was said and is not confirmed,
//! [`delivery`] joins that with what was received and the resume token,
//! [`backoff`] makes reconnect delays, and [`Machine`] joins everything into a client. [`describe`] gives the tables to
//! other languages and [`traces`] what an interpreter of them must do. Nothing here opens a socket or reads a clock.

pub mod backoff;
pub mod close;
pub mod delivery;
pub mod machine;
pub mod numbering;
pub mod outcome;
pub mod queue;
pub mod sequence;
pub mod state;
pub mod table;
pub mod trace;
pub mod watchdog;
pub mod wire;

pub use backoff::{Backoff, reconnect_delay};
pub use close::close_outcome;
pub use delivery::Delivery;
pub use machine::{Input, Lost, Machine, Output};
pub use numbering::{HeardNumbers, TooManyUnconfirmed, Unconfirmed};
pub use outcome::Outcome;
pub use queue::{Outgoing, Queue};
pub use state::{Event, MOVES, State};
pub use table::describe;
pub use trace::traces;
pub use watchdog::{Observation, Role, Watched};
pub use wire::{Facts, Wired};
