//! The texts of playlists (rfc8216bis, 4).
//!
//! Only wording: what is listed was decided before. Never reads a playlist.

pub(super) mod media;
pub(super) mod multivariant;
mod number;
