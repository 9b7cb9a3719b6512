//! Answers of scripts, read. What does not fit is a bug of a script, or of another version: it reads as nothing.

use roomcast_core::room::backlog_number;
use roomcast_protocol::id::{SessionId, UserId};
use roomcast_protocol::signal::MemberKey;

use super::shared;
use crate::backplane::Reply;

pub trait Read {
    fn list(&self) -> &[Reply];
    fn bytes(&self) -> &[u8];
    fn text(&self) -> &str;
    fn number(&self) -> u64;
}

impl Read for Reply {
    fn list(&self) -> &[Reply] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    fn number(&self) -> u64 {
        match self {
            Self::Int(number) => u64::try_from(*number).unwrap_or_default(),
            _ => self.text().parse().unwrap_or_default(),
        }
    }
}

/// The item at a place of a list.
pub fn at(items: &[Reply], place: usize) -> &Reply {
    static NOTHING: Reply = Reply::Nil;
    items.get(place).unwrap_or(&NOTHING)
}

/// A member by its user and session.
pub fn key(user: &str, session: &str) -> Option<MemberKey> {
    Some(MemberKey { user_id: UserId::parse(user).ok()?, session_id: SessionId::parse(session).ok()? })
}

/// Entries of an inbox: a relay as it was published; `c` and how many-th of other nodes, or `s` and the number it has
/// already, and the text.
pub fn entries(reply: &Reply) -> Vec<Entry> {
    reply.list().iter().filter_map(entry).collect()
}

pub struct Entry {
    /// The how many-th from other nodes, if it is from another node.
    pub count: Option<u64>,
    /// Its number.
    pub number: u64,
    pub text: std::sync::Arc<str>,
}

fn entry(reply: &Reply) -> Option<Entry> {
    let bytes: &[u8] = reply.bytes();
    if bytes.first() == Some(&b'R') {
        let mut lines = bytes.splitn(6, |byte| *byte == b'\n').skip(3);
        let count = std::str::from_utf8(lines.next()?).ok()?.parse().ok()?;
        let text = shared(lines.nth(1)?);
        return Some(Entry { count: Some(count), number: backlog_number(count), text });
    }
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let (head, text) = (std::str::from_utf8(bytes.get(1..space)?).ok()?, shared(bytes.get(space + 1..)?));
    let number = head.parse().ok()?;
    match bytes.first()? {
        b'c' => Some(Entry { count: Some(number), number: backlog_number(number), text }),
        _ => Some(Entry { count: None, number, text }),
    }
}
