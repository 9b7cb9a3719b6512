//! Broadcasts as players get them: playlists and media over HTTP.
//!
//! The room's actor alone writes; it publishes bytes and immutable snapshots into the [`LiveIndex`], which
//! readers share. No reader ever stands in a room's mailbox.

mod index;
mod media;
mod playback;
mod remote_lookup;
mod state;
mod stored;
mod track;

pub use index::{LiveIndex, LiveRoom};
pub use playback::{Playback, ask as ask_to_play};
pub use state::LiveState;
