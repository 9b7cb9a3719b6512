//! The rules of a room, told as plainly as possible: every list is searched, nothing is cached, nothing shared.

pub mod joining;
mod rules;
mod time;

use std::collections::{BTreeMap, BTreeSet};

use roomcast_protocol::signal::RoomType;

use crate::command::{Key, To};
use crate::words;

/// Times in milliseconds, shorter than the defaults so that a case sees them end.
pub const SILENCE: u64 = 10_000;
pub const GRACE_PERIOD: u64 = 12_000;
pub const KICK: u64 = 15_000;
pub const LIST_INTERVAL: u64 = 100;
pub const KEPT: usize = 128;

/// Something the room says to a connection, in its short form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub connection: u64,
    pub text: String,
    /// Member that it is for, and the takeover since which it is.
    pub owner: Option<(Key, u64)>,
    pub kind: Kind,
}

/// Meaning of a line for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// With the number after which it is sent everything, if that changed.
    Joined {
        from: Option<u64>,
        token: String,
    },
    Gap {
        from: u64,
        to: u64,
    },
    NumberedSignal(u64),
    Other,
}

/// A numbered message of a member.
#[derive(Debug, Clone)]
pub struct Sent {
    pub text: String,
    pub list: bool,
    /// Whether it has another number too, under which it was or is sent.
    pub again: bool,
}

#[derive(Debug)]
pub struct Member {
    /// The place among the publishers: less is older.
    pub publishes: Option<u64>,
    pub video: bool,
    pub audio: bool,
    pub connection: Option<u64>,
    pub takeover: u64,
    pub heard: u64,
    /// Everything it was ever sent, by number.
    pub history: BTreeMap<u64, Sent>,
    pub last: u64,
    pub kept: Vec<u64>,
    pub lost: u64,
    pub written: u64,
    pub confirmed: u64,
    /// Highest number that it has for certain: by its own word or, while it says nothing, by the messages written.
    pub had: u64,
    pub confirms: bool,
    /// The number below its first one, and whether it knows of its membership.
    pub first: u64,
    pub known: bool,
    /// Whether its first JOIN asked for a new room.
    pub created: bool,
    pub token: String,
    pub earlier: Option<String>,
    pub keeps_tokens: bool,
}

/// The reference.
#[derive(Debug)]
pub struct Model {
    pub room_type: RoomType,
    pub members: BTreeMap<Key, Member>,
    pub now: u64,
    pub opened: bool,
    pub closed: bool,
    counter: u64,
    kicked: Vec<(u8, u64)>,
    went: Vec<(u8, u64)>,
    empty_since: Option<u64>,
    changed: bool,
    told: Option<u64>,
    /// The list that members were shown last, by a change or the answer to a JOIN.
    shown: String,
    /// Effects of the present step.
    pub lines: Vec<Line>,
    pub forgotten: BTreeSet<u64>,
    pub replaced: Vec<u64>,
}

impl Model {
    pub fn new(room_type: RoomType) -> Self {
        Self {
            room_type,
            members: BTreeMap::new(),
            now: 0,
            opened: false,
            closed: false,
            counter: 0,
            kicked: Vec::new(),
            went: Vec::new(),
            empty_since: None,
            changed: false,
            told: None,
            shown: String::new(),
            lines: Vec::new(),
            forgotten: BTreeSet::new(),
            replaced: Vec::new(),
        }
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn group(&self) -> bool {
        matches!(self.room_type, RoomType::M2m | RoomType::A2m)
    }

    /// The publishers, oldest first.
    pub fn publishers(&self) -> Vec<Key> {
        let mut list: Vec<_> =
            self.members.iter().filter_map(|(key, member)| Some((member.publishes?, *key))).collect();
        list.sort_unstable();
        list.into_iter().map(|(_, key)| key).collect()
    }

    pub fn owner(&self) -> Option<Key> {
        self.publishers().first().copied()
    }

    pub fn role(&self, key: Key) -> &'static str {
        match self.members[&key].publishes {
            Some(_) if self.owner() == Some(key) => "admin",
            Some(_) => "publisher",
            None => "viewer",
        }
    }

    pub fn list(&self) -> String {
        let flowing = self.room_type != RoomType::P2m;
        let entry = |key: Key| {
            let member = &self.members[&key];
            let video = member.video && self.room_type != RoomType::A2m;
            words::participant(&words::session(key), self.role(key), video, member.audio, flowing)
        };
        self.publishers().into_iter().map(entry).collect()
    }

    /// The members that `to` names.
    fn named(&self, to: To) -> Vec<Key> {
        let meant = |key: &Key| match to {
            To::User(user) => key.0 == user,
            To::Session(session) => *key == session,
        };
        self.members.keys().copied().filter(meant).collect()
    }

    fn say(&mut self, connection: u64, text: String) {
        self.lines.push(Line { connection, text, owner: None, kind: Kind::Other });
    }

    /// Numbers a message for a member, keeps it within bounds, and sends it if there is a connection.
    fn deliver(&mut self, key: Key, text: &str, list: bool) {
        let member = self.members.get_mut(&key).unwrap();
        member.last += 1;
        let number = member.last;
        if list {
            member.kept.retain(|number| !member.history[number].list);
        }
        member.history.insert(number, Sent { text: text.to_owned(), list, again: false });
        member.kept.push(number);
        let signal = |number: &u64| !member.history[number].list;
        if member.kept.iter().filter(|number| signal(number)).count() > KEPT {
            let oldest = member.kept.iter().position(signal).unwrap();
            member.lost = member.kept.remove(oldest);
            member.keep_list_behind_the_loss();
        }
        if let Some(connection) = member.connection {
            let owner = Some((key, member.takeover));
            let text = format!("#{number} {text}");
            self.lines.push(Line { connection, text, owner, kind: Kind::NumberedSignal(number) });
        }
    }

    /// The connection has written a message of this number.
    pub fn note_written(&mut self, (key, takeover): (Key, u64), number: u64) {
        if let Some(member) = self.members.get_mut(&key).filter(|member| member.takeover == takeover) {
            member.written = member.written.max(number);
            if !member.confirms {
                member.had = member.had.max(number);
            }
        }
    }

    /// A member goes; `may_return` when the room would wait for it.
    fn remove(&mut self, key: Key, may_return: bool) {
        let member = self.members.remove(&key).unwrap();
        if let Some(connection) = member.connection {
            self.forget_if_unused(connection);
        }
        if member.publishes.is_none() {
            return;
        }
        self.changed = true;
        if may_return {
            self.went.push((key.0, self.now));
            if self.publishers().is_empty() {
                self.empty_since = Some(self.now);
            }
        }
    }

    fn forget_if_unused(&mut self, connection: u64) {
        if self.members.values().all(|member| member.connection != Some(connection)) {
            self.forgotten.insert(connection);
        }
    }

    fn close(&mut self, reason: &str) {
        let told: Vec<u64> = self.members.values().filter_map(|member| member.connection).collect();
        for connection in told {
            self.say(connection, format!("CLOSED {reason}"));
            self.forgotten.insert(connection);
        }
        self.members.clear();
        self.closed = true;
    }
}
