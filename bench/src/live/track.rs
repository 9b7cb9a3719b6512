//! A track as players ask for it: its media playlist now, its media playlist with a certain part, and that part.

use std::net::SocketAddr;

use super::PARTS;
use crate::http::get;

/// A part of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPosition {
    pub msn: u64,
    pub part: u64,
}

/// The variant of a broadcast.
#[derive(Debug, Clone)]
pub struct Track {
    server: SocketAddr,
    path: String,
}

impl PartPosition {
    /// The one behind it.
    pub fn next(self) -> Self {
        match self.part + 1 {
            PARTS => Self { msn: self.msn + 1, part: 0 },
            part => Self { part, ..self },
        }
    }

    /// The one before it; the first has none.
    pub fn before(self) -> Self {
        match (self.msn, self.part) {
            (msn, 0) => Self { msn: msn.saturating_sub(1), part: PARTS - 1 },
            (_, part) => Self { part: part - 1, ..self },
        }
    }

    /// Its name.
    pub fn name(self) -> String {
        format!("s{}.p{}.m4s", self.msn, self.part)
    }
}

impl Track {
    /// The only variant of the only playlist of a room.
    pub fn new(server: SocketAddr, room: &str) -> Self {
        Self { server, path: format!("/live/{room}/main/v0") }
    }

    /// The same with a token in front of the room.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { server: self.server, path: self.path.replacen("/live/", &format!("/live/@{token}/"), 1) }
    }

    /// A request for the media playlist as it is.
    pub fn playlist(&self, gzip: bool) -> Vec<u8> {
        get(self.server, &format!("{}/playlist.m3u8", self.path), gzip)
    }

    /// A request for the media playlist that has a part, as a player sends it.
    pub fn reload(&self, PartPosition { msn, part }: PartPosition) -> Vec<u8> {
        get(self.server, &format!("{}/playlist.m3u8?_HLS_msn={msn}&_HLS_part={part}", self.path), true)
    }

    /// A request for the bytes of a part.
    pub fn object(&self, place: PartPosition) -> Vec<u8> {
        get(self.server, &format!("{}/{}", self.path, place.name()), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_the_last_part_of_a_segment_comes_the_next_segment() {
        let place = PartPosition { msn: 7, part: PARTS - 1 };
        assert_eq!(place.next(), PartPosition { msn: 8, part: 0 });
        assert_eq!(place.next().before(), place);
        assert_eq!(place.before().next(), place);
    }
}
