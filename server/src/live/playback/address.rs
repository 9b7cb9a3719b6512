//! What an address under `/live` leads to. Pure.

/// The name of every playlist.
const PLAYLIST: &str = "playlist.m3u8";

/// An address, its names not yet validated: the room, the playlist, the track, the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'a> {
    /// `/{room}/{playlist}/playlist.m3u8`
    Multivariant(&'a str, &'a str),
    /// `/{room}/{playlist}/{track}/playlist.m3u8`
    Playlist(&'a str, &'a str, &'a str),
    /// `/{room}/{playlist}/{track}/{object}`
    Object(&'a str, &'a str, &'a str, &'a str),
}

impl<'a> Address<'a> {
    /// Takes apart what follows `/live`, percent-decoded.
    pub fn of(path: &'a str) -> Option<Self> {
        let mut names = path.strip_prefix('/')?.split('/');
        let (room, playlist, third) = (names.next()?, names.next()?, names.next()?);
        let (fourth, rest) = (names.next(), names.next());
        if rest.is_some() || [room, playlist, third].contains(&"") {
            return None;
        }
        match fourth {
            None => (third == PLAYLIST).then_some(Self::Multivariant(room, playlist)),
            Some("") => None,
            Some(PLAYLIST) => Some(Self::Playlist(room, playlist, third)),
            Some(object) => Some(Self::Object(room, playlist, third, object)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_three_or_four_names() {
        for (path, address) in [
            ("/r/p/playlist.m3u8", Some(Address::Multivariant("r", "p"))),
            ("/r/p/t/playlist.m3u8", Some(Address::Playlist("r", "p", "t"))),
            ("/r/p/playlist.m3u8/playlist.m3u8", Some(Address::Playlist("r", "p", "playlist.m3u8"))),
            ("/r/p/t/o.m4s", Some(Address::Object("r", "p", "t", "o.m4s"))),
            ("/a b/p/t/%2F", Some(Address::Object("a b", "p", "t", "%2F"))),
            ("", None),
            ("/", None),
            ("/r/p", None),
            ("/r/p/t", None),
            ("/r/playlist.m3u8", None),
            ("/r/p/playlist.m3u8/", None),
            ("/r/p/t/", None),
            ("/r/p/t/o/", None),
            ("/r/p/t/o/x", None),
            ("//p/playlist.m3u8", None),
            ("/r//playlist.m3u8", None),
            ("/r//t/o", None),
            ("/r/p//o", None),
            ("//r/p/t/o", None),
        ] {
            assert_eq!(Address::of(path), address, "{path}");
        }
    }
}
