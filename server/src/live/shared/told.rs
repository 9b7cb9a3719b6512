//! What one node tells the others of a stream: `L<room>\n<playlist>\n<version>\n<nonce before>\n<line of the log>`.
//!
//! Without a nonce before it only says that there is another state, which is then read. Pure.

use bytes::Bytes;

use roomcast_protocol::id::{ObjectId, RoomId};

use super::ledger::{Line, Write};

/// News of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub playlist: ObjectId,
    /// The version that the line makes.
    pub version: u64,
    /// What it follows.
    pub before: String,
    /// `None` when it is to be read.
    pub line: Option<Line>,
}

/// Tells of something that is written.
pub(super) fn message(room: &RoomId, playlist: &ObjectId, write: &Write) -> Bytes {
    let (before, line) = match &write.lines[..] {
        [line] => (&write.on.nonce[..], &line.bytes()[..]),
        _ => ("", &b""[..]),
    };
    let mut message = format!("L{room}\n{playlist}\n{}\n{before}\n", write.head.version).into_bytes();
    message.extend_from_slice(line);
    message.into()
}

impl Told {
    /// Reads a message; `None` when it is none of this kind.
    pub fn read(message: &Bytes) -> Option<Self> {
        let mut fields = message.strip_prefix(b"L")?.splitn(5, |byte| *byte == b'\n').skip(1);
        let mut next = || fields.next();
        let playlist = ObjectId::parse(std::str::from_utf8(next()?).ok()?).ok()?;
        let version = std::str::from_utf8(next()?).ok()?.parse().ok()?;
        let before = std::str::from_utf8(next()?).ok()?.to_owned();
        let line = Line::read(message.slice_ref(next()?));
        Some(Self { playlist, version, before, line })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Head;
    use super::*;
    use proptest::prelude::*;

    fn write(lines: Vec<Line>) -> Write {
        let (on, head) = (Head { version: 6, nonce: "b".repeat(24) }, Head { version: 7, nonce: "c".repeat(24) });
        Write { on, head, checkpoint: None, lines, max_playlists: 1 }
    }

    #[test]
    fn news_reads_back_as_it_was_told() {
        let (room, playlist) = (RoomId::parse("demo").unwrap(), ObjectId::parse("main").unwrap());
        let line = Line::new(&"c".repeat(24), "{\"t\":1,\n\"u\":2}");
        let message = |lines| message(&room, &playlist, &write(lines));
        assert_eq!(super::super::room_of(&message(Vec::new())), Some(room.clone()));
        let told = Told::read(&message(vec![line.clone()])).unwrap();
        assert_eq!(told, Told { playlist: playlist.clone(), version: 7, before: "b".repeat(24), line: Some(line) });
        let told = Told::read(&message(Vec::new())).unwrap();
        assert_eq!(told, Told { playlist: playlist.clone(), version: 7, before: String::new(), line: None });
    }

    proptest! {
        #[test]
        fn arbitrary_messages_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0_usize..60) {
            let _ = Told::read(&Bytes::from(bytes));
            let whole = message(
                &RoomId::parse("demo").unwrap(),
                &ObjectId::parse("main").unwrap(),
                &write(vec![Line::new(&"c".repeat(24), "{}")]),
            );
            let _ = Told::read(&whole.slice(..at.min(whole.len())));
        }
    }
}
