//! Who is in the room, found by session, by user and by connection, none of them by looking at all members.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::LazyLock;

use roomcast_protocol::id::{SessionId, UserId};
use roomcast_protocol::signal::{MemberKey, Recipient};

use super::effect::ConnectionId;
use super::member::Member;

/// No session id sorts before it: a space is the least character of one.
static LEAST: LazyLock<SessionId> = LazyLock::new(|| SessionId::parse(" ").expect("a space is printable"));

/// The members, ordered by user and session.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Boxed: the nodes of a tree are half empty.
    by_key: BTreeMap<MemberKey, Box<Member>>,
    by_connection: HashMap<ConnectionId, Vec<MemberKey>>,
}

impl Members {
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub fn contains(&self, key: &MemberKey) -> bool {
        self.by_key.contains_key(key)
    }

    pub fn get(&self, key: &MemberKey) -> Option<&Member> {
        self.by_key.get(key).map(AsRef::as_ref)
    }

    pub fn get_mut(&mut self, key: &MemberKey) -> Option<&mut Member> {
        self.by_key.get_mut(key).map(AsMut::as_mut)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&MemberKey, &Member)> {
        self.by_key.iter().map(|(key, member)| (key, member.as_ref()))
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.by_key.values_mut().map(AsMut::as_mut)
    }

    /// The sessions of a user.
    pub fn of_user(&self, user: &UserId) -> impl Iterator<Item = (&MemberKey, &Member)> {
        let first = MemberKey { user_id: user.clone(), session_id: LEAST.clone() };
        let from_there = self.by_key.range((Bound::Included(first), Bound::Unbounded));
        let own = from_there.take_while(move |(key, _)| key.user_id == *user);
        own.map(|(key, member)| (key, member.as_ref()))
    }

    /// The members that `to` names.
    pub fn meant(&self, to: &Recipient) -> Vec<MemberKey> {
        match to {
            Recipient::User(user) => self.of_user(user).map(|(key, _)| key.clone()).collect(),
            Recipient::Session(key) => Vec::from_iter(self.contains(key).then(|| key.clone())),
        }
    }

    /// Adds a member with the connection it came with.
    pub fn insert(&mut self, key: MemberKey, member: Member) {
        if let Some(connection) = member.connection {
            self.by_connection.entry(connection).or_insert_with(|| Vec::with_capacity(1)).push(key.clone());
        }
        self.by_key.insert(key, Box::new(member));
    }

    /// Takes a member out; and its connection, if that has no other member here.
    pub fn remove(&mut self, key: &MemberKey) -> Option<(Member, Option<ConnectionId>)> {
        let member = *self.by_key.remove(key)?;
        let freed = member.connection.filter(|connection| self.unlink(*connection, key));
        Some((member, freed))
    }

    /// Takes all members out.
    pub fn take(&mut self) -> impl Iterator<Item = Member> + use<> {
        self.by_connection.clear();
        std::mem::take(&mut self.by_key).into_values().map(|member| *member)
    }

    /// Lets a connection speak for a member, and gives the one that did before.
    pub fn attach(&mut self, key: &MemberKey, connection: ConnectionId) -> Option<ConnectionId> {
        let member = self.by_key.get_mut(key)?;
        let before = member.connection.replace(connection);
        if before == Some(connection) {
            return before;
        }
        if let Some(old) = before {
            self.unlink(old, key);
        }
        self.by_connection.entry(connection).or_insert_with(|| Vec::with_capacity(1)).push(key.clone());
        before
    }

    /// A connection is gone; its members stay, and are given.
    pub fn detach(&mut self, connection: ConnectionId) -> Vec<MemberKey> {
        let gone = self.by_connection.remove(&connection).unwrap_or_default();
        for key in &gone {
            if let Some(member) = self.by_key.get_mut(key) {
                member.connection = None;
            }
        }
        gone
    }

    pub fn has_connection(&self, connection: ConnectionId) -> bool {
        self.by_connection.contains_key(&connection)
    }

    /// Whether the connection has no member left.
    fn unlink(&mut self, connection: ConnectionId, key: &MemberKey) -> bool {
        let Some(keys) = self.by_connection.get_mut(&connection) else { return true };
        keys.retain(|other| other != key);
        let none_left = keys.is_empty();
        if none_left {
            self.by_connection.remove(&connection);
        }
        none_left
    }
}
