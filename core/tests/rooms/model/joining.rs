//! `JOIN`.

use std::collections::{BTreeMap, BTreeSet};

use roomcast_protocol::signal::RoomType;

use super::{GRACE_PERIOD, Kind, Line, Member, Model};
use crate::command::Key;
use crate::words;

/// A `JOIN` with its claims resolved. `fresh` is the token of its ack.
#[derive(Debug)]
pub struct Join {
    pub connection: u64,
    pub who: Key,
    pub creating: bool,
    pub from: Option<u64>,
    pub token: Option<String>,
    pub fresh: String,
}

impl Model {
    pub fn join(&mut self, join: &Join) {
        let refused = if self.closed {
            Some(4001)
        } else if self.members.contains_key(&join.who) {
            self.resume(join).err()
        } else {
            self.admit(join).err()
        };
        if let Some(code) = refused {
            self.say(join.connection, format!("{code} JOIN"));
            self.forget_if_unused(join.connection);
            if !self.opened && !self.closed {
                self.close("empty");
            }
        }
        self.on_time();
    }

    fn resume(&mut self, join: &Join) -> Result<(), u16> {
        let takeover = self.next();
        let now = self.now;
        let member = self.members.get_mut(&join.who).unwrap();
        let same = member.connection == Some(join.connection);
        let brought = join.token.clone().filter(|token| !token.is_empty());
        let known = brought.filter(|token| *token == member.token || member.earlier.as_ref() == Some(token));
        if !same && member.keeps_tokens && known.is_none() {
            return Err(4051);
        }
        member.heard = now;
        member.known |= known.is_some();
        let knows = join.from.map_or(member.known, |from| from >= member.first);
        let resumed = knows || (join.creating && !member.created);
        let from = if resumed { join.from } else { join.from.map(|_| member.first) };
        if let Some(from) = from {
            member.count_on_above(from);
            member.confirm(from);
        }
        member.confirms = join.from.is_some();
        let goes_on = same && join.from.is_none();
        let start = from.unwrap_or(if same { member.last } else { member.had });
        if !same {
            member.takeover = takeover;
            self.replaced.extend(member.connection.replace(join.connection));
        }
        if goes_on && resumed {
            member.had = member.had.max(member.written);
        } else {
            member.written = start;
        }
        if same && !resumed {
            member.confirm(start);
        }
        member.earlier = Some(known.unwrap_or_else(|| member.token.clone()));
        let sq = if resumed { member.last } else { start };
        self.join_grant(join, (resumed, sq), Some(start).filter(|_| !goes_on));
        self.replay(join.who, start);
        Ok(())
    }

    fn admit(&mut self, join: &Join) -> Result<(), u16> {
        let user = join.who.0;
        if join.creating == self.opened {
            return Err(if self.opened { 4022 } else { 4001 });
        }
        if self.kicked.iter().any(|(kicked, until)| *kicked == user && self.now < *until) {
            return Err(4051);
        }
        let publishes = self.place(join.who)?;
        // Above what it had in an earlier membership, so that its next JOIN tells of which it speaks.
        let (had, place, takeover) = (join.from.map_or(0, |from| from + 1), self.next(), self.next());
        let member = Member {
            publishes: publishes.then_some(place),
            video: true,
            audio: true,
            connection: Some(join.connection),
            takeover,
            heard: self.now,
            history: BTreeMap::new(),
            last: had,
            kept: Vec::new(),
            lost: 0,
            written: had,
            confirmed: 0,
            had,
            confirms: join.from.is_some(),
            first: had,
            known: false,
            created: join.creating,
            token: String::new(),
            earlier: join.token.clone(),
            keeps_tokens: false,
        };
        self.members.insert(join.who, member);
        if publishes {
            // The creator has the list with its answer, and there is nobody else.
            self.changed |= self.opened;
            self.empty_since = None;
        }
        self.opened = true;
        self.join_grant(join, (false, had), Some(had));
        Ok(())
    }

    /// Whether a newcomer publishes, or why it may not come in.
    fn place(&self, who: Key) -> Result<bool, u16> {
        let publishers = self.publishers();
        let full = |publishes: bool, places: usize| {
            if publishes && publishers.len() >= places { Err(4025) } else { Ok(publishes) }
        };
        if self.room_type == RoomType::P2p {
            let others: BTreeSet<u8> = self.members.keys().map(|key| key.0).filter(|user| *user != who.0).collect();
            let twin = |key: &Key| key.0 == who.0 && words::is_screen(*key) == words::is_screen(who);
            return full(true, if others.len() > 1 || self.members.keys().any(twin) { 0 } else { 4 });
        }
        let awaited = self
            .empty_since
            .is_some_and(|since| self.went.iter().any(|(user, left)| *user == who.0 && since - left <= GRACE_PERIOD));
        let publishes = !self.opened || publishers.iter().any(|key| key.0 == who.0) || awaited;
        full(publishes, if self.group() { 9 } else { 32 })
    }

    fn join_grant(&mut self, join: &Join, (resumed, sq): (bool, u64), from: Option<u64>) {
        let (role, list) = (self.role(join.who), self.list());
        self.shown.clone_from(&list);
        let ingest = if self.room_type == RoomType::P2m && role != "viewer" { " ingest" } else { "" };
        let resumed = if resumed { " resumed" } else { "" };
        let member = self.members.get_mut(&join.who).unwrap();
        member.token.clone_from(&join.fresh);
        member.keeps_tokens |= join.token.is_some();
        let text = format!("JOIN {role}{resumed} sq={sq} {}{ingest} {list}", join.fresh);
        let kind = Kind::Joined { from, token: join.fresh.clone() };
        let owner = Some((join.who, member.takeover));
        self.lines.push(Line { connection: join.connection, text, owner, kind });
    }

    fn replay(&mut self, key: Key, from: u64) {
        let member = &self.members[&key];
        let (connection, owner) = (member.connection.unwrap(), Some((key, member.takeover)));
        if member.lost > from {
            let (from, to) = (from + 1, member.lost);
            let text = format!("GAP {from}-{to}");
            self.lines.push(Line { connection, text, owner, kind: Kind::Gap { from, to } });
        }
        // A list is sent again as it is by now.
        let list = format!("LIST {}", self.list());
        let member = self.members.get_mut(&key).unwrap();
        member.history.values_mut().filter(|sent| sent.list).for_each(|sent| sent.text.clone_from(&list));
        for number in member.kept.iter().copied().filter(|number| *number > from) {
            let text = format!("#{number} {}", member.history[&number].text);
            self.lines.push(Line { connection, text, owner, kind: Kind::NumberedSignal(number) });
        }
    }
}
