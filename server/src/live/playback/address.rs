//! Parser of the addresses under `/live`. Pure.

use roomcast_protocol::access::TOKEN_IN_PATH;

/// The name of every playlist.
const PLAYLIST: &str = "playlist.m3u8";

/// An address, its names not yet validated: the room, the playlist, the track, the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveAddress<'a> {
    /// `/{room}/{playlist}/playlist.m3u8`
    Multivariant(&'a str, &'a str),
    /// `/{room}/{playlist}/{track}/playlist.m3u8`
    Playlist(&'a str, &'a str, &'a str),
    /// `/{room}/{playlist}/{track}/{object}`
    Object(&'a str, &'a str, &'a str, &'a str),
}

/// Takes the token out of the front of what follows `/live`, if there is one: no room's name begins with `@`.
pub fn split_token(path: &str) -> (Option<&str>, &str) {
    let token = path.strip_prefix('/').and_then(|rest| rest.strip_prefix(TOKEN_IN_PATH));
    let split = token.and_then(|rest| Some((rest, rest.find('/')?)));
    split.map_or((None, path), |(rest, end)| (Some(&rest[..end]), &rest[end..]))
}

impl<'a> LiveAddress<'a> {
    /// Returns the room that the address names.
    pub const fn room(&self) -> &'a str {
        match self {
            Self::Multivariant(room, _) | Self::Playlist(room, ..) | Self::Object(room, ..) => room,
        }
    }

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
    fn a_token_stands_in_front_of_the_room() {
        for (path, split) in [
            ("/@a.b-c_d/r/p/playlist.m3u8", (Some("a.b-c_d"), "/r/p/playlist.m3u8")),
            ("/@/r/p", (Some(""), "/r/p")),
            ("/@a", (None, "/@a")),
            ("/r/@a/p", (None, "/r/@a/p")),
            ("", (None, "")),
        ] {
            assert_eq!(split_token(path), split, "{path}");
        }
    }

    #[test]
    fn addresses_have_three_or_four_names() {
        for (path, address) in [
            ("/r/p/playlist.m3u8", Some(LiveAddress::Multivariant("r", "p"))),
            ("/r/p/t/playlist.m3u8", Some(LiveAddress::Playlist("r", "p", "t"))),
            ("/r/p/playlist.m3u8/playlist.m3u8", Some(LiveAddress::Playlist("r", "p", "playlist.m3u8"))),
            ("/r/p/t/o.m4s", Some(LiveAddress::Object("r", "p", "t", "o.m4s"))),
            ("/a b/p/t/%2F", Some(LiveAddress::Object("a b", "p", "t", "%2F"))),
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
            assert_eq!(LiveAddress::of(path), address, "{path}");
        }
    }
}
