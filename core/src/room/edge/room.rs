//! The room as reported by its owner, and its presentation to members here.

use std::collections::HashMap;

use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::{self, RoomType};

use super::joins::WaitingJoin;
use super::local_member::LocalMember;
use super::viewers::Viewer;
use super::{EdgeEffect, JoinAnswer, Members, ToClient};
use crate::cluster::Life;
use crate::room::message::{Attached, Joined, List, StayRef};
use crate::time::Instant;

/// A room as an edge knows it. The fields are empty until the first owner answers.
#[derive(Debug)]
pub(super) struct KnownRoom {
    pub id: RoomId,
    pub life: Option<Life>,
    pub room_type: Option<RoomType>,
    pub list: List,
}

impl KnownRoom {
    /// Creates a room of which only the name is known.
    pub fn of(id: RoomId) -> Self {
        Self { id, life: None, room_type: None, list: List::default() }
    }

    /// Clears the state of a room that has ended.
    pub fn forget(&mut self) {
        (self.life, self.room_type, self.list) = (None, None, List::default());
    }

    /// Stores the state that an owner reports in an attachment, except the list; returns whether the room is still in
    /// the same life.
    pub fn note_attached(&mut self, attached: &Attached) -> bool {
        let is_same_life = self.life.replace(attached.life).is_none_or(|before| before == attached.life);
        if !is_same_life {
            // Lists of another life have versions of their own; its members are let go without them.
            self.list = attached.list.clone();
        }
        self.room_type = Some(attached.room_type);
        is_same_life
    }

    /// Returns why a signal does not fit the type of the room.
    pub fn misfit(&self, signal: &signal::Signal) -> Option<String> {
        let room_type = self.room_type?;
        if signal.head.room_type != room_type {
            return Some("`ch` is not the type of this room".to_owned());
        }
        let name = signal.kind().name();
        (!signal.kind().allowed_in(room_type)).then(|| format!("{name} does not exist in this type of room"))
    }

    /// Begins the stay of an admitted member and answers its JOIN.
    pub fn begin_stay(
        &mut self,
        now: Instant,
        members: &mut Members,
        join: &WaitingJoin,
        (joined, viewer): (Joined, Option<Box<Viewer>>),
        out: &mut Vec<EdgeEffect>,
    ) {
        let (key, connection) = (&joined.stay.member, join.connection);
        // A JOIN on the same connection ends the stay before, not the connection. A viewer has one stay.
        let before = members.stay_of(connection, key).unwrap_or_else(|| StayRef::of_viewer(key.clone()));
        let before = members.remove(&before);
        let other = before.as_ref().and_then(|before| before.connection).filter(|before| *before != connection);
        out.extend(other.map(|other| EdgeEffect::Close(other, CloseCode::SessionReplaced)));
        let goes_on = join.request.resume_from.is_none() && joined.resumed;
        let mut member = match before.filter(|before| goes_on && before.connection == Some(connection)) {
            Some(before) => before.go_on(now),
            None => LocalMember::new(connection, now, joined.sequence),
        };
        member.viewer = viewer;
        let confirmed = member.begin(now, &join.request, joined.confirmed);
        self.room_type = Some(join.request.room_type);
        self.note_list(joined.list, members, out);
        let (id, resumed, sequence) = (joined.id, joined.resumed, joined.last);
        let (role, list) = (self.list.role(&joined.stay.member), self.list.clone());
        let answer = JoinAnswer { id, resumed, sequence, confirmed, role, list };
        members.insert(joined.stay, member);
        out.push(EdgeEffect::Tell(connection, ToClient::Joined(Box::new(answer))));
    }

    /// Stores a list and sends it to the members for which it has sequence numbers.
    pub fn show_list(&mut self, list: List, stays: Vec<(u64, u64)>, members: &mut Members, out: &mut Vec<EdgeEffect>) {
        let is_newest = list.version >= self.list.version;
        self.note_list(list, members, out);
        let numbers: HashMap<u64, u64> = stays.into_iter().collect();
        if numbers.is_empty() {
            return;
        }
        for (stay, member) in members.iter_mut() {
            let Some(sq) = numbers.get(&stay.stay) else { continue };
            out.extend(member.show_list(&self.list, *sq, is_newest));
        }
    }

    /// Stores a list unless it is older, and sends a newer one to the viewers that this edge admitted, for which the
    /// owner has no numbers. A viewer without a socket receives it with the answer to its next JOIN.
    fn note_list(&mut self, list: List, members: &mut Members, out: &mut Vec<EdgeEffect>) {
        let known = self.list.version;
        if list.version >= known {
            self.list = list;
        }
        if self.list.version == known {
            return;
        }
        for (_, member) in members.iter_mut().filter(|(stay, _)| stay.is_of_viewer()) {
            let sq = member.written + 1;
            match member.show_list(&self.list, sq, true) {
                Some(shown) => out.push(shown),
                None => member.note_gap(sq),
            }
        }
    }
}
