//! The members of an edge, by stay and by connection.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use roomcast_protocol::signal::MemberKey;

use super::deadlines::Deadlines;
use super::local_member::LocalMember;
use crate::room::ConnectionId;
use crate::room::message::{AttachedMember, StayRef};
use crate::time::Instant;

/// The members of an edge. A session may have several stays here, of which only the newest has a socket.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Boxed, since a tree node reserves space for eleven entries and most rooms have two members.
    by_stay: BTreeMap<StayRef, Box<LocalMember>>,
    by_connection: HashMap<ConnectionId, Vec<StayRef>>,
    pub deadlines: Deadlines,
}

impl Members {
    pub fn is_empty(&self) -> bool {
        self.by_stay.is_empty()
    }

    pub fn get_mut(&mut self, stay: &StayRef) -> Option<&mut LocalMember> {
        self.by_stay.get_mut(stay).map(|member| &mut **member)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&StayRef, &LocalMember)> {
        self.by_stay.iter().map(|(stay, member)| (stay, &**member))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&StayRef, &mut LocalMember)> {
        self.by_stay.iter_mut().map(|(stay, member)| (stay, &mut **member))
    }

    /// Returns the members that the owner knows.
    pub fn known_mut(&mut self) -> impl Iterator<Item = (&StayRef, &mut LocalMember)> {
        self.iter_mut().filter(|(stay, _)| !stay.is_of_viewer())
    }

    /// Returns the viewers that the edge has admitted by itself.
    pub fn viewers(&self) -> impl Iterator<Item = &StayRef> {
        self.by_stay.keys().filter(|stay| stay.is_of_viewer())
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut LocalMember> {
        self.by_stay.values_mut().map(|member| &mut **member)
    }

    pub fn has_connection(&self, connection: ConnectionId) -> bool {
        self.by_connection.contains_key(&connection)
    }

    /// Returns the stay of a session on this connection.
    pub fn stay_of(&self, connection: ConnectionId, key: &MemberKey) -> Option<StayRef> {
        let stays = self.by_stay.range(stays_of(key)).rev();
        stays.filter(|(_, member)| member.connection == Some(connection)).map(|(stay, _)| stay.clone()).next()
    }

    /// Returns the newest stay of a session.
    pub fn newest_of(&self, key: &MemberKey) -> Option<StayRef> {
        self.by_stay.range(stays_of(key)).next_back().map(|(stay, _)| stay.clone())
    }

    /// Returns the connection of a session's newest stay.
    pub fn connection_of(&self, key: &MemberKey) -> Option<ConnectionId> {
        self.by_stay.range(stays_of(key)).rev().find_map(|(_, member)| member.connection)
    }

    /// Returns the number of bytes kept for the members on this connection.
    pub fn unseen_on(&self, connection: ConnectionId) -> usize {
        let stays = self.by_connection.get(&connection).into_iter().flatten();
        stays.filter_map(|stay| self.by_stay.get(stay)).map(|member| member.unseen_bytes()).sum()
    }

    /// Returns the connections of the members.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        self.by_connection.keys().copied()
    }

    /// Returns the stays on this connection.
    pub fn stays_on(&self, connection: ConnectionId) -> Vec<StayRef> {
        self.by_connection.get(&connection).cloned().unwrap_or_default()
    }

    pub fn insert(&mut self, stay: StayRef, member: LocalMember) {
        if let Some(connection) = member.connection {
            self.by_connection.entry(connection).or_insert_with(|| Vec::with_capacity(1)).push(stay.clone());
        }
        self.by_stay.insert(stay, Box::new(member));
    }

    pub fn remove(&mut self, stay: &StayRef) -> Option<LocalMember> {
        let member = self.by_stay.remove(stay)?;
        self.unlink(stay, member.connection);
        Some(*member)
    }

    /// Removes the socket of a member; returns the connection it had.
    pub fn detach(&mut self, stay: &StayRef) -> Option<ConnectionId> {
        let member = self.by_stay.get_mut(stay)?;
        let connection = member.connection;
        member.note_absent();
        self.unlink(stay, connection);
        connection
    }

    /// Returns the entries of an `Attach` for all members that the owner knows.
    pub fn name_all(&mut self, now: Instant, with_tokens: bool) -> Vec<AttachedMember> {
        let name = |(stay, member): (&StayRef, &mut LocalMember)| {
            let mut named = member.attached(now, stay);
            member.note_named();
            named.renewed = named.renewed.filter(|_| with_tokens);
            named
        };
        self.known_mut().map(name).collect()
    }

    /// Records that the `Attach` that named the members was answered.
    pub fn note_attached(&mut self) {
        self.known_mut().for_each(|(_, member)| member.note_attached());
        self.drop_done();
    }

    /// Drops the members about which nothing remains to be reported.
    pub fn drop_done(&mut self) {
        self.by_stay.retain(|_, member| !member.is_done());
    }

    /// Removes all members; returns their connections.
    pub fn take(&mut self) -> Vec<ConnectionId> {
        self.by_connection.clear();
        std::mem::take(&mut self.by_stay).into_values().filter_map(|member| member.connection).collect()
    }

    fn unlink(&mut self, stay: &StayRef, connection: Option<ConnectionId>) {
        let Some(connection) = connection else { return };
        let Some(stays) = self.by_connection.get_mut(&connection) else { return };
        stays.retain(|other| other != stay);
        if stays.is_empty() {
            self.by_connection.remove(&connection);
        }
    }
}

fn stays_of(key: &MemberKey) -> RangeInclusive<StayRef> {
    StayRef { member: key.clone(), stay: 0 }..=StayRef { member: key.clone(), stay: u64::MAX }
}
