//! The rules of Roomcast, pure: no async, no clock, no socket, no randomness of its own.
//!
//! # The run loop
//!
//! One [`Room`](room::Room) is one room at one node. Its owner, an actor or a test,
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
//!
//! ```
//! use std::collections::VecDeque;
//! use std::time::Duration;
//!
//! use roomcast_core::cluster::{BootId, ClusterSettings};
//! use roomcast_core::room::site::Context;
//! use roomcast_core::room::{ConnectionId, Effect, Input, JoinGrant, Room, RoomSettings};
//! use roomcast_core::time::Instant;
//! use roomcast_protocol::ack::EngineSettings;
//! use roomcast_protocol::id::RoomId;
//! use roomcast_protocol::limits::HEARTBEAT_TIMEOUT;
//! use roomcast_protocol::signal::decode;
//!
//! // A node that is alone: it needs no lease, and the time of Redis is its own.
//! let context = |now| Context { now, shared: now, lease: None, draining: false };
//! let id = RoomId::parse("demo").expect("a legal name");
//! let mut room = Room::new(id, RoomSettings::default().into(), ClusterSettings::default().into(), (BootId(1), 0));
//!
//! let join = decode(
//!     r#"{"action":"join","data":{"s":"JOIN","ch":"p2p","rid":"demo","ve":true,"ae":true,"op":{"roomCreating":true},
//!     "ss":{"userId":"ann","sessionId":"ann-1","category":"stream","host":"Web","deviceId":"doc"}}}"#,
//! );
//! let grant = JoinGrant {
//!     resume_token: "unguessable".to_owned(),
//!     ingest_token: "unguessable, too".to_owned(),
//!     ingest_expires: 3_600_000,
//!     ingest_life: Duration::from_secs(3600),
//!     engine_settings: EngineSettings::default(),
//!     credentials: None,
//! };
//! let connection = ConnectionId(1);
//! let join = Input::Join { connection, signal: join.expect("a signal"), grant };
//! let mut events = VecDeque::from([join, Input::Disconnected { connection }]);
//!
//! let (mut now, mut sent) = (Instant(0), Vec::new());
//! while !room.is_closed() {
//!     let input = events.pop_front().unwrap_or_else(|| {
//!         // No event comes any more: the next thing to happen is the deadline.
//!         now = room.next_deadline(context(now)).expect("an open room has one");
//!         Input::Tick
//!     });
//!     for effect in room.step(context(now), input) {
//!         if let Effect::Send { message, .. } = effect {
//!             sent.push(message.text());
//!             message.written();
//!         }
//!     }
//! }
//! assert!(sent[0].starts_with(r#"{"c":200,"s":"JOIN""#), "{sent:?}");
//! assert!(now >= Instant(0) + HEARTBEAT_TIMEOUT, "the room waits for a member that lost its connection");
//! ```

pub mod cluster;
pub mod hls;
pub mod room;
pub mod time;
