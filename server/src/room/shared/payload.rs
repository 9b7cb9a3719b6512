//! Messages of other nodes, read: a letter, the room, and what it is about.

use std::str;
use std::sync::Arc;

use roomcast_core::room::{Mark, News};
use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::id::{RoomId, UserId};

use super::reply::key;

/// The kind of a message, its room, and the rest.
pub fn split(payload: &[u8]) -> Option<(u8, RoomId, &[u8])> {
    let (kind, rest) = payload.split_first()?;
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let room = RoomId::parse(str::from_utf8(&rest[..end]).ok()?).ok()?;
    Some((*kind, room, rest.get(end + 1..).unwrap_or_default()))
}

/// What a message says to a room.
pub fn news(kind: u8, rest: &[u8]) -> Option<News> {
    match kind {
        b'S' => {
            let [version, document] = fields(rest)?;
            Some(News::Stage { version: version.parse().ok()?, stage: serde_json::from_str(document).ok()? })
        }
        b'C' => {
            let [version, reason] = fields(rest)?;
            Some(News::Closed { version: version.parse().ok()?, reason: closed(reason) })
        }
        b'R' => {
            let [user, session, count, birth, text] = fields(rest)?;
            let mark = Mark { birth: birth.parse().ok()?, count: count.parse().ok()? };
            Some(News::Relay { to: key(user, session)?, mark, text: Arc::from(text) })
        }
        b'T' => {
            let [user, session, generation, node, last] = fields(rest)?;
            let (key, generation) = (key(user, session)?, generation.parse().ok()?);
            let node = (!node.is_empty()).then(|| node.to_owned());
            Some(News::Taken { key, generation, node, last: last == "1" })
        }
        b'H' => Some(News::Handed(serde_json::from_slice(rest).ok()?)),
        b'K' => {
            let [user, session, text] = fields(rest)?;
            Some(News::Kicked { key: key(user, session)?, text: Arc::from(text) })
        }
        b'W' => Some(News::Spread(UserId::parse(str::from_utf8(rest).ok()?).ok()?)),
        _ => None,
    }
}

/// Why a room was closed.
pub fn closed(reason: &str) -> RoomClosedReason {
    match reason {
        "empty" => RoomClosedReason::Empty,
        "admin" => RoomClosedReason::Admin,
        _ => RoomClosedReason::Ended,
    }
}

/// The lines of a message; the last takes all that is left.
fn fields<const COUNT: usize>(rest: &[u8]) -> Option<[&str; COUNT]> {
    let mut lines = str::from_utf8(rest).ok()?.splitn(COUNT, '\n');
    let mut fields = [""; COUNT];
    for field in &mut fields {
        *field = lines.next()?;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_relay_is_read_with_all_lines_of_its_text() {
        let (kind, room, rest) = split(b"Rdemo\nann\nann-1\n7\n5\n{\"a\":\n1}").expect("a message");
        assert_eq!(room.as_str(), "demo");
        let Some(News::Relay { to, mark, text }) = news(kind, rest) else { panic!("no relay") };
        assert_eq!((to.user_id.as_str(), to.session_id.as_str(), &*text), ("ann", "ann-1", "{\"a\":\n1}"));
        assert_eq!(mark, Mark { birth: 5, count: 7 });
    }

    proptest! {
        #[test]
        fn nothing_that_comes_makes_it_panic(payload in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some((kind, _, rest)) = split(&payload) {
                let _ = news(kind, rest);
            }
        }
    }
}
