//! Broadcasts under load: a streamer that uploads made-up media, and viewers that wait for the next part.
//!
//! The media is no media: the server does not look into it. Durations, sizes and names are those of a live stream.

mod clip;
mod streamer;
mod track;
mod upload;
mod viewers;

pub use clip::Clip;
pub use streamer::Streamer;
pub use track::{PartPosition, Track};
pub use upload::Form;
pub use viewers::{Requests, Viewers};

/// Parts of a segment; a segment lasts two seconds.
pub const PARTS: u64 = 6;
/// Parts that fill a window of 60 s, and one segment more.
pub const WINDOW: u64 = 31 * PARTS;
/// Duration of a part, in microseconds.
pub const PART_MICROS: u64 = 333_333;
/// Bytes of a part: with three of them in a second, 1.4 Mbit/s.
pub const PART_BYTES: usize = 60_000;
