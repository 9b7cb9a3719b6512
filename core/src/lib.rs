//! The rules of Roomcast, pure: no async, no clock, no socket, no randomness of its own.
//!
//! # The run loop
//!
//! One [`Room`](room::Room) is one room. Whoever owns it
//!
//! 1. hands every event to [`Room::step`](room::Room::step) or [`Room::upload`](room::Room::upload) with the
//!    present time,
//! 2. carries out the [`Effect`](room::Effect)s that come back, in their order, and says of each message when it
//!    goes to its socket ([`OutboundMessage::written`](room::OutboundMessage::written)),
//! 3. calls `step` with [`Input::Tick`](room::Input::Tick) at [`Room::next_deadline`](room::Room::next_deadline)
//!    or soon after it. The deadline changes with every step, mostly to a later time: a timer that fires too
//!    early need only be set anew,
//! 4. drops the room after [`Effect::Closed`](room::Effect::Closed).
//!
//! Time is any clock that never runs back ([`Instant`](time::Instant)); tokens that must be unguessable are
//! arguments.

pub mod cluster;
pub mod hls;
pub mod room;
pub mod time;
