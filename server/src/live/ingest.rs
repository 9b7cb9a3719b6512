//! The writing half of the origin: data signals, and encoders that push fragmented MP4.
//!
//! Bodies are read no faster than the room takes them, and never kept beyond a bound. What is uploaded is decided
//! by the room alone.

mod body;
mod body_channel;
mod direct;
mod multipart;
mod participant;
mod publisher;
mod refusals;
mod session;
mod sessions;
mod signal;

pub use direct::LONGEST_PUSHED;
pub use direct::{anything, push, unknown_address};
pub use publisher::{refuse_encoder, takes_media};
pub use refusals::Refusals;
pub use sessions::IngestSessions;
pub use signal::data;
